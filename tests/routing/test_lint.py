"""The linter: each rule finds its fault, and nothing in a healthy application."""

from __future__ import annotations

import enum
import subprocess
import sys
import typing as t

import pytest
from flask import Flask
from flask import url_for
from werkzeug.routing import BaseConverter
from werkzeug.routing import IntegerConverter

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.routing import check
from flask_toolkit.routing import Converters
from flask_toolkit.routing import enum_converter
from flask_toolkit.routing import install_fast_matcher
from flask_toolkit.routing import pattern
from flask_toolkit.routing import RegexConverter
from flask_toolkit.routing import RouteFinding
from flask_toolkit.routing._lint import lint
from flask_toolkit.routing._samples import samples_of
from flask_toolkit.routing._shipped import SHIPPED

if t.TYPE_CHECKING:
    from werkzeug.routing import Map

SKU = pattern("sku", r"[A-Z]{3}-\d{4}", examples=["ABC-0042"])
YEAR = pattern("year", r"[12]\d{3}", cast=int, examples=["1999"])
UPPER = pattern("upper", "[A-Z]+", examples=["ABC"])
LETTERS = pattern("letters", "[A-Za-z]+", examples=["ABC", "abc"])


LINK = pattern("link", "https?://[a-z]+", examples=["http://ab"])


class Broken(BaseConverter):
    """It does not compile."""

    regex = "["


class Loose(RegexConverter):
    """It does not write what it reads."""

    pattern = "[0-9]+"
    examples = ("007",)

    def cast(self, text: str) -> int:
        """Return the number, without its zeros."""
        return int(text)


class Unbuildable(RegexConverter):
    """Its example is no value."""

    pattern = "[a-z]+"
    examples = ("ABC",)

    def cast(self, text: str) -> t.NoReturn:
        """Refuse whatever it is."""
        raise LookupError(text)


class Color(enum.Enum):
    """An enumeration."""

    RED = "red"


def app_of(*rules: str | tuple[str, dict[str, t.Any]], **options: t.Any) -> Flask:
    """Return an app with these rules, each with an endpoint of its own."""
    app = Flask("shop", static_folder=None, **options)
    Converters(app, patterns=[SKU, YEAR, UPPER, LETTERS, LINK, enum_converter(Color)])
    app.url_map.converters |= {
        "broken": Broken,
        "loose": Loose,
        "unbuildable": Unbuildable,
    }

    for number, rule in enumerate(rules):
        text, more = (rule, {}) if isinstance(rule, str) else rule
        app.add_url_rule(text, f"e{number}", **more)

    return app


def found(app: Flask) -> list[tuple[str, str, str]]:
    """Return code, level and endpoint of what is found."""
    return [(one.code, one.level.name, one.endpoint) for one in check(app)]


def test_nothing_in_a_healthy_application() -> None:
    """Every converter there is, branches, defaults, methods, hosts and sockets."""
    names = [*SHIPPED, "int", "float", "string", "path", "uuid", "sku", "year", "color"]
    names.remove("regex")
    app = app_of(
        "/",
        "/a",
        ("/a", {"methods": ["POST"]}),
        ("/all/", {"defaults": {"page": 1}}),
        "/all/<int:page>",
        ("/old/<int:x>", {"redirect_to": "/all/<x>"}),
        ("/alias/<int:x>", {"alias": True}),
        ("/build-only", {"build_only": True}),
        ("/socket", {"websocket": True}),
        ("/socket", {}),
        ("/sub", {"subdomain": "<slug:s>"}),
        "/<any(x, y):k>/<float:f>-<int:n>",
        "/int/<int(min=7, fixed_digits=3):n>",
        "/long/<string(minlength=5):s>/<string(length=2):lang>/",
        '/re/<regex("[a-z]+"):word>/<path:rest>',
        "/$metadata",
        "/x^2/[a]",
        *(f"/each/{name}/<{name}:x>" for name in names),
        subdomain_matching=True,
    )

    assert check(app) == []
    assert lint(app).not_sampled == []


def test_hosts_are_followed() -> None:
    """With host matching a rule is tried on a host of its own."""
    app = Flask("shop", host_matching=True, static_host="h:5000")
    app.url_map.converters["slug"] = SHIPPED["slug"]
    app.add_url_rule("/<slug:x>", "x", host="<slug:s>:5000")
    app.add_url_rule("/<string:x>", "y", host="a:5000")

    assert found(app) == []


def test_example_that_is_no_host_does_not_come_back() -> None:
    """R009: hosts are lower case, so a request could never name this one."""
    app = app_of(("/", {"subdomain": "<sku:s>"}), subdomain_matching=True)

    assert found(app) == [("R009", "ERROR", "e0")]


