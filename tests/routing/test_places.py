"""What a text would do where it stands: in a host, or at the beginning of a path."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask import url_for
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import BaseConverter
from werkzeug.routing import BuildError
from werkzeug.routing import Map
from werkzeug.routing import Rule

from flask_toolkit.routing import _converters
from flask_toolkit.routing import Converters
from flask_toolkit.routing import RegexConverter
from flask_toolkit.routing._places import Place
from flask_toolkit.routing._places import place_of
from flask_toolkit.routing._refusals import host_refusal
from flask_toolkit.routing._refusals import path_refusal
from flask_toolkit.routing._shipped import SHIPPED

if t.TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Flask]
    Ask = Callable[[Flask, str], str]
    Build = Callable[..., str]

ANYTHING = '<regex("(?s).+", slashes=False):h>'
OPTIONAL = '<regex("[a-z]*", empty=True):x>'


def _text(**values: object) -> str:
    return "".join(map(str, values.values()))


def host_app(host: str) -> Flask:
    """Return an app with one view, on this host."""
    app = Flask("shop", host_matching=True, static_host="h")
    Converters(app)
    app.add_url_rule("/x", "x", _text, host=host)
    return app


def subdomain_app(subdomain: str) -> Flask:
    """Return an app with one view, on this subdomain."""
    app = Flask("shop", static_folder=None, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    Converters(app)
    app.add_url_rule("/x", "x", _text, subdomain=subdomain)
    return app


FORGED = [
    *("evil.example@", "evil.example@x", "user:pass@evil.example", "evil.example:80"),
    *("evil.example#", "evil.example?", "evil\\", "a b", "a\tb", "evil%2f", "evil%40"),
    *("a..b", "a_b", ".a", "a.", "-a", "a-", "EVIL", "é", "xn--é", "[::1]", "a,b"),
    *("a" * 64, "a!b", "a;b", "a&b", "a=b", "a'b", "(a)", "<a>", '"', "a|b", "a^b"),
]


@pytest.mark.parametrize("value", FORGED)
@pytest.mark.parametrize("where", ["subdomain", "host"])
def test_what_is_no_host_name_is_not_built(where: str, value: str) -> None:
    """Not even where the pattern takes it: RFC 3986 3.2.2, RFC 1123 2.1."""
    if where == "host":
        app = host_app(f"{ANYTHING}.shop.example")
    else:
        app = subdomain_app(ANYTHING)

    with app.test_request_context(), pytest.raises(BuildError, match="'x' with values"):
        url_for("x", h=value, _external=True)


@pytest.mark.parametrize("value", ["eu", "a.b-c", "7", "a" * 63, "xn--bcher-kva"])
def test_host_name_comes_back(value: str) -> None:
    """What is a name is built, and a request for it finds the view."""
    for app in (host_app(f"{ANYTHING}.shop.example"), subdomain_app(ANYTHING)):
        with app.test_request_context():
            url = url_for("x", h=value, _external=True)

        assert urlsplit(url).hostname == f"{value}.shop.example"
        assert app.test_client().get(url).text == value


@pytest.mark.parametrize(
    ("host", "value", "built"),
    [
        pytest.param(ANYTHING, "a.example:5000", "a.example:5000", id="whole"),
        pytest.param(f"{ANYTHING}:5000", "a.example", "a.example:5000", id="before"),
        pytest.param('h:<regex("[0-9]+"):h>', "5000", "h:5000", id="port-alone"),
        pytest.param(ANYTHING, "a:123456", None, id="too-long"),
        pytest.param(ANYTHING, "a:", None, id="no-digits"),
        pytest.param(ANYTHING, "a:1@b", None, id="credentials"),
        pytest.param(f"{ANYTHING}.example", "a:80", None, id="inside"),
        pytest.param(f"{ANYTHING}:5000", "a:80", None, id="second"),
    ],
)
def test_port_stands_only_at_the_end(host: str, value: str, built: str | None) -> None:
    """A host that is matched whole has its port with it."""
    app = host_app(host)

    with app.test_request_context():
        if built is None:
            with pytest.raises(BuildError):
                url_for("x", h=value)
        else:
            url = url_for("x", h=value, _external=True)
            assert url == f"http://{built}/x"
            assert app.test_client().get(url).text == value


def test_empty_subdomain_is_the_site_itself() -> None:
    """Alone it may be empty; before a dot it may not."""
    alone = subdomain_app('<regex("[a-z]*", empty=True):s>')
    dotted = subdomain_app('<regex("[a-z]*", empty=True):s>.api')

    with alone.test_request_context():
        assert url_for("x", s="", _external=True) == "http://shop.example/x"

    with dotted.test_request_context(), pytest.raises(BuildError):
        url_for("x", s="")

    with dotted.test_request_context():
        url = url_for("x", s="eu", _external=True)
        assert url == "http://eu.api.shop.example/x"


def test_list_in_a_host_is_looked_at_whole() -> None:
    """Its items are, and what stands between them."""
    app = subdomain_app('<list(of="slug", sep="."):s>')
    comma = subdomain_app('<list(of="slug"):s>')

    with app.test_request_context():
        assert url_for("x", s=["a", "b"]).startswith("http://a.b.shop.example/")

    with comma.test_request_context(), pytest.raises(BuildError):
        url_for("x", s=["a", "b"])


def test_same_text_is_fine_in_a_path(make: Make, build: Build) -> None:
    """What a host may not have means nothing there."""
    app = make('/<regex(".+"):x>')

    assert build(app, x="a@b:c A") == "/a@b:c%20A"


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        pytest.param(f"/{OPTIONAL}/evil.example", {}, id="literal"),
        pytest.param(f"/{OPTIONAL}/<path:p>", {"p": "evil.example"}, id="path"),
        pytest.param(f"/r/.{OPTIONAL}", {}, id="dot"),
        pytest.param(f"/r/.{OPTIONAL}.", {}, id="two-dots"),
        pytest.param(f"/r/{OPTIONAL}./s", {}, id="dot-behind"),
        pytest.param(
            f'/{OPTIONAL}<regex("[b]*", empty=True):y>/evil', {"y": ""}, id="two"
        ),
    ],
)
def test_empty_text_changes_no_structure(
    make: Make, build: Build, rule: str, values: dict[str, str]
) -> None:
    """No path begins with ``//``, and none has a segment that browsers remove."""
    app = make(rule)

    with pytest.raises(BuildError):
        build(app, x="", **values)

    assert build(app, x="a", **{n: v or "b" for n, v in values.items()})


