"""The regex converter and named patterns, through real requests."""

import logging
import typing as t
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from flask import request
from flask import Response
from flask import url_for
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.routing import BuildError
from werkzeug.routing import Map
from werkzeug.routing import RequestRedirect
from werkzeug.routing import Rule
from werkzeug.routing import ValidationError

from flask_toolkit.routing import install_fast_matcher
from flask_toolkit.routing import pattern
from flask_toolkit.routing import PatternError
from flask_toolkit.routing import RegexConverter

Make = Callable[..., Flask]
Ask = Callable[[Flask, str], str]
Build = Callable[..., str]


@pytest.mark.parametrize(
    ("rule", "path", "answer"),
    [
        pytest.param('/u/<regex("[a-z0-9]+"):x>', "/u/ab", "'ab'", id="p1-text"),
        pytest.param('/u/<regex("[a-z0-9]+"):x>', "/u/AB", "404", id="no-match"),
        pytest.param('/u/<regex("[0-9]+"):x>', f"/u/{'9' * 5000}", "404", id="p2"),
        pytest.param(r'/x/<regex("\d+"):x>', "/x/٣", "404", id="p3-ascii"),
        pytest.param(r'/x/<regex("\d+", unicode=True):x>', "/x/٣", "'٣'", id="p3-all"),
        pytest.param('/x/<regex("0[0-9]+"):x>', "/x/007", "'007'", id="p4-no-cast"),
        pytest.param('/x/<regex("[a-z/]+"):x>', "/x/a/b", "'a/b'", id="p8-spans"),
        pytest.param('/x/<regex("[a-z/]+"):x>/e', "/x/a/b/e", "'a/b'", id="p8-end"),
        pytest.param('/x/<regex("[^.]+"):x>', "/x/a/b", "404", id="p8b-isolating"),
        pytest.param(
            '/x/<regex("[^.]+", slashes=True):x>', "/x/a/b", "'a/b'", id="p8b-told"
        ),
        pytest.param(
            '/x/<regex("[a-z/]+", slashes=False):x>', "/x/a/b", "404", id="told-not-to"
        ),
        pytest.param('/x/<regex("(?i)abc"):x>', "/x/aBc", "'aBc'", id="p11-flag"),
        pytest.param(
            '/x/<regex("abc", ignorecase=True):x>', "/x/ABC", "'ABC'", id="ignorecase"
        ),
        pytest.param('/x/<regex("^a+$"):x>-z', "/x/aa-z", "'aa'", id="p15-anchors"),
        pytest.param(
            '/x/<regex("(?P<n>a)"):x>-<regex("(?P<n>b)"):y>',
            "/x/a-b",
            "'a';'b'",
            id="p14-same-group-name",
        ),
        pytest.param('/y/<regex("a*", empty=True):x>/z', "/y//z", "''", id="p17-told"),
        pytest.param('/x/<regex(".+"):x>', "/x/a%0Ab", "404", id="p18-dot"),
        pytest.param('/x/<regex("[^/]+"):x>', "/x/a%0Ab", "404", id="p18-negated"),
        pytest.param('/x/<regex("(?s).+"):x>', "/x/a%0Ab", "404", id="p18-dotall"),
        pytest.param('/x/<regex("[^/]+"):x>', "/x/%7F", "404", id="delete"),
        pytest.param('/x/<regex(".+"):x>', "/x/a%2Fb", "404", id="encoded-slash"),
        pytest.param(
            '/x/<regex("[a-z/]+"):x>', "/x/a%2Fb", "'a/b'", id="decoded-slash"
        ),
        pytest.param('/x/<regex("[.a]+"):x>', "/x/..", "404", id="dot-segment"),
        pytest.param('/x/<regex("[.a]+"):x>', "/x/%2e%2E", "404", id="dots-encoded"),
        pytest.param('/x/<regex("[.a]+"):x>', "/x/a..a", "'a..a'", id="dots-inside"),
        pytest.param('/x/<regex("a|b"):x>c', "/x/bc", "'b'", id="alternation"),
        pytest.param('/x/<regex("a{1,2},<b>"):x>', "/x/aa,<b>", "'aa,<b>'", id="signs"),
        pytest.param('/x/<regex("straße"):x>', "/x/straße", "'straße'", id="literal"),
        pytest.param('/x/<regex("123"):x>', "/x/123", "'123'", id="quoted-number"),
        pytest.param('/x/<regex("True"):x>', "/x/True", "'True'", id="quoted-constant"),
        pytest.param(
            '/x/<regex("a+", maxlength=2):x>', "/x/aaa", "404", id="maxlength"
        ),
        pytest.param(
            '/x/<regex("a+", maxlength=2):x>', "/x/aa", "'aa'", id="at-the-limit"
        ),
        pytest.param('/x/<regex("(?<=-)b"):x>', "/x/b", "404", id="lookbehind-alone"),
        pytest.param('/x/-<regex("(?<=-)b"):x>', "/x/-b", "404", id="only-in-context"),
        pytest.param(r'/x/<regex("b\b"):x>', "/x/b", "'b'", id="edge"),
        pytest.param(
            '/x/<path:p>/<regex(".+"):x>', "/x/a/b/c", "404", id="isolating-in-a-tail"
        ),
        pytest.param('/<path:p>/y/<regex("b"):x>', "/a/b/y/b", "'a/b';'b'", id="tail"),
    ],
)
def test_request_gets_the_text_or_a_404(
    make: Make, ask: Ask, rule: str, path: str, answer: str
) -> None:
    """A value reaches the view whole, or the address does not exist; never a 500."""
    assert ask(make(rule), path) == answer


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param('/x/<regex("(abc"):x>', "unterminated", id="p7-at-registration"),
        pytest.param("/x/<regex([a-z]+):x>", "use pattern", id="p19-unquoted"),
        pytest.param("/x/<regex:x>", "use pattern", id="no-argument"),
        pytest.param("/x/<regex(123):x>", "use pattern", id="number"),
        pytest.param(
            '/x/<regex("a", unicode=false):x>', "True or False", id="lower-case"
        ),
        pytest.param('/x/<regex("a", slashes=1):x>', "True or False", id="one"),
        pytest.param('/x/<regex("a", maxlength=0):x>', "at least 1", id="zero"),
        pytest.param('/x/<regex("a", maxlength=1.5):x>', "whole number", id="fraction"),
        pytest.param('/x/<regex("a", weight="x"):x>', "whole number", id="word"),
        pytest.param('/x/<regex("a", weight=True):x>', "whole number", id="truth"),
        pytest.param("/x/<date('a'):x>", "brings its own", id="own-pattern"),
    ],
)
def test_broken_rule_fails_when_it_is_added(
    make: Make, ask: Ask, rule: str, message: str
) -> None:
    """The rule is not added, and the addresses beside it keep working (P7)."""
    app = make("/x/hello")

    with pytest.raises(PatternError, match=message):
        app.add_url_rule(rule, "broken")

    assert ask(app, "/x/hello") == ""
    assert ask(app, "/x/abc") == "404"


