"""The declared fields of a signal, and what a receiver takes of them."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)


class Payload:
    """The fields that a signal carries, read from a dataclass or a function."""

    def __init__(self, signal: str, declared: Callable[..., object]) -> None:
        self.signal: str = signal
        self.signature: inspect.Signature = inspect.signature(declared)
        self.names: frozenset[str] = frozenset(self.signature.parameters)
        self._kinds: Mapping[str, t.Any] = _kinds(declared)
        self._defaults: dict[str, Callable[[], t.Any]] = _defaults(
            declared, self.signature
        )

    def fields(
        self, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """Return the fields by name, with the defaults of those left out.

        :raises TypeError: If ``args`` are more than the payload takes.
        """
        if args:
            try:
                kwargs = self.signature.bind_partial(*args, **kwargs).arguments
            except TypeError as error:
                raise TypeError(f"signal {self.signal!r}: {error}") from None

        for name, default in self._defaults.items():
            if name not in kwargs:
                kwargs[name] = default()

        return kwargs

    def check(self, fields: Mapping[str, t.Any]) -> None:
        """Compare what is sent with what was declared.

        Types are compared where the annotation is a class or a union of classes.

        :raises TypeError: Naming the signal and the first field that is wrong.
        """
        for name in sorted(self.names ^ fields.keys()):
            lack = "is missing" if name in self.names else "is not declared"
            raise TypeError(f"signal {self.signal!r}: field {name!r} {lack}")

        for name, value in fields.items():
            kind = self._kinds.get(name, t.Any)

            if not _fits(kind, value):
                # The value itself may be a secret.
                raise TypeError(
                    f"signal {self.signal!r}: field {name!r} must be"
                    f" {getattr(kind, '__name__', kind)},"
                    f" not {type(value).__name__}"
                )


class Intake(t.NamedTuple):
    """What one receiver takes."""

    accepts: frozenset[str] | None
    """The fields it takes; ``None``: all."""

    problem: str | None
    """Why it cannot be called with what the signal carries, if so."""


def intake_of(
    receiver: Callable[..., t.Any], signal: str, declared: frozenset[str] | None
) -> Intake:
    """Return which fields ``receiver`` takes, and whether it can be called.

    :param declared: The fields of the signal; ``None``: none were declared.

    >>> intake_of(lambda sender, number: None, "paid", frozenset({"number", "on"}))
    Intake(accepts=frozenset({'number'}), problem=None)
    """
    try:
        parameters = list(inspect.signature(receiver).parameters.values())
    except (TypeError, ValueError):
        return Intake(None, None)  # some callables written in C tell nothing

    name = getattr(receiver, "__qualname__", type(receiver).__qualname__)

    if not parameters or parameters[0].kind not in _POSITIONAL:
        return Intake(None, f"signal {signal!r}: receiver {name} takes no sender")

    takes_rest = parameters[0].kind is inspect.Parameter.VAR_POSITIONAL
    fields = parameters if takes_rest else parameters[1:]
    accepts = frozenset(item.name for item in fields if item.kind in _KEYWORD)
    problem = None

    for item in fields:
        is_needed = item.default is item.empty and item.kind in {
            *_KEYWORD,
            inspect.Parameter.POSITIONAL_ONLY,
        }
        is_sent = item.kind in _KEYWORD and (declared is None or item.name in declared)

        if is_needed and not is_sent:
            problem = (
                f"signal {signal!r}: receiver {name} needs {item.name!r},"
                " which is not a field of the signal"
            )
            break

    takes_all = any(item.kind is inspect.Parameter.VAR_KEYWORD for item in fields) or (
        declared is not None and declared <= accepts
    )
    return Intake(None if takes_all else accepts, problem)


def _kinds(declared: Callable[..., object]) -> Mapping[str, t.Any]:
    try:
        return t.get_type_hints(declared)
    except (AttributeError, NameError, TypeError):
        return {}  # a name that only the type checker imports


def _defaults(
    declared: Callable[..., object], signature: inspect.Signature
) -> dict[str, Callable[[], t.Any]]:
    found: dict[str, Callable[[], t.Any]] = {
        name: lambda value=item.default: value  # type: ignore[misc]  # no type for a default
        for name, item in signature.parameters.items()
        if item.default is not item.empty
    }

    if dataclasses.is_dataclass(declared):
        for field in dataclasses.fields(declared):
            if field.default_factory is not dataclasses.MISSING:
                found[field.name] = field.default_factory

    return found


def _fits(kind: t.Any, value: t.Any) -> bool:
    origin = t.get_origin(kind) or kind

    if origin in {t.Union, types.UnionType}:
        return any(_fits(member, value) for member in t.get_args(kind))

    if not isinstance(origin, type):
        return True

    if origin is float:
        return isinstance(value, (int, float))

    try:
        return isinstance(value, origin)
    except TypeError:
        return True  # a protocol that cannot be asked
