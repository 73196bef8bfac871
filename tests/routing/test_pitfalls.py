"""What the tutorials' converter gets wrong, beside ours, through real requests.

The rows are P1 to P35 of ``docs/explanation/how-matching-works.md``, and each test
has the name of its row. Where the naive result is asserted, a change in Werkzeug
that mends it shows here.
"""

from __future__ import annotations

import re
import typing as t
from importlib.metadata import version
from itertools import permutations
from pathlib import Path

import pytest
from flask import Flask
from flask import url_for
from werkzeug.routing import BaseConverter
from werkzeug.routing import BuildError
from werkzeug.routing import Map

from flask_toolkit.routing import check
from flask_toolkit.routing import Converters
from flask_toolkit.routing import install_fast_matcher
from flask_toolkit.routing import pattern
from flask_toolkit.routing import PatternError
from flask_toolkit.routing import RegexConverter

if t.TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[Flask, str], str]

WERKZEUG = tuple(
    int(part) for part in version("werkzeug").split(".")[:3] if part.isdigit()
)


class Naive(BaseConverter):
    """The class that is copied most: the argument is the regex, and no more."""

    def __init__(self, map: Map, regex: str) -> None:
        super().__init__(map)
        self.regex = regex


class NaiveNumber(Naive):
    """The same with the cast that comes with it."""

    def to_python(self, value: str) -> int:
        """Cast to a number, whatever the pattern is."""
        return int(value)


def _answer(**values: object) -> str:
    return ";".join(repr(value) for value in values.values())


def app_of(cls: type[BaseConverter], *rules: str) -> Flask:
    """Return an app with these rules, in which ``re`` is the class."""
    app = Flask("shop", static_folder=None)
    app.url_map.converters["re"] = cls

    for number, rule in enumerate(rules):
        app.add_url_rule(rule, f"e{number}", _answer)

    return app


def outcome(ask: Ask, cls: type[BaseConverter], rules: t.Any, path: str) -> str:
    """Return what the view got, the status of a refusal, or ``at start``."""
    try:
        app = app_of(cls, *rules)
    except (TypeError, ValueError) as error:
        return f"at start: {type(error).__name__}"

    return ask(app, path)


REFUSED = "at start: PatternError"