@pytest.mark.parametrize(
    ("rule", "value", "url"),
    [
        pytest.param('/n/<regex("[^/]+"):x>', "a b", "/n/a%20b", id="space"),
        pytest.param('/n/<regex("[^/]+"):x>', "ä", "/n/%C3%A4", id="utf-8"),
        pytest.param(
            '/n/<regex("[^/]+"):x>', "!$&'()*+,:;=@", "/n/!$&'()*+,:;=@", id="safe"
        ),
        pytest.param('/n/<regex("[^/]+"):x>', "a?b#c%", "/n/a%3Fb%23c%25", id="unsafe"),
        pytest.param('/n/<regex("[a-z/]+"):x>', "a/b", "/n/a/b", id="slash"),
        pytest.param('/n/<regex("[0-9]+"):x>', 12, "/n/12", id="number"),
        pytest.param('/n/<regex("a*", empty=True):x>/z', "", "/n//z", id="empty"),
    ],
)
def test_url_is_quoted(
    make: Make, build: Build, rule: str, value: object, url: str
) -> None:
    """A value is UTF-8, percent-encoded, and comes back from the URL."""
    app = make(rule)

    assert build(app, x=value) == url
    assert app.test_client().get(url).text == repr(str(value))


@pytest.mark.parametrize(
    ("regex", "value"),
    [
        pytest.param("[a-z]+", "AB", id="no-match"),
        pytest.param(".+", "", id="p5-empty"),
        pytest.param("(?s).+", "a\nb", id="p5-newline"),
        pytest.param("[^/]+", "\x7f", id="delete"),
        pytest.param("[^/]+", "\ud800", id="surrogate"),
        pytest.param("[^/]+", "a" * 256, id="long"),
        pytest.param(".+", "a/b", id="slash-in-isolating"),
        pytest.param(".+", "../../admin", id="p5-admin-isolating"),
        pytest.param("[a-z./]+", "../../admin", id="p5-admin-spanning"),
        pytest.param(".+", ".", id="here"),
        pytest.param(".+", "..", id="up"),
        pytest.param(".+", "%2e%2E", id="up-encoded"),
        pytest.param("[a-z./]+", "a/../b", id="up-inside"),
        pytest.param("[a-z./]+", "a/.", id="here-at-the-end"),
        pytest.param("[a-z/]+", "/evil", id="leading-slash"),
        pytest.param("[a-z/]+", "a/", id="trailing-slash"),
        pytest.param("[a-z/]+", "a//b", id="double-slash"),
        pytest.param("(?<=-)b", "b", id="lookbehind"),
    ],
)
def test_building_cannot_leave_the_pattern(
    make: Make, build: Build, regex: str, value: str
) -> None:
    """No value adds a segment, a dot segment or another authority to a URL."""
    app = make(f'/n/<regex("{regex}"):x>')

    with pytest.raises(BuildError, match="'e0' with values"):
        build(app, x=value)


