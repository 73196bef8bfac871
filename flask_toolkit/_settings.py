"""From ``app.config`` to one frozen dataclass a component.

Components declare their settings class under a name; ``bind`` reads the keys
``TOOLKIT_<NAME>_<FIELD>`` and reports everything that is wrong at once.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import typing as t

from flask_toolkit._redact import got
from flask_toolkit._redact import is_secret_name
from flask_toolkit._values import from_text
from flask_toolkit._values import from_value
from flask_toolkit._values import hints_of
from flask_toolkit._values import is_marked
from flask_toolkit._values import unwrap
from flask_toolkit._values import ValueProblem
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import Origin

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from flask import Flask

    from flask_toolkit._origins import Entry
    from flask_toolkit._origins import Provenance

PREFIX: t.Final = "TOOLKIT_"
MISSING: t.Final = dataclasses.MISSING
_CLOSE = 0.8  # below, the shared prefix alone makes strangers look alike


class SettingsField:
    """One setting of a component."""

    __slots__ = ("default", "help", "key", "secret", "type")

    def __init__(
        self, key: str, kind: t.Any, default: t.Any, *, secret: bool, words: str
    ) -> None:
        self.key: str = key
        self.type: t.Any = kind
        self.default: t.Any = default
        self.secret: bool = secret
        self.help: str = words


class SettingsSpec:
    """The settings class of a component and the keys it reads."""

    def __init__(self, name: str, cls: type[t.Any]) -> None:
        self.name: str = name
        self.cls: type[t.Any] = cls
        self.prefix: str = f"{PREFIX}{name.upper()}_"
        """What each key of the component begins with."""

    @functools.cached_property
    def fields(self) -> Mapping[str, SettingsField]:
        """Return the fields by name, resolved at the first use (65-130 us)."""
        hints = hints_of(self.cls)
        return {
            field.name: self._field(field, hints[field.name])
            for field in dataclasses.fields(self.cls)
        }

    @functools.cached_property
    def keys(self) -> frozenset[str]:
        """Return the keys of all fields."""
        return frozenset(field.key for field in self.fields.values())

    @functools.cached_property
    def is_sound(self) -> bool:
        """Tell whether the defaults alone fit; nobody has to look at them again."""
        if any(field.default is MISSING for field in self.fields.values()):
            return False

        return not _broken_rules(self.cls())

    def _field(self, field: dataclasses.Field[t.Any], kind: t.Any) -> SettingsField:
        attached = unwrap(kind)[1]
        key = f"{self.prefix}{field.name.upper()}"
        secret = is_marked(kind) or not field.repr or is_secret_name(key)
        words = next((note for note in attached if isinstance(note, str)), "")
        default = field.default

        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()

        return SettingsField(key, kind, default, secret=secret, words=words)


class Bound:
    """What one component of one application was given.

    :param settings: The settings object; ``None`` while the component is only
        announced.
    :param raw: The keys of ``app.config`` as they were when they were read.
    """

    __slots__ = ("options", "raw", "settings", "spec")

    def __init__(
        self,
        spec: SettingsSpec,
        settings: t.Any,
        options: Mapping[str, t.Any],
        raw: Mapping[str, t.Any],
    ) -> None:
        self.spec: SettingsSpec = spec
        self.settings: t.Any = settings
        self.options: Mapping[str, t.Any] = options
        self.raw: Mapping[str, t.Any] = raw

    def __repr__(self) -> str:
        # Options and raw values may be secrets, and app.extensions is printed.
        return f"Bound({self.spec.name!r}, {self.settings!r})"


def settings_table(app: Flask) -> dict[str, Bound]:
    """Return what each component of ``app`` was given, by component name."""
    table: dict[str, Bound] = app.extensions.setdefault("toolkit.settings", {})
    return table


_declared: dict[str, dict[type[t.Any], SettingsSpec]] = {}


def declare(name: str, cls: type[t.Any]) -> SettingsSpec:
    """Record that components called ``name`` read the settings class ``cls``."""
    known = _declared.setdefault(name, {})

    if cls not in known:
        known[cls] = SettingsSpec(name, cls)

    return known[cls]


def declared_as(name: str) -> Iterable[SettingsSpec]:
    """Return the settings classes of one component name."""
    return _declared.get(name, {}).values()


def declared() -> Mapping[str, tuple[SettingsSpec, ...]]:
    """Return every settings class by component name."""
    return {name: tuple(specs.values()) for name, specs in _declared.items()}


def suggest(key: str, known: Iterable[str]) -> str | None:
    """Return the known key that ``key`` was most likely meant to be.

    >>> suggest("TOOLKIT_JWT_ISUER", ["TOOLKIT_JWT_ISSUER", "DEBUG"])
    'TOOLKIT_JWT_ISSUER'
    """
    names = {name.removeprefix(PREFIX): name for name in known}
    near = difflib.get_close_matches(
        key.upper().removeprefix(PREFIX), names, n=1, cutoff=_CLOSE
    )
    return names[near[0]] if near else None


def bind(
    spec: SettingsSpec,
    config: Mapping[str, t.Any],
    *,
    options: Mapping[str, t.Any],
    origins: Provenance | None = None,
) -> t.Any:
    """Return the settings object of a component.

    A key of ``config`` wins over a constructor option, an option over the
    field's default.

    :raises ConfigError: With every key that is unknown, missing or does not fit.
    """
    settings, problems = collect(spec, config, options=options, origins=origins)

    if problems:
        raise ConfigError(problems)

    return settings


def bind_all(
    spec: SettingsSpec,
    config: Mapping[str, t.Any],
    *,
    options: Mapping[str, t.Any],
    origins: Provenance | None,
) -> tuple[Bound, list[ConfigProblem]]:
    """Return what a component is given, with all problems."""
    # Most components of most applications are not configured at all, and one look
    # at all keys costs less than one at each.
    if not options and spec.prefix not in " ".join(config) and spec.is_sound:
        return Bound(spec, spec.cls(), options, {}), []

    settings, problems = collect(spec, config, options=options, origins=origins)
    raw = {key: config[key] for key in spec.keys if key in config}
    return Bound(spec, settings, options, raw), problems


def collect(
    spec: SettingsSpec,
    config: Mapping[str, t.Any],
    *,
    options: Mapping[str, t.Any],
    origins: Provenance | None = None,
) -> tuple[t.Any, list[ConfigProblem]]:
    """Return the settings object, or ``None``, and all problems."""
    reader = _Reader(spec, config, options, origins)
    problems = list(reader.unknown())
    values: dict[str, t.Any] = {}

    for name in spec.fields:
        try:
            if reader.is_given(name):
                values[name] = reader.read(name)
        except ValueProblem as problem:
            problems.append(reader.problem(name, problem.expected, problem.hint))

    if not problems:
        settings = spec.cls(**values)
        problems = [reader.problem(*each) for each in _broken_rules(settings)]

        if not problems:
            return settings, []

    return None, problems


def _broken_rules(settings: t.Any) -> list[tuple[str, str]]:
    """Return what a settings object itself finds wrong, by field."""
    rules: Callable[[], Iterable[tuple[str, str]]] | None
    rules = getattr(settings, "problems", None)
    return list(rules()) if rules else []


class _Reader:
    """Reads the settings of one component out of one configuration."""

    def __init__(
        self,
        spec: SettingsSpec,
        config: Mapping[str, t.Any],
        options: Mapping[str, t.Any],
        origins: Provenance | None,
    ) -> None:
        self.spec = spec
        self.config = config
        self.options = options
        self.origins = origins

    def is_given(self, name: str) -> bool:
        """Tell whether a field has a value besides its default."""
        field = self.spec.fields[name]

        if field.key in self.config or name in self.options:
            return True

        if field.default is MISSING:
            raise ValueProblem("required; it is not set")

        return False

    def read(self, name: str) -> t.Any:
        """Return the value of a field; text is read only where text may stand.

        Flask's own loaders leave text where their JSON rule fails (``"no"``,
        ``"30m"``). A file that has types is taken at its word.
        """
        field = self.spec.fields[name]
        given = self.config.get(field.key, self.options.get(name))
        entry = self._entry(field.key)
        typed = entry is not None and entry.origin.kind != "code" and not entry.is_text

        try:
            return from_value(field.type, given)
        except ValueProblem as problem:
            if typed or not isinstance(given, str):
                raise self._with_value(field, given, problem) from None

        try:
            return from_text(field.type, given)
        except ValueProblem as problem:
            raise self._with_value(field, given, problem) from None

    def unknown(self) -> Iterator[ConfigProblem]:
        """Yield the keys of this component's prefix that are no field."""
        known = self.spec.keys
        prefix = self.spec.prefix

        for key in self.config:
            if key.startswith(prefix) and key not in known:
                near = suggest(key, known)
                message = "no such setting" + (
                    f"; did you mean {near}?" if near else ""
                )
                yield ConfigProblem(key, message, self._place(key))

    def problem(
        self, name: str, message: str, hint: str | None = None
    ) -> ConfigProblem:
        """Return a problem of one field, with the place of its value."""
        field = self.spec.fields[name]

        if field.key in self.config:
            place: Origin | None = self._place(field.key)
        elif name in self.options:
            place = Origin("option", f"{self.spec.name}({name}=)")
        elif field.default is MISSING:
            place = None
        else:
            place = Origin("default", self.spec.cls.__name__)

        return ConfigProblem(field.key, message, place, hint)

    def _with_value(
        self, field: SettingsField, given: t.Any, problem: ValueProblem
    ) -> ValueProblem:
        told = "" if field.secret else f", got {got(field.key, given)}"
        return ValueProblem(f"expected {problem.expected}{told}", hint=problem.hint)

    def _entry(self, key: str) -> Entry | None:
        return self.origins.of(key) if self.origins else None

    def _place(self, key: str) -> Origin:
        entry = self._entry(key)
        return entry.located() if entry else Origin("code", "app.config")