@pytest.mark.parametrize(
    ("naive", "rule", "path", "theirs", "ours"),
    [
        pytest.param(
            NaiveNumber, '/u/<re("[a-z0-9]+"):x>', "/u/ab", "500", "'ab'", id="p1"
        ),
        pytest.param(
            NaiveNumber,
            '/x/<re("[0-9]+"):x>',
            f"/x/{'9' * 5000}",
            "500",
            "404",
            id="p2",
        ),
        pytest.param(NaiveNumber, r'/x/<re("\d+"):x>', "/x/٣", "3", "404", id="p3"),
        pytest.param(NaiveNumber, '/<re("0[0-9]+"):x>', "/007", "7", "'007'", id="p4"),
        pytest.param(Naive, '/x/<re("(abc"):x>', "/x/abc", "500", REFUSED, id="p7"),
        pytest.param(Naive, '/x/<re("[a-z/]+"):x>', "/x/a/b", "404", "'a/b'", id="p8"),
        pytest.param(Naive, '/x/<re("[^.]+"):x>', "/x/a/b", "404", "404", id="p8b"),
        pytest.param(
            RegexConverter,
            '/x/<re("[^.]+", slashes=True):x>',
            "/x/a/b",
            "'a/b'",
            "'a/b'",
            id="p8b-told",
        ),
        pytest.param(Naive, '/x/<re("(?i)abc"):x>', "/x/aBc", "500", "'aBc'", id="p11"),
        pytest.param(Naive, r'/x/<re("(a|b)\1"):x>', "/x/aa", "500", REFUSED, id="p12"),
        pytest.param(
            Naive, '/x/<re("(<)?a(?(1)>|$)"):x>', "/x/<a", "'<a'", REFUSED, id="p13"
        ),
        pytest.param(
            Naive,
            '/x/<re("(?P<n>a)"):x>-<re("(?P<n>b)"):y>',
            "/x/a-b",
            "500",
            "'a';'b'",
            id="p14",
        ),
        pytest.param(Naive, '/x/<re("^a+$"):x>-z', "/x/aa-z", "404", "'aa'", id="p15"),
        pytest.param(Naive, '/y/<re("a)|(b"):x>', "/y/b", "None", REFUSED, id="p16"),
        pytest.param(Naive, '/y/<re("a*"):x>/z', "/y//z", "''", REFUSED, id="p17"),
        pytest.param(Naive, '/x/<re(".+"):x>', "/x/a%0Ab", "404", "404", id="p18-dot"),
        pytest.param(
            Naive, '/x/<re("[^/]+"):x>', "/x/a%0Ab", r"'a\nb'", "404", id="p18-class"
        ),
        pytest.param(
            Naive,
            "/x/<re([a-z]+):x>",
            "/x/ab",
            "at start: TypeError",
            REFUSED,
            id="p19",
        ),
        pytest.param(
            Naive, '/x/<re("[!-~]+"):x>', "/x/a/b", "404", "404", id="p29-range"
        ),
        pytest.param(
            Naive, r'/x/<re("[\W]+"):x>', "/x/!/!", "404", "404", id="p29-no-word"
        ),
        pytest.param(
            Naive, '/x/<re("(?!a/b)c"):x>', "/x/c", "'c'", "'c'", id="p30-lookahead"
        ),
        pytest.param(
            Naive, '/x/<re("(?#c/d)a"):x>', "/x/a", "'a'", "'a'", id="p30-comment"
        ),
        pytest.param(
            Naive, r'/x/<re("a\/b"):x>', "/x/a/b", "404", "'a/b'", id="p30-escaped"
        ),
        pytest.param(
            Naive, '/x/<re("(?>a+)b"):x>', "/x/aab", "'aab'", "'aab'", id="p31-atomic"
        ),
        pytest.param(
            Naive, '/x/<re("a++b"):x>', "/x/aab", "'aab'", "'aab'", id="p31-possessive"
        ),
    ],
)
def test_the_answer_beside_that_of_the_naive_converter(
    ask: Ask,
    *,
    naive: type[BaseConverter],
    rule: str,
    path: str,
    theirs: str,
    ours: str,
) -> None:
    """Each row, with what the naive class does still."""
    assert outcome(ask, naive, [rule], path) == theirs
    assert outcome(ask, RegexConverter, [rule], path) == ours


def test_p7_a_broken_pattern_never_breaks_its_siblings(ask: Ask) -> None:
    """Theirs makes a 500 of ``/hello``; ours never gets into the map."""
    rules = ('/<re("(abc"):x>', "/<any(hello):y>")

    assert outcome(ask, Naive, rules, "/hello") == "500"
    assert outcome(ask, RegexConverter, rules, "/hello") == REFUSED


@pytest.mark.parametrize("value", ["../../admin", "", "a\nb"])
def test_p5_a_wrong_value_is_not_built(value: str) -> None:
    """Theirs builds whatever it is given."""
    rule = '/n/<re("[a-z]+"):x>'

    with app_of(Naive, rule).test_request_context():
        assert url_for("e0", x=value).startswith("/n/")

    with (
        app_of(RegexConverter, rule).test_request_context(),
        pytest.raises(BuildError),
    ):
        url_for("e0", x=value)


def test_p4_a_link_leads_back(ask: Ask) -> None:
    """Theirs reads ``007`` and links to ``/7``, which is a 404."""
    app = app_of(NaiveNumber, '/<re("0[0-9]+"):x>')

    with app.test_request_context():
        assert url_for("e0", x=7) == "/7"

    assert ask(app, "/7") == "404"

    with pytest.raises(PatternError, match="comes back as '7'"):
        pattern("code", "0[0-9]+", cast=int, examples=["007"])


def test_p6_a_value_cannot_name_another_host() -> None:
    """Theirs builds ``http://EVIL/x:5000/``."""
    built = []

    for cls in (Naive, RegexConverter):
        app = Flask("shop", host_matching=True, static_host="h")
        app.url_map.converters["re"] = cls
        app.add_url_rule("/", "home", _answer, host='<re("[a-z.]+"):h>:5000')
        adapter = app.url_map.bind("h")

        try:
            built.append(adapter.build("home", {"h": "EVIL/x"}, force_external=True))
        except BuildError:
            built.append("refused")

    assert built == ["http://EVIL/x:5000/", "refused"]