@pytest.mark.parametrize("code", [*range(0x20), 0x7F])
def test_no_control_character_reaches_a_view(make: Make, ask: Ask, code: int) -> None:
    """Not even where the pattern names it, so none reaches a header."""
    app = make('/x/<regex("(?s)[^/]+"):x>')

    assert ask(app, f"/x/a%{code:02x}b") == "404"


@pytest.mark.parametrize("text", [".", "..", "%2e", "%2E%2e", "%252e%252e", "a%2F.."])
def test_dot_segment_is_refused_raw_and_decoded(
    make: Make, ask: Ask, text: str
) -> None:
    """Clients resolve ``..`` and ``%2e``; a value must not depend on who did."""
    app = make('/x/<regex("[a-z0-9.%/]+"):x>')

    assert ask(app, f"/x/{text}") == "404"


def test_empty_first_segment_is_no_authority(make: Make, build: Build) -> None:
    """An empty value before other text would make ``//evil``."""
    app = make('/<regex("a*", empty=True):x>/evil')

    with pytest.raises(BuildError):
        build(app, x="")


def test_host_cannot_be_forged() -> None:
    """A value in a host takes no slash, so no URL leads elsewhere (P6)."""
    app = Flask("shop", host_matching=True, static_host="shop.example")
    app.url_map.converters["regex"] = RegexConverter
    rule = '<regex("[a-z.]+"):h>:5000'
    app.add_url_rule("/", "home", lambda h: h, host=rule)
    adapter = app.url_map.bind("a.example:5000")

    assert adapter.match("/") == ("home", {"h": "a.example"})
    assert adapter.build("home", {"h": "b"}, force_external=True) == "http://b:5000/"

    with pytest.raises(BuildError):
        adapter.build("home", {"h": "EVIL/x"})


