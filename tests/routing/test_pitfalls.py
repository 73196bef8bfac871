"""What the tutorials' converter gets wrong, beside ours, through real requests.

The rows are P1 to P35 of ``docs/explanation/how-matching-works.md``. Where the
naive result is asserted, a change in Werkzeug that mends it shows here.
"""

from __future__ import annotations

import typing as t
from itertools import permutations

import pytest
from flask import Flask
from flask import url_for
from werkzeug.routing import BaseConverter
from werkzeug.routing import BuildError
from werkzeug.routing import Map

from flask_toolkit.routing import check
from flask_toolkit.routing import Converters
from flask_toolkit.routing import pattern
from flask_toolkit.routing import PatternError
from flask_toolkit.routing import RegexConverter

if t.TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[Flask, str], str]


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
    except (PatternError, TypeError) as error:
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


def test_a_broken_pattern_never_breaks_its_siblings(ask: Ask) -> None:
    """P7: theirs makes a 500 of ``/hello``; ours never gets into the map."""
    rules = ('/<re("(abc"):x>', "/<any(hello):y>")

    assert outcome(ask, Naive, rules, "/hello") == "500"
    assert outcome(ask, RegexConverter, rules, "/hello") == REFUSED


@pytest.mark.parametrize("value", ["../../admin", "", "a\nb"])
def test_a_wrong_value_is_not_built(value: str) -> None:
    """P5: theirs builds whatever it is given."""
    rule = '/n/<re("[a-z]+"):x>'

    with app_of(Naive, rule).test_request_context():
        assert url_for("e0", x=value).startswith("/n/")

    with (
        app_of(RegexConverter, rule).test_request_context(),
        pytest.raises(BuildError),
    ):
        url_for("e0", x=value)


def test_a_link_leads_back(ask: Ask) -> None:
    """P4: theirs reads ``007`` and links to ``/7``, which is a 404."""
    app = app_of(NaiveNumber, '/<re("0[0-9]+"):x>')

    with app.test_request_context():
        assert url_for("e0", x=7) == "/7"

    assert ask(app, "/7") == "404"

    with pytest.raises(PatternError, match="comes back as '7'"):
        pattern("code", "0[0-9]+", cast=int, examples=["007"])


def test_a_value_cannot_name_another_host() -> None:
    """P6: theirs builds ``http://EVIL/x:5000/``."""
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


def test_the_order_of_registration_does_not_decide(ask: Ask) -> None:
    """P9: theirs weighs what ``<string>`` weighs, so the first one wins."""
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


def test_int_wins_over_four_digits_unless_weighed() -> None:
    """P10: by design, and the linter says so; ``weight=`` turns it."""
    plain = app_of(RegexConverter, "/<int:i>", '/<re("[0-9]{4}"):y>')
    heavy = app_of(RegexConverter, "/<int:i>", '/<re("[0-9]{4}", weight=40):y>')

    assert plain.url_map.bind("h").match("/1999")[0] == "e0"
    assert [(one.code, one.endpoint) for one in check(plain)] == [("R002", "e1")]
    assert heavy.url_map.bind("h").match("/1999")[0] == "e1"
    assert check(heavy) == []


def test_merged_slashes_are_told(ask: Ask) -> None:
    """P21: Werkzeug rewrites the rule; the linter says so, a name keeps it."""
    link = pattern("link", "https?://[a-z]+")
    app = Flask("shop", static_folder=None)
    Converters(app, patterns=[link])
    app.add_url_rule('/a/<regex("https?://[a-z]+"):x>', "a", _answer)
    app.add_url_rule("/b/<link:x>", "b", _answer)

    assert ask(app, "/a/http:/ab") == "'http:/ab'"
    assert ask(app, "/b/http://ab") == "'http://ab'"
    assert [(one.code, one.endpoint) for one in check(app)] == [("R004", "a")]


def test_a_spanning_value_in_a_subdomain_is_told(ask: Ask) -> None:
    """P22: it swallows the path, so everything is a 404; the linter says so."""
    app = Flask("shop", static_folder=None, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.url_map.converters["re"] = RegexConverter
    app.add_url_rule("/x", "x", _answer, subdomain='<re("[a-z/]+"):s>')
    response = app.test_client().get("/x", base_url="http://a.shop.example")

    assert response.status_code == 404
    assert [(one.code, one.endpoint) for one in check(app)] == [("R005", "x")]


@pytest.mark.parametrize("regex", ["(a+)+b", "(?:a|a)*b", "(?:[a-z0-9]+-?)+!"])
def test_doubling_patterns_are_told(ask: Ask, regex: str) -> None:
    """P24: ``maxlength`` only helps above the limit, so the linter must."""
    app = app_of(RegexConverter, f'/x/<re("{regex}"):x>')

    assert ask(app, f"/x/{'a' * 400}") == "404"
    assert [(one.code, one.level.name) for one in check(app)] == [("R003", "ERROR")]


def test_cubic_patterns_are_told(ask: Ask) -> None:
    """P25: the guard bounds them, and the linter names them."""
    app = app_of(RegexConverter, '/x/<re("[a-z]*[a-z0-9]*[a-z]*!"):x>')

    assert ask(app, f"/x/{'a' * 1000}") == "404"
    assert [one.code for one in check(app)] == ["R003"]


def test_alternatives_and_quoted_text_need_no_care(ask: Ask) -> None:
    """What is no pitfall: Werkzeug wraps alternatives, quotes keep text text."""
    rule = '/<re("a|b{1,2},<c>"):x>/<re("123"):y>'

    assert ask(app_of(RegexConverter, rule), "/bb,<c>/123") == "'bb,<c>';'123'"
