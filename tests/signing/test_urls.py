"""Signed addresses: what is covered, and for whom they open."""

import typing as t
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Blueprint
from flask import Flask
from flask import request
from flask import url_for
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from flask_toolkit.errors import SignedTokenError
from flask_toolkit.signing import sign_url
from flask_toolkit.signing import verify_url

Clock = Callable[[float], None]


def _shop(secret: str = "s" * 32, *fallbacks: str, **options: t.Any) -> Flask:
    app = Flask("shop", **options)
    app.config.update(SECRET_KEY=secret, SECRET_KEY_FALLBACKS=list(fallbacks))
    app.add_url_rule("/files/<path:name>", "file", _seen, methods=["GET", "POST"])
    app.add_url_rule("/copies/<path:name>", "copy", _seen)
    return app


def _seen(**values: str) -> str:
    return str(verify_url(request))


def _signed(app: Flask, endpoint: str = "file", **values: t.Any) -> str:
    with app.test_request_context(headers={"Host": "shop.test"}):
        given: dict[str, t.Any] = {"expires": 60, "name": "a.txt"} | values
        return sign_url(endpoint, **given)


def _get(app: Flask, url: str, **options: t.Any) -> TestResponse:
    return app.test_client().get(url, **options)


def test_a_signed_address_opens_its_page(clock: Clock) -> None:
    """The answer is the expiry that was signed."""
    app = _shop()
    url = _signed(app)

    assert url.startswith("/files/a.txt?_sig=1800000060.")
    assert _get(app, url).text == "1800000060"
    assert app.test_client().head(url).status_code == 200


def test_an_expiry_may_be_a_timedelta(clock: Clock) -> None:
    """As every duration of the toolkit."""
    assert "_sig=1800086400." in _signed(_shop(), expires=timedelta(days=1))


def test_it_ends_at_its_expiry(clock: Clock) -> None:
    """With an error of its own, so that a page can offer a new one."""
    app = _shop()
    url = _signed(app)
    clock(59.9)
    assert _get(app, url).status_code == 200
    clock(60)

    answer = _get(app, url)

    assert answer.status_code == 400
    assert "expired" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@settings(max_examples=100, deadline=None)
@given(
    name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
        lambda text: text == text.strip("/. ") and "/" not in text
    ),
    query=st.dictionaries(
        st.from_regex(r"[a-z]{1,5}__", fullmatch=True),
        st.text() | st.lists(st.text(), max_size=3),
        max_size=3,
    ),
)
def test_what_url_for_builds_can_be_signed(name: str, query: dict[str, t.Any]) -> None:
    """Whatever stands in path and query arrives as it was signed."""
    app = _shop()

    assert _get(app, _signed(app, name=name, **query)).status_code == 200


@settings(max_examples=100, deadline=None)
@given(at=st.integers(min_value=0), letter=st.sampled_from("abcXYZ0123456789-_."))
def test_any_changed_character_fails(at: int, letter: str) -> None:
    """In the path, the query or the signature: it opens nothing."""
    app = _shop()
    url = _signed(app, name="abc.txt", page="12")
    at = len("/files/") + at % (len(url) - len("/files/"))
    assume(letter != url[at])

    assert _get(app, url[:at] + letter + url[at + 1 :]).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda url: url.partition("?")[0], id="unsigned"),
        pytest.param(lambda url: f"{url}&_sig={url.partition('=')[2]}", id="twice"),
        pytest.param(lambda url: f"{url}&page=2", id="more-query"),
        pytest.param(lambda url: url.replace("=1", "=01"), id="zero"),
        pytest.param(lambda url: url.replace("=1", "=+1"), id="plus"),
        pytest.param(lambda url: url.replace("=1", "=%D9%A1"), id="other-digit"),
        pytest.param(lambda url: f"{url}=", id="padded"),
        pytest.param(lambda url: url.replace("/files/", "/copies/"), id="endpoint"),
        pytest.param(lambda _: "/files/a.txt?_sig=", id="empty"),
        pytest.param(lambda _: f"/files/a.txt?_sig=9.{'%C3%A9' * 43}", id="not-ascii"),
    ],
)
def test_what_was_not_signed_is_refused(change: Callable[[str], str]) -> None:
    """A changed address is a 400 that says no more."""
    app = _shop()

    answer = _get(app, change(_signed(app)))

    assert answer.status_code == 400
    assert "not valid" in answer.text


def test_two_endpoints_at_one_address_differ() -> None:
    """The signature names the endpoint, not the path alone."""
    one, other = _shop(), Flask("other")
    other.config["SECRET_KEY"] = one.config["SECRET_KEY"]
    other.add_url_rule("/files/<path:name>", "secret", _seen)

    assert _get(one, _signed(one)).status_code == 200
    assert _get(other, _signed(one)).status_code == 400