@pytest.mark.parametrize("fast", [False, True], ids=["stock", "fast"])
@pytest.mark.parametrize("where", ["subdomain", "host"])
def test_values_in_subdomains_and_hosts(where: str, fast: bool) -> None:
    """Requests find them there, and a name that does not match finds nothing."""
    if where == "host":
        app = Flask("shop", host_matching=True, static_host="h")
        options = {"host": "<shard:s>.shop.example"}
    else:
        app = Flask("shop", static_folder=None, subdomain_matching=True)
        app.config["SERVER_NAME"] = "shop.example"
        options = {"subdomain": "<shard:s>"}

    app.url_map.converters["shard"] = SHARD
    assert not fast or install_fast_matcher(app)
    app.add_url_rule("/<shard:x>", "x", lambda s, x: f"{s} {x}", **options)  # type: ignore[arg-type]  # one of two
    client = app.test_client()

    def ask_host(name: str) -> tuple[int, str]:
        response = client.get("/s2", base_url=f"http://{name}.shop.example")
        return response.status_code, response.text[:4]

    assert ask_host("s1") == (200, "1 2")
    assert [ask_host(name)[0] for name in ("x1", "s1.s2", "s")] == [404, 404, 404]

    with app.test_request_context(base_url="http://s1.shop.example"):
        assert url_for("x", s=7, x=8) == "http://s7.shop.example/s8"


def _shard(text: str) -> int:
    return int(text[1:])


SHARD = pattern("shard", "s[0-9]+", cast=_shard, format="s{}".format, examples=["s1"])


def test_default_that_does_not_match_fails_when_added(make: Make) -> None:
    """A default is built at registration; the error names value and pattern."""
    app = make()
    rule = '/x/<regex("[a-z]+"):x>'

    with pytest.raises(ValidationError, match=r"'NO' is no value .* '\[a-z\]\+'"):
        app.add_url_rule(rule, "x", defaults={"x": "NO"})


def test_default_redirects_like_a_built_in(make: Make, ask: Ask) -> None:
    """The address that spells the default out leads to the one without."""
    app = make()
    app.add_url_rule("/all/", "all", lambda x: x, defaults={"x": "one"})
    app.add_url_rule('/all/<regex("[a-z]+"):x>', "all")

    assert ask(app, "/all/") == "one"
    assert ask(app, "/all/two") == "two"
    assert app.test_client().get("/all/one").location == "http://localhost/all/"


def test_trailing_slash_redirects_like_a_built_in(make: Make, ask: Ask) -> None:
    """A branch rule with a spanning value keeps ``strict_slashes``."""
    app = make('/x/<regex("[a-z/]+"):x>/')

    assert ask(app, "/x/a/b/") == "'a/b'"
    assert app.test_client().get("/x/a/b").location == "http://localhost/x/a/b/"


def test_websocket_rule_matches() -> None:
    """The converter works on WebSocket rules."""
    rules = Map(converters={"regex": RegexConverter})
    rules.add(Rule('/ws/<regex("[a-z]+"):x>', endpoint="ws", websocket=True))

    assert rules.bind("h", url_scheme="ws").match("/ws/ab") == ("ws", {"x": "ab"})


def test_other_method_is_a_405(make: Make) -> None:
    """A refused value answers 405 where another method has the address."""
    app = make()
    even = pattern("even", "[0-9]+", cast=_even, examples=["2"], weight=90)
    app.url_map.converters["even"] = even
    app.add_url_rule('/x/<regex("[0-9]+"):x>', "get", lambda x: x)
    app.add_url_rule("/x/<even:x>", "post", _double, methods=["POST"])
    client = app.test_client()

    assert client.post("/x/2").text == "4"
    assert client.post("/x/3").status_code == 405
    assert client.get("/x/3").text == "3"


def _double(x: int) -> str:
    return str(2 * x)


def _even(text: str) -> int:
    number = int(text)

    if number % 2:
        raise ArithmeticError

    return number


def test_refused_value_does_not_fall_through(make: Make, ask: Ask) -> None:
    """Werkzeug ends the search at the first rule that matches (P23)."""
    even = pattern("even", "[0-9]+", cast=_even, examples=["2"])
    app = make("/x/<even:x>", "/x/<string:x>", patterns=(even,))

    assert ask(app, "/x/2") == "2"
    assert ask(app, "/x/3") == "404"
    assert ask(app, "/x/a") == "'a'"


def test_hostile_length_never_reaches_the_pattern(
    make: Make, ask: Ask, build: Build
) -> None:
    """The guard stands before the body: this pattern would take for ever."""
    app = make('/x/<regex("(a+)+b"):x>')

    assert ask(app, f"/x/{'a' * 400}") == "404"
    assert ask(app, "/x/aab") == "'aab'"

    with pytest.raises(BuildError):
        build(app, x="a" * 400)


