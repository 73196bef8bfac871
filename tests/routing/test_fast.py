"""The fast matcher: Werkzeug's answers, without its cliff."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
import typing as t
import warnings
import weakref
from pathlib import Path

import pytest
from flask import Blueprint
from flask import Flask
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import BaseConverter
from werkzeug.routing import Map
from werkzeug.routing import RequestRedirect
from werkzeug.routing import Rule
from werkzeug.routing import ValidationError
from werkzeug.routing.matcher import StateMachineMatcher
from werkzeug.routing.rules import RulePart

from flask_toolkit._findings import Level
from flask_toolkit.routing import _fast
from flask_toolkit.routing import _matcher
from flask_toolkit.routing import _selfcheck
from flask_toolkit.routing import Converters
from flask_toolkit.routing import FastMatcherWarning
from flask_toolkit.routing import install_fast_matcher
from flask_toolkit.routing import pattern
from flask_toolkit.routing import RegexConverter
from flask_toolkit.routing._fast import is_fast
from flask_toolkit.routing._matcher import FastMatcher
from flask_toolkit.routing._shipped import SHIPPED

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(name="unchecked")
def _unchecked() -> Iterator[None]:
    """Forget what the self-check found, before and after."""
    _fast._works.cache_clear()
    yield
    _fast._works.cache_clear()


def _view(**values: object) -> str:
    return ";".join(f"{name}={value}" for name, value in sorted(values.items()))


def answer(url_map: Map, path: str, method: str, scheme: str, domain: str) -> t.Any:
    """Return where a path leads, or everything an error says."""
    if url_map.host_matching:
        adapter = url_map.bind(domain, url_scheme=scheme)
    else:
        adapter = url_map.bind("h", url_scheme=scheme, subdomain=domain)

    try:
        rule, values = adapter.match(path, method=method, return_rule=True)
    except RequestRedirect as error:
        return "redirect", error.new_url
    except MethodNotAllowed as error:
        return "methods", sorted(error.valid_methods or ())
    except HTTPException as error:
        return type(error).__name__, error.description
    except (LookupError, ValueError) as error:
        return type(error).__name__  # an alias whose other rule cannot be built

    return rule.rule, rule.endpoint, values


_PIECES = [
    *("a", "b", "ab", "-", ".x"),
    *("<{}>", "<int:{}>", "<path:{}>", "<any(a, b):{}>", "<string(length=2):{}>"),
    *('<regex("[ab]+"):{}>', '<regex("[a-c/]+"):{}>', '<regex("b*", empty=True):{}>'),
    *("<sint:{}>", '<list(of="int"):{}>', "<float:{}>"),
]
_segments = st.lists(st.sampled_from(_PIECES), max_size=3).map("".join)


@st.composite
def _rules(draw: st.DrawFn, *, host: bool = False) -> list[dict[str, t.Any]]:
    count = draw(st.integers(1, 8))
    return [draw(_rule(number, host=host)) for number in range(count)]


@st.composite
def _rule(draw: st.DrawFn, number: int, *, host: bool) -> dict[str, t.Any]:
    text = "/" + "/".join(draw(st.lists(_segments, max_size=4)))
    names = (f"v{n}" for n in range(99))

    while "{}" in text:
        text = text.replace("{}", next(names), 1)

    domains = ["", "", "a", "<d>", '<regex("[ab]+"):d>']
    options: dict[str, t.Any] = {
        "string": text,
        "endpoint": f"e{draw(st.integers(0, 3))}-{number % 2}",
        "methods": draw(st.sampled_from([None, ["GET"], ["POST"], ["GET", "POST"]])),
        "strict_slashes": draw(st.sampled_from([None, None, False, True])),
        "merge_slashes": draw(st.sampled_from([None, None, False])),
        "host" if host else "subdomain": draw(st.sampled_from(domains)),
    }

    if draw(st.integers(0, 5)) == 0:
        options |= {"websocket": True, "methods": None}

    if draw(st.integers(0, 5)) == 0:
        options["alias"] = True

    if "<int:v0>" in text and draw(st.booleans()):
        options["defaults"] = {"v0": 1}

    return options


_paths = st.lists(
    st.sampled_from(
        [*("", "a", "b", "ab", "aab", "1", "12", "-1", "a-b", "1,2", "1.5", "c", "é")]
    ),
    max_size=5,
).map(lambda parts: "/" + "/".join(parts))


@settings(max_examples=400, deadline=None)
@given(
    data=st.data(),
    host=st.booleans(),
    strict=st.booleans(),
    merge=st.booleans(),
    late=st.integers(0, 8),
)
def test_any_map_answers_as_without_it(
    data: st.DataObject, host: bool, strict: bool, merge: bool, late: int
) -> None:
    """Werkzeug's matcher and ours agree on every path, rules added late included."""
    rules = data.draw(_rules(host=host))
    both = []

    for _ in range(2):
        made = Map(
            host_matching=host,
            strict_slashes=strict,
            merge_slashes=merge,
            converters=SHIPPED,
        )
        both.append(made)

    stock, fast = both

    for rule in rules[:late]:
        stock.add(Rule(**rule))
        fast.add(Rule(**rule))

    _matcher.install(fast)

    for rule in rules[late:]:
        stock.add(Rule(**rule))
        fast.add(Rule(**rule))

    asked = [rule["string"].replace("<", "").replace(">", "") for rule in rules]
    paths = [*asked, *data.draw(st.lists(_paths, min_size=1, max_size=12))]

    for path in paths:
        for method, scheme in (("GET", "http"), ("POST", "http"), ("GET", "ws")):
            for domain in ("", "a", "b"):
                given_ = (path, method, scheme, domain)
                assert answer(fast, *given_) == answer(stock, *given_), given_


