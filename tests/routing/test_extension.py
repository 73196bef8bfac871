"""Converters on applications: names, settings, later additions."""

import gc
import logging
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Blueprint
from flask import Flask
from werkzeug.routing import BaseConverter
from werkzeug.routing import BuildError
from werkzeug.routing import UnicodeConverter

import flask_toolkit
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.routing import Converters
from flask_toolkit.routing import DEFAULT
from flask_toolkit.routing import pattern
from flask_toolkit.routing import RegexConverter
from flask_toolkit.routing import SlugConverter

Ask = Callable[[Flask, str], str]

SKU = pattern("sku", r"[A-Z]{3}-\d{4}", examples=["ABC-0042"])
YEAR = pattern("year", r"[12]\d{3}", cast=int, examples=["1999"])


def _text(**values: object) -> str:
    return "".join(map(str, values.values()))


class _Own(UnicodeConverter):
    pass


def test_shipped_and_own_converters_are_installed() -> None:
    """The default set and the patterns are there, Werkzeug's are as before."""
    bare = dict(Flask("bare").url_map.converters)
    app = Flask("shop")
    Converters(app, patterns=[SKU])

    installed = app.url_map.converters
    assert set(installed) == {*bare, *DEFAULT, "sku"}
    assert {name: installed[name] for name in bare} == bare
    assert installed["regex"] is RegexConverter


def test_include_narrows() -> None:
    """Only what is named is installed."""
    app = Flask("shop")
    Converters(app, include=["slug"])

    assert "slug" in app.url_map.converters
    assert "regex" not in app.url_map.converters


@pytest.mark.parametrize(
    ("include", "message"),
    [
        pytest.param("regex", "takes several names", id="bare-text"),
        pytest.param(["slugs"], "Did you mean 'slug'", id="near"),
        pytest.param(["colour"], "'colour' is shipped", id="far"),
    ],
)
def test_include_is_checked(include: str | list[str], message: str) -> None:
    """A name that is not shipped is an error, with a suggestion."""
    with pytest.raises(SetupError, match=message):
        Converters(include=include)


def test_regex_works_without_the_extension(ask: Ask) -> None:
    """The class alone can be registered by hand."""
    app = Flask("shop")
    app.url_map.converters["regex"] = RegexConverter
    app.add_url_rule('/<regex("[a-z]+"):x>', "x", _text)

    assert ask(app, "/ab") == "ab"
    assert ask(app, "/12") == "404"


def test_own_converter_of_the_app_is_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The default set gives way to the app's classes and says so once."""
    app = Flask("shop")
    app.url_map.converters |= {"regex": _Own, "slug": _Own}

    with caplog.at_level(logging.WARNING, "flask_toolkit.routing"):
        Converters(app)

    assert app.url_map.converters["regex"] is _Own
    assert "sint" in app.url_map.converters
    (record,) = caplog.records
    assert "'shop' keeps its own converters for regex, slug;" in record.getMessage()


def test_own_converter_of_the_app_is_an_error_when_named() -> None:
    """Asking for a name that the app has is a contradiction."""
    app = Flask("shop")
    app.url_map.converters["regex"] = _Own

    with pytest.raises(SetupError, match="another converter called 'regex'"):
        Converters(app, include=["regex", "slug"])

    assert "slug" not in app.url_map.converters
    assert "toolkit.converters" not in app.extensions


@pytest.mark.parametrize("name", ["int", "string", "uuid", "default"])
def test_built_in_is_never_replaced(name: str) -> None:
    """A pattern may not take the name of a converter of Werkzeug."""
    app = Flask("shop")

    with pytest.raises(SetupError, match=f"another converter called '{name}'"):
        Converters(app, patterns=[pattern(name, "[0-9]+")])


def test_shipped_name_is_taken() -> None:
    """A pattern takes the name of a shipped one only where that is left out."""
    slug = pattern("slug", "[a-z]+")

    with pytest.raises(SetupError, match="'slug' is a shipped converter"):
        Converters(Flask("shop"), patterns=[slug])

    app = Flask("shop")
    Converters(app, patterns=[slug], include=["regex"])
    assert app.url_map.converters["slug"] is slug


def test_same_class_again_changes_nothing() -> None:
    """A class that is there already is fine, wherever it came from."""
    app = Flask("shop")
    app.url_map.converters |= {"regex": RegexConverter, "sku": SKU}
    converters = Converters(app, patterns=[SKU, SKU, SlugConverter])

    converters.add(SKU)
    assert app.url_map.converters["sku"] is SKU
    assert app.url_map.converters["slug"] is SlugConverter


def test_converter_needs_a_name() -> None:
    """A class without a name cannot stand in a rule."""
    with pytest.raises(SetupError, match="has no name for a rule"):
        Converters(patterns=[_Own])

    class Named(BaseConverter):
        name = "named"

    app = Flask("shop")
    Converters(app, patterns=[Named])
    assert app.url_map.converters["named"] is Named


def test_two_patterns_of_one_name_are_refused() -> None:
    """Two classes cannot share a name, in one call or in two."""
    other = pattern("sku", "[0-9]+")

    with pytest.raises(SetupError, match="Two converters are called 'sku'"):
        Converters(patterns=[SKU, other])

    with pytest.raises(SetupError, match="Two converters are called 'sku'"):
        Converters(patterns=[SKU]).add(other)


def test_add_reaches_attached_and_later_apps(ask: Ask) -> None:
    """What is added later is there for every app of the instance."""
    converters = Converters()
    first, second = Flask("first"), Flask("second")
    converters.init_app(first)

    converters.add(SKU, YEAR)
    converters.init_app(second)

    for app in (first, second):
        app.add_url_rule("/<year:y>", "y", _text)
        assert ask(app, "/1999") == "1999"


