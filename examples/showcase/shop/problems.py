"""Errors of the shop itself: one class, answered as a page or as JSON."""

from __future__ import annotations

import typing as t

from flask_toolkit.problems import Problem


class OutOfStockError(Problem):
    """More was ordered than lies on the shelf."""

    code = 409
    slug = "out-of-stock"
    title = "Out of stock"


class TokenRequestError(Problem):
    """A program asked for tokens in vain (RFC 6749 section 5.2).

    A 400: a 401 would have to name a scheme for the header, and what is wrong
    came in the body. No cache keeps it, as none keeps the tokens.
    """

    code = 400
    error: t.ClassVar[str]
    """The code that OAuth has for it."""

    def __init__(self, detail: str) -> None:
        headers = {"Cache-Control": "no-store"}
        super().__init__(detail, headers=headers, error=self.error)


class InvalidRequestError(TokenRequestError):
    """A field is missing, empty or there twice."""

    slug = "invalid-request"
    title = "Invalid request"
    error = "invalid_request"


class InvalidGrantError(TokenRequestError):
    """The credentials are wrong."""

    slug = "invalid-grant"
    title = "Invalid grant"
    error = "invalid_grant"