def test_guard_leaves_room_for_literals(make: Make, ask: Ask) -> None:
    """Literals in the segment do not count against the value."""
    app = make('/x/<regex("a+"):x>-and-a-tail-of-some-length')
    longest = "a" * 255

    assert ask(app, f"/x/{longest}-and-a-tail-of-some-length") == repr(longest)
    assert ask(app, f"/x/{longest}a-and-a-tail-of-some-length") == "404"


@pytest.mark.parametrize(
    ("rules", "path", "answer"),
    [
        pytest.param(
            ("/<string:s>", '/<regex("[a-z]+"):x>'), "/ab", "e1", id="p9-before-string"
        ),
        pytest.param(
            ('/<regex("[0-9]{4}"):y>', "/<int:i>"), "/1999", "e1", id="p10-int-first"
        ),
        pytest.param(
            ("/<int:i>", '/<regex("[0-9]{4}", weight=40):y>'),
            "/1999",
            "e1",
            id="p10-weight",
        ),
        pytest.param(
            ("/<int:i>", '/<regex("[0-9]{4}", weight="-5"):y>'),
            "/1999",
            "e1",
            id="p20-negative-weight",
        ),
        pytest.param(
            ("/<path:p>", '/<regex("[a-z/]+"):x>'), "/a/b", "e1", id="before-path"
        ),
        pytest.param(
            ('/<regex("[a-z/]+"):x>', "/<string:s>"), "/ab", "e1", id="string-first"
        ),
    ],
)
def test_weight_decides_and_not_the_order(
    make: Make, rules: tuple[str, ...], path: str, answer: str
) -> None:
    """Regex values come after ``int`` and before ``string`` and ``path``."""
    for order in (rules, rules[::-1]):
        app = make()

        for rule in order:
            app.add_url_rule(rule, f"e{rules.index(rule)}")

        assert app.url_map.bind("h").match(path)[0] == answer


def test_more_rules_do_not_change_the_winner() -> None:
    """werkzeug#3156: a third rule before two others decides nothing (P35)."""
    winners = set()

    for names in ("AB", "CAB"):
        rules = Map(converters={"regex": RegexConverter})
        every = {
            "A": '/<regex("[a-z]+"):x>/a',
            "B": "/<string:x>/<string:y>",
            "C": "/<string:x>/c",
        }

        for name in names:
            rules.add(Rule(every[name], endpoint=name))

        winners.add(rules.bind("h").match("/ab/a")[0])

    assert winners == {"A"}


def test_repeated_slash_in_a_rule_is_werkzeugs(make: Make, ask: Ask) -> None:
    """Inside a rule ``//`` is merged; a named pattern keeps it (P21)."""
    link = pattern("link", "https?://[a-z]+")
    app = make('/a/<regex("https?://[a-z]+"):x>', "/b/<link:x>", patterns=(link,))

    assert ask(app, "/a/http:/ab") == "'http:/ab'"
    assert ask(app, "/b/http://ab") == "'http://ab'"


def test_quotes_of_both_kinds_need_a_named_pattern(make: Make, ask: Ask) -> None:
    """Werkzeug's argument grammar cannot carry them, a name can (P20)."""
    quotes = pattern("quotes", "[\"'\n,]+", examples=["\"'"])
    app = make("/x/<quotes:x>", patterns=(quotes,))

    assert ask(app, "/x/\"',") == repr("\"',")


def test_same_variable_twice_fails_when_added(make: Make) -> None:
    """Werkzeug's builder refuses it, with an error of its own (P26)."""
    app = make()

    with pytest.raises(SyntaxError, match="duplicate argument"):
        app.add_url_rule('/<regex("a"):d>/<regex("b"):d>', "twice")


