"""Generators around a request: the second half runs if and only if the first did.

What has begun stands in the environ, by the context that began it: ``g`` may be
older than the request, and a copied context tears down the same request too.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from flask import Request

from ._describe import described

if t.TYPE_CHECKING:
    from collections.abc import Generator
    from collections.abc import Iterable

    from flask import Flask
    from flask import Response
    from flask.ctx import RequestContext
    from flask.typing import ResponseReturnValue

    from ._trace import Trace

    Halves: t.TypeAlias = Generator[None, t.Any, t.Any]
    Begun: t.TypeAlias = list[tuple["Around", Halves]]

_KEY: t.Final = "toolkit.lifecycle"


@dataclass(frozen=True, kw_only=True)
class Around:
    """One generator function, and for which requests it runs."""

    function: Callable[[], Halves]
    order: int
    blueprint: str | None
    only: Callable[[Request], bool] | None

    @property
    def name(self) -> str:
        """Return what it is called, also if it is a partial."""
        return described(self.function).name

    def fits(self, request: Request) -> bool:
        """Tell whether it runs for this request."""
        if self.blueprint is not None and self.blueprint not in request.blueprints:
            return False

        return self.only is None or self.only(request)


def enter(
    arounds: Iterable[Around], context: RequestContext, trace: Trace | None
) -> ResponseReturnValue | None:
    """Run the first halves; one that returns a value has answered."""
    request = context.request
    begun: Begun = []
    request.environ.setdefault(_KEY, {})[context] = begun

    for around in arounds:
        if not around.fits(request):
            continue

        halves = around.function()

        if trace is not None:
            halves = trace.followed(around.function, halves)

        try:
            next(halves)
        except StopIteration as end:
            if end.value is not None:
                return t.cast("ResponseReturnValue", end.value)
        else:
            begun.append((around, halves))

    return None


def leave(app: Flask, context: RequestContext, response: Response) -> Response:
    """Run the second halves, innermost first, each with the answer so far.

    :raises RuntimeError: If one yields twice.
    """
    begun = _table(context).get(context)

    while begun:
        # Out before it runs: what raises here must not run again.
        around, halves = begun.pop()

        try:
            halves.send(response)
        except StopIteration as end:
            if end.value is not None:
                response = app.make_response(end.value)
        else:
            halves.close()
            raise RuntimeError(_yields_twice(around))

    return response


def abandon(app: Flask, context: RequestContext, error: BaseException | None) -> None:
    """End what no answer came to, with the error that is on its way.

    What fails here is logged: Flask raises ``error`` by itself, and would skip
    the other teardown functions for a new one.
    """
    begun: Begun = _table(context).pop(context, [])

    while begun:
        around, halves = begun.pop()

        try:
            _end(halves, error)
        except BaseException as other:
            if other is error:
                continue

            if not isinstance(other, Exception):
                raise

            app.logger.exception("The end of %s failed", around.name)


def _end(halves: Halves, error: BaseException | None) -> None:
    if error is not None:
        try:
            halves.throw(error)
        except StopIteration:
            return

    # Without an error, or after it was caught and followed by another yield.
    halves.close()


def _table(context: RequestContext) -> dict[RequestContext, Begun]:
    table: dict[RequestContext, Begun] = context.request.environ.get(_KEY, {})
    return table


def _yields_twice(around: Around) -> str:
    return (
        f"{around.name} yields twice: a function around a request"
        " yields once, where the view runs."
    )
