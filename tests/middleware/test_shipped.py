"""The middlewares that come with the stack."""

import logging
import re
import typing as t
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import current_app
from flask import Flask
from flask import request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import Forbidden

from flask_toolkit.errors import ConfigError
from flask_toolkit.middleware import Health
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import RequestId
from flask_toolkit.middleware import RequestIdFilter
from flask_toolkit.middleware import Scope
from flask_toolkit.middleware import SecurityHeaders
from flask_toolkit.middleware import Timing
from flask_toolkit.middleware.request_id import is_traceparent

Make = Callable[..., Flask]
Serve = Callable[..., t.Any]
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


def _scope_app(make: Make, **settings: t.Any) -> tuple[Flask, list[t.Any]]:
    app = make(**settings)
    scopes: list[t.Any] = []

    @app.get("/scope")
    def view() -> str:
        scopes.append(request.environ["toolkit.scope"])
        return "ok"

    return app, scopes


def test_each_answer_has_an_id(make: Make, serve: Serve) -> None:
    """32 hexadecimal digits, new each time, also on an error."""
    app = make().wsgi_app
    ids = [serve(app, path)["X-Request-ID"] for path in ("/", "/", "/missing")]

    assert len(set(ids)) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", found) for found in ids)


@pytest.mark.parametrize(
    "header",
    ["Content-Type", "content-length", "Set-Cookie", "Vary", "Location", "Host"],
)
def test_the_id_takes_no_header_of_another_meaning(make: Make, header: str) -> None:
    """It would overwrite or double what the answer says; the start says so."""
    problem = f"{header!r} says something else than an id: choose a name as X-Trace-ID"

    with pytest.raises(ConfigError, match=re.escape(problem)) as info:
        make(request_id_header=header)

    assert [p.key for p in info.value.problems] == [
        "TOOLKIT_MIDDLEWARE_REQUEST_ID_HEADER"
    ]

    with pytest.raises(ValueError, match=re.escape(problem)):
        RequestId(header=header)


def test_an_inbound_id_is_not_trusted(make: Make, serve: Serve) -> None:
    """Strangers write neither into the log nor into the trace, unless configured."""
    app, scopes = _scope_app(make)
    answer = serve(
        app.wsgi_app,
        "/scope",
        HTTP_X_REQUEST_ID="chosen-by-a-stranger",
        HTTP_TRACEPARENT=PARENT,
        HTTP_TRACESTATE="a=b",
    )

    assert answer["X-Request-ID"] != "chosen-by-a-stranger"
    assert (scopes[0].traceparent, scopes[0].tracestate) == (None, None)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("abcd-1234", True, id="plain"),
        pytest.param("A.b_c-d1", True, id="all-characters"),
        pytest.param("x" * 128, True, id="longest"),
        pytest.param("x" * 129, False, id="too-long"),
        pytest.param("x" * 7, False, id="too-short"),
        pytest.param("", False, id="empty"),
        pytest.param("abcd 1234", False, id="blank"),
        pytest.param("abcd1234\n", False, id="newline-at-the-end"),
        pytest.param("abcd\r\nX: 1234", False, id="crlf"),
        pytest.param("\u0661" * 8, False, id="other-digits"),
        pytest.param("{12345678-1234-5678-1234-567812345678}", False, id="w11-braces"),
        pytest.param(
            "urn:uuid:12345678-1234-5678-1234-567812345678", False, id="w11-urn"
        ),
    ],
)
def test_a_trusted_id_must_be_well_formed(
    make: Make, serve: Serve, given: str, kept: bool
) -> None:
    """W11: a check by ``UUID(x)`` lets braces and ``urn:`` pass."""
    app = make(trust_inbound=True).wsgi_app
    answer = serve(app, HTTP_X_REQUEST_ID=given)

    assert (answer["X-Request-ID"] == given) is kept
    if given.startswith(("{", "urn")):
        assert UUID(given).int


