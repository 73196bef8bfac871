"""The map of all routes: what each asks for, and where that comes from."""

from __future__ import annotations

import functools
import typing as t

import pytest
from flask import Flask
from flask.views import MethodView
from werkzeug.routing import Rule as RouteRule

from flask_toolkit.guard import guard_map
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.identity import REQUIRED_BY

if t.TYPE_CHECKING:
    from tests.guard.conftest import Shop


def page() -> str:
    """Answer something."""
    raise NotImplementedError


def protected(*texts: str) -> t.Callable[[], str]:
    """Return a view that a decorator protects by itself."""
    view: t.Callable[[], str] = functools.partial(page)
    setattr(view, REQUIRED_BY, texts)
    return view


def lines(app: Flask) -> list[str]:
    """Return the map as text without the places."""
    return [" | ".join(one[:6]) for one in guard_map(app)]


def test_the_map_shows_every_way_in(shop: Shop) -> None:
    """One record a method and route, ordered, HEAD and automatic OPTIONS left out."""
    assert lines(shop.app) == [
        "GET | / | home | guard | authenticated | default",
        "POST | / | home | guard | authenticated | default",
        "PUT | / | home | guard | authenticated | default",
        "GET | /cart | cart | guard | public | marker",
        "POST | /cart | cart | guard | public | marker",
        "POST | /confirm | confirm | guard | authenticated | default",
        'GET | /editors | editors | guard | role("editor") | default+marker',
        "GET | /login | sign_in | guard | public | login-view",
        "POST | /login | sign_in | guard | public | login-view",
        "POST | /logout | sign_out | guard | authenticated | default",
        'GET | /open | open_page | guard | public | marker "for everybody"',
        'POST | /open | open_page | guard | public | marker "for everybody"',
        "GET | /vault | vault | guard | fresh(300) | default+marker",
        "GET | /who | who | guard | public | marker",
    ]


def test_what_decorators_enforce_is_part_of_it() -> None:
    """``REQUIRED_BY`` of ``@jwt.required`` is and-ed in, with or without a guard."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    app.add_url_rule("/a", "a", protected('via("jwt")'))
    app.add_url_rule("/b", "b", page)
    assert lines(app) == [
        'GET | /a | a | - | via("jwt") | decorator',
        "GET | /b | b | - | unguarded | none",
    ]

    guarded = Flask("app", root_path="/nowhere", static_folder=None)
    LoginGuard[object](guarded)
    guarded.add_url_rule("/a", "a", public(protected('via("jwt")', 'scope("x")')))
    guarded.add_url_rule("/b", "b", require(role("y"))(protected('via("jwt")')))
    assert lines(guarded) == [
        'GET | /a | a | guard | via("jwt") & scope("x") | marker+decorator',
        'GET | /b | b | guard | role("y") & via("jwt") | default+marker+decorator',
    ]


class Account(MethodView):
    """A class whose methods are protected one by one."""

    get = protected('via("jwt")')

    def head(self) -> str:
        """Answer nothing."""
        raise NotImplementedError

    def options(self) -> str:
        """Answer by hand."""
        raise NotImplementedError


def test_methods_of_a_class_are_told_apart() -> None:
    """HEAD and OPTIONS stand there where the class answers them itself."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    app.add_url_rule("/a", view_func=Account.as_view("a"))

    assert lines(app) == [
        'GET | /a | a | - | via("jwt") | decorator',
        "HEAD | /a | a | - | unguarded | none",
        "OPTIONS | /a | a | - | unguarded | none",
    ]


class Reader(MethodView):
    """HEAD is answered by ``get``."""

    get = protected('via("jwt")')


def test_head_follows_get() -> None:
    """HEAD without a method of its own is no other way in."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    app.add_url_rule("/a", view_func=Reader.as_view("a"))
    app.add_url_rule("/h", "h", page, methods=["HEAD"])

    assert lines(app) == [
        'GET | /a | a | - | via("jwt") | decorator',
        "HEAD | /h | h | - | unguarded | none",
    ]


def test_unusual_rules() -> None:
    """Redirects, rules for building only, websockets and raw rules are shown."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    LoginGuard[object](app)
    app.add_url_rule("/old", "old", page, redirect_to="/new")
    app.add_url_rule("/built", "built", page, build_only=True)
    app.url_map.add(RouteRule("/raw", endpoint="raw", methods=["OPTIONS"]))
    app.url_map.add(RouteRule("/all", endpoint="all"))
    app.url_map.add(RouteRule("/ws", endpoint="ws", websocket=True))

    every = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
    assert lines(app) == [
        *(
            f"{method} | /all | all | guard | authenticated | default"
            for method in every
        ),
        "GET | /old | old | guard | routing | routing",
        "OPTIONS | /raw | raw | guard | authenticated | default",
        "WEBSOCKET | /ws | ws | guard | authenticated | default",
    ]


@pytest.mark.parametrize(
    ("config", "options", "rule"),
    [
        pytest.param({}, {"subdomain": "api"}, "//api.*/x", id="subdomain"),
        pytest.param({}, {}, "/x", id="plain"),
    ],
)
def test_rules_of_subdomains(
    config: dict[str, t.Any], options: dict[str, t.Any], rule: str
) -> None:
    """Equal paths on two hosts are two ways in."""
    app = Flask("app", root_path="/nowhere", static_folder=None, **config)
    app.add_url_rule("/x", "x", page, **options)

    assert [one.rule for one in guard_map(app)] == [rule]


def test_rules_of_hosts() -> None:
    """With host matching the host is part of the rule."""
    app = Flask("app", root_path="/nowhere", static_folder=None, host_matching=True)
    app.add_url_rule("/x", "x", page, host="a.example")
    app.add_url_rule("/y", "y", page)

    assert [one.rule for one in guard_map(app)] == ["///y", "//a.example/x"]


class Unplaced(MethodView):
    """A class whose file nobody knows, as one made by a program."""

    __module__ = "nowhere"
    get = page


def test_sources_name_file_and_line(shop: Shop) -> None:
    """Each record says where its view stands, as far as that is known."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    app.add_url_rule("/a", "a", page)
    app.add_url_rule("/b", view_func=Account.as_view("b"))
    app.add_url_rule("/c", "c", functools.partial(page))
    app.add_url_rule("/d", view_func=Unplaced.as_view("d"))
    sources = {one.endpoint: one.source for one in guard_map(app)}

    assert sources["a"] == f"{__file__}:{page.__code__.co_firstlineno}"
    assert sources["b"].startswith(f"{__file__}:")
    assert sources["c"] == sources["d"] == ""