def test_p9_the_order_of_registration_does_not_decide(ask: Ask) -> None:
    """Theirs weighs what ``<string>`` weighs, so the first one wins."""
    rules = ("/<string:s>", '/<re("[a-z]+"):x>')
    winners = {
        cls: {
            app_of(cls, *order).url_map.bind("h").match("/ab", return_rule=True)[0].rule
            for order in permutations(rules)
        }
        for cls in (Naive, RegexConverter)
    }

    assert winners[Naive] == set(rules)
    assert winners[RegexConverter] == {rules[1]}


def test_p10_int_wins_over_four_digits_unless_weighed() -> None:
    """By design, and the linter says so; ``weight=`` turns it."""
    plain = app_of(RegexConverter, "/<int:i>", '/<re("[0-9]{4}"):y>')
    heavy = app_of(RegexConverter, "/<int:i>", '/<re("[0-9]{4}", weight=40):y>')

    assert plain.url_map.bind("h").match("/1999")[0] == "e0"
    assert [(one.code, one.endpoint) for one in check(plain)] == [("R002", "e1")]
    assert heavy.url_map.bind("h").match("/1999")[0] == "e1"
    assert check(heavy) == []


def test_p21_merged_slashes_are_told(ask: Ask) -> None:
    """P21: Werkzeug rewrites the rule; the linter says so, a name keeps it."""
    link = pattern("link", "https?://[a-z]+")
    app = Flask("shop", static_folder=None)
    Converters(app, patterns=[link])
    app.add_url_rule('/a/<regex("https?://[a-z]+"):x>', "a", _answer)
    app.add_url_rule("/b/<link:x>", "b", _answer)

    assert ask(app, "/a/http:/ab") == "'http:/ab'"
    assert ask(app, "/b/http://ab") == "'http://ab'"
    assert [(one.code, one.endpoint) for one in check(app)] == [("R004", "a")]


