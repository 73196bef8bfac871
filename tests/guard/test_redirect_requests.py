"""Redirects by real requests: payloads, repeated ``next``, tricks with headers."""

from __future__ import annotations

import email
import socket
import typing as t
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs
from urllib.parse import parse_qsl
from urllib.parse import quote
from urllib.parse import urlsplit
from wsgiref.simple_server import make_server
from wsgiref.simple_server import WSGIRequestHandler

import pytest
from flask import Flask
from flask import redirect
from flask import request
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import safe_next

from .test_policy import HARMLESS
from .test_policy import HOSTILE
from .test_policy import shown

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Shop

HTML = {"Accept": "text/html"}
EVIL = "evil.example"
LURES = [text for text in HOSTILE if text is not None]

# What proxies set, attackers send, and frameworks sometimes believe.
TRICKS: list[dict[str, str]] = [
    {"Host": EVIL},
    {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https"},
    {"Forwarded": f"host={EVIL};proto=https"},
    {"X-Forwarded-Prefix": f"//{EVIL}", "X-Script-Name": f"//{EVIL}"},
    {"X-Original-URL": f"//{EVIL}/", "X-Rewrite-URL": f"//{EVIL}/"},
    {"Referer": f"https://{EVIL}/"},
    {"Referer": f"http://localhost@{EVIL}/", "Origin": "null"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"},
]


@pytest.fixture(name="shop", scope="module")
def _shop() -> Shop:
    """Return one application for all payloads."""
    from .conftest import Shop

    return Shop()


def sent(text: str) -> str:
    """Return a payload as a query carries it, whatever it holds."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.parametrize("target", LURES, ids=shown)
@pytest.mark.parametrize(
    "send",
    [
        pytest.param(lambda p: (f"next={p}", ""), id="query"),
        pytest.param(lambda p: ("", f"next={p}"), id="form"),
        pytest.param(lambda p: (f"next={p}", f"next={p}"), id="both"),
        pytest.param(lambda p: (f"next={p}&next=/open", ""), id="first-of-two"),
        pytest.param(lambda p: (f"next=/open&next={p}", ""), id="last-of-two"),
        pytest.param(lambda p: ("next=/open", f"next={p}"), id="form-beside-query"),
        pytest.param(
            lambda p: (f"next[]={p}&next.x={p}&NEXT={p}", ""), id="other-names"
        ),
        pytest.param(lambda p: (f"next=/open%26next={p}", ""), id="encoded-separator"),
        pytest.param(lambda p: (f"next=/open;next={p}", ""), id="semicolon"),
    ],
)
def test_no_payload_is_where_a_sign_in_leads(
    shop: Shop, target: str, send: Callable[[str], tuple[str, str]]
) -> None:
    """In query and form, repeated or under other names (Flask-Security's holes)."""
    query, form = send(sent(target))
    answer = shop.app.test_client().post(
        f"/login?{query}",
        data=f"id=1&{form}",
        content_type="application/x-www-form-urlencoded",
    )
    location = answer.headers.getlist("Location")

    assert answer.status_code == 303
    assert location == ["/"]
    assert "Set-Cookie" in answer.headers
    assert "a=b" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("headers", TRICKS, ids="+".join)
@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "/vault"])
def test_no_header_makes_a_redirect_leave(
    shop: Shop, headers: dict[str, str], target: str
) -> None:
    """Redirects are paths: no name of a host stands in them, right or wrong."""
    client = shop.app.test_client()
    denied = client.get("/vault?x=//e", headers={**HTML, **headers})
    entered = client.post(
        f"/login?next={sent(target)}", data={"id": "1"}, headers=headers
    )

    assert denied.location == "/login?next=/vault?x%3D//e"

    # A form that another site sent is refused, and leads nowhere.
    if EVIL in headers.get("Referer", ""):
        assert entered.status_code == 403
        assert "Location" not in entered.headers
    else:
        assert entered.location == ("/vault" if target == "/vault" else "/")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%2f%2fevil.example",
        "/%0d%0aSet-Cookie:x",
        "/%09/evil.example",
        "/.//e",
        "/a%00b",
        "/%ff%fe",
        "/café",
        "/..//evil.example",
        "/http://evil.example",
    ],
)
@pytest.mark.parametrize("query", ["", "?next=//evil.example", "?a=%0d%0ab", "?\xff"])
def test_a_denied_address_comes_back_as_a_path(path: str, query: str) -> None:
    """Whatever was asked for, ``next`` is a path of this site and one value."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    app.secret_key = "k" * 32
    app.url_map.merge_slashes = False
    guard = LoginGuard[str](app, login_view="sign_in")
    guard.user_loader(str)
    app.add_url_rule("/login", "sign_in", lambda: "form")
    app.add_url_rule("/<path:rest>", "page", lambda rest: rest)
    app.add_url_rule("//<path:rest>", "slashes", lambda rest: rest)
    answer = app.test_client().get(path + query, headers=HTML)

    # Some addresses no route takes; a 404 leads nowhere.
    if answer.status_code != 404:
        assert answer.status_code == 303
        where = urlsplit(answer.headers["Location"])
        values = parse_qs(where.query).get("next", ["/"])
        assert (where.scheme, where.netloc, where.path) == ("", "", "/login")
        assert len(values) == 1
        assert values[0] == safe_next(values[0], "not a path of this site")


def paper() -> Flask:
    """Return an application with one guarded page that tells what it was asked."""
    app = Flask("paper", root_path="/nowhere", static_folder=None)
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    guard = LoginGuard[str](app, login_view="sign_in")
    guard.user_loader(str)
    guard.id_of(str)
    app.add_url_rule("/page", "page", lambda: request.query_string)

    @app.route("/login", methods=["GET", "POST"])
    def sign_in() -> t.Any:
        guard.login("7")
        return redirect(guard.next_url("/no/way"), 303)

    return app


PAPER = paper()


def meant(query: bytes) -> list[tuple[str, str]]:
    """Return what a query says, whatever its encoding: each byte a character."""
    text = query.decode("latin-1")
    return parse_qsl(text, keep_blank_values=True, encoding="latin-1")


@given(st.binary(max_size=80))
@example(b"q=caf\xc3\xa9")
@example(b"q=\xff&q=%ff&r")
@example(b'q=a+b%20c%2Bd%26#e\\f\x00\t"<>')
def test_the_query_of_a_denied_page_comes_back(raw: bytes) -> None:
    """Denied, signed in, sent back: the page is asked what it was asked at first."""
    client = PAPER.test_client()
    environ = create_environ("/page", headers=HTML)
    environ["QUERY_STRING"] = raw.decode("latin-1")
    # The client would read the query, and write it again.
    denied = Response.from_app(PAPER, environ)
    entered = client.post(denied.location or "")

    assert meant(client.get(entered.location or "").data) == meant(raw)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: t.Any) -> None:
        """Write nothing."""


def ask(port: int, method: str, target: str, cookie: str) -> tuple[t.Any, bytes]:
    """Send a request as it stands, and return the headers and the body."""
    with socket.create_connection(("127.0.0.1", port)) as raw:
        head = f"{method} {target} HTTP/1.0\r\nAccept: text/html\r\nCookie: {cookie}"
        raw.sendall(f"{head}\r\n\r\n".encode("latin-1"))
        answer = b"".join(iter(lambda: raw.recv(4096), b""))

    fields, _, body = answer.partition(b"\r\n\r\n")
    return email.message_from_bytes(fields.partition(b"\r\n")[2]), body


@pytest.mark.parametrize("target", ["/page?q=caf\xc3\xa9", "/page?q=caf%C3%A9"])
def test_a_query_that_no_browser_encoded_comes_back(target: str) -> None:
    """Over real HTTP, with the bytes that some programs send as they are."""
    server = make_server("127.0.0.1", 0, PAPER, handler_class=_Quiet)

    with server, ThreadPoolExecutor(1) as pool:
        port = server.server_port
        pool.submit(server.serve_forever, 0.01)
        denied, _ = ask(port, "GET", target, "")
        entered, _ = ask(port, "POST", denied["Location"], "")
        cookie = entered["Set-Cookie"].partition(";")[0]
        _, body = ask(port, "GET", entered["Location"], cookie)
        server.shutdown()

    assert body == b"q=caf%C3%A9"


@pytest.mark.parametrize(
    "target",
    [*HARMLESS[:8], "/x/../login", "/%2e%2e/x", "/x/%2E./y", "/x/.", "/...", "/.x"],
    ids=shown,
)
def test_what_is_a_page_here_is_reached(target: str) -> None:
    """Where each path is a page, a harmless target is followed as it came."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    app.secret_key = "k" * 32
    guard = LoginGuard[str](app)
    guard.user_loader(str)
    guard.id_of(str)
    app.add_url_rule("/", "home", lambda: "home")
    app.add_url_rule("/<path:rest>", "page", lambda rest: rest)

    @app.post("/in")
    @public
    def sign_in() -> str:
        guard.login("7")
        return guard.next_url("no way")

    answer = app.test_client().post(f"/in?next={sent(target)}")

    # What a browser would ask for is another page than the one that was found.
    other = {"/.//e", "/x/../login", "/%2e%2e/x", "/x/%2E./y", "/x/."}
    assert answer.text == ("no way" if target in other else target)