def test_another_header(make: Make, serve: Serve) -> None:
    """It is read and sent under the name of the setting."""
    app = make(request_id_header="X-Correlation-Id", trust_inbound=True).wsgi_app
    answer = serve(app, HTTP_X_CORRELATION_ID="abcd-1234", HTTP_X_REQUEST_ID="other-id")

    assert answer["X-Correlation-Id"] == "abcd-1234"
    assert "X-Request-ID" not in dict(answer.headers)


def test_the_application_s_own_id_gives_way(make: Make, serve: Serve) -> None:
    """Else the answer would carry two, and the log the other one."""
    app = make()
    app.add_url_rule(
        "/own", "own", lambda: ("ok", {"x-request-id": "upstream", "X-Other-Head": "1"})
    )
    answer = serve(app.wsgi_app, "/own")

    assert len(answer["X-Request-ID"]) == 32
    assert answer["X-Other-Head"] == "1"


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        pytest.param(PARENT, True, id="example"),
        pytest.param(f"00-{TRACE}-{SPAN}-00", True, id="not-sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-01-more", False, id="version-00-is-exact"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01", True, id="later-version"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01-more", True, id="later-version-longer"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01.more", False, id="later-version-glued"),
        pytest.param(f"ff-{TRACE}-{SPAN}-01", False, id="version-ff"),
        pytest.param(f"00-{'0' * 32}-{SPAN}-01", False, id="zero-trace"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01", False, id="zero-span"),
        pytest.param(PARENT.upper(), False, id="upper-case"),
        pytest.param(f"00-{TRACE[1:]}-{SPAN}-01", False, id="short-trace"),
        pytest.param(f"{PARENT}\n", False, id="newline"),
        pytest.param(f"{PARENT},{PARENT}", False, id="two"),
        pytest.param("", False, id="empty"),
    ],
)
def test_traceparent(value: str, valid: bool) -> None:
    """W3C Trace Context 3.2, and its rule for versions to come."""
    assert is_traceparent(value) is valid


@given(st.text("0123456789abcdefF-\n", max_size=2), st.integers(0, len(PARENT) - 1))
def test_a_damaged_traceparent_never_passes(text: str, index: int) -> None:
    """Anything else in one place makes it another, valid one or none."""
    damaged = PARENT[:index] + text + PARENT[index + 1 :]

    if is_traceparent(damaged):
        assert re.fullmatch(r"[0-9a-f-]{55}.*", damaged, re.DOTALL)
        assert len(damaged) == 55 or not damaged.startswith("00")


@pytest.mark.parametrize(
    ("parent", "state", "expected"),
    [
        pytest.param(PARENT, "a=1,b=2", (PARENT, "a=1,b=2"), id="both"),
        pytest.param(PARENT, "", (PARENT, None), id="no-state"),
        pytest.param("broken", "a=1", (None, None), id="invalid-parent"),
        pytest.param(
            PARENT,
            ",".join(["a=1"] * 32),
            (PARENT, ",".join(["a=1"] * 32)),
            id="32-members",
        ),
        pytest.param(PARENT, ",".join(["a=1"] * 33), (PARENT, None), id="33-members"),
    ],
)
def test_a_trusted_trace_is_in_the_scope(
    make: Make, serve: Serve, parent: str, state: str, expected: tuple[t.Any, t.Any]
) -> None:
    """The state counts only beside a valid parent, with at most 32 members."""
    app, scopes = _scope_app(make, trust_inbound=True)
    serve(app.wsgi_app, "/scope", HTTP_TRACEPARENT=parent, HTTP_TRACESTATE=state)

    assert (scopes[0].traceparent, scopes[0].tracestate) == expected


@pytest.mark.parametrize("header", ["X Id", "X-Id\r\n", "Transfer-Encoding"])
def test_a_header_name_that_cannot_be(header: str) -> None:
    """Found when the middleware is made."""
    with pytest.raises(ValueError, match="header"):
        RequestId(header=header)


