"""The base class of every attachable part."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing as t

from werkzeug.exceptions import HTTPException

from flask_toolkit._context import the_app
from flask_toolkit._context import the_request
from flask_toolkit._settings import bind_all
from flask_toolkit._settings import Bound
from flask_toolkit._settings import declare
from flask_toolkit._settings import declared_as
from flask_toolkit._settings import settings_table
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import RequestError
from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Coroutine
    from collections.abc import Iterable

    from flask import Flask
    from flask.typing import ResponseReturnValue

    from flask_toolkit._findings import CheckInfo
    from flask_toolkit._findings import Finding
    from flask_toolkit._origins import Provenance
    from flask_toolkit._settings import SettingsSpec
    from flask_toolkit.errors import ConfigProblem

S = t.TypeVar("S")
R = t.TypeVar("R")
_get_response = HTTPException.get_response
_RESERVED = frozenset({"checks", "config", "origins", "settings", "store", "trusted"})
# What the package itself keeps in app.extensions, as toolkit.<name>.
_KEPT = frozenset(
    {"error_response", "errors", "identity", "receivers", "scope", "signing", "stores"}
)

GUARDS: t.Final = "toolkit.guard-registry"
"""Where an application holds its guards, for rooms that may not import theirs. No
component can have such a name, so no guard can collide with it."""

RUNS: t.Final = "__toolkit_runs__"
"""Attribute of a hook of ours: returns what of the application it runs."""


@dataclasses.dataclass(frozen=True)
class State(t.Generic[S]):
    """What one extension keeps for one application; subclass it to keep more."""

    extension: Extension[S]
    settings: S


class Extension(t.Generic[S]):
    """A part that attaches to any application through ``init_app``.

    A subclass names its settings class and its component name::

        class JWT(Extension[JWTSettings], component="jwt"): ...

    and overrides :meth:`setup`. The object keeps neither an application nor a
    configuration; both live in ``app.extensions``.
    """

    kernel_settings: t.ClassVar[tuple[str, ...]] = ()
    """Names of settings without an extension that this one reads: ``store``."""

    known_checks: t.ClassVar[tuple[CheckInfo, ...]] = ()
    """What :meth:`checks` can find, for lists and the documentation."""

    _component: t.ClassVar[str]
    _settings_class: t.ClassVar[type[t.Any]]

    def __init_subclass__(
        cls, *, component: str | None = None, **kwargs: t.Any
    ) -> None:
        super().__init_subclass__(**kwargs)

        if component is not None:
            cls._component = component
            cls._settings_class = _settings_class_of(cls)
            declare(component, cls._settings_class)

    def __init__(
        self, app: Flask | None = None, *, name: str | None = None, **options: t.Any
    ) -> None:
        self.name: str = self._component if name is None else name
        self._key: str = f"toolkit.{self.name}"
        # Constructor options: what stands in for a setting that is not there.
        self._options: dict[str, t.Any] = {
            key: value for key, value in options.items() if value is not None
        }
        _check_name(self.name)
        self._spec: SettingsSpec = declare(self.name, self._settings_class)

        if app is not None:
            self.init_app(app)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def init_app(self, app: Flask) -> None:
        """Read the settings and register on ``app``.

        :raises ConfigError: With all keys that are missing, unknown or malformed.
        :raises SetupError: If ``app`` already has an extension of this name, or
            served a request.
        """
        self.announce(app)
        problems = self.bind(app)

        if problems:
            self.withdraw(app)
            raise ConfigError(problems)

        self.attach(app)

    def announce(self, app: Flask) -> None:
        """Say that this will be attached, so that a loader knows its keys.

        :raises SetupError: If the name is taken, or one name begins another:
            ``jwt_admin`` would read as an unknown setting of ``jwt``. And if it is
            too late to register anything.
        """
        self._check_time(app)
        table = settings_table(app)

        if self._key in app.extensions or self.name in table:
            raise SetupError(
                f"{self._key!r} is already registered on {app.name!r}."
                f" Give the second {type(self).__name__} another name=."
            )

        for other in (*table, *(_RESERVED if "_" in self.name else ())):
            # Most names have no "_", and then neither can begin the other.
            if "_" in self.name or "_" in other:
                _check_apart(self.name, other)

        table[self.name] = Bound(self._spec, None, self._options, {})

    def _check_time(self, app: Flask) -> None:
        try:
            # Changes nothing before its decorator is called; like every setup
            # method it fails once a request was served.
            app.errorhandler(RequestError)
        except AssertionError:
            raise SetupError(
                f"{app.name!r} already served a request: call"
                f" {type(self).__name__}.init_app(app) where the application is built."
            ) from None

    def bind(self, app: Flask) -> list[ConfigProblem]:
        """Read the settings and return what is wrong with them, if anything."""
        bound, problems = bind_all(
            self._spec, app.config, options=self._options, origins=_origins(app)
        )
        settings_table(app)[self.name] = bound

        for name in self.kernel_settings:
            for spec in declared_as(name):
                problems += _bind_kernel(app, spec)

        return problems

    def withdraw(self, app: Flask) -> None:
        """Take back :meth:`announce`, unless it was attached since.

        A corrected configuration can then be tried again on the same app.
        """
        if self._key not in app.extensions:
            settings_table(app).pop(self.name, None)

    def attach(self, app: Flask) -> None:
        """Register on ``app`` with the settings that :meth:`bind` read."""
        settings: S = settings_table(app)[self.name].settings
        answer_request_errors(app)

        try:
            app.extensions[self._key] = self.setup(app, settings)
        except BaseException:
            # A failed start leaves no half-attached part behind.
            app.extensions.pop(self._key, None)
            self.withdraw(app)
            raise

    def setup(self, app: Flask, settings: S) -> State[S]:
        """Register hooks on ``app`` and return what to keep for it."""
        return State(self, settings)

    def checks(
        self, app: Flask, settings: S, *, deploy: bool = False
    ) -> Iterable[Finding]:
        """Yield what works on ``app`` and should not be left like this.

        :param deploy: Ask as well what only matters in production.
        """
        return ()

    def settings_of(self, app: Flask) -> S:
        """Return the settings of ``app``, for code that already holds it.

        :raises SetupError: If this was not attached to ``app``.
        """
        state: State[S] = self.state_of(app)
        return state.settings

    def state_of(self, app: Flask) -> t.Any:
        """Return what this extension keeps for ``app``."""
        try:
            return app.extensions[self._key]
        except KeyError:
            raise SetupError(
                f"No {type(self).__name__} named {self.name!r} on {app.name!r}."
                f" Call {type(self).__name__}.init_app(app) first, or push the"
                " context of the application that has it."
            ) from None


def kernel_settings(app: Flask, spec: SettingsSpec) -> t.Any:
    """Return settings that no extension owns, read at their first use.

    :raises ConfigError: With all keys that are unknown or malformed.
    """
    problems = _bind_kernel(app, spec)

    if problems:
        raise ConfigError(problems)

    return settings_table(app)[spec.name].settings


def _bind_kernel(app: Flask, spec: SettingsSpec) -> list[ConfigProblem]:
    table = settings_table(app)

    if spec.name in table:
        return []

    bound, problems = bind_all(spec, app.config, options={}, origins=_origins(app))

    if not problems:
        table[spec.name] = bound

    return problems


def called_by(function: t.Any) -> t.Any:
    """Return the function that runs when ``function`` is called.

    Without its partials, and for an object the ``__call__`` of its class.
    """
    while isinstance(function, functools.partial):
        function = t.cast("t.Any", function).func

    if inspect.isroutine(function) or isinstance(function, type):
        return function

    return getattr(t.cast("t.Any", type(function)), "__call__", function)  # noqa: B004  # it is wanted


def is_async(
    function: t.Any,
) -> t.TypeGuard[Callable[..., Coroutine[t.Any, t.Any, t.Any]]]:
    """Tell whether calling ``function`` gives a coroutine, so that it needs a loop.

    :func:`inspect.iscoroutinefunction` does not know objects whose ``__call__`` is
    ``async``, nor partials of them; whoever only calls one never awaits it.
    """
    runs = called_by(function)

    if inspect.iscoroutinefunction(runs):
        return True

    # A mock says it of itself, not of its class.
    return runs is not function and inspect.iscoroutinefunction(function)


def run_async(
    app: Flask,
    function: Callable[..., Awaitable[R]],
    /,
    *args: t.Any,
    **kwargs: t.Any,
) -> R:
    """Call an ``async`` function from code that is not, and return its result.

    Inside an async view the loop of this thread runs already and cannot be
    waited for, so the function then gets a thread and a loop of its own.
    """
    # Most applications have no async function, and this loads 40 modules.
    import asyncio
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    async def main() -> R:
        return await function(*args, **kwargs)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return t.cast("R", app.async_to_sync(main)())

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(copy_context().run, asyncio.run, main()).result()


def answer_request_errors(app: Flask) -> None:
    """Answer every :class:`RequestError` of ``app`` by one registered handler.

    An expected refusal then costs 4 us; unhandled, Flask spends 31 us on it.
    """
    if "toolkit.errors" not in app.extensions:
        app.extensions["toolkit.errors"] = _answer
        app.register_error_handler(RequestError, _answer)


def _answer(error: RequestError) -> ResponseReturnValue:
    app, environ = the_app(), the_request().environ
    # Flask asks the handler of the nearest class, so ours would hide those of the
    # application for all errors. Those of blueprints it asked before.
    handlers = app.error_handler_spec[None][None]
    other = handlers.get(HTTPException) or handlers.get(Exception)

    if other is not None:
        return t.cast("ResponseReturnValue", app.ensure_sync(other)(error))

    if error.response is not None or type(error).get_response is not _get_response:
        return error.get_response(environ)

    # Flask would convert the response of Werkzeug that get_response() makes.
    return app.response_class(
        error.get_body(environ), status=error.code, headers=error.get_headers(environ)
    )


def _origins(app: Flask) -> Provenance | None:
    return app.extensions.get("toolkit.origins")


def _check_apart(one: str, other: str) -> None:
    short, long = sorted((one, other), key=len)

    if long.startswith(f"{short}_"):
        raise SetupError(
            f"{long!r} begins with the name of another component, {short!r};"
            " the settings of the two could not be told apart."
            f" Rename it, for example to {long.removeprefix(short)[1:]!r}."
        )


@functools.lru_cache(maxsize=128)
def _check_name(name: str) -> None:
    refused = _RESERVED | _KEPT

    if name in refused or not (name.isidentifier() and name.islower()):
        raise SetupError(
            f"{name!r} cannot be the name of a component: it takes lower-case"
            f" letters, digits and '_', and is none of {', '.join(sorted(refused))}."
        )


def _settings_class_of(cls: type[t.Any]) -> type[t.Any]:
    # A part may be written as several classes, one on top of the other.
    for each in cls.__mro__:
        for base in vars(each).get("__orig_bases__", ()):
            if t.get_origin(base) is Extension:
                return t.cast("type[t.Any]", t.get_args(base)[0])

    raise TypeError(f"{cls.__name__} must derive from Extension[ItsSettings]")
