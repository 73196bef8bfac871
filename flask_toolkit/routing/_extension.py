"""Install converters on applications."""

from __future__ import annotations

import difflib
import logging
import re
import typing as t
from weakref import WeakSet

from flask_toolkit._extension import Extension
from flask_toolkit._extension import State
from flask_toolkit._findings import CheckInfo
from flask_toolkit._findings import Finding
from flask_toolkit._findings import Level
from flask_toolkit.errors import SetupError

from ._fast import install_fast_matcher
from ._fast import is_fast
from ._settings import ConvertersSettings
from ._shipped import DEFAULT
from ._shipped import SHIPPED
from ._shipped import SlugConverter

if t.TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import BaseConverter

    from ._converters import RegexConverter

_ADJUSTABLE: t.Final = frozenset({"regex", SlugConverter.name})
"""Those whose defaults are settings."""

_log = logging.getLogger("flask_toolkit.routing")


class Converters(Extension[ConvertersSettings], component="converters"):
    """Converters for the URL rules of an application.

    Attach it before routes and blueprints: a rule needs its converters when it is
    added::

        Converters(app, patterns=[SKU, YEAR])

    No converter of Werkzeug or of the application is replaced. Where one of the
    default set would, the application's own stays and a line in the log says so.

    :param patterns: Converter classes, from :func:`pattern` or with a ``name``.
    :param include: Which of the shipped converters to install; all of them.
    """

    known_checks: t.ClassVar[tuple[CheckInfo, ...]] = (
        CheckInfo(
            "converters.matcher",
            "warning",
            always=True,
            when="the fast matcher was asked for and does not fit",
        ),
    )

    def __init__(
        self,
        app: Flask | None = None,
        *,
        patterns: Iterable[type[BaseConverter]] = (),
        include: Collection[str] = DEFAULT,
    ) -> None:
        self._include = _checked_names(include)
        self._insist: bool = include is not DEFAULT
        self._patterns: dict[str, type[BaseConverter]] = _by_name({}, patterns)
        self._apps: WeakSet[Flask] = WeakSet()
        super().__init__(app)

    def add(self, *patterns: type[BaseConverter]) -> None:
        """Install further converters, also into the apps attached already.

        Call it before the first rule that uses one of them. Nothing is installed
        anywhere if one of them cannot be.

        :raises SetupError: If a name is missing, or taken by another class.
        """
        added = _by_name(self._patterns, patterns)
        apps = list(self._apps)

        for app in apps:
            _refuse_taken(app, added)

        self._patterns = added

        for app in apps:
            app.url_map.converters.update(added)

    def setup(
        self, app: Flask, settings: ConvertersSettings
    ) -> State[ConvertersSettings]:
        """Install the converters, with the defaults of this application."""
        shipped, kept = self._shipped_for(app, settings)
        _refuse_taken(app, self._patterns)
        app.url_map.converters.update(self._patterns | shipped)
        self._apps.add(app)

        if settings.fast_matcher:
            install_fast_matcher(app)

        if kept:
            _log.warning(
                "%r keeps its own converters for %s; those of Flask-Toolkit are"
                " not installed. Converters(include=...) chooses which are.",
                app.name,
                ", ".join(kept),
            )

        return State(self, settings)

    def checks(
        self, app: Flask, settings: ConvertersSettings, *, deploy: bool = False
    ) -> Iterator[Finding]:
        """Yield what was asked for and does not work on ``app``.

        :param deploy: Makes no difference here.
        """
        del deploy  # as every extension is asked

        if settings.fast_matcher and not is_fast(app):
            yield Finding(
                "converters.matcher",
                Level.WARNING,
                "The fast matcher does not fit this Werkzeug, or the application has"
                " a matcher of its own; routes are matched as without it.",
                "See the FastMatcherWarning of the start; a newer Flask-Toolkit may"
                " know this Werkzeug.",
                key="TOOLKIT_CONVERTERS_FAST_MATCHER",
            )

    def _shipped_for(
        self, app: Flask, settings: ConvertersSettings
    ) -> tuple[dict[str, type[BaseConverter]], list[str]]:
        """Return the shipped converters to install, and the names that are taken."""
        chosen: dict[str, type[BaseConverter]] = {}
        kept: list[str] = []

        for name in self._include:
            original = SHIPPED[name]

            if self._patterns.get(name, original) is not original:
                raise SetupError(
                    f"{name!r} is a shipped converter. Rename yours, or leave that"
                    " one out with include=."
                )

            current = app.url_map.converters.get(name, original)

            if current is original:
                chosen[name] = original

                if name in _ADJUSTABLE:
                    chosen[name] = _with_defaults(app, original, settings)
            elif self._insist:
                raise _taken(app, name)
            else:
                kept.append(name)

        return chosen, kept


def _with_defaults(
    app: Flask, original: type[RegexConverter], settings: ConvertersSettings
) -> type[RegexConverter]:
    """Return a subclass with this app's defaults, if they differ.

    Werkzeug hands a converter only its map, so the class has to carry them.
    """
    defaults: dict[str, t.Any] = {"unicode": settings.unicode}

    if original is not SlugConverter:
        defaults["maxlength"] = settings.maxlength

    if all(getattr(original, key) == value for key, value in defaults.items()):
        return original

    if _is_used(app, original.name):
        raise SetupError(
            f"Rules of {app.name!r} use <{original.name}> already; they would keep"
            " other defaults than later ones. Attach Converters before the rules."
        )

    doc = {"__doc__": original.__doc__, "__module__": original.__module__}
    made = type(original.__name__, (original,), defaults | doc)
    return t.cast("type[RegexConverter]", made)


def _is_used(app: Flask, name: str) -> bool:
    variable = re.compile(rf"<{re.escape(name)}[(:]")
    return any(
        variable.search(text)
        for rule in app.url_map.iter_rules()
        for text in (rule.rule, rule.host or "", rule.subdomain or "")
    )


def _by_name(
    known: dict[str, type[BaseConverter]], classes: Iterable[type[BaseConverter]]
) -> dict[str, type[BaseConverter]]:
    """Return ``known`` and the classes, by the name they have in a rule."""
    named = dict(known)

    for cls in classes:
        name = getattr(cls, "name", None)

        if not isinstance(name, str):
            raise SetupError(
                f"{cls!r} has no name for a rule. Set the class attribute name, or"
                " make the converter with pattern()."
            )

        if named.setdefault(name, cls) is not cls:
            raise SetupError(f"Two converters are called {name!r}. Rename one.")

    return named


def _checked_names(include: Collection[str]) -> tuple[str, ...]:
    if isinstance(include, str):
        raise SetupError(f"include takes several names: [{include!r}]")

    for name in include:
        if name not in SHIPPED:
            near = difflib.get_close_matches(name, SHIPPED, n=1)
            maybe = f" Did you mean {near[0]!r}?" if near else ""
            raise SetupError(f"No converter called {name!r} is shipped.{maybe}")

    return tuple(include)


def _refuse_taken(app: Flask, classes: dict[str, type[BaseConverter]]) -> None:
    for name, cls in classes.items():
        if app.url_map.converters.get(name, cls) is not cls:
            raise _taken(app, name)


def _taken(app: Flask, name: str) -> SetupError:
    used = " and rules use it already" if _is_used(app, name) else ""
    return SetupError(
        f"{app.name!r} has another converter called {name!r}{used}; it is not"
        " replaced. Rename yours."
    )