def test_log_records_carry_the_id(make: Make, serve: Serve) -> None:
    """In a view, in ``finish`` and outside; an id that is there stays."""
    seen: list[t.Any] = []
    handler = logging.Handler()
    handler.addFilter(RequestIdFilter())
    handler.emit = lambda record: seen.append(getattr(record, "request_id"))  # type: ignore[method-assign]  # noqa: B009  # the attribute is ours
    logger = logging.getLogger("test_log_records_carry_the_id")
    logger.addHandler(handler)
    app = make()

    @app.get("/log")
    def view() -> str:
        logger.warning("in a view")
        logger.warning("with another", extra={"request_id": "mine"})
        request.environ["toolkit.scope"].after_response(logger.warning, "after")
        return current_app.name

    found = serve(app.wsgi_app, "/log")["X-Request-ID"]
    logger.warning("outside")

    assert seen == [found, "mine", found, "-"]


def test_server_timing_is_off_by_default(make: Make, serve: Serve) -> None:
    """It tells strangers how long the server works."""
    assert "Server-Timing" not in dict(serve(make().wsgi_app).headers)
    answer = serve(make(server_timing=True).wsgi_app)
    assert re.fullmatch(r"total;dur=\d+\.\d", answer["Server-Timing"])


def test_a_slow_request_is_logged(
    make: Make, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """With method, path, status and id; never with the query."""
    app = make(slow_after=timedelta(microseconds=1)).wsgi_app
    answer = serve(app, PATH_INFO="/a\nb", QUERY_STRING="token=canary")
    (record,) = caplog.records

    assert "Server-Timing" not in dict(answer.headers)
    assert re.fullmatch(
        r"GET '/a\\nb' took \d\.\d{3} s: status 404, request " + answer["X-Request-ID"],
        record.getMessage(),
    )


def test_a_fast_request_is_not_logged(
    make: Make, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Below the limit, and without one."""
    serve(make(slow_after=60).wsgi_app)
    app = make(Timing(slow_after=0))
    serve(app.wsgi_app)

    assert caplog.records == []


def test_a_slow_request_without_an_id(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says ``-``."""
    app = Flask("shop")
    MiddlewareStack(app).remove("request_id").use(Timing(slow_after=1e-9))
    serve(app.wsgi_app)

    assert caplog.records[0].getMessage().endswith("request -")


def test_security_headers_are_off_by_default(make: Make, serve: Serve) -> None:
    """On, they leave alone what the application set."""
    assert "X-Frame-Options" not in dict(serve(make().wsgi_app).headers)
    app = make(security_headers=True)
    app.add_url_rule("/own", "own", lambda: ("ok", {"x-frame-options": "SAMEORIGIN"}))

    answer = serve(app.wsgi_app)
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert serve(app.wsgi_app, "/own")["X-Frame-Options"] == "SAMEORIGIN"


def test_hsts_over_https_only(make: Make, serve: Serve) -> None:
    """RFC 6797 7.2; https as a trusted proxy tells it counts."""
    app = make(security_headers=True, proxy_fix={"x_proto": 1}).wsgi_app
    name = "Strict-Transport-Security"

    assert name not in dict(serve(app).headers)
    assert serve(app, **{"wsgi.url_scheme": "https"})[name] == "max-age=31536000"
    assert serve(app, HTTP_X_FORWARDED_PROTO="https")[name] == "max-age=31536000"


def test_a_table_changes_the_security_headers(make: Make, serve: Serve) -> None:
    """A value replaces, an empty one leaves out, a new one is added."""
    app = make(
        security_headers={
            "x-frame-options": "SAMEORIGIN",
            "Referrer-Policy": "",
            "Permissions-Policy": "camera=()",
        }
    )
    answer = serve(app.wsgi_app)

    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer["Permissions-Policy"] == "camera=()"
    assert "Referrer-Policy" not in dict(answer.headers)
    assert answer["X-Content-Type-Options"] == "nosniff"
    with pytest.raises(ValueError, match="character"):
        SecurityHeaders({"X-A": "b\r\nc"})


def test_an_empty_table_is_the_default_set(make: Make, serve: Serve) -> None:
    """No change to the defaults is not the same as ``False``."""
    assert serve(make(security_headers={}).wsgi_app)["X-Frame-Options"] == "DENY"


def test_health_says_only_ok(make: Make, serve: Serve) -> None:
    """Without Flask; not stored; HEAD has no body."""
    app = make(health_path="/healthz")
    app.before_request(lambda: "never reached")
    answer = serve(app.wsgi_app, "/healthz", HTTP_ACCEPT="application/json")
    head = serve(app.wsgi_app, "/healthz", REQUEST_METHOD="HEAD")

    assert (answer.status, answer.chunks) == ("200 OK", [b"ok"])
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Request-ID"]
    assert (head.chunks, head["Content-Length"]) == ([], "2")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/healthz"), ("GET", "/healthz/x"), ("GET", "/health")],
)
def test_health_leaves_the_rest_to_the_application(
    make: Make, serve: Serve, method: str, path: str
) -> None:
    """Other methods and paths."""
    app = make(Health(), health_path="")

    assert serve(app.wsgi_app, path, REQUEST_METHOD=method).status[:3] == "404"


def test_a_proxy_is_not_trusted_by_default(make: Make, serve: Serve) -> None:
    """RFC 7239 8.1: else each client chooses its address."""
    forwarded = {
        "REMOTE_ADDR": "10.0.0.1",
        "HTTP_X_FORWARDED_FOR": "1.2.3.4",
        "HTTP_X_FORWARDED_PROTO": "https",
    }

    def seen(**settings: t.Any) -> list[bytes]:
        app = make(**settings)
        app.add_url_rule("/me", "me", lambda: f"{request.remote_addr} {request.scheme}")
        chunks: list[bytes] = serve(app.wsgi_app, "/me", **forwarded).chunks
        return chunks

    assert seen() == [b"10.0.0.1 http"]
    assert seen(proxy_fix={"x_for": 1}) == [b"1.2.3.4 http"]
    assert seen(proxy_fix={"x_for": 1, "x_proto": 1}) == [b"1.2.3.4 https"]
    assert seen(proxy_fix={"x_for": 2}) == [b"10.0.0.1 http"]


def test_every_id_of_the_application_gives_way(make: Make, serve: Serve) -> None:
    """Not only the first of several."""
    app = make()

    @app.get("/two")
    def two() -> tuple[str, list[tuple[str, str]]]:
        return "", [("X-Request-ID", "evil1"), ("x-request-id", "evil2")]

    answer = serve(app, "/two")
    assert len(answer["X-Request-ID"]) == 32


@pytest.mark.parametrize("path", ["/healthz", "//healthz"])
def test_health_reads_paths_as_the_application(
    make: Make, serve: Serve, path: str
) -> None:
    """A second slash in front changes nothing."""
    app = make(HEALTH_PATH="/healthz")

    assert serve(app, "/", PATH_INFO=path).chunks == [b"ok"]


@pytest.mark.parametrize("plain", [False, True], ids=["hooks", "factory"])
@pytest.mark.parametrize("path", ["/admin", "//admin", "///admin/x"])
def test_an_extra_slash_passes_no_middleware(
    serve: Serve, path: str, plain: bool
) -> None:
    """Werkzeug reads //admin as /admin, so its middleware must run."""

    class Door(Middleware):
        name = "door"

        def before(self, scope: Scope) -> None:
            raise Forbidden

    app = Flask("app")
    stack = MiddlewareStack(app)
    stack.use(
        (lambda inner: Forbidden().get_response()) if plain else Door(),
        name="door",
        path="/admin",
    )
    app.add_url_rule("/admin", "admin", lambda: "secret")
    app.add_url_rule("/admin/x", "x", lambda: "secret")

    assert serve(app, "/", PATH_INFO=path).status.startswith("403")
    assert serve(app, "/", PATH_INFO="/administrator").status.startswith("404")
