"""Glue: fill ``app.config`` from the sources, or the settings of a script."""

from __future__ import annotations

import secrets
import typing as t
from pathlib import Path

from flask_toolkit._settings import bind_all
from flask_toolkit._settings import settings_table
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import Origin
from flask_toolkit.errors import SetupError

from ._flask_keys import is_default
from ._known import Known
from ._layers import choosing
from ._layers import fixed
from ._layers import Layer
from ._loaded import LoadedConfig
from ._merge import Merge
from ._nodes import copied
from ._plan import plan_of
from ._resolve import Resolver
from ._sources import Values
from ._spots import table_defaults

if t.TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from collections.abc import Mapping

    from flask import Flask

    from flask_toolkit._settings import Bound
    from flask_toolkit._settings import SettingsSpec

    from ._layers import Source
    from ._spots import Keys

T = t.TypeVar("T")
_KEY: t.Final = "toolkit.config"
_ORIGINS: t.Final = "toolkit.origins"
_OWN: t.Final = "TOOLKIT_CONFIG_"


class ConfigLoader(t.Generic[T]):
    """Fill ``app.config`` from an ordered list of sources; later ones win.

    With a ``schema``, an annotated class of UPPERCASE attributes, values are
    read as its types and come back as an object of it. Flask's own keys and
    those of every imported component are typed in any case. Either every value
    fits, or nothing is changed and one error lists all problems.

    The loader itself holds no application and no values: one may serve several.

    :param sources: Weakest first.
    :param schema: A plain class, a dataclass or a ``TypedDict``.
    :param allow: Keys, or globs such as ``"SQLALCHEMY_*"``, outside the schema.
    """

    @t.overload
    def __init__(
        self: ConfigLoader[dict[str, t.Any]],
        *sources: Source,
        allow: Iterable[str] = (),
    ) -> None: ...
    @t.overload
    def __init__(
        self, *sources: Source, schema: type[T], allow: Iterable[str] = ()
    ) -> None: ...
    def __init__(
        self,
        *sources: Source,
        schema: type[t.Any] | None = None,
        allow: Iterable[str] = (),
    ) -> None:
        if isinstance(allow, str):
            raise SetupError(f"allow= takes several keys: allow=[{allow!r}].")

        if schema is not None and not isinstance(t.cast("object", schema), type):
            raise SetupError("schema= takes a class, no instance and no alias of one.")

        self.sources: tuple[Source, ...] = sources
        self.schema: type[t.Any] | None = schema
        self.allow: tuple[str, ...] = tuple(allow)

    def __repr__(self) -> str:
        return f"<ConfigLoader {', '.join(map(repr, self.sources))}>"

    def init_app(self, app: Flask, overrides: Mapping[str, t.Any] | None = None) -> T:
        """Read the sources, fill ``app.config`` and return the settings.

        Call it before any component: they read what it fills.

        :param overrides: The strongest layer, as tests need it.
        :raises ConfigError: With all problems; ``app.config`` is unchanged.
        :raises SetupError: If the application has a configuration already, or
            a component was initialised before.
        """
        # pytest leaves out this frame, and the values of its arguments.
        __tracebackhide__ = True
        table = settings_table(app)
        _check_order(app, table)
        base = Path(app.config.root_path)
        load = _Load(self, base, app, table)
        settings: T = load.run(overrides)

        # Raised here, not where it is found: nearest to the one who asked.
        if load.merge.problems:
            raise ConfigError(load.merge.problems)

        config = t.cast("dict[str, t.Any]", app.config)
        config.update(_changes(config, load.values))
        app.extensions[_ORIGINS] = load.merge.origins
        app.extensions[_KEY] = load.loaded(settings, app)

        if app.debug:
            from ._watch import watch

            watch(app)

        return settings

    def load(self, base: str | os.PathLike[str] = ".") -> T:
        """Return the settings without an application: for scripts and workers.

        :param base: Folder that relative paths start from.
        :raises ConfigError: With all problems.
        """
        __tracebackhide__ = True
        load = _Load(self, Path(base), None, {})
        settings: T = load.run(None)

        if load.merge.problems:
            raise ConfigError(load.merge.problems)

        return settings

    def settings_of(self, app: Flask) -> T:
        """Return the settings that were loaded for ``app``.

        :raises SetupError: Before :meth:`init_app`.
        """
        return self.loaded(app).settings

    def loaded(self, app: Flask) -> LoadedConfig[T]:
        """Return the settings with their origins and files.

        :raises SetupError: Before :meth:`init_app`.
        """
        try:
            found: LoadedConfig[T] = app.extensions[_KEY]
        except KeyError:
            raise SetupError(
                f"No configuration was loaded for {app.name!r}."
                " Call ConfigLoader.init_app(app) first."
            ) from None

        return found


def generate_secret_key(nbytes: int = 32) -> str:
    """Return a new key for ``SECRET_KEY``: 256 bits, safe in URLs and files.

    :param nbytes: Random bytes in it (RFC 4086).

    >>> len(generate_secret_key())
    43
    """
    return secrets.token_urlsafe(nbytes)


