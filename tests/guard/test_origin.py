"""CSRF by origin: design section 5.3 through real requests."""

from __future__ import annotations

import typing as t

import pytest

from flask_toolkit.guard import public
from flask_toolkit.guard import require

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask_toolkit.guard import Decision
    from tests.guard.conftest import Shop

SITES = [None, "same-origin", "none", "same-site", "cross-site", ""]
ORIGINS = [
    None,
    "http://localhost",
    "https://localhost",
    "http://localhost:81",
    "https://partner.example",
    "https://evil.example",
    "null",
]
TRUSTED = "https://partner.example"


def refused(site: str | None, origin: str | None) -> bool:
    """Return the verdict of the design's table for a request to localhost."""
    if site in {"same-origin", "none"} or origin == TRUSTED:
        return False

    if site:
        return True

    return origin not in {None, "http://localhost"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("site", SITES, ids=repr)
@pytest.mark.parametrize("origin", ORIGINS, ids=repr)
def test_matrix(
    make_shop: Callable[..., Shop], method: str, site: str | None, origin: str | None
) -> None:
    """CSRF matrix: method x both headers x {session, header, anonymous}."""
    shop = make_shop(TOOLKIT_TRUSTED_ORIGINS=(TRUSTED,))
    claims = {"Sec-Fetch-Site": site, "Origin": origin}
    headers = {key: value for key, value in claims.items() if value is not None}
    bad = method != "GET" and refused(site, origin)
    signed_in = shop.client("1")
    anonymous = shop.client()

    def status(client: t.Any, **more: str) -> int:
        answer = client.open("/", method=method, headers={**headers, **more})
        return int(answer.status_code)

    assert status(signed_in) == (403 if bad else 200)
    assert status(anonymous) == (403 if bad else 401)
    assert status(anonymous, **{"X-Key": "9"}) == 200


def test_the_origin_of_the_referer_stands_in(shop: Shop) -> None:
    """Without an Origin the Referer tells the site."""
    client = shop.client("1")

    assert (
        client.post("/", headers={"Referer": "http://localhost/x"}).status_code == 200
    )
    assert client.post("/", headers={"Referer": "http://evil/x"}).status_code == 403


def test_login_csrf_is_refused(shop: Shop) -> None:
    """Another site cannot sign a visitor in as somebody else."""
    answer = shop.client().post(
        "/login", data={"id": "1"}, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert answer.json is not None
    assert answer.json["detail"] == (
        "This request came from another site and was refused."
    )


def test_a_refused_request_never_reads_the_session(shop: Shop) -> None:
    """Step 5: only explicit authenticators run."""
    client = shop.client("1")
    shop.loads.clear()
    answer = client.post("/", headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert shop.loads == []
    assert "Vary" not in answer.headers


@pytest.mark.parametrize(
    ("key", "status"), [("bad", 401), ("plain", 401), ("down", 503), ("9", 200)]
)
def test_an_explicit_credential_answers_for_itself(
    shop: Shop, key: str, status: int
) -> None:
    """A header that no browser adds by itself is no CSRF; a bad one is a 401."""
    headers = {"X-Key": key, "Origin": "https://evil.example"}

    assert shop.client("1").post("/", headers=headers).status_code == status
    assert shop.client("1").post("/open", headers=headers).status_code == status


def test_a_bad_key_from_elsewhere_is_told_as_such(shop: Shop) -> None:
    """The reason is the key, not the site: the sender can mend it."""
    seen: list[Decision] = []
    shop.guard.on_denied(seen.append)
    headers = {"X-Key": "bad", "Origin": "https://evil.example"}
    shop.client().post("/open", headers=headers)

    assert [decision.reason for decision in seen] == ["bad-credential"]


def test_a_header_caller_stays_the_caller_in_the_view(shop: Shop) -> None:
    """After an explicit pass the view sees that caller, not the cookie's."""
    headers = {"X-Key": "9", "Origin": "https://evil.example"}

    assert shop.client("1").post("/", headers=headers).text == "user 9"


@pytest.mark.parametrize(
    ("mode", "status"), [("on", 200), ("strict", 403), ("off", 200)]
)
def test_requests_that_do_not_tell(
    make_shop: Callable[..., Shop], mode: str, status: int
) -> None:
    """Curl and webhooks send neither header: only strict refuses them."""
    shop = make_shop(TOOLKIT_GUARD_ORIGIN_CHECK=mode)

    assert shop.client().post("/open").status_code == status


def test_off_means_off(make_shop: Callable[..., Shop]) -> None:
    """A deployment with its own protection can switch the check off."""
    shop = make_shop(TOOLKIT_GUARD_ORIGIN_CHECK="off")
    headers = {"Origin": "https://evil.example"}

    assert shop.client("1").post("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "mark",
    [public(cross_origin=True), require(cross_origin=True)],
    ids=["public", "require"],
)
def test_a_route_may_take_requests_of_other_sites(shop: Shop, mark: t.Any) -> None:
    """``cross_origin=True`` is the author's decision, for this route only."""
    shop.app.add_url_rule("/in", "in", mark(lambda: "in"), methods=["POST"])
    headers = {"Origin": "https://evil.example"}

    assert shop.client("1").post("/in", headers=headers).text == "in"


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        pytest.param("https://evil.example", "cross-origin", id="other-site"),
        pytest.param(
            "https://localhost",
            "cross-origin (only the scheme differs: is ProxyFix missing?)",
            id="scheme",
        ),
    ],
)
def test_the_reason_names_a_missing_proxyfix(
    shop: Shop, origin: str, reason: str
) -> None:
    """Behind a proxy that speaks https every form would fail; the log says why."""
    seen: list[Decision] = []
    shop.guard.on_denied(seen.append)
    shop.client().post("/open", headers={"Origin": origin})

    assert [decision.reason for decision in seen] == [reason]


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://evil.example", 403), ("http://localhost", 200), (None, 200)],
)
def test_a_handshake_from_another_site_is_refused(
    shop: Shop, origin: str | None, status: int
) -> None:
    """A WebSocket is opened by GET, carries cookies, and then takes commands."""
    shop.app.add_url_rule("/ws", "ws", lambda: "open", websocket=True)
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}

    if origin is not None:
        headers["Origin"] = origin

    assert shop.client("1").get("/ws", headers=headers).status_code == status
