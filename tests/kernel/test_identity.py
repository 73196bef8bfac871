"""Who is calling: asked once a request, never carried to the next."""

import dataclasses
import pickle
import typing as t

import pytest
from flask import Flask
from flask import g
from flask import Request
from flask import request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest
from werkzeug.exceptions import HTTPException

from flask_toolkit.errors import BadCredentialError
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.identity import AccessMark
from flask_toolkit.identity import current_identity
from flask_toolkit.identity import identified
from flask_toolkit.identity import Identity
from flask_toolkit.identity import MARK
from flask_toolkit.identity import mark_public
from flask_toolkit.identity import memo
from flask_toolkit.identity import publish
from flask_toolkit.identity import publish_by
from flask_toolkit.identity import register
from flask_toolkit.identity import request_origin
from flask_toolkit.identity import RequestOrigin
from flask_toolkit.identity import resolve
from flask_toolkit.identity import trusted_origins
from flask_toolkit.identity import withdraw

SAME, CROSS, UNKNOWN = RequestOrigin


class HeaderName:
    """An authenticator that believes a header; good enough for tests."""

    name = "name"
    ambient = False

    def __init__(self, error: HTTPException | None = None) -> None:
        self.error = error
        self.calls = 0

    def authenticate(self, request: Request, /) -> Identity[str] | None:
        """Return who the header names."""
        self.calls += 1

        if self.error is not None:
            raise self.error

        name = request.headers.get("X-Name")
        return Identity(id=name, via="name", ambient=False) if name else None

    def challenge(self) -> str | None:
        """Return a challenge."""
        raise NotImplementedError


@pytest.fixture(name="app")
def _app() -> Flask:
    return Flask("shop")


def test_an_authenticator_is_asked_once(app: Flask) -> None:
    """The second asker gets the first one's answer."""
    name = HeaderName()

    with app.test_request_context(headers={"X-Name": "ada"}):
        first = resolve(request._get_current_object(), name)  # type: ignore[attr-defined]  # a proxy
        assert resolve(request._get_current_object(), name) is first  # type: ignore[attr-defined]  # a proxy

    assert name.calls == 1


def test_a_failure_is_remembered_too(app: Flask) -> None:
    """A bad credential is not verified a second time."""
    name = HeaderName(BadCredentialError())

    with app.test_request_context():
        real = request._get_current_object()  # type: ignore[attr-defined]  # a proxy

        for _ in range(2):
            with pytest.raises(BadCredentialError):
                resolve(real, name)

    assert name.calls == 1


def test_the_caller_never_reaches_the_next_request(app: Flask) -> None:
    """Inside a pushed app context two requests share g, not the identity."""
    register(app, HeaderName())
    seen: list[Identity[t.Any] | None] = []

    @app.get("/")
    def index() -> str:
        g.kept = True
        seen.append(current_identity())
        return ""

    with app.app_context():
        app.test_client().get("/", headers={"X-Name": "ada"})
        app.test_client().get("/")

    assert [identity and identity.id for identity in seen] == ["ada", None]


def test_the_first_published_caller_stays(app: Flask) -> None:
    """A guard's decision is not overwritten unless asked to."""
    ada = Identity[str](id="ada", via="x", ambient=False)
    bob = Identity[str](id="bob", via="x", ambient=False)

    with app.test_request_context():
        real = request._get_current_object()  # type: ignore[attr-defined]  # a proxy

        assert publish(real, ada) is ada
        assert publish(real, bob) is ada
        assert publish(real, bob, replace=True) is bob
        assert current_identity() is bob


def test_a_published_authenticator_is_asked_when_it_matters(app: Flask) -> None:
    """Whom it finds stays the caller; if it finds nobody, the next one is."""
    name = HeaderName()
    bob = Identity[str](id="bob", via="x", ambient=False)

    with app.test_request_context(headers={"X-Name": "ada"}):
        real = request._get_current_object()  # type: ignore[attr-defined]  # a proxy
        publish_by(real, name)
        assert name.calls == 0
        assert publish(real, bob).id == "ada"

    with app.test_request_context():
        real = request._get_current_object()  # type: ignore[attr-defined]  # a proxy
        publish_by(real, name)
        assert publish(real, bob) is bob
        assert current_identity() is bob