def test_converter_runs_before_before_request(make: Make) -> None:
    """A match comes first, and a refused value still gets its after_request."""
    app = make('/x/<regex("[a-z]+"):x>')
    seen: list[object] = []

    @app.before_request
    def before() -> None:
        seen.append(request.view_args)

    @app.after_request
    def after(response: Response) -> Response:
        seen.append(response.status_code)
        return response

    app.test_client().get("/x/ab")
    app.test_client().get("/x/12")

    assert seen == [{"x": "ab"}, 200, None, 404]


def test_without_a_cast_a_value_is_its_text() -> None:
    """A subclass may build on it."""
    assert RegexConverter(Map(), "[a-z]+").cast("ab") == "ab"


def test_repr_shows_the_pattern() -> None:
    """A converter says what it matches."""
    assert repr(RegexConverter(Map(), "[a-z]+")) == "<RegexConverter '[a-z]+'>"


def test_message_never_shows_long_request_data() -> None:
    """A refused value is cut at 80 characters."""
    converter = RegexConverter(Map(), "a+")

    with pytest.raises(ValidationError) as caught:
        converter.to_python("x" * 5000)

    assert len(str(caught.value)) < 160


def test_subclass_may_bring_the_pattern(make: Make, ask: Ask, build: Build) -> None:
    """The class form converts with ``cast`` and ``format``."""
    app = make("/x/<price:p>", patterns=(_Price,))

    assert ask(app, "/x/1.50") == "Decimal('1.50')"
    assert build(app, p=Decimal("2.00")) == "/x/2.00"
    assert ask(app, "/x/1.5") == "404"


class _Price(RegexConverter):
    name = "price"
    pattern = r"[0-9]{1,6}\.[0-9]{2}"
    examples = ("0.99",)

    def cast(self, text: str) -> Decimal:
        return Decimal(text)


SKU = pattern("sku", r"[A-Z]{3}-\d{4}", examples=["ABC-0042"])
YEAR = pattern(
    "year", r"[12]\d{3}", cast=int, format="{:04d}".format, examples=["1999"]
)


def test_named_pattern_round_trip(make: Make, ask: Ask, build: Build) -> None:
    """A name stands for pattern, cast and format."""
    app = make("/shop/<sku:code>/<year:y>", patterns=(SKU, YEAR))

    assert ask(app, "/shop/ABC-0042/1999") == "'ABC-0042';1999"
    assert ask(app, "/shop/ABC-0042/3999") == "404"
    assert build(app, code="ABC-0042", y=2001) == "/shop/ABC-0042/2001"

    with pytest.raises(BuildError):
        build(app, code="../x", y=2001)


def test_named_pattern_describes_itself() -> None:
    """Class and instance show name, pattern and examples."""
    assert (SKU.__name__, SKU.name) == ("sku", "sku")
    assert (SKU.pattern, SKU.examples) == (r"[A-Z]{3}-\d{4}", ("ABC-0042",))
    assert repr(YEAR(Map())) == r"<year '[12]\\d{3}'>"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"cast": int}, "A cast needs examples", id="no-example"),
        pytest.param({"examples": "07"}, "A cast needs examples", id="bare-text"),
        pytest.param(
            {"cast": int, "examples": ["07"]}, "'07' .* comes back as '7'", id="p4"
        ),
        pytest.param({"examples": ["x"]}, "'x' .* does not match", id="no-match"),
        pytest.param(
            {"cast": {"1": 1}.__getitem__, "examples": ["1", "2"]},
            "'2' .* KeyError",
            id="cast-fails",
        ),
        pytest.param(
            {"cast": int, "format": len, "examples": ["1"]}, "'1' .* fails", id="format"
        ),
        pytest.param({"examples": ["123"], "maxlength": 2}, "longer than 2", id="long"),
        pytest.param({"maxlength": 0}, "at least 1", id="maxlength"),
    ],
)
def test_definition_is_checked_with_its_examples(
    options: dict[str, t.Any], message: str
) -> None:
    """A cast that loses text fails at import and not as a dead link."""
    with pytest.raises(PatternError, match=message):
        pattern("n", "[0-9]+", **options)


@pytest.mark.parametrize("name", ["", "9lives", "a-b", "ä", "a b"])
def test_name_must_fit_into_a_rule(name: str) -> None:
    """Werkzeug's grammar decides what a converter can be called."""
    with pytest.raises(PatternError, match="cannot be a name in a rule"):
        pattern(name, "[a-z]+")


