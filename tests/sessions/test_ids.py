"""The cookie of ServerSession: an id, and Flask's attributes (design 5.8)."""

from __future__ import annotations

import re
import typing as t

import pytest

from flask_toolkit.stores import MemoryStore

from .conftest import cookie_of
from .conftest import id_of
from .conftest import rename
from .conftest import Site

STRANGE = "x" * 43


def test_the_cookie_is_a_random_id(site: Site) -> None:
    """43 characters, 256 bits, another one for each visitor."""
    ids = {id_of(site.client(a=1)) for _ in range(20)}

    assert len(ids) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", each) for each in ids)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("eyJhIjoxfQ.aSWq1g.forged", id="flask"),
        pytest.param("x" * 42, id="short"),
        pytest.param("x" * 44, id="long"),
        pytest.param("x" * 42 + "é", id="latin-1"),
        pytest.param("x" * 42 + "=", id="padding"),
        pytest.param("../../etc/passwd".ljust(43, "x"), id="path"),
        pytest.param("", id="empty"),
    ],
)
def test_a_cookie_that_is_none_of_ours_costs_nothing(site: Site, value: str) -> None:
    """Its shape is checked before the store is asked."""
    client = site.client()
    rename(client, value)

    assert site.held(client) == {}
    assert site.store.asked == []


@pytest.mark.parametrize("value", [STRANGE, "eyJhIjoxfQ.aSWq1g.forged"])
def test_a_foreign_or_unknown_cookie_is_never_adopted(site: Site, value: str) -> None:
    """Whoever planted it does not know the id that the visitor gets."""
    client = site.client()
    rename(client, value)
    client.post("/set", json={"a": 1})

    assert id_of(client) not in {"", value}
    assert site.held(client) == {"a": 1}
    planted = site.client()
    rename(planted, value)
    assert site.held(planted) == {}


@pytest.mark.parametrize(
    ("config", "attributes"),
    [
        pytest.param({}, "HttpOnly; Path=/", id="default"),
        pytest.param(
            {
                "SESSION_COOKIE_NAME": "__Host-id",
                "SESSION_COOKIE_SECURE": True,
                "SESSION_COOKIE_SAMESITE": "Lax",
                "SESSION_COOKIE_PARTITIONED": True,
            },
            "Secure; HttpOnly; Path=/; SameSite=Lax; Partitioned",
            id="host",
        ),
        pytest.param(
            {
                "SESSION_COOKIE_DOMAIN": "shop.example",
                "SESSION_COOKIE_PATH": "/shop",
                "SESSION_COOKIE_HTTPONLY": False,
            },
            "Domain=shop.example; Path=/shop",
            id="domain",
        ),
    ],
)
def test_the_cookie_has_flasks_attributes_also_when_deleted(
    config: dict[str, t.Any], attributes: str
) -> None:
    """A browser takes and drops ``__Host-`` only with Secure and this path."""
    site = Site(MemoryStore(), **config)
    name = config.get("SESSION_COOKIE_NAME", "session")
    client = site.app.test_client(use_cookies=False)
    made = client.post("/set", json={"a": 1})
    id = cookie_of(made).partition(";")[0].partition("=")[2]
    gone = client.post("/clear", headers={"Cookie": f"{name}={id}"})

    assert cookie_of(made) == f"{name}={id}; {attributes}"
    first, _, rest = cookie_of(gone).partition("; ")
    assert first == f"{name}="
    assert "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0" in rest
    assert set(attributes.split("; ")) <= set(rest.split("; "))
    assert site.store.load(id) is None