def test_foreign_expression_that_does_not_compile() -> None:
    """R001: every request that gets there is a 500, and no path can be followed."""
    app = app_of("/b/<broken:x>", "/d", "/d")

    (only,) = check(app)

    assert (only.code, only.level.name, only.rule) == ("R001", "ERROR", "/b/<broken:x>")
    assert "does not compile: bad escape" in only.message


@pytest.mark.parametrize(
    ("rules", "findings"),
    [
        pytest.param(("/<int:i>", "/<year:y>"), [("R002", "ERROR", "e1")], id="weight"),
        pytest.param(
            ("/<letters:x>", "/<upper:x>"), [("R002", "ERROR", "e1")], id="first"
        ),
        pytest.param(("/<sku:x>", "/ABC-0042"), [], id="static-wins-for-one"),
        pytest.param(
            ("/ABC-0042/<int:n>", "/<sku:x>/<int:n>"), [], id="static-part-wins"
        ),
        pytest.param(
            (("/", {"redirect_to": "/x"}), "/<string:s>", "/<path:p>/x"), [], id="moved"
        ),
        pytest.param(
            ("/<int:i>", '/<regex("[0-9]{4}"):y>'),
            [("R002", "WARNING", "e1")],
            id="p10-sampled",
        ),
        pytest.param(
            ("/<letters:x>", ("/<upper:x>", {"methods": ["POST"]})), [], id="method"
        ),
        pytest.param(
            ("/<letters:x>", ("/<upper:x>", {"methods": ["GET", "POST"]})),
            [("R010", "WARNING", "e1")],
            id="one-method-of-two",
        ),
        pytest.param(
            (
                ("/<letters:x>", {"methods": None}),
                ("/<upper:x>", {"methods": ["OPTIONS"]}),
            ),
            [("R002", "ERROR", "e1")],
            id="automatic-options",
        ),
    ],
)
def test_rules_that_others_hide(rules: t.Any, findings: object) -> None:
    """R002: whatever the rule is for, another answers."""
    assert found(app_of(*rules)) == findings


def test_hidden_rule_names_who_hides_it() -> None:
    """The message says which rule answers instead."""
    (only,) = check(app_of("/<int:i>", "/<year:y>"))

    assert only == RouteFinding(
        "R002",
        only.level,
        "/<year:y>",
        "e1",
        "It is never reached: /<int:i> of 'e0' takes all of its examples.",
        "Give its converter a lower weight=, or narrow the other rule.",
    )


@pytest.mark.parametrize(
    ("rule", "level"),
    [
        pytest.param('/<regex("(a+)+b"):x>', "ERROR", id="tried"),
        pytest.param('/<regex("(?i)(a|A)*b"):x>', "WARNING", id="not-slow-here"),
        pytest.param("/<path:a>/<path:b>/<path:c>", "ERROR", id="three-path"),
    ],
)
def test_expressions_that_take_long(rule: str, level: str) -> None:
    """R003: of one converter, of several in a segment, and of Werkzeug's."""
    assert found(app_of(rule)) == [("R003", level, "e0")]


HOSTILE = """
import sys
from flask import Flask
from flask_toolkit.routing import Converters, check, pattern

for number, regex in enumerate(sys.argv[1:]):
    app = Flask("shop", static_folder=None)
    Converters(app, patterns=[pattern("p", regex, maxlength=4096, empty=True)])
    app.add_url_rule("/<p:x>", "e0")
    app.add_url_rule("/a/<path:x>", "e1")
    print(number, *{one.code for one in check(app)})
"""


def test_linter_always_comes_to_an_end() -> None:
    """It tries no expression of which it does not know that it ends."""
    hostile = [
        *("(?>(?:a+)+b)", "(?=(?:a+)+b)a+", "(?!(?:a+)+b)a+", "(?:(?:a+)+b)++c"),
        *("(?:a?){60}a{60}", "(?:a?){100}a{100}", "(?=.{40})(?:a?){50}b"),
        *("(?=.{40})(?:a+)+b", "(?:(?:a{,9}){,9}){,9}b", "(?:a*)*" * 30 + "b"),
        *("(?:a+){50}b", "(?>(?:[a-z]+-?){50})x", "(?=(?:[a-z]+-?){50})a"),
        *("(?:[a-z]+-?){50}", "(?!(?:a+){70})a+", "(?:.*)*\n"),
        *("(?:a|a){50}b", "[a-z]+" * 40 + "!", "[a-z]*" * 200 + "!", "ab" * 10_001),
        "(?:" * 300 + "(?:a+)+b" + ")" * 300,
    ]
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, *hostile],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert done.stdout.splitlines() == [f"{n} R003" for n in range(len(hostile))]