class _Unwritten(BaseConverter):
    def to_url(self, value: t.Any) -> str:
        raise ValidationError(value)


def test_alias_that_cannot_be_built_is_no_difference() -> None:
    """What Werkzeug raises for it, ours raises as well."""
    answers = []

    for install in (False, True):
        rules = Map(converters={"x": _Unwritten})
        rules.add(Rule("/<x:x>", endpoint="x", alias=True))
        assert not install or _matcher.install(rules)
        answers.append(answer(rules, "/a", "GET", "http", ""))

    assert answers == ["BuildError", "BuildError"]


def test_rules_and_their_order_stay() -> None:
    """The objects are the same, so ties and automatic OPTIONS are too (P33, P34)."""
    app = Flask("shop", static_folder=None)
    app.url_map.converters["regex"] = RegexConverter
    app.add_url_rule('/<regex("[a-z]1"):x>', "E2", _view)
    app.add_url_rule("/other", "E1", _view)
    app.add_url_rule('/<regex("a[0-9]"):x>', "E1", _view)
    before = list(app.url_map.iter_rules())

    assert install_fast_matcher(app)

    assert [id(rule) for rule in app.url_map.iter_rules()] == [*map(id, before)]
    assert app.url_map.bind("h").match("/a1")[0] == "E2"
    response = app.test_client().options("/a1")
    assert sorted(response.allow) == ["GET", "HEAD", "OPTIONS"]


def test_installing_twice_changes_nothing() -> None:
    """It is there already."""
    app = Flask("shop")

    assert install_fast_matcher(app)
    first = app.url_map._matcher
    assert install_fast_matcher(app)
    assert app.url_map._matcher is first


def test_requests_are_served_as_before() -> None:
    """Blueprints, defaults, branches and refusals, before and after."""
    app = Flask("shop", static_folder=None)
    Converters(app)
    shop = Blueprint("shop", __name__, url_prefix="/shop")
    shop.add_url_rule("/<slug:title>/", "item", _view)
    app.register_blueprint(shop)
    app.add_url_rule("/all/", "all", _view, defaults={"page": 1})
    app.add_url_rule("/all/<int:page>", "all", _view)
    app.add_url_rule("/post", "post", _view, methods=["POST"])
    client = app.test_client()
    paths = [
        "/shop/a-b/",
        "/shop/a-b",
        "/shop/A/",
        "/all/",
        "/all/1",
        "/all/2",
        "/post",
    ]

    def answers() -> list[tuple[int, str | None, str]]:
        got = [client.get(path) for path in [*paths, "/all//2", "/nowhere"]]
        return [(one.status_code, one.location, one.text) for one in got]

    before = answers()
    assert install_fast_matcher(app)

    assert answers() == before
    statuses = [200, 308, 404, 200, 308, 200, 405, 308, 404]
    assert [one[0] for one in before] == statuses


