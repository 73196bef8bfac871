"""Types of the kernel as users see them; checked, never run."""

from typing import assert_type

from flask import Flask
from flask import Request

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import RequestError
from flask_toolkit.identity import Authenticator
from flask_toolkit.identity import current_identity
from flask_toolkit.identity import Identity
from flask_toolkit.identity import resolve
from flask_toolkit.signing import signing_keys
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import Store
from flask_toolkit.stores import store_for


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