@pytest.mark.parametrize(
    "regex",
    [
        pytest.param("(?:ab)" * 10_001, id="states"),
        pytest.param("(?:a?){64}" * 60 + "b", id="steps"),
    ],
)
def test_what_is_not_analysed_is_no_clean_route(regex: str) -> None:
    """R003 says so, and no path is sent through it; it can be left out."""
    large = pattern("large", regex, maxlength=4096)
    app = app_of("/d", "/d")
    app.url_map.converters["large"] = large
    app.add_url_rule("/<large:x>", "large")

    (only,) = check(app)

    assert (only.code, only.level.name, only.endpoint) == ("R003", "INFO", "large")
    assert only.message.startswith("Not analysed: ")
    assert check(app, ignore=["R003:large"]) == []


def test_part_that_takes_long_is_shown() -> None:
    """Of a lookaround or an atomic group, and a text without repetition."""
    app = app_of('/<regex("(?>(?:a+)+b)"):x>', '/b<regex("(?:a?){60}a{60}"):x>')

    inside, wide = check(app)

    assert "'a', repeated, in (?a:(?:(?:a+)+b))." in inside.message
    assert "6 characters can be read in millions of ways: 'baaaaa'." in wide.message


def test_expressions_across_converters_that_take_long() -> None:
    """R003: each alone is harmless, three in a row are not."""
    word = '<regex("[a-z]+"):{}>'
    ignore = ["R009"]  # that the second one is within the guard of the first
    app = app_of(f"/{word}{word}!".format("a", "b"))
    assert check(app, ignore=ignore) == []

    app = app_of(f"/{word}{word}{word}!".format("a", "b", "c"))
    assert [one.code for one in check(app, ignore=ignore)] == ["R003"]


LANGUAGE = '<regex("[a-z]+"):a>'


@pytest.mark.parametrize(
    ("rule", "findings"),
    [
        pytest.param(f"/{LANGUAGE}-<letters:b>", ["R009"], id="two-of-ours"),
        pytest.param(f"/{LANGUAGE}-<string:b>", ["R009"], id="string"),
        pytest.param(
            '/<regex("[0-9]+", maxlength=5):a>-<slug:b>', ["R009"], id="short-and-long"
        ),
        pytest.param("/<sku:a>-<string:b>", [], id="pattern-of-one-length"),
        pytest.param(f"/{LANGUAGE}-<int:b>-<float:c>", [], id="numbers"),
        pytest.param(f"/{LANGUAGE}-<string(length=9):b>", [], id="short-string"),
        pytest.param(f"/<slug:b>-{LANGUAGE}", [], id="in-front"),
        pytest.param(f"/{LANGUAGE}/<slug:b>", [], id="another-segment"),
    ],
)
def test_guard_that_its_neighbours_reach(rule: str, findings: object) -> None:
    """R009: what is built comes back, but for what the guard refuses."""
    assert [one.code for one in check(app_of(rule))] == findings


def test_guard_refuses_what_was_built() -> None:
    """It counts to the end of the segment; the finding says how far."""
    app = app_of()
    rule = '/<regex("[0-9]+", maxlength=5):a>-<slug:b>'
    app.add_url_rule(rule, "e0", lambda a, b: a + b)

    with app.test_request_context():
        short, long = (url_for("e0", a="7", b="b" * many) for many in (64, 69))

    client = app.test_client()
    assert [client.get(url).status_code for url in (short, long)] == [200, 404]
    (only,) = check(app)
    assert only.level.name == "WARNING"
    assert "260 characters can be built in this segment, and 69 are let" in only.message
    assert "no longer than 64 characters" in only.hint


def test_paths_are_not_followed_where_one_takes_for_ever() -> None:
    """Only what can be said without trying is said."""
    app = app_of('/<regex("(?:[0-9a-f]+-?)+!"):x>', "/d", "/d", "/<uuid4:x>")

    assert found(app) == [("R003", "ERROR", "e0")]


def test_merged_slashes() -> None:
    """R004: only inside a pattern, and only where they are merged."""
    rule = '/a/<regex("x//y"):x>'

    assert found(app_of(rule, "/b//c")) == [("R004", "ERROR", "e0")]
    assert found(app_of((rule, {"merge_slashes": False}))) == []