def test_nothing_is_compiled_while_matching(monkeypatch: pytest.MonkeyPatch) -> None:
    """More expressions than ``re`` remembers, and none is looked up there (P32)."""
    app = Flask("shop", static_folder=None)
    app.url_map.converters["regex"] = RegexConverter

    for number in range(600):
        app.add_url_rule(f'/<regex("r{number}-[a-z]"):x>', f"e{number}")

    install_fast_matcher(app)
    adapter = app.url_map.bind("h")
    adapter.match("/r0-a")
    monkeypatch.setattr(re, "compile", None)

    assert adapter.match("/r599-a") == ("e599", {"x": "r599-a"})


def test_what_is_known_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later rule costs one expression, not all of them."""
    rules = Map([Rule(f"/<any('{n}'):x>", endpoint=n) for n in range(600)])
    _matcher.install(rules)
    compiled: list[str] = []
    original = re.compile

    def counting(content: str) -> re.Pattern[str]:
        compiled.append(content)
        return original(content)

    rules.add(Rule("/late/<int:x>", endpoint="late"))
    monkeypatch.setattr(re, "compile", counting)

    assert rules.bind("h").match("/late/1") == ("late", {"x": 1})
    assert len(compiled) == 1


def test_equal_parts_share_a_state() -> None:
    """Adding finds the state that is there, also one from before."""
    rules = Map([Rule("/<int:x>/a", endpoint="a")])
    _matcher.install(rules)
    rules.add(Rule("/<int:y>/b", endpoint="b"))
    rules.add(Rule("/<string:y>/b", endpoint="c"))
    start = rules._matcher._root.static[""].static[""]

    assert len(start.dynamic) == 2
    assert rules.bind("h").match("/1/b") == ("b", {"y": 1})


def test_parts_of_different_weight_have_states_of_their_own() -> None:
    """The text of the expression alone does not make them equal."""
    rules = Map(converters=SHIPPED)
    rules.add(Rule('/<regex("a+"):x>/a', endpoint="a"))
    _matcher.install(rules)
    rules.add(Rule('/<regex("a+", weight=10):x>/<y>', endpoint="b"))

    assert rules.bind("h").match("/aa/a")[0] == "b"


def test_refused_value_is_a_404() -> None:
    """A match whose value is refused ends the search, as with Werkzeug."""
    rules = Map(converters=SHIPPED)
    rules.add(Rule("/<sint(max=5):x>", endpoint="x"))
    rules.add(Rule("/<y>", endpoint="y"))
    _matcher.install(rules)

    assert answer(rules, "/6", "GET", "http", "")[0] == "NotFound"


class _Broken(BaseConverter):
    regex = "("


def test_a_broken_expression_breaks_only_its_own_place() -> None:
    """As with Werkzeug: an error for the paths that get there, and no others."""
    for install in (False, True):
        rules = Map(converters={"broken": _Broken})
        rules.add(Rule("/b/<broken:x>", endpoint="b"))
        rules.add(Rule("/a", endpoint="a"))

        if install:
            _matcher.install(rules)

        adapter = rules.bind("h")
        assert adapter.match("/a") == ("a", {})

        with pytest.raises(re.error):
            adapter.match("/b/c")


def test_rule_may_insist_on_its_slashes() -> None:
    """Merged, the path would match; the rule does not want that."""
    rules = Map([Rule("/a/b", endpoint="x", merge_slashes=False)])
    _matcher.install(rules)

    assert answer(rules, "/a//b", "GET", "http", "")[0] == "NotFound"


def test_merge_slashes_can_be_turned_off_later() -> None:
    """The option of the map reaches the matcher."""
    rules = Map([Rule("/a/b", endpoint="x")])
    _matcher.install(rules)
    rules.merge_slashes = False

    assert answer(rules, "/a//b", "GET", "http", "")[0] == "NotFound"


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        pytest.param("/{2,}", "redirect", id="now"),
        pytest.param("/{2,}?", "NotFound", id="before"),
    ],
)
def test_slashes_are_merged_as_this_werkzeug_does(
    monkeypatch: pytest.MonkeyPatch, expression: str, kind: str
) -> None:
    """An earlier 3.1 made two of three, in rules and in paths."""
    original = re.sub

    def merged(pattern: str, to: str, text: str) -> str:
        ours = pattern.startswith("/{2,}")
        return original(expression if ours else pattern, to, text)

    monkeypatch.setattr(re, "sub", merged)
    _matcher._repeated_slashes.cache_clear()
    rules = Map([Rule("/a/b", endpoint="x")])
    stock = answer(rules, "/a///b", "GET", "http", "")
    _matcher.install(rules)
    fast = answer(rules, "/a///b", "GET", "http", "")
    _matcher._repeated_slashes.cache_clear()

    assert fast == stock
    assert stock[0] == kind


def test_it_may_be_installed_while_requests_run() -> None:
    """The swap is one assignment: every request finds the old one or the new."""
    app = Flask("shop", static_folder=None)
    app.add_url_rule("/<int:x>", "x", _view)
    answers: list[object] = []
    ready = threading.Barrier(4)

    def ask() -> None:
        ready.wait()
        adapter = app.url_map.bind("h")
        answers.extend(adapter.match("/7") for _ in range(300))

    threads = [threading.Thread(target=ask) for _ in range(3)]

    for thread in threads:
        thread.start()

    ready.wait()
    install_fast_matcher(app)

    for thread in threads:
        thread.join()

    assert answers == [("x", {"x": 7})] * 900


def test_app_is_freed() -> None:
    """Nothing of the matcher outlives its application."""
    app = Flask("shop")
    install_fast_matcher(app)
    gone = weakref.ref(app.url_map._matcher)

    del app
    gc.collect()

    assert gone() is None


def test_another_matcher_stays() -> None:
    """Who has a matcher of their own keeps it, and is told."""
    app = Flask("shop")

    class Own(StateMachineMatcher):
        pass

    app.url_map._matcher = own = Own(True)

    with pytest.warns(FastMatcherWarning, match="'shop' has a matcher of its own, Own"):
        assert not install_fast_matcher(app)

    assert app.url_map._matcher is own
    assert _fast.matcher_of(app.url_map) is own


@pytest.mark.parametrize("on", [False, True])
def test_setting_installs_it(on: bool) -> None:
    """Off by default; each app by its own configuration."""
    app, other = Flask("shop"), Flask("other")
    app.config["TOOLKIT_CONVERTERS_FAST_MATCHER"] = on
    converters = Converters(patterns=[pattern("ab", "[ab]")])
    converters.init_app(app)
    converters.init_app(other)

    assert (is_fast(app), is_fast(other)) == (on, False)
    assert list(converters.checks(app, converters.settings_of(app))) == []


@pytest.mark.usefixtures("unchecked")
def test_setting_without_effect_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """``flask toolkit check`` tells what the warning said."""
    monkeypatch.setattr(_selfcheck, "_PARTS", 4)
    app = Flask("shop")
    app.config["TOOLKIT_CONVERTERS_FAST_MATCHER"] = True

    with pytest.warns(FastMatcherWarning):
        converters = Converters(app)

    (found,) = converters.checks(app, converters.settings_of(app), deploy=True)
    assert (found.id, found.level) == ("converters.matcher", Level.WARNING)
    assert found.key == "TOOLKIT_CONVERTERS_FAST_MATCHER"


def test_this_werkzeug_is_known() -> None:
    """The check passes on what is installed."""
    assert _selfcheck.problem(_matcher.install) is None


@pytest.mark.usefixtures("unchecked")
def test_unknown_werkzeug_is_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock stays everywhere, and the process says so once, with the versions."""
    monkeypatch.setattr(_selfcheck, "_SIGNATURES", {"match": ["self", "path"]})
    first, second = Flask("first"), Flask("second")

    with pytest.warns(
        FastMatcherWarning,
        match=r"match\(\) takes other arguments \(Werkzeug [\d.]+, Flask [\d.]+",
    ) as caught:
        assert not install_fast_matcher(first)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not install_fast_matcher(second)

    assert len(caught) == 1
    assert {type(app.url_map._matcher) for app in (first, second)} == {
        StateMachineMatcher
    }


