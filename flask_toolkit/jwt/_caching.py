"""What answers tell caches: on what they depend, and who may keep them."""

from __future__ import annotations

import typing as t

from ._locations import vary_of

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from ._locations import Location


def varying(locations: tuple[Location, ...]) -> Callable[[Response], Response]:
    """Return what tells caches on which headers of the request an answer depends."""
    names = vary_of(locations)
    text = ", ".join(names)
    lowered = frozenset(map(str.lower, names))

    def vary(response: Response) -> Response:
        # Werkzeug's own search costs an exception where the header is not there.
        for name, value in response.headers:
            if name.lower() == "vary":
                # A guard may have said so already, and updating costs a lot.
                said = value.lower().split(",")

                if value != text and not lowered.issubset(map(str.strip, said)):
                    response.vary.update(names)

                return response

        if names:
            response.headers.add("Vary", text)

        return response

    return vary


def private(response: Response) -> Response:
    """Keep shared caches from storing an answer, unless the view decided."""
    response.headers.setdefault("Cache-Control", "private")
    return response


def no_store(response: Response) -> Response:
    """Keep every cache from storing an answer that holds tokens."""
    response.headers["Cache-Control"] = "no-store"
    return response
