"""Where rules stand and what they say beside: with Werkzeug's matcher and ours."""

from __future__ import annotations

import typing as t
from datetime import date
from decimal import Decimal

import pytest
from flask import Blueprint
from flask import Flask
from flask import url_for

from flask_toolkit.routing import check
from flask_toolkit.routing import Converters
from flask_toolkit.routing import pattern
from flask_toolkit.routing._fast import is_fast

if t.TYPE_CHECKING:
    from werkzeug.test import TestResponse

YEAR = pattern("year", r"[12]\d{3}", cast=int, examples=["1999"])
SHARD = pattern("shard", "s[0-9]+", examples=["s1"])
PAGE = pattern("page", "[a-z]+(?:/[a-z]+)*", examples=["a/b"])
SOCKET = {"Connection": "Upgrade", "Upgrade": "websocket"}


def _text(**values: object) -> str:
    return " ".join(map(str, values.values()))


@pytest.fixture(name="fast", params=[False, True], ids=["stock", "fast"])
def _fast(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def make(fast: bool, *, name: str = "shop", **options: t.Any) -> Flask:
    """Return an app with converters, before any rule."""
    app = Flask(name, static_folder=None, **options)
    app.config["TOOLKIT_CONVERTERS_FAST_MATCHER"] = fast
    Converters(app, patterns=[YEAR, SHARD, PAGE])
    assert is_fast(app) is fast
    return app


def get(app: Flask, url: str, **more: t.Any) -> TestResponse:
    """Send a request."""
    return app.test_client().get(url, **more)


def test_blueprint_before_the_converters(fast: bool) -> None:
    """It is an error that names the converter; a second try after them works."""
    app = Flask("shop", static_folder=None)
    shop = Blueprint("shop", __name__, url_prefix="/<year:y>")
    shop.add_url_rule("/<sint:n>", "item", _text)

    with pytest.raises(LookupError, match="converter 'year' does not exist"):
        app.register_blueprint(shop)

    app = make(fast)
    app.register_blueprint(shop, name_prefix="later")
    assert get(app, "/1999/-7").text == "1999 -7"
    assert get(app, "/999/-7").status_code == 404

    with app.test_request_context():
        assert url_for("later.shop.item", y=2001, n=3) == "/2001/3"


def test_nested_blueprints(fast: bool) -> None:
    """Values of the prefixes come together with those of the rule."""
    app = make(fast)
    outer = Blueprint("outer", __name__, url_prefix="/<year:y>")
    inner = Blueprint("inner", __name__, url_prefix="/<slug:s>")
    inner.add_url_rule("/<date:d>", "item", _text)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)

    assert get(app, "/1999/a-b/2026-02-28").text == "1999 a-b 2026-02-28"

    with app.test_request_context():
        values = {"y": 1999, "s": "a", "d": date(2026, 1, 1)}
        assert url_for("outer.inner.item", **values) == "/1999/a/2026-01-01"  # type: ignore[arg-type]  # any value