@pytest.mark.parametrize(
    ("target", "value", "reason"),
    [
        pytest.param("_PARTS", 2, "a Rule has other parts", id="parts"),
        pytest.param(
            "_FIELDS",
            {RulePart: {"x"}},
            "fields of RulePart",
            id="field",
        ),
        pytest.param("_SIGNATURES", {"gone": []}, "AttributeError", id="method"),
        pytest.param("_FIELDS", {Map: {"x"}}, "TypeError", id="no-dataclass"),
    ],
)
def test_structure_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, target: str, value: object, reason: str
) -> None:
    """Each private name that changes is noticed before it is used."""
    monkeypatch.setattr(_selfcheck, target, value)

    assert reason in str(_selfcheck.problem(_matcher.install))


def test_another_matcher_class_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map that no longer uses the class we derive from is not known."""
    monkeypatch.setattr("werkzeug.routing.map.StateMachineMatcher", FastMatcherOfNobody)

    assert "another matcher" in str(_selfcheck.problem(_matcher.install))


@pytest.mark.usefixtures("unchecked")
def test_werkzeug_without_the_names_is_one_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be imported is not used, and the linter goes on without it."""
    monkeypatch.setitem(sys.modules, "flask_toolkit.routing._matcher", None)
    app = Flask("shop")

    with pytest.warns(FastMatcherWarning, match="_matcher.*Werkzeug"):
        assert not install_fast_matcher(app)

    assert not is_fast(app)
    assert _fast.matcher_of(app.url_map) is app.url_map._matcher


