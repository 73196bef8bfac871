"""The functions that an application registers, and how they are called."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from flask_toolkit._extension import is_async
from flask_toolkit._extension import run_async
from flask_toolkit.errors import SetupError

from ._claims import checked_extra
from ._claims import Claims

if t.TYPE_CHECKING:
    from flask import Flask


@dataclass
class Hooks:
    """The functions of one component; each can be given once."""

    user_loader: Callable[[Claims], t.Any] | None = None
    claims_loader: Callable[[str], t.Any] | None = None
    error_handler: Callable[[t.Any], t.Any] | None = None

    def add(self, kind: str, function: t.Any) -> None:
        """Register a function.

        :raises SetupError: If there is one of its kind already.
        """
        if getattr(self, kind) is not None:
            raise SetupError(
                f"There is a @jwt.{kind} already; one function must do it all."
            )

        setattr(self, kind, function)

    def extra_claims(self, app: Flask, sub: str) -> dict[str, t.Any]:
        """Return what the loader adds to an access token.

        :raises TypeError: If a claim is not JSON.
        :raises ValueError: If it is one of ours.
        """
        if self.claims_loader is None:
            return {}

        return checked_extra(call(app, self.claims_loader, sub))


def call(app: Flask, function: Callable[[t.Any], t.Any], argument: object) -> t.Any:
    """Call a function of the application, and wait for it if it is async."""
    if is_async(function):
        return run_async(app, function, argument)

    return function(argument)
