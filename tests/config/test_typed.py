"""Texts and values become what the schema says (design 5.2)."""

# ruff: noqa: RUF012  # a schema may have such defaults

import enum
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import Constraint
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import Secret
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Values

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]


class Colour(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = 2


class All:
    """One key of each type."""

    FLAG: bool = False
    COUNT: int = 0
    RATE: float = 0.0
    NAME: str = ""
    RAW: bytes = b""
    HOSTS: list[str] = []
    PORTS: tuple[int, ...] = ()
    TAGS: frozenset[str] = frozenset()
    PAIR: tuple[str, int] = ("", 0)
    LIMITS: dict[str, int] = {}
    WAIT: timedelta = timedelta()
    FOLDER: Path = Path()
    LEVEL: t.Literal["low", "high", 3] = "low"
    COLOUR: Colour = Colour.RED
    MAYBE: int | None = None
    PAUSE: timedelta | None = None
    MAYBE_NAME: str | None = None
    EITHER: bool | dict[str, t.Any] = False
    ANY: t.Any = None
    PORT: t.Annotated[int, Constraint(lambda n: 0 < n < 65536, "1-65535")] = 80
    PIN: t.Annotated[str, Secret] = "0000"
    PAGE_SIZE = 20
    PLAIN = None


class Maybe:
    """Keys that may be None."""

    LIMIT: t.Annotated[int, Constraint(lambda n: 0 < n < 65536, "1-65535")] | None = 1
    SERVICE: int | None = None


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        pytest.param("FLAG", "False", False, id="bool"),
        pytest.param("FLAG", "YES", True, id="bool-case"),
        pytest.param("COUNT", " 1_000 ", 1000, id="int"),
        pytest.param("RATE", "1e3", 1000.0, id="float"),
        pytest.param("NAME", " 12 ", " 12 ", id="str-unchanged"),
        pytest.param("RAW", "é", "é".encode(), id="bytes"),
        pytest.param("HOSTS", "a, b,", ["a", "b"], id="list"),
        pytest.param("HOSTS", '["a,b"]', ["a,b"], id="list-json"),
        pytest.param("HOSTS", "", [], id="list-empty"),
        pytest.param("PORTS", "1,2", (1, 2), id="tuple"),
        pytest.param("TAGS", "a,a", frozenset("a"), id="set"),
        pytest.param("PAIR", "a,1", ("a", 1), id="pair"),
        pytest.param("LIMITS", '{"a": 1}', {"a": 1}, id="dict"),
        pytest.param("WAIT", "90", timedelta(seconds=90), id="seconds"),
        pytest.param("WAIT", "1h30m", timedelta(minutes=90), id="units"),
        pytest.param("WAIT", "7d", timedelta(days=7), id="days"),
        pytest.param("WAIT", "PT30M", timedelta(minutes=30), id="iso"),
        pytest.param("LEVEL", "high", "high", id="literal"),
        pytest.param("LEVEL", "3", 3, id="literal-number"),
        pytest.param("COLOUR", "red", Colour.RED, id="enum"),
        pytest.param("COLOUR", "BLUE", Colour.BLUE, id="enum-name"),
        pytest.param("MAYBE", "", None, id="optional-empty"),
        pytest.param("MAYBE_NAME", "", "", id="optional-text-empty"),
        pytest.param("EITHER", "no", False, id="union-bool"),
        pytest.param("EITHER", '{"a": 1}', {"a": 1}, id="union-dict"),
        pytest.param("ANY", '{"a": [1]}', {"a": [1]}, id="any-json"),
        pytest.param("ANY", "@int ${HOME} {{ x }}", "@int ${HOME} {{ x }}", id="any"),
        pytest.param("PAGE_SIZE", "50", 50, id="unannotated"),
        pytest.param("PLAIN", "true", True, id="untyped"),
        pytest.param("PLAIN", "NaN", "NaN", id="untyped-nan"),
    ],
)
def test_text_becomes_the_type_of_the_key(
    app: Flask, key: str, text: str, value: object
) -> None:
    """Each type reads text by its own rule, and nothing is guessed."""
    loader = ConfigLoader(Env("SHOP_", environ={f"SHOP_{key}": text}), schema=All)

    settings = loader.init_app(app)

    assert app.config[key] == value
    assert type(app.config[key]) is type(value)
    assert getattr(settings, key) == value


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        pytest.param("FLAG", "maybe", "expected true or false, got 'maybe'", id="bool"),
        pytest.param("FLAG", "", "expected true or false, got ''", id="bool-empty"),
        pytest.param("COUNT", "x", "expected an integer, got 'x'", id="int"),
        pytest.param("COUNT", "٣", "expected an integer", id="int-ascii"),
        pytest.param("RATE", "inf", "expected a finite number", id="inf"),
        pytest.param("RATE", "1e309", "expected a finite number", id="overflow"),
        pytest.param("HOSTS", "a,,b", "expected a list", id="list"),
        pytest.param("HOSTS", "[1", "expected a JSON list", id="list-json"),
        pytest.param("LIMITS", "[1]", "expected a JSON object", id="dict"),
        pytest.param("WAIT", "soon", "expected a duration", id="duration"),
        pytest.param("LEVEL", "mid", "one of 'low', 'high', 3", id="literal"),
        pytest.param("COLOUR", "pink", "one of 'red', 2", id="enum"),
        pytest.param("PORT", "0", "expected 1-65535, got '0'", id="constraint"),
        pytest.param("HOSTS__0", "a", "expected a list, not parts of it", id="index"),
        pytest.param("COUNT__A", "1", "expected an integer, not parts", id="parts"),
    ],
)
def test_text_that_does_not_fit_is_a_problem(
    problems: Problems, key: str, text: str, message: str
) -> None:
    """The problem names the variable, what would fit and what was given."""
    environ = {f"SHOP_{key}": text}

    found = problems(ConfigLoader(Env("SHOP_", environ=environ), schema=All))

    assert [problem.key for problem in found] == [key.partition("__")[0]]
    assert message in found[0].message
    assert str(found[0].origin) == f"env SHOP_{key}"


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        pytest.param("RATE", 1, 1.0, id="int-for-float"),
        pytest.param("WAIT", 1.5, timedelta(seconds=1.5), id="number-for-duration"),
        pytest.param("PORTS", [1, 2], (1, 2), id="list-for-tuple"),
        pytest.param("TAGS", ["a"], frozenset("a"), id="list-for-set"),
        pytest.param("FOLDER", "/data", Path("/data"), id="text-for-path"),
        pytest.param("COLOUR", 2, Colour.BLUE, id="value-for-enum"),
        pytest.param("EITHER", {"a": 1}, {"a": 1}, id="union"),
        pytest.param("MAYBE", None, None, id="none"),
    ],
)
def test_a_typed_value_has_few_conversions(
    app: Flask, key: str, value: object, read: object
) -> None:
    """Only what cannot be meant otherwise is converted."""
    ConfigLoader(Values({key: value}), schema=All).init_app(app)

    assert app.config[key] == read
    assert type(app.config[key]) is type(read)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        pytest.param("COUNT", "10", "expected an integer, got '10'", id="text"),
        pytest.param("COUNT", True, "expected an integer, got True", id="bool"),
        pytest.param("COUNT", {"a": 1}, "expected an integer", id="table"),
        pytest.param("FLAG", 1, "expected true or false, got 1", id="number"),
        pytest.param("RATE", float("nan"), "expected a number", id="nan"),
        pytest.param("RATE", 10**400, "expected a number", id="huge"),
        pytest.param("LIMITS", {"a": "x"}, "expected an integer", id="inside"),
        pytest.param("LIMITS", [1], "expected a table", id="list-for-dict"),
        pytest.param("HOSTS", "abc", "expected a list", id="letters"),
        pytest.param("WAIT", "30m", "a number of seconds such as 1800", id="units"),
        pytest.param("WAIT", True, "a number of seconds such as 1800", id="duration"),
        pytest.param("WAIT", [1], "seconds such as 1800, or a timedelta", id="many"),
        pytest.param("WAIT", 1e300, "a duration of less than 999999999", id="long"),
        pytest.param("PAUSE", "30m", "a number of seconds such as 1800", id="optional"),
        pytest.param("MAYBE", "x", "expected an integer, got 'x'", id="optional-int"),
        pytest.param("NAME", None, "expected text, got None", id="none"),
        pytest.param("PAGE_SIZE", 1.5, "expected an integer", id="unannotated"),
    ],
)
def test_a_typed_value_of_another_type_is_a_problem(
    problems: Problems, key: str, value: object, message: str
) -> None:
    """A file or class that has types is taken at its word."""
    found = problems(ConfigLoader(Values({key: value}), schema=All))

    assert [message in problem.message for problem in found] == [True]