def test_add_is_all_or_nothing() -> None:
    """A name that is taken in one app stops the addition in all of them."""
    converters = Converters()
    first, second = Flask("first"), Flask("second")
    converters.init_app(first)
    converters.init_app(second)
    second.url_map.converters["year"] = _Own
    second.add_url_rule("/<year:y>", "y")

    with pytest.raises(SetupError, match="called 'year' and rules use it already"):
        converters.add(SKU, YEAR)

    assert "sku" not in first.url_map.converters
    third = Flask("third")
    converters.init_app(third)
    assert "sku" not in third.url_map.converters


def test_settings_are_the_defaults_of_ad_hoc_patterns(ask: Ask) -> None:
    """Length and alphabet of ``regex`` and ``slug`` come from the deployment."""
    app = Flask("shop")
    app.config |= {
        "TOOLKIT_CONVERTERS_MAXLENGTH": 3,
        "TOOLKIT_CONVERTERS_UNICODE": True,
    }
    Converters(app)
    app.add_url_rule(r'/r/<regex("\w+"):x>', "r", _text)
    app.add_url_rule(r'/a/<regex("\w+", unicode=False, maxlength=4):x>', "a", _text)
    app.add_url_rule("/s/<slug:x>", "s", _text)

    assert [ask(app, "/r/äöü"), ask(app, "/r/abcd")] == ["äöü", "404"]
    assert [ask(app, "/a/abcd"), ask(app, "/a/ä")] == ["abcd", "404"]
    assert [ask(app, "/s/äöüß"), ask(app, "/s/Ä")] == ["äöüß", "404"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param({"MAXLENGTH": 0}, "between 1 and 4096", id="zero"),
        pytest.param({"MAXLENGTH": 4097}, "between 1 and 4096", id="huge"),
        pytest.param({"MAXLENGHT": 9}, "did you mean", id="misspelt"),
        pytest.param({"UNICODE": 7}, "UNICODE: expected", id="no-truth"),
    ],
)
def test_settings_are_checked(config: dict[str, object], message: str) -> None:
    """A setting that does not fit stops the start."""
    app = Flask("shop")
    app.config.update(
        {f"TOOLKIT_CONVERTERS_{key}": value for key, value in config.items()}
    )

    with pytest.raises(ConfigError, match=message):
        Converters(app)


@pytest.mark.parametrize("host", [False, True], ids=["path", "host"])
def test_other_defaults_cannot_come_after_rules(host: bool) -> None:
    """Bound rules would keep the old defaults, so the app does not start."""
    app = Flask("shop", host_matching=host, static_host="h" if host else None)
    app.url_map.converters["regex"] = RegexConverter
    app.config["TOOLKIT_CONVERTERS_MAXLENGTH"] = 3
    value = '<regex("[a-z]+"):x>'

    if host:
        app.add_url_rule("/", "x", host=value)
    else:
        app.add_url_rule(f"/{value}", "x")

    with pytest.raises(SetupError, match="Rules of 'shop' use <regex> already"):
        Converters(app)


def test_two_apps_have_their_own_defaults(ask: Ask) -> None:
    """One instance serves several apps, each with its own configuration."""
    converters = Converters()
    answers = []

    for length in (2, 3):
        app = Flask("shop")
        app.config["TOOLKIT_CONVERTERS_MAXLENGTH"] = length
        converters.init_app(app)
        app.add_url_rule('/<regex("[a-z]+"):x>', "x", _text)
        answers.append(ask(app, "/abc"))
        assert converters.settings_of(app).maxlength == length

    assert answers == ["404", "abc"]


def test_room_is_cheap_to_import() -> None:
    """Neither tokens nor stores come along."""
    home = str(Path(flask_toolkit.__file__).parents[1])
    code = f"import sys; sys.path.append({home!r}); import flask_toolkit.routing"
    ran = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert {"flask_toolkit.routing", "jwt", "redis"} & {*ran.stdout.split()} == {
        "flask_toolkit.routing"
    }


def test_no_context_is_needed() -> None:
    """Everything happens outside of requests and application contexts."""
    app = Flask("shop")
    converters = Converters(app, patterns=[SKU])
    app.add_url_rule("/<sku:x>", "x")
    adapter = app.url_map.bind("h")

    assert adapter.match("/ABC-0042") == ("x", {"x": "ABC-0042"})
    assert adapter.build("x", {"x": "ABC-0042"}) == "/ABC-0042"

    with pytest.raises(BuildError):
        adapter.build("x", {"x": "//evil"})

    assert repr(converters) == "<Converters 'converters'>"


def test_second_init_app_is_refused() -> None:
    """One app takes the converters once."""
    app = Flask("shop")
    Converters(app)

    with pytest.raises(SetupError, match="already registered"):
        Converters(app)


def test_app_is_freed() -> None:
    """The instance holds its apps weakly."""
    converters = Converters(patterns=[SKU])
    app = Flask("shop")
    app.config["TOOLKIT_CONVERTERS_MAXLENGTH"] = 3
    converters.init_app(app)
    app.add_url_rule("/<sku:x>", "x")
    gone = weakref.ref(app)

    del app
    gc.collect()

    assert gone() is None
    converters.add(YEAR)


def test_blueprint_before_the_converters_fails_clearly() -> None:
    """Werkzeug names the converter that is missing: attach first."""
    app = Flask("shop")
    shop = Blueprint("shop", __name__)
    shop.add_url_rule("/<sku:x>", "x")

    with pytest.raises(LookupError, match="converter 'sku' does not exist"):
        app.register_blueprint(shop)
