"""Glue: the checks of one application, and what they find."""

from __future__ import annotations

import functools
import traceback
import typing as t

from flask_toolkit._extension import kernel_settings
from flask_toolkit._extension import State
from flask_toolkit._findings import CheckInfo
from flask_toolkit._findings import Finding
from flask_toolkit._findings import Level
from flask_toolkit._settings import suggest
from flask_toolkit.config._settings import SPEC

from . import _cookies
from . import _debugging
from . import _files
from . import _hosts
from . import _keys
from . import _secrets
from . import _stores
from ._facts import Facts
from ._rules import RULES

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator

    from flask import Flask

    from flask_toolkit.config._settings import ConfigSettings

    Own: t.TypeAlias = Callable[[Flask], Iterable[Finding]]

F = t.TypeVar("F", bound="Callable[[Flask], Iterable[Finding]]")
# Each adds its checks to the table when it is imported.
_GROUPS: t.Final = (_debugging, _secrets, _cookies, _hosts, _files, _keys, _stores)
_KEY: t.Final = "toolkit.checks"
_FAILED: t.Final = "check.failed"
_SILENCED: t.Final = "TOOLKIT_CONFIG_SILENCED_CHECKS"


class _Own(t.NamedTuple):
    find: Own
    deploy: bool


def check(app: Flask, *, deploy: bool = False) -> Callable[[F], F]:
    """Add a check to ``app``; its function takes the app and yields findings.

    ::

        @check(app, deploy=True)
        def mail(app: Flask) -> Iterator[Finding]:
            if "MAIL_HOST" not in app.config:
                yield Finding("shop.mail", Level.WARNING, "Nobody gets mail.")

    :param deploy: Run it only with ``--deploy``; else it runs in debug, too.
    """

    def add(find: F) -> F:
        _own(app).append(_Own(find, deploy))
        return find

    return add


def run_checks(app: Flask, *, deploy: bool = False) -> list[Finding]:
    """Return what the checks find, the gravest first; silenced ones are left out.

    A check that raises is the finding ``check.failed``, and the others run.

    :param deploy: Ask as well what only matters in production.
    :raises ConfigError: If the settings ``TOOLKIT_CONFIG_...`` do not fit.
    """
    return run_all(app, deploy=deploy)[0]


def run_all(app: Flask, *, deploy: bool) -> tuple[list[Finding], int]:
    """Return what the checks find, and how many findings are silenced.

    :raises ConfigError: If the settings ``TOOLKIT_CONFIG_...`` do not fit.
    """
    settings: ConfigSettings = kernel_settings(app, SPEC)
    silenced = settings.silenced_checks
    found: list[Finding] = []

    for name, find in _checks(app, deploy=deploy):
        try:
            found += find()
        except Exception as error:  # noqa: BLE001  # the other checks run all the same
            found.append(_failed(name, error))

    found += _strange(app, silenced, {finding.id for finding in found})
    shown = [finding for finding in found if not _is_silenced(finding.id, silenced)]
    shown.sort(key=lambda finding: (-finding.level, finding.id, finding.key or ""))
    return shown, len(found) - len(shown)


def known_checks(app: Flask | None = None) -> list[CheckInfo]:
    """Return the checks that there are, by id.

    :param app: Include those of its parts, and its own.
    """
    found = [CheckInfo(r.id, r.levels, r.always, r.when) for r in RULES.values()]
    found.append(CheckInfo(_FAILED, "error", always=True, when="a check raises"))

    if app is not None:
        # Two guards know the same checks.
        found += {one for state in _states(app) for one in state.extension.known_checks}
        found += [
            CheckInfo(_name(own.find), "own", not own.deploy, _first_line(own.find))
            for own in _own(app)
        ]

    return sorted(found)


def _checks(
    app: Flask, *, deploy: bool
) -> Iterator[tuple[str, Callable[[], Iterable[Finding]]]]:
    facts = Facts(app, deploy=deploy)

    for rule in RULES.values():
        if rule.always or deploy:
            yield rule.id, functools.partial(_taken, rule.find, facts)

    for state in _states(app):
        ask = functools.partial(state.extension.checks, app, state.settings)
        yield state.extension.name, functools.partial(_taken, ask, deploy=deploy)

    for own in _own(app):
        if deploy or not own.deploy:
            yield _name(own.find), functools.partial(_taken, own.find, app)


def _taken(
    find: Callable[..., Iterable[Finding]], *args: t.Any, **kwargs: t.Any
) -> list[Finding]:
    # A generator that raises in its middle is a failed check, not half a one; so is
    # one that yields what is no finding, which would end all others.
    return [found._replace(level=Level(found.level)) for found in find(*args, **kwargs)]


def _states(app: Flask) -> list[State[t.Any]]:
    return [one for one in app.extensions.values() if isinstance(one, State)]


def _own(app: Flask) -> list[_Own]:
    found: list[_Own] = app.extensions.setdefault(_KEY, [])
    return found


def _name(find: Own) -> str:
    return getattr(find, "__qualname__", type(find).__qualname__)


def _first_line(find: Own) -> str:
    return (find.__doc__ or "").strip().partition("\n")[0]


def _failed(name: str, error: Exception) -> Finding:
    # Not its message, which may hold what it looked at.
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Finding(
        _FAILED,
        Level.ERROR,
        f"The check {name} raised {type(error).__name__} in"
        f" {place.filename}:{place.lineno}.",
        "Mend it; until then nobody knows what it would have found.",
    )


def _is_silenced(id: str, silenced: Collection[str]) -> bool:
    return id in silenced or f"{id.partition('.')[0]}.*" in silenced


def _strange(
    app: Flask, silenced: Collection[str], found: Collection[str]
) -> Iterator[Finding]:
    """Yield a finding for each silenced id that no check can have."""
    known = {info.id for info in known_checks(app)} | {*found}
    groups = {id.partition(".")[0] for id in known}

    for id in silenced:
        group, _, name = id.partition(".")

        if id in known or (group in groups and name == "*"):
            continue

        near = suggest(id, {one.upper(): one for one in known})
        near = None if near is None else near.lower()

        # Checks of the application tell their ids only when they fire.
        if group in groups or near is not None:
            yield Finding(
                "config.typo",
                Level.WARNING,
                f"There is no check {id!r} to be silenced.",
                f"Did you mean {near}?" if near else "flask toolkit check --list",
                _SILENCED,
            )