def test_spanning_values_in_hosts() -> None:
    """R005: of a subdomain, and of a host; an isolating one is fine."""
    app = app_of(
        ("/", {"subdomain": "<path:x>"}),
        ("/", {"subdomain": "<slug:x>.a"}),
        subdomain_matching=True,
    )
    assert [(one.code, one.rule) for one in check(app)] == [("R005", "//<path:x>.*/")]

    app = Flask("shop", host_matching=True, static_host="h")
    app.add_url_rule("/", "e0", host="<path:x>")
    assert [(one.code, one.rule) for one in check(app)] == [("R005", "//<path:x>/")]


class Quoting(BaseConverter):
    """It encodes slashes, and nothing else that ends a host."""

    def to_url(self, value: t.Any) -> str:
        """Write a value."""
        return str(value).replace("/", "%2F")


@pytest.mark.parametrize(
    ("subdomain", "findings"),
    [
        pytest.param("<x>", [("R005", "WARNING", "e0")], id="default"),
        pytest.param("<string:x>.a", [("R005", "WARNING", "e0")], id="string"),
        pytest.param("<uuid:x>", [("R005", "WARNING", "e0")], id="uuid"),
        pytest.param("<quoting:x>", [("R005", "WARNING", "e0")], id="user-and-port"),
        pytest.param("<int:x>", [], id="int"),
        pytest.param("<any(a, b):x>", [], id="any"),
        pytest.param('<regex("[^.]+"):x>', [], id="regex"),
    ],
)
def test_hosts_that_can_be_forged(subdomain: str, findings: object) -> None:
    """R005: Werkzeug's converters write what they are given; ours refuse it."""
    app = app_of(subdomain_matching=True)
    app.url_map.converters["quoting"] = Quoting
    app.add_url_rule("/", "e0", subdomain=subdomain)

    assert found(app) == findings


@pytest.mark.parametrize(
    ("count", "findings"),
    [
        pytest.param(200, [], id="200"),
        pytest.param(201, [("R006", "WARNING", "r0")], id="201"),
        pytest.param(513, [("R006", "ERROR", "r0")], id="513"),
    ],
)
def test_many_expressions_side_by_side(count: int, findings: object) -> None:
    """R006: not with a static segment in front, nor with the fast matcher."""
    app = app_of(*(f"/s{n}/<sku:x>" for n in range(600)))

    for number in range(count):
        converter = pattern(f"p{number}", f"r{number}x", examples=[f"r{number}x"])
        app.url_map.converters[converter.name] = converter
        app.add_url_rule(f"/many/<p{number}:x>", f"r{number}")

    assert found(app) == findings
    install_fast_matcher(app)
    assert found(app) == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        pytest.param(r"/(?P<id>[0-9]+)", "'(?P<'", id="named-group"),
        pytest.param("/^start", "'/^'", id="caret"),
        pytest.param("/<int:x>/end$", "'$'", id="dollar"),
        pytest.param(r"/a/\d+", r"'\\d'", id="digit"),
        pytest.param("/a/[a-z]+", "'[a-z]'", id="class"),
    ],
)
def test_expressions_as_literal_text(rule: str, text: str) -> None:
    """R007: outside of a converter they mean themselves."""
    (only,) = check(app_of(rule))

    assert (only.code, only.level.name) == ("R007", "WARNING")
    assert text in only.message


@pytest.mark.parametrize(
    ("rules", "findings"),
    [
        pytest.param(("/d", "/d"), [("R008", "ERROR", "e1")], id="static"),
        pytest.param(
            ("/<sku:a>", "/<sku:b>"), [("R008", "ERROR", "e1")], id="other-variable"
        ),
        pytest.param(("/d", ("/d", {"methods": ["POST"]})), [], id="methods"),
        pytest.param(("/d", ("/d", {"websocket": True})), [], id="websocket"),
        pytest.param(("/d", "/d/"), [], id="branch"),
    ],
)
def test_rules_that_are_the_same(rules: t.Any, findings: object) -> None:
    """R008: the second one never answers, and 3.2 refuses it."""
    assert found(app_of(*rules)) == findings


def test_rules_for_every_method_are_the_same() -> None:
    """Without methods a rule takes all of them."""
    app = app_of()
    app.url_map.add(app.url_rule_class("/d", endpoint="all"))
    app.url_map.add(app.url_rule_class("/d", endpoint="post", methods=["POST"]))

    assert found(app) == [("R008", "ERROR", "post")]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param("/<loose:x>", "{'x': '007'}", id="format"),
        pytest.param("/<unbuildable:x>", "{'x': 'ABC'}", id="no-value"),
        pytest.param("/<link:x>", "{'x': 'http://ab'}", id="no-url"),
        pytest.param("/<letters:x><letters:y>", "{'x': 'ABCAB', ", id="neighbours"),
    ],
)
def test_examples_that_do_not_come_back(rule: str, message: str) -> None:
    """R009: ``match(url_for(example))`` is another value, or there is no URL."""
    only, *_ = check(app_of(rule))

    assert (only.code, only.level.name) == ("R009", "ERROR")
    assert message in only.message