def test_an_identity_is_a_value() -> None:
    """It cannot be changed, only replaced; equal fields make equal identities."""
    ada = Identity[str](id="ada", via="x", ambient=False, user="Ada")

    with pytest.raises(dataclasses.FrozenInstanceError):
        ada.id = "bob"  # type: ignore[misc]  # that is the point

    assert dataclasses.replace(ada, user=None) == Identity[str](
        id="ada", via="x", ambient=False
    )
    assert {field.name for field in dataclasses.fields(ada)} == vars(ada).keys()
    assert hash(ada) == hash(dataclasses.replace(ada))


def test_an_identity_by_position_is_the_same_value() -> None:
    """The quick way differs in its price only, defaults included."""
    scopes = frozenset({"read"})
    quick = identified("ada", "x", True, "Ada", 7.0, scopes)
    named = Identity(
        id="ada", via="x", ambient=True, user="Ada", auth_time=7.0, scopes=scopes
    )

    with pytest.raises(dataclasses.FrozenInstanceError):
        quick.id = "bob"  # type: ignore[misc]  # that is the point

    assert type(quick) is Identity
    assert vars(quick) == vars(named)
    assert (hash(quick), repr(quick)) == (hash(named), repr(named))
    assert pickle.loads(pickle.dumps(quick)) == named
    assert identified("a", "x", False) == Identity(id="a", via="x", ambient=False)


def test_a_caller_who_signs_out_is_withdrawn(app: Flask) -> None:
    """Only the one who is published; another one stays."""
    ada = Identity[str](id="ada", via="x", ambient=False)
    bob = Identity[str](id="bob", via="x", ambient=False)

    with app.test_request_context():
        real = request._get_current_object()  # type: ignore[attr-defined]  # a proxy
        publish(real, ada)
        withdraw(real, bob)
        assert current_identity() is ada
        withdraw(real, ada)
        assert current_identity() is None


def test_registered_authenticators_are_asked_in_order(app: Flask) -> None:
    """The first hit names the caller; one registered twice is asked once."""
    silent, name = HeaderName(BadRequest()), HeaderName()
    register(app, silent)
    register(app, name)
    register(app, name)

    with app.test_request_context(headers={"X-Name": "ada"}):
        caller = current_identity()

    assert caller is not None
    assert caller.id == "ada"
    assert name.calls == 1


def test_a_bad_credential_reads_as_nobody(app: Flask) -> None:
    """current_identity does not raise for what the client sent."""
    register(app, HeaderName(BadCredentialError()))

    with app.test_request_context():
        assert current_identity() is None


@pytest.mark.parametrize(
    "error",
    [StoreUnavailableError(), HTTPException()],
    ids=["store-down", "no-code"],
)
def test_a_store_that_is_down_fails_closed(app: Flask, error: HTTPException) -> None:
    """Nobody is not the answer when it could not be asked."""
    register(app, HeaderName(error))

    with app.test_request_context(), pytest.raises(type(error)):
        current_identity()


def test_outside_a_request_there_is_nobody(app: Flask) -> None:
    """Commands and threads have no caller."""
    register(app, HeaderName())

    with app.app_context():
        assert current_identity() is None


def test_the_memo_lives_on_the_request(app: Flask) -> None:
    """Each request has its own."""
    with app.test_request_context():
        memo(request._get_current_object())["x"] = 1  # type: ignore[attr-defined]  # a proxy

    with app.test_request_context():
        assert memo(request._get_current_object()) == {}  # type: ignore[attr-defined]  # a proxy


def test_no_user_in_repr() -> None:
    """The repr shows id, kind and ambience only."""
    identity = Identity(id="7", via="x", ambient=True, user="canary")

    assert repr(identity) == "Identity(id='7', via='x', ambient=True)"