def test_canonical_refuses_other_spellings(make: Make, ask: Ask, build: Build) -> None:
    """With ``canonical`` one value has one URL, without it several."""
    strict = pattern("strict", "[0-9]+", cast=int, examples=["7"], canonical=True)
    loose = pattern("loose", "[0-9]+", cast=int, examples=["7"])
    app = make("/s/<strict:x>", "/l/<loose:x>", patterns=(strict, loose))

    assert [ask(app, "/s/7"), ask(app, "/s/007")] == ["7", "404"]
    assert [ask(app, "/l/7"), ask(app, "/l/007")] == ["7", "7"]

    with pytest.raises(BuildError):
        build(app, x="007")


@pytest.mark.parametrize(
    "error", [ValueError, TypeError, LookupError, ZeroDivisionError]
)
def test_failing_cast_is_a_404(
    make: Make, ask: Ask, build: Build, error: type[Exception]
) -> None:
    """Malformed input is never a 500, and no URL is built that would fail."""

    def cast(text: str) -> str:
        if text == "bad":
            raise error

        return text

    picky = pattern("picky", "[a-z]+", cast=cast, examples=["good"])
    app = make("/x/<picky:x>", patterns=(picky,))

    assert ask(app, "/x/good") == "'good'"
    assert ask(app, "/x/bad") == "404"

    with pytest.raises(BuildError):
        build(app, x="bad")


def test_bug_in_a_cast_is_not_hidden() -> None:
    """Any other error of a cast is a bug, and stays one."""

    def cast(text: str) -> str:
        if text == "bad":
            raise AssertionError("a bug")

        return text

    buggy = pattern("buggy", "[a-z]+", cast=cast, examples=["good"])

    with pytest.raises(AssertionError, match="a bug"):
        buggy(Map()).to_python("bad")


def test_value_without_text_is_a_build_error(
    make: Make, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """A type that ``format`` cannot take is logged, since Werkzeug drops it."""
    app = make("/x/<year:y>", patterns=(YEAR,))

    with (
        caplog.at_level(logging.DEBUG, "flask_toolkit.routing"),
        pytest.raises(BuildError),
    ):
        build(app, y="x" * 200)

    assert (
        "no value of <year> '[12]\\\\d{3}': ValueError: Unknown format" in caplog.text
    )
    assert "x" * 81 not in caplog.records[0].getMessage()


def _ascii(x: str) -> str:
    return ascii(x)


_VALUES = st.text(
    st.characters(codec="utf-8") | st.sampled_from("./%2eE\n\x7f"), max_size=12
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [
            "[^/]+",
            "(?s).+",
            "[a-z./]+",
            r"\w+",
            "(a|b/)+c?",
            r"[\W]+",
            "[!-~]+",
            "(?!x).+",
        ]
    ),
    _VALUES,
    st.booleans(),
    st.booleans(),
)
def test_what_is_built_comes_back(
    regex: str, value: str, unicode: bool, slashes: bool
) -> None:
    """``match(url_for(v)) == v`` for whatever can be built."""
    rules = Map()
    rules.converters["p"] = pattern("p", regex, unicode=unicode, slashes=slashes)
    rules.add(Rule("/n/<p:x>", endpoint="n"))
    adapter = rules.bind("h")

    try:
        url = adapter.build("n", {"x": value})
    except BuildError:
        return

    app = Flask("n", static_folder=None)
    app.url_map = rules
    app.view_functions["n"] = _ascii
    response = app.test_client().get(url)

    assert (response.status_code, response.text) == (200, ascii(value))
    assert ".." not in url.split("/")
    assert url.count("/") == 2 + value.count("/")


def test_redirect_of_merged_slashes_stays(make: Make) -> None:
    """Double slashes elsewhere in the path still lead to the merged path."""
    app = make('/x/<regex("[a-z]+"):x>')

    with pytest.raises(RequestRedirect) as caught:
        app.url_map.bind("h").match("//x//ab")

    assert caught.value.new_url == "http://h/x/ab"
