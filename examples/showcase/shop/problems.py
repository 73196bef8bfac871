"""Errors of the shop itself: one class, answered as a page or as JSON."""

from __future__ import annotations

from flask_toolkit.problems import Problem


class OutOfStockError(Problem):
    """More was ordered than lies on the shelf."""

    code = 409
    slug = "out-of-stock"
    title = "Out of stock"


class InvalidGrantError(Problem):
    """A program asked for tokens with credentials that are wrong.

    RFC 6749 section 5.2: a 400. A 401 would have to name a scheme for the
    header, and these credentials came in the body.
    """

    code = 400
    slug = "invalid-grant"
    title = "Invalid grant"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, error="invalid_grant")