@pytest.mark.parametrize(
    ("rule", "url"),
    [
        pytest.param(f"/{OPTIONAL}", "/", id="alone"),
        pytest.param(f"/r/{OPTIONAL}", "/r/", id="last"),
        pytest.param(f"/r/{OPTIONAL}/s", "/r//s", id="between"),
        pytest.param(f"/{OPTIONAL}-/s", "/-/s", id="literal"),
        pytest.param(f"/r/..{OPTIONAL}a", "/r/..a", id="dots-and-more"),
    ],
)
def test_empty_text_comes_back(
    make: Make, build: Build, ask: Ask, rule: str, url: str
) -> None:
    """Where it is harmless it stays possible."""
    app = make(rule)

    assert build(app, x="") == url
    assert ask(app, url) == "''"


def test_other_value_of_a_segment_counts(make: Make, build: Build, ask: Ask) -> None:
    """One that cannot be empty keeps the segment from being so."""
    app = make(f"/<hex(length=2):y>{OPTIONAL}/s")

    assert build(app, x="", y="00") == "/00/s"
    assert ask(app, "/00/s") == "'00';''"


@given(st.text(st.sampled_from("ab1-.:@/\\[]%_ é\u3002A"), min_size=1, max_size=9))
def test_no_value_names_another_host(value: str) -> None:
    """A URL that is built is one of our site, and leads back to the value."""
    rules = Map(host_matching=True, converters=SHIPPED)
    rules.add(Rule("/", endpoint="x", host=f"{ANYTHING}.shop.example"))
    adapter = rules.bind("h")

    try:
        url = adapter.build("x", {"h": value})
    except BuildError:
        assert host_refusal(f"{value}.shop.example", port=False) is not None
        return

    host = urlsplit(url).netloc
    assert re.fullmatch(r"[a-z0-9.-]+\.shop\.example", host)
    assert rules.bind(host).match("/") == ("x", {"h": value})


