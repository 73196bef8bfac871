"""What it costs to refuse: no token, a forged one, a long one."""

from __future__ import annotations

import functools
import typing as t

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.tokens import bearer
from benchmarks.tokens import forged
from benchmarks.wsgi import served

from .jwt import BUILDERS

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.model import Subject

    from .jwt import Builder

__all__ = ["CASES"]

_LONG = 6000


def _no_token(token: str) -> dict[str, str]:
    return {}


def _forged(token: str) -> dict[str, str]:
    return bearer(forged(token))


def _long(token: str) -> dict[str, str]:
    head, _, rest = forged(token).partition(".")
    _, _, signature = rest.partition(".")
    return bearer(f"{head}.{'QUJD' * (_LONG // 4)}.{signature}")


def _refused(builder: Builder, headers_of: Callable[[str], dict[str, str]]) -> Subject:
    app, token = builder.make("HS256")
    status = 200 if builder.role == "base" else None
    return served(app, headers=headers_of(token), status=status)


def _case(name: str, headers_of: Callable[[str], dict[str, str]]) -> Case:
    return Case(
        suite="refusals",
        name=name,
        contestants=tuple(
            Contestant(
                name=builder.name,
                role=builder.role,
                make=functools.partial(_refused, builder, headers_of),
                needs=builder.needs,
            )
            for builder in BUILDERS
        ),
    )


CASES = [
    _case("no token", _no_token),
    _case("forged token", _forged),
    _case("6 kB forged token", _long),
]