def test_a_signature_only_reads() -> None:
    """A POST with it is refused, whatever the view would do."""
    app = _shop()

    assert app.test_client().post(_signed(app)).status_code == 400


def test_an_address_that_no_route_matched_is_refused() -> None:
    """A handler of errors that asks gets no expiry."""
    with _shop().test_request_context("/nowhere"), pytest.raises(SignedTokenError):
        verify_url(request)


def test_the_order_of_names_is_free_and_that_of_values_is_not() -> None:
    """A proxy may sort the query; the first of two values stays the first."""
    app = _shop()
    path, _, query = _signed(app, b=["1", "2"], a="3").partition("?")
    b1, b2, a, signature = query.split("&")

    assert _get(app, f"{path}?{signature}&{a}&{b1}&{b2}").status_code == 200
    assert _get(app, f"{path}?{b2}&{b1}&{a}&{signature}").status_code == 400


def test_a_mount_is_part_of_it() -> None:
    """The same path below another prefix is another address."""
    app = _shop()

    with app.test_request_context(base_url="http://shop.test/eu"):
        url = sign_url("file", expires=60, name="a.txt")

    inside = url.removeprefix("/eu")
    assert url.startswith("/eu/files/")
    assert _get(app, inside, base_url="http://shop.test/eu").status_code == 200
    assert _get(app, inside, base_url="http://shop.test/us").status_code == 400
    assert _get(app, inside).status_code == 400


def test_a_host_that_a_route_reads_is_part_of_it() -> None:
    """What opens a file of one tenant opens none of another."""
    app = _shop(subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.test"
    app.add_url_rule("/docs/<name>", "doc", _seen, subdomain="<tenant>")

    with app.test_request_context(base_url="http://a.shop.test"):
        here = sign_url("doc", expires=60, tenant="a", name="x")
        there = sign_url("doc", expires=60, tenant="b", name="x")

    path = there.removeprefix("http://b.shop.test")
    assert here.startswith("/docs/")
    assert _get(app, here, base_url="http://a.shop.test").status_code == 200
    assert _get(app, here, base_url="http://b.shop.test").status_code == 400
    assert _get(app, path, headers={"Host": "B.SHOP.test"}).status_code == 200
    assert _get(app, path, base_url="http://a.shop.test").status_code == 400


def test_a_host_that_no_route_reads_is_free() -> None:
    """A site may move to another name, or be asked by two."""
    app = _shop()

    assert _get(app, _signed(app), base_url="https://www.shop.test").status_code == 200


def test_a_fragment_stays_at_the_end() -> None:
    """The server never sees it, so it is not signed."""
    app = _shop()
    url = _signed(app, _anchor="top")

    assert url.endswith("#top")
    assert _get(app, url).status_code == 200


def test_an_absolute_address_can_be_signed_without_a_request() -> None:
    """For a mail that a worker sends."""
    app = _shop()
    app.config["SERVER_NAME"] = "shop.test"

    with app.app_context():
        url = sign_url("file", expires=60, name="a.txt")

    assert url.startswith("http://shop.test/files/a.txt?_sig=")
    assert _get(app, url.removeprefix("http://shop.test")).status_code == 200


def test_a_relative_endpoint_is_that_of_the_blueprint() -> None:
    """A leading dot means the same as to url_for."""
    app = _shop()
    books = Blueprint("books", __name__)
    books.add_url_rule(
        "/books", "list", lambda: _seen() and sign_url(".one", expires=9)
    )
    books.add_url_rule("/book", "one", _seen)
    app.register_blueprint(books)
    app.add_url_rule("/", "home", lambda: sign_url(".home", expires=9))

    first = _get(app, _signed(app, "books.list", name=None))

    assert _get(app, first.text).status_code == 200
    assert _get(app, "/").text.startswith("/?_sig=")


def test_an_address_outlives_a_key_rotation() -> None:
    """The old key verifies as a fallback and ends with it."""
    url = _signed(_shop("old" * 8))

    assert _get(_shop("new" * 8, "old" * 8), url).status_code == 200
    assert _get(_shop("new" * 8), url).status_code == 400


def test_the_signature_is_no_value() -> None:
    """It would be two, which never verifies."""
    with pytest.raises(ValueError, match="_sig"):
        _signed(_shop(), _sig="x")


@pytest.mark.parametrize("expires", [0, -5, timedelta(days=3651), float("nan")])
def test_an_expiry_has_bounds(expires: t.Any) -> None:
    """No address is open for ever."""
    with pytest.raises(ValueError, match="expires must lie between"):
        _signed(_shop(), expires=expires)


def test_url_for_is_as_it_was() -> None:
    """Only what was asked to be signed is."""
    with _shop().test_request_context():
        assert url_for("file", name="a.txt") == "/files/a.txt"