@pytest.mark.parametrize(
    ("host", "port", "fine"),
    [
        pytest.param("shop.example", False, True, id="name"),
        pytest.param("shop.example:80", False, False, id="port"),
        pytest.param("shop.example:80", True, True, id="port-told"),
        pytest.param("", False, False, id="empty"),
        pytest.param(".".join(["a" * 49] * 5), False, True, id="249"),
        pytest.param(".".join(["a" * 63] * 4), False, False, id="255"),
        pytest.param("a\n", False, False, id="newline"),
        pytest.param("a:1\n", True, False, id="newline-behind-the-port"),
    ],
)
def test_host_names(host: str, port: bool, fine: bool) -> None:
    """Labels of letters, digits and hyphens; 63 of them, 253 in all."""
    assert (host_refusal(host, port=port) is None) is fine


@pytest.mark.parametrize("path", ["//a", "/a/.", "/a/..", "/./a", "/%2e%2E/a"])
def test_paths_that_are_no_links(path: str) -> None:
    """They name another host, or a client removes a part of them."""
    assert path_refusal(path) is not None
    assert path_refusal(f"/b{path}b".replace("/.", "/b").replace("%2e", "b")) is None


SPANNING = '<regex("[a-z/]+"):x>'


def test_what_cannot_be_built_is_no_500(make: Make, ask: Ask) -> None:
    """Werkzeug builds the URL it redirects to of what it matched."""
    app = make(f"/alias/{SPANNING}")
    app.add_url_rule(f"/all/{SPANNING}/", "all", _text, defaults={"n": 1})
    app.add_url_rule(f"/all/{SPANNING}/<int:n>", "all")
    app.add_url_rule(f"/new/{SPANNING}", "new", _text)
    app.add_url_rule(f"/old/{SPANNING}", "new", alias=True)
    app.add_url_rule(f"/moved/{SPANNING}", "moved", redirect_to="new/<x>")

    for path in ("/all/{}/1", "/old/{}", "/moved/{}"):
        assert ask(app, path.format("a//b")) == "404"
        assert ask(app, path.format("a/b")) == "308"

    assert ask(app, "/new/a//b") == "a//b"


def test_default_is_looked_at_before_its_rule_is_there(make: Make, ask: Ask) -> None:
    """Werkzeug builds it while it adds the rule."""
    app = make()
    rule = '/x/<regex("[A-Z ]+"):x>'
    app.add_url_rule("/x/", "x", _text, defaults={"x": "A B"})
    app.add_url_rule(rule, "x")

    assert ask(app, "/x/") == "A B"
    assert app.test_client().get("/x/A%20B").location == "http://localhost/x/"


def test_variable_that_is_not_written_has_no_place() -> None:
    """Whoever asks for one gets none."""
    rule = Rule("/<x>", endpoint="x")
    Map([rule])

    assert place_of(rule, "x", {}) == Place("/", "")
    assert place_of(rule, "y", {}) is None


def test_a_converter_in_another_one_is_looked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stands in no rule: its clients would pay for a search each."""
    searches: list[object] = []
    monkeypatch.setattr(_converters, "_find_places", searches.append)

    class Wrapped(BaseConverter):
        """Asks a converter of ours."""

        def __init__(self, map: Map) -> None:
            super().__init__(map)
            self._inner = RegexConverter(map, "[A-Z@]+")
            self.regex = self._inner.regex

        def to_url(self, value: object) -> str:
            """Return its text."""
            return self._inner.to_url(value)

    rules = Map([Rule("/<wrapped:x>", endpoint="x")], converters={"wrapped": Wrapped})
    urls = rules.bind("localhost")

    assert [urls.build("x", {"x": "A@B"}) for _ in range(3)] == ["/A@B"] * 3
    assert len(searches) == 1
    rules.add(Rule("/other", endpoint="other"))
    urls.build("x", {"x": "A@B"})
    assert len(searches) == 2