def test_a_duration_with_units_in_a_file_has_a_hint(
    problems: Problems, write: Write
) -> None:
    """``30m`` is right in a variable; a file that has numbers gives seconds."""
    write("a.toml", 'WAIT = "30m"\nPAUSE = "30m"\nTESTING = "30m"')

    found = problems(ConfigLoader(File("a.toml"), schema=All))

    assert [(problem.key, problem.hint) for problem in found] == [
        (
            "WAIT",
            "units such as '30m' and '7d' are read in variables; files give seconds",
        ),
        (
            "PAUSE",
            "units such as '30m' and '7d' are read in variables; files give seconds",
        ),
        ("TESTING", None),
    ]


def test_a_value_that_may_be_none_has_the_problem_of_its_type(
    problems: Problems,
) -> None:
    """With the hint and the constraint, as without ``None``."""
    environ = {"A_LIMIT": "0", "A_SERVICE": "tcp://10.0.0.1:80"}

    found = problems(ConfigLoader(Env("A_", environ=environ), schema=Maybe))

    assert [(problem.message, problem.hint) for problem in found] == [
        ("expected 1-65535, got '0'", None),
        (
            "expected an integer, got 'tcp://10.0.0.1:80'",
            "this looks like a Kubernetes service variable",
        ),
    ]