class _Load:
    """One run of a loader."""

    def __init__(
        self,
        loader: ConfigLoader[t.Any],
        base: Path,
        app: Flask | None,
        table: dict[str, Bound],
    ) -> None:
        self._loader = loader
        self._app = app
        self._table = table
        self._schema = loader.schema
        root = None if self._schema is None else plan_of(t.cast("t.Any", self._schema))
        self.merge = Merge(Known(root, loader.allow), base)
        self.values: dict[str, t.Any] = {}
        self._stack: list[tuple[Source, int | None]] = []
        self._own: Bound
        """Our own settings, where somebody may ask for them."""

    def run(self, overrides: Mapping[str, t.Any] | None) -> t.Any:
        """Read all sources and return the settings; ``None`` with problems."""
        merge = self.merge
        self._add_layers(overrides)
        resolver = Resolver(merge, self._spell)
        self.values = resolver.values()
        self._bind(self.values)
        return None if merge.problems else self._settings(resolver, self.values)

    def loaded(self, settings: t.Any, app: Flask) -> LoadedConfig[t.Any]:
        """Return what is kept of the run for ``app``."""
        own = self._table[self._own.spec.name] = self._own
        return LoadedConfig(
            settings,
            self.merge.origins,
            # A list or a table can be changed in place, and would tell nothing then.
            values=copied(self.values),
            live=t.cast("dict[str, t.Any]", app.config),
            names=own.settings,
            known=self.merge.known,
            stack=self._stack,
        )

    def _add_layers(self, overrides: Mapping[str, t.Any] | None) -> None:
        merge = self.merge
        merge.choosing = choosing(self._loader.sources)

        if self._schema is not None:
            place = Origin("default", self._schema.__name__)
            merge.add(_layer(table_defaults(merge.known.root), place), lenient=True)

        if self._app is not None:
            self._add_existing(self._app)

        for source in self._loader.sources:
            try:
                layer = source.read(merge.base)
            except ConfigError as error:
                merge.problems.extend(error.problems)
            else:
                count = None if layer is None else len(layer.data)
                self._stack.append((source, count))

                if layer is not None:
                    merge.add(layer)

        if overrides:
            self._stack.append((Values(overrides), len(overrides)))
            merge.add(_layer(overrides, Origin("override", "overrides")))

    def _add_existing(self, app: Flask) -> None:
        """Lay down what stands in ``app.config``, Flask's defaults apart."""
        defaults = app.default_config
        ours: dict[str, t.Any] = {}
        flasks: dict[str, t.Any] = {}

        for key, value in t.cast("dict[str, t.Any]", app.config).items():
            (flasks if is_default(defaults, key, value) else ours)[key] = value

        self.merge.add(_layer(flasks, Origin("flask", "default")), lenient=True)
        self.merge.add(_layer(ours, Origin("code", "app.config")), lenient=True)

    def _bind(self, values: dict[str, t.Any]) -> None:
        """Try what the announced components will read, and read our own settings."""
        for bound in [*self._table.values()]:
            self._try(bound.spec, values, bound.options)

        # A script without such keys need not know them.
        if self._app is not None or _OWN in " ".join(values):
            from ._settings import SPEC

            self._own = self._try(SPEC, values, {})

    def _try(
        self,
        spec: SettingsSpec,
        values: dict[str, t.Any],
        options: Mapping[str, t.Any],
    ) -> Bound:
        merge = self.merge
        bound, problems = bind_all(spec, values, options=options, origins=merge.origins)

        for problem in problems:
            # One mistake is one problem.
            if problem.key not in merge.blamed:
                entry = merge.origins.of(problem.key)
                place = entry.located() if entry else problem.origin
                merge.problems.append(problem._replace(origin=place))

        return bound

    def _settings(self, resolver: Resolver, values: dict[str, t.Any]) -> t.Any:
        if self._schema is not None:
            return resolver.build(values)

        # Without a schema the settings are what the sources gave.
        tops = {
            path.partition(".")[0].partition("[")[0]
            for path, entries in self.merge.origins.entries.items()
            if entries[-1].origin.kind not in {"flask", "code"}
        }
        return {key: value for key, value in values.items() if key in tops}

    def _spell(self, keys: Keys) -> tuple[list[str], list[str]]:
        variables: list[str] = []
        files: list[str] = []

        for source in self._loader.sources:
            spellings = getattr(source, "spellings", None)

            if spellings is not None:
                more_variables, more_files = spellings(keys)
                variables += more_variables
                files += more_files

        return list(dict.fromkeys(variables)), list(dict.fromkeys(files))


def _layer(data: Mapping[str, t.Any], place: Origin) -> Layer:
    return Layer(data, text=False, origin=fixed(place), place=place)


def _changes(old: dict[str, t.Any], new: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what of ``new`` differs from ``old``."""
    return {
        key: value
        for key, value in new.items()
        if key not in old or _changed(old[key], value)
    }


def _changed(old: t.Any, new: t.Any) -> bool:
    # An equal copy of a container must not replace what others hold on to.
    if type(old) is type(new) and type(old) in {dict, list, set}:
        return bool(old != new)

    return old is not new


def _check_order(app: Flask, table: dict[str, Bound]) -> None:
    if _KEY in app.extensions:
        raise SetupError(
            f"{app.name!r} has its configuration already; make a new application"
            " for a new configuration."
        )

    for name, bound in table.items():
        if bound.settings is not None:
            raise SetupError(
                f"{name!r} was initialised before the configuration was loaded."
                " Call ConfigLoader.init_app(app) first."
            )