def test_rest_of_the_room_does_not_need_them() -> None:
    """Importing it touches no private module of Werkzeug's routing by itself."""
    home = str(Path(_fast.__file__).parents[2])
    code = f"import sys; sys.path.append({home!r}); import flask_toolkit.routing"
    ran = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.rpartition(".")[2] for name in ran.stdout.split()}

    assert {"_matcher", "_selfcheck", "_walk", "_fast"} & loaded == {"_fast"}


class FastMatcherOfNobody(StateMachineMatcher):
    """Some other class."""


def test_another_root_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The states we read must be the states that are walked."""
    monkeypatch.setattr(_selfcheck, "root_of", lambda _: {})

    assert "another root" in str(_selfcheck.problem(_matcher.install))


def test_behaviour_is_compared() -> None:
    """A matcher that answers anything otherwise is not used."""

    def without_merging(url_map: Map) -> None:
        _matcher.install(url_map)
        url_map.merge_slashes = False

    def without_words(url_map: Map) -> None:
        url_map.update()
        _matcher.install(url_map)
        matcher = url_map._matcher
        assert isinstance(matcher, FastMatcher)
        matcher._start.static[""].static[""].edges.clear()

    assert " gives 'NotFound' and not 'http://h/" in str(
        _selfcheck.problem(without_merging)
    )
    assert " and not " in str(_selfcheck.problem(without_words))


def test_an_error_of_the_check_is_an_answer() -> None:
    """Whatever a new Werkzeug does there, the application starts."""

    def fails(url_map: Map) -> None:
        del url_map
        raise RuntimeError("no such slot")

    assert str(_selfcheck.problem(fails)).startswith("RuntimeError: no such slot")