def test_p22_a_spanning_value_in_a_subdomain_is_told(ask: Ask) -> None:
    """It swallows the path, so everything is a 404; the linter says so."""
    app = Flask("shop", static_folder=None, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.url_map.converters["re"] = RegexConverter
    app.add_url_rule("/x", "x", _answer, subdomain='<re("[a-z/]+"):s>')
    response = app.test_client().get("/x", base_url="http://a.shop.example")

    assert response.status_code == 404
    assert [(one.code, one.endpoint) for one in check(app)] == [("R005", "x")]


@pytest.mark.parametrize("regex", ["(a+)+b", "(?:a|a)*b", "(?:[a-z0-9]+-?)+!"])
def test_p24_doubling_patterns_are_told(ask: Ask, regex: str) -> None:
    """P24: ``maxlength`` only helps above the limit, so the linter must."""
    app = app_of(RegexConverter, f'/x/<re("{regex}"):x>')

    assert ask(app, f"/x/{'a' * 400}") == "404"
    assert [(one.code, one.level.name) for one in check(app)] == [("R003", "ERROR")]


def test_p25_cubic_patterns_are_told(ask: Ask) -> None:
    """The guard bounds them, and the linter names them."""
    app = app_of(RegexConverter, '/x/<re("[a-z]*[a-z0-9]*[a-z]*!"):x>')

    assert ask(app, f"/x/{'a' * 1000}") == "404"
    assert [one.code for one in check(app)] == ["R003"]


def test_alternatives_and_quoted_text_need_no_care(ask: Ask) -> None:
    """What is no pitfall: Werkzeug wraps alternatives, quotes keep text text."""
    rule = '/<re("a|b{1,2},<c>"):x>/<re("123"):y>'

    assert ask(app_of(RegexConverter, rule), "/bb,<c>/123") == "'bb,<c>';'123'"


@pytest.mark.parametrize(
    ("rule", "path", "theirs", "ours"),
    [
        pytest.param("""/x/<re('["]a'):x>""", '/x/"a', "'\"a'", "'\"a'", id="one-kind"),
        pytest.param(
            r"""/x/<re("\"a'"):x>""", "/x/\"a'", "at start", "at start", id="both"
        ),
        pytest.param(
            '/x/<re("a", junk!!):x>', "/x/a", "'a'", "'a'", id="dropped-silently"
        ),
        pytest.param('/x/<re("1,2"):x>', "/x/1,2", "'1,2'", "'1,2'", id="comma"),
    ],
)
def test_p20_arguments_are_werkzeugs_grammar(
    ask: Ask, rule: str, path: str, theirs: str, ours: str
) -> None:
    """What it cannot carry needs a name; ours and theirs are read alike."""
    answers = [outcome(ask, cls, [rule], path) for cls in (Naive, RegexConverter)]

    assert [one.partition(":")[0] for one in answers] == [theirs, ours]


def test_p20_names_and_quoted_numbers_carry_the_rest(ask: Ask) -> None:
    """Both kinds of quotes in a pattern, a negative bound, a negative weight."""
    app = Flask("shop", static_folder=None)
    Converters(app, patterns=[pattern("quotes", "[\"'\n,]+", examples=["\"'"])])
    app.add_url_rule("/q/<quotes:x>", "q", _answer)
    app.add_url_rule('/n/<sint(min="-5"):x>', "n", _answer)
    app.add_url_rule('/<regex("[0-9]{4}", weight="-1"):x>', "w", _answer)

    assert ask(app, "/q/\"',") == repr("\"',")
    assert [ask(app, "/n/-5"), ask(app, "/n/-6")] == ["-5", "404"]
    assert ask(app, "/1999") == "'1999'"


def _even(text: str) -> int:
    if int(text) % 2:
        raise ValueError(text)

    return int(text)


def test_p23_a_refused_value_does_not_fall_through(ask: Ask) -> None:
    """Neither theirs nor ours: Werkzeug ends the search at the first match."""
    app = Flask("shop", static_folder=None)
    Converters(app, patterns=[pattern("even", "[0-9]+", cast=_even, examples=["2"])])
    app.add_url_rule("/<even:x>", "even", _answer)
    app.add_url_rule("/<string:x>", "any", _answer)

    assert [ask(app, path) for path in ("/2", "/3", "/a")] == ["2", "404", "'a'"]


@pytest.mark.parametrize("cls", [Naive, RegexConverter])
def test_p26_one_variable_twice(cls: type[BaseConverter], ask: Ask) -> None:
    """An error of Werkzeug's builder, when the rule is added; the app goes on."""
    app = app_of(cls, '/<re("a"):d>')

    with pytest.raises(SyntaxError, match="duplicate argument"):
        app.add_url_rule('/x/<re("a"):d>/<re("b"):d>', "twice")

    assert ask(app, "/a") == "'a'"


LETTERS = "abcdefghijkl"
TWELVE = "/" + "-".join(f'<re("{letter}"):{letter}>' for letter in LETTERS)


@pytest.mark.skipif(WERKZEUG < (3, 1, 9), reason="mended by Werkzeug 3.1.9")
@pytest.mark.parametrize("fast", [False, True], ids=["stock", "fast"])
def test_p27_more_than_ten_values_in_a_segment(ask: Ask, fast: bool) -> None:
    """Each goes to its own name; before, the eleventh came second."""
    app = app_of(RegexConverter, TWELVE)
    assert not fast or install_fast_matcher(app)

    assert ask(app, "/" + "-".join(LETTERS)) == ";".join(map(repr, LETTERS))


def test_p27_the_fast_matcher_counts_as_numbers(ask: Ask) -> None:
    """With any Werkzeug: the names of groups are sorted by their number."""
    app = app_of(RegexConverter, TWELVE)
    assert install_fast_matcher(app)

    assert ask(app, "/" + "-".join(LETTERS)) == ";".join(map(repr, LETTERS))


@pytest.mark.parametrize(
    ("converter", "text", "answer"),
    [
        pytest.param("date", "2026-01-01", "datetime.date(2026, 1, 1)", id="date"),
        pytest.param("date", "20260101", "404", id="basic"),
        pytest.param("date", "2026-W01-1", "404", id="week"),
        pytest.param("datetime", "2026-01-01T10", "404", id="hour"),
    ],
)
def test_p28_one_spelling_of_a_day(
    ask: Ask, converter: str, text: str, answer: str
) -> None:
    """``fromisoformat`` takes all of them; one resource has one address."""
    app = Flask("shop", static_folder=None)
    Converters(app)
    app.add_url_rule(f"/<{converter}:x>", "x", _answer)

    assert ask(app, f"/{text}") == answer


def test_p32_more_than_512_expressions_side_by_side(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Theirs compiles again for each request, with the fast matcher nothing is."""
    compiled = []
    app = app_of(RegexConverter, *(f'/<re("r{n}-[a-z]"):x>' for n in range(520)))
    # What compiles is what ``re`` calls when it does not remember an expression.
    original = re._compiler.compile  # type: ignore[attr-defined]  # no public name

    def counting(*given: t.Any) -> t.Any:
        compiled.append(given)
        return original(*given)

    monkeypatch.setattr(re._compiler, "compile", counting)  # type: ignore[attr-defined]  # as above

    counts = []

    for fast in (False, True):
        assert not fast or install_fast_matcher(app)
        assert ask(app, "/nowhere") == "404"
        compiled.clear()
        assert ask(app, "/nowhere") == "404"
        counts.append(len(compiled))

    assert counts[0] >= 520
    assert counts[1] == 0


def rebuilt(app: Flask) -> Flask:
    """Return what a matcher would be that is made anew from ``iter_rules``."""
    anew = Flask("anew", static_folder=None)
    anew.url_map = Map(
        [rule.empty() for rule in app.url_map.iter_rules()],
        converters={"re": RegexConverter},
    )
    anew.view_functions = app.view_functions
    return anew


def tied() -> Flask:
    """Return an app in which two rules of the same weight fit ``/a1``."""
    app = app_of(RegexConverter)
    app.add_url_rule("/other", "E1", _answer)
    app.add_url_rule('/<re("[a-z]1"):second>', "E2", lambda second: f"E2 {second}")
    app.add_url_rule('/<re("a[0-9]"):first>', "E1")
    return app


def test_p33_ties_stay_as_they_were_registered(ask: Ask) -> None:
    """Anew they are grouped by endpoint, so the other rule wins; ours keeps them."""
    app = tied()

    assert ask(app, "/a1") == "E2 a1"
    assert ask(rebuilt(app), "/a1") == "'a1'"
    assert install_fast_matcher(app)
    assert ask(app, "/a1") == "E2 a1"


def test_p34_automatic_options_stay() -> None:
    """A copy of a rule has lost them, and asks the view; ours are the same rules."""
    app = tied()

    assert not rebuilt(app).test_client().options("/a1").allow
    assert install_fast_matcher(app)
    answer = app.test_client().options("/a1")
    assert answer.status_code == 200
    assert sorted(answer.allow) == ["GET", "HEAD", "OPTIONS"]


def test_p35_a_third_rule_decides_nothing(ask: Ask) -> None:
    """werkzeug#3156: before two others it made the other one win."""
    rules = {
        "a": '/<re("[a-z]+"):x>/a',
        "b": "/<string:x>/<string:y>",
        "c": "/<string:x>/c",
    }
    winners = {
        cls: [
            ask(app_of(cls, *(rules[name] for name in names)), "/ab/a")
            for names in ("ab", "cab")
        ]
        for cls in (Naive, RegexConverter)
    }

    assert winners[Naive] == ["'ab'", "'ab';'a'"]
    assert winners[RegexConverter] == ["'ab'", "'ab'"]


def test_each_row_of_the_page_has_a_test() -> None:
    """The page, and the names in this module, count the same rows."""
    page = Path(__file__).parents[2] / "docs/explanation/how-matching-works.md"
    rows = set(re.findall(r"\bP\d+b?\b(?=[^|\n]*\|)", page.read_text("utf-8")))
    own = Path(__file__).read_text("utf-8")
    named = {
        row.upper().replace("B", "b") for row in re.findall(r"[_\"](p\d+b?)[_\"-]", own)
    }

    assert named == rows
    assert len(rows) == 36
