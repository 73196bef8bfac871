"""Types of the kernel as users see them; checked, never run."""

from typing import Any
from typing import assert_type
from typing import TYPE_CHECKING

from flask import Flask
from flask import Request

from flask_toolkit._values import seconds
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import RequestError
from flask_toolkit.errors import SignedTokenError
from flask_toolkit.errors import SignedTokenExpiredError
from flask_toolkit.errors import SignedTokenUsedError
from flask_toolkit.errors import StoreFullError
from flask_toolkit.errors import ToolkitError
from flask_toolkit.identity import AccessMark
from flask_toolkit.identity import Authenticator
from flask_toolkit.identity import current_identity
from flask_toolkit.identity import Identity
from flask_toolkit.identity import MARK
from flask_toolkit.identity import mark_public
from flask_toolkit.identity import memo
from flask_toolkit.identity import publish
from flask_toolkit.identity import publish_by
from flask_toolkit.identity import register
from flask_toolkit.identity import request_origin
from flask_toolkit.identity import RequestOrigin
from flask_toolkit.identity import REQUIRED_BY
from flask_toolkit.identity import resolve
from flask_toolkit.identity import trusted_origins
from flask_toolkit.identity import withdraw
from flask_toolkit.signing import signing_keys
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import Store
from flask_toolkit.stores import store_for

if TYPE_CHECKING:
    from flask_toolkit.typing import Duration


class User:
    name: str


class ByName:
    name = "name"
    ambient = False

    def authenticate(self, request: Request, /) -> Identity[User] | None:
        return Identity(id="1", via="name", ambient=False, user=User())

    def challenge(self) -> str | None:
        return None


def check(app: Flask, request: Request, error: ConfigError) -> None:
    authenticator: Authenticator[User] = ByName()
    found = resolve(request, authenticator)
    assert_type(found, Identity[User] | None)

    if found is not None:
        assert_type(found.user, User | None)
        found.id = "2"  # type: ignore[misc]  # frozen

    store: Store = MemoryStore()
    assert_type(store_for(app), Store)
    assert_type(store.put_if_absent("k", b"v", 1), bytes | None)
    store.put("k", "text", 1)  # type: ignore[arg-type]  # values are bytes

    assert_type(signing_keys(app, "x"), list[bytes])
    assert_type(error.problems, tuple[ConfigProblem, ...])
    assert_type(RequestError("x").headers, list[tuple[str, str]])
    Identity(id="1", via="x")  # type: ignore[call-arg]  # ambient is required
    caller = current_identity()
    assert caller is None or caller.id


def check_callers(app: Flask, request: Request, identity: Identity[User]) -> None:
    assert_type(request_origin(request.environ, trusted_origins(app)), RequestOrigin)
    assert_type(publish(request, identity, replace=True), Identity[Any])
    publish_by(request, ByName())
    withdraw(request, identity)
    register(app, ByName())
    register(app, "name")  # type: ignore[arg-type]  # not an authenticator
    assert_type(memo(request), dict[Any, Any])

    @mark_public
    def health() -> int:
        return 200

    # A mark changes nothing of what it marks.
    assert_type(health(), int)
    mark: AccessMark = getattr(health, MARK)
    assert_type(mark.reason, str | None)
    texts: tuple[str, ...] = getattr(health, REQUIRED_BY)
    assert_type(texts, tuple[str, ...])


def check_error_tree(
    used: SignedTokenUsedError, expired: SignedTokenExpiredError, full: StoreFullError
) -> None:
    signed: list[SignedTokenError] = [used, expired]
    errors: list[ToolkitError] = [*signed, full]
    assert errors
    for error in (used, full):
        assert_type(error.problem(), dict[str, Any])


def check_durations(short: "Duration", text: str) -> None:
    assert_type(seconds(short), float)
    seconds(text)  # type: ignore[arg-type]  # "30m" is for settings