def test_default_that_is_no_example_is_fine() -> None:
    """A variable with a default has its value from there."""
    app = app_of(("/<sku:x>", {"defaults": {"x": "XYZ-0001"}}))

    assert found(app) == []


@pytest.mark.parametrize(
    ("rules", "findings"),
    [
        pytest.param(
            ("/<upper:x>", "/<letters:x>"), [("R010", "WARNING", "e1")], id="overlap"
        ),
        pytest.param(("/<upper:x>/a", "/<letters:x>/b"), [], id="told-apart-later"),
        pytest.param(("/<upper:x>", "/<sku:x>"), [], id="no-overlap"),
        pytest.param(("/<letters:x>", "/<string:x>"), [], id="weights"),
        pytest.param(
            ("/<upper:x>", ("/<letters:x>", {"methods": ["POST"]})), [], id="methods"
        ),
        pytest.param(
            ('/<regex("[a-z/]+"):x>/', '/<regex("[a-z0-9/]+"):x>/'),
            [("R010", "WARNING", "e1")],
            id="spanning-branches",
        ),
        pytest.param(
            ("/<upper:x>/<path:y>", "/<letters:x>/<path:z>"),
            [("R010", "WARNING", "e1")],
            id="spanning-tail",
        ),
    ],
)
def test_ties(rules: t.Any, findings: object) -> None:
    """R010: two rules fit, with the same weight, so the order decides."""
    assert found(app_of(*rules)) == findings


def test_what_is_not_wanted_is_left_out() -> None:
    """Everywhere, for one endpoint, and by the setting of the deployment."""
    app = app_of("/a$", "/b$")

    assert [one.endpoint for one in check(app)] == ["e0", "e1"]
    assert [one.endpoint for one in check(app, ignore=["R007:e0"])] == ["e1"]
    assert check(app, ignore=("R007", "R001:e1")) == []

    app = Flask("shop")
    app.config["TOOLKIT_CONVERTERS_LINT_IGNORE"] = ["R007:e0"]
    Converters(app)
    app.add_url_rule("/a$", "e0")
    app.add_url_rule("/b$", "e1")
    assert [one.endpoint for one in check(app)] == ["e1"]


@pytest.mark.parametrize("ignore", ["R007", ["R011"], ["e0:R007"]])
def test_what_to_leave_out_is_checked(ignore: t.Any) -> None:
    """A code that there is not would silence nothing."""
    with pytest.raises(SetupError, match="Nothing is called"):
        check(app_of(), ignore=ignore)


def test_setting_is_checked() -> None:
    """A wrong code in the configuration stops the start."""
    app = Flask("shop")
    app.config["TOOLKIT_CONVERTERS_LINT_IGNORE"] = ["R10"]

    with pytest.raises(ConfigError, match="'R10' is not like"):
        Converters(app)


def test_application_without_the_extension_is_checked() -> None:
    """The linter needs nothing to be attached."""
    app = Flask("shop")
    app.add_url_rule("/d", "one")
    app.add_url_rule("/d", "two")

    assert found(app) == [("R008", "ERROR", "two")]


def test_routes_without_a_known_text_are_named() -> None:
    """They are no finding; what could not be tried is told beside."""
    app = app_of('/<regex("zq[xy]{7}"):x>', "/d")

    findings, not_sampled = lint(app)

    assert findings == []
    assert [route.endpoint for route in not_sampled] == ["e0"]


class Moody(IntegerConverter):
    """It accepts by its expression and refuses by its cast."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=500)


@pytest.mark.parametrize(
    ("name", "options", "texts"),
    [
        pytest.param("any", ("b", "a"), ("a", "b"), id="any"),
        pytest.param("int", (), ("7", "1", "2026"), id="int"),
        pytest.param("moody", (), ("500",), id="bounds"),
        pytest.param("broken", (), (), id="broken"),
    ],
)
def test_samples_are_values(
    name: str, options: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    """What fits the expression and comes back; the options of Werkzeug's first."""
    url_map = app_of().url_map
    converter = (url_map.converters | {"moody": Moody})[name](url_map, *options)

    assert samples_of(converter)[: len(texts)] == texts