def test_a_path_is_relative_to_the_file_that_names_it(app: Flask, write: Write) -> None:
    """A file may move with what it names; a variable starts at the application."""
    write("etc/a.toml", 'FOLDER = "data"')
    ConfigLoader(File("etc/a.toml"), schema=All).init_app(app)
    assert app.config["FOLDER"] == Path(app.root_path) / "etc" / "data"

    other = Flask("other", root_path=app.root_path)
    ConfigLoader(Env("A_", environ={"A_FOLDER": "data"}), schema=All).init_app(other)
    assert other.config["FOLDER"] == Path(app.root_path) / "data"


def test_an_unquoted_word_of_yaml_has_a_hint(problems: Problems, write: Write) -> None:
    """``no`` for text says what YAML made of it."""
    write("a.yaml", "NAME: no")

    (found,) = problems(ConfigLoader(File("a.yaml"), schema=All))

    assert found.hint == "YAML read a boolean, quote it"


def test_a_kubernetes_variable_has_a_hint(problems: Problems) -> None:
    """The address that Kubernetes injects for a service is recognised."""
    environ = {"SHOP_PORT": "tcp://10.0.0.1:80"}

    (found,) = problems(ConfigLoader(Env("SHOP_", environ=environ), schema=All))

    assert found.hint == "this looks like a Kubernetes service variable"


class Needs:
    """A schema with required keys."""

    TOKEN: t.Annotated[str, Secret]
    NAME: str


def test_an_empty_required_secret_is_a_problem(problems: Problems) -> None:
    """A compose file turns an unset variable into an empty one."""
    environ = {"A_TOKEN": "", "A_NAME": ""}

    found = problems(ConfigLoader(Env("A_", environ=environ), schema=Needs))

    assert [str(problem) for problem in found] == [
        "TOKEN: empty; it needs a value\n  in env A_TOKEN"
    ]


class Alike:
    """Keys with names that are close to each other."""

    PAGE_SIZE: int = 1
    PAGE_SIZES: int
    WIDTH: int = 1


def test_a_typo_is_taken_for_a_missing_key_first(problems: Problems) -> None:
    """Of two that it may have been meant to be, one has no value yet."""
    (found,) = problems(ConfigLoader(Values(PAGE_SIZEE=1), schema=Alike))

    assert (found.key, found.hint) == ("PAGE_SIZEE", "did you mean PAGE_SIZES?")


@pytest.mark.parametrize("word", ["true", "1", "yes", "on", "false", "0", "no", "off"])
def test_eight_words_are_switches(app: Flask, word: str) -> None:
    """In any case, and with spaces around."""
    value = word in {"true", "1", "yes", "on"}

    for text in (word, word.upper(), f" {word.title()} "):
        loader = ConfigLoader(Env("A_", environ={"A_FLAG": text}), schema=All)
        assert loader.load().FLAG is value


@pytest.mark.parametrize(
    ("environ", "keys"),
    [
        pytest.param({}, ["TOKEN", "NAME"], id="missing"),
        pytest.param({"A_NAMES": "x", "A_TOKEN": "x"}, ["NAMES"], id="typo"),
    ],
)
def test_a_slip_of_the_pen_is_one_problem(
    problems: Problems, environ: Mapping[str, str], keys: list[str]
) -> None:
    """The key that a typo was meant to be is not missing as well."""
    found = problems(ConfigLoader(Env("A_", environ=environ), schema=Needs))

    assert [problem.key for problem in found] == keys


def test_a_missing_key_tells_how_to_set_it(problems: Problems, write: Write) -> None:
    """Variables and files that could hold it are named."""
    write("a.toml", "")
    loader = ConfigLoader(
        File("a.toml"),
        DotEnv(prefix="A_"),
        SecretsDir("run"),
        Env("A_", environ={}),
        schema=Needs,
    )

    found = problems(loader)

    assert found[0].message == (
        "required; set A_TOKEN, A_TOKEN_FILE or put it in a.toml, run/TOKEN"
    )


class Asked:
    """Keys that must be given."""

    PAGE_SIZE: int
    PORT: t.Annotated[int, Constraint(lambda n: n > 0, "above 0")]


def test_what_must_be_given_is_read_as_strictly(problems: Problems) -> None:
    """The short way for plain types has the problems of the long one."""
    found = problems(
        ConfigLoader(
            Values(PORT=-1), Env("A_", environ={"A_PAGE_SIZE": "x"}), schema=Asked
        )
    )

    assert {problem.key: problem.message for problem in found} == {
        "PAGE_SIZE": "expected an integer, got 'x'",
        "PORT": "expected above 0, got -1",
    }