def test_subdomains(fast: bool) -> None:
    """A value there is matched, refused, and built into a full address."""
    app = make(fast, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/<decimal:d>", "x", _text, subdomain="<shard:s>")
    app.add_url_rule("/<decimal:d>", "plain", _text)

    assert get(app, "/1.50", base_url="http://s7.shop.example").text == "s7 1.50"
    assert get(app, "/1.50", base_url="http://shop.example").text == "1.50"
    assert get(app, "/1.50", base_url="http://x7.shop.example").status_code == 404

    with app.test_request_context():
        url = url_for("x", s="s7", d=Decimal("0.10"))
        assert url == "http://s7.shop.example/0.10"

    assert check(app) == []


def test_host_matching(fast: bool) -> None:
    """A value in the host, with a port behind it."""
    app = Flask("shop", host_matching=True, static_folder=None)
    app.config["TOOLKIT_CONVERTERS_FAST_MATCHER"] = fast
    Converters(app, patterns=[SHARD])
    app.add_url_rule("/<hex(length=2):h>", "x", _text, host="<shard:s>.example:5000")

    assert get(app, "/0f", base_url="http://s7.example:5000").text == "s7 0f"
    assert get(app, "/0f", base_url="http://s7.example").status_code == 404
    assert get(app, "/0f", base_url="http://7.example:5000").status_code == 404

    with app.test_request_context():
        assert url_for("x", s="s1", h="ff") == "http://s1.example:5000/ff"

    assert check(app) == []


def test_defaults(fast: bool) -> None:
    """The address that spells the default out leads to the one without it."""
    app = make(fast)
    app.add_url_rule("/all/", "all", _text, defaults={"y": 1999})
    app.add_url_rule("/all/<year:y>", "all")

    assert get(app, "/all/").text == "1999"
    assert get(app, "/all/2001").text == "2001"
    assert get(app, "/all/1999").location == "http://localhost/all/"
    assert get(app, "/all/0001").status_code == 404

    with app.test_request_context():
        urls = [url_for("all", y=1999), url_for("all", y=2001)]

    assert urls == ["/all/", "/all/2001"]


def test_websockets(fast: bool) -> None:
    """A rule for them is found by an upgrade, and by nothing else."""
    app = make(fast)
    app.add_url_rule("/<year:y>", "socket", _text, websocket=True)
    app.add_url_rule("/<slug:s>", "page", _text)

    assert get(app, "/1999", headers=SOCKET).text == "1999"
    assert get(app, "/1999").text == "1999"
    assert get(app, "/abc", headers=SOCKET).status_code == 400
    assert app.url_map.bind("h", url_scheme="ws").match("/1999")[0] == "socket"
    assert app.url_map.bind("h").match("/1999")[0] == "page"


@pytest.mark.parametrize("strict", [True, False])
def test_strict_slashes(fast: bool, strict: bool) -> None:
    """A branch redirects to its slash, or answers without it; a leaf has none."""
    app = make(fast)
    app.url_map.strict_slashes = strict
    app.add_url_rule("/y/<year:y>/", "branch", _text)
    app.add_url_rule("/p/<page:p>/", "spanning", _text)
    app.add_url_rule("/s/<slug:s>", "leaf", _text)

    assert get(app, "/y/1999/").text == "1999"
    assert get(app, "/p/a/b/").text == "a/b"
    assert get(app, "/y/1999").status_code == (308 if strict else 200)
    assert get(app, "/p/a/b").status_code == (308 if strict else 200)
    assert get(app, "/s/a/").status_code == (404 if strict else 200)


def test_merge_slashes(fast: bool) -> None:
    """Repeated slashes lead to the merged path; a rule may refuse that."""
    app = make(fast)
    app.add_url_rule("/a/<year:y>/<page:p>", "merged", _text)
    app.add_url_rule("/b/<year:y>/c", "kept", _text, merge_slashes=False)

    assert get(app, "/a//1999//x").location == "http://localhost/a/1999/x"
    assert get(app, "/b//1999/c").status_code == 404
    assert get(app, "/b/1999/c").text == "1999"

    app.url_map.merge_slashes = False
    assert get(app, "/a//1999/x").status_code == 404


def test_two_apps() -> None:
    """One set of converters serves both; each has its own defaults and matcher."""
    converters = Converters(patterns=[YEAR])
    answers = []

    for fast, length in ((True, 2), (False, 3)):
        app = Flask(f"shop{length}", static_folder=None)
        app.config |= {
            "TOOLKIT_CONVERTERS_FAST_MATCHER": fast,
            "TOOLKIT_CONVERTERS_MAXLENGTH": length,
        }
        converters.init_app(app)
        app.add_url_rule('/<regex("[a-z]+"):x>/<year:y>', "x", _text)
        paths = ("/ab/1999", "/abc/1999", "/ab/999")
        answers.append((is_fast(app), [get(app, p).status_code for p in paths]))

    assert answers == [(True, [200, 404, 404]), (False, [200, 200, 404])]