def test_mark_public_writes_the_mark() -> None:
    """Our own open views carry the mark that guards read."""

    @mark_public
    def view() -> None: ...

    assert getattr(view, MARK) == AccessMark(public=True)


HOST = {"wsgi.url_scheme": "https", "HTTP_HOST": "shop.example"}


@pytest.mark.parametrize(
    ("site", "origin", "referer", "verdict"),
    [
        pytest.param(
            "same-origin", "https://evil.example", None, SAME, id="same-origin"
        ),
        pytest.param("none", None, None, SAME, id="typed-address"),
        pytest.param("cross-site", None, None, CROSS, id="cross-site"),
        pytest.param("same-site", "https://shop.example", None, CROSS, id="same-site"),
        pytest.param("cross-site", "https://pay.example", None, SAME, id="trusted"),
        pytest.param(
            "cross-site", None, "https://pay.example/x", SAME, id="trusted-ref"
        ),
        pytest.param("odd", None, None, CROSS, id="unknown-word"),
        pytest.param(None, "https://shop.example", None, SAME, id="own"),
        pytest.param("", "https://SHOP.example:443", None, SAME, id="own-spelled-out"),
        pytest.param(None, "https://pay.example", None, SAME, id="trusted-origin"),
        pytest.param(None, "http://shop.example", None, CROSS, id="other-scheme"),
        pytest.param(None, "https://shop.example:444", None, CROSS, id="other-port"),
        pytest.param(None, "https://shop.example.evil", None, CROSS, id="suffix"),
        pytest.param(None, "https://evil@shop.example", None, CROSS, id="userinfo"),
        pytest.param(None, "null", None, CROSS, id="null"),
        pytest.param(None, "file://", None, CROSS, id="no-host"),
        pytest.param(None, None, "https://shop.example/a?b", SAME, id="own-referer"),
        pytest.param(None, None, "https://evil.example/a", CROSS, id="other-referer"),
        pytest.param(None, None, "http://[::1", CROSS, id="broken-referer"),
        pytest.param(None, None, None, UNKNOWN, id="nothing"),
    ],
)
def test_request_origin_table(
    site: str | None, origin: str | None, referer: str | None, verdict: RequestOrigin
) -> None:
    """Fetch Metadata decides, else Origin, else Referer, else unknown."""
    given = {
        "HTTP_SEC_FETCH_SITE": site,
        "HTTP_ORIGIN": origin,
        "HTTP_REFERER": referer,
    }
    environ = HOST | {key: value for key, value in given.items() if value is not None}

    assert request_origin(environ, {"https://pay.example"}) is verdict


def test_request_origin_without_a_host_header() -> None:
    """HTTP/1.0 clients are judged by the server's own name and port."""
    environ = {
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "80",
        "HTTP_ORIGIN": "http://shop.example",
    }

    assert request_origin(environ) is SAME


@given(
    st.text(),
    st.sampled_from(["HTTP_ORIGIN", "HTTP_REFERER"]),
    st.sampled_from([None, "cross-site"]),
)
def test_no_text_passes_for_this_site(text: str, header: str, site: str | None) -> None:
    """Whatever is sent is judged, and only our own origin counts as ours."""
    environ = HOST | {header: text} | ({"HTTP_SEC_FETCH_SITE": site} if site else {})
    verdict = request_origin(environ)

    assert verdict is not SAME or text.lower().startswith("https://shop.example")


def test_trusted_origins_are_one_spelling(app: Flask) -> None:
    """Case and the default port do not matter."""
    app.config["TOOLKIT_TRUSTED_ORIGINS"] = ("https://Pay.example:443",)

    assert trusted_origins(app) == {"https://pay.example"}


@pytest.mark.parametrize(
    "origin",
    ["pay.example", "https://pay.example/", "https://*.example", "null", "*", ""],
)
def test_a_malformed_trusted_origin_stops_the_start(app: Flask, origin: str) -> None:
    """A path, a star or a bare name is no origin."""
    app.config["TOOLKIT_TRUSTED_ORIGINS"] = (origin,)

    with pytest.raises(ConfigError, match="must read scheme://host"):
        trusted_origins(app)
