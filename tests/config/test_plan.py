"""From a class to a plan of keys."""

# ruff: noqa: RUF012  # a schema may have such defaults

import dataclasses
import enum
import functools
import typing as t
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import Constraint
from flask_toolkit.config import Env
from flask_toolkit.config import Secret
from flask_toolkit.config import Values
from flask_toolkit.config._nodes import copied
from flask_toolkit.config._plan import plan_of
from flask_toolkit.config._report import example
from flask_toolkit.errors import SetupError

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]


class Size(enum.Enum):
    """A size."""

    BIG = "big"


@dataclasses.dataclass(frozen=True)
class Cache:
    """A table as a dataclass."""

    url: str
    parts: list[str] = dataclasses.field(default_factory=list)
    pin: str = dataclasses.field(default="0000", repr=False)
    size: int = 1
    kind: t.ClassVar[str] = "cache"
    made: str = dataclasses.field(default="", init=False)

    @property
    def address(self) -> str:
        """Return the address with the pin."""
        return f"{self.url}?{self.pin}"

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size must be above 0; pin {self.pin}")


@dataclasses.dataclass(frozen=True)
class Frozen:
    """A schema as a dataclass."""

    CACHE: Cache
    NAME: str = "x"
    MORE: Cache | None = None
    LIST: list[int] = dataclasses.field(default_factory=lambda: [1])


class Limits(t.TypedDict, total=False):
    """A table as a TypedDict."""

    rate: t.Required[int]
    burst: int


class Typed(t.TypedDict):
    """A schema as a TypedDict."""

    LIMITS: Limits
    NAME: t.NotRequired[str]
    MORE: t.NotRequired[Limits]


class Plain:
    """A schema as people write classes."""

    TEXT: t.Final = "x"
    COUNT: t.ClassVar[int] = 1
    SIZE = Size.BIG
    WAIT = timedelta(1)
    FOLDER = Path("x")
    LIST = ["a"]
    OTHER = object
    ODD = 1j
    lower = 1
    _HIDDEN = 1

    class INNER:
        """Not a key."""

    def METHOD(self) -> None:  # noqa: N802  # not a key either
        """Do nothing."""

    @functools.cached_property
    def LONG(self) -> str:  # noqa: N802  # a key
        """Return a computed key."""
        return self.TEXT * 2

    @property
    def small(self) -> str:
        """Return what is on the object only."""
        return self.TEXT


def test_a_plain_class_is_a_schema(app: Flask) -> None:
    """Annotated or not, its capitals are keys; methods and classes are not."""
    settings = ConfigLoader(Values(COUNT=2), schema=Plain).init_app(app)

    assert sorted(plan_of(Plain).fields) == [
        "COUNT",
        "FOLDER",
        "LIST",
        "ODD",
        "SIZE",
        "TEXT",
        "WAIT",
    ]
    assert type(settings) is Plain
    assert (settings.COUNT, settings.LONG, settings.small) == (2, "xx", "x")
    assert app.config["LONG"] == "xx"
    assert "small" not in app.config
    assert settings.LIST is not Plain.LIST


def test_a_frozen_dataclass_is_a_schema(app: Flask) -> None:
    """It is built by its constructor; tables inside are its instances."""
    values = Values(CACHE={"url": "u"})
    settings = ConfigLoader(values, schema=Frozen).init_app(app)

    assert settings == Frozen(Cache("u"))
    assert app.config["CACHE"] == {
        "url": "u",
        "parts": [],
        "pin": "0000",
        "size": 1,
        "address": "u?0000",
    }
    assert app.config["MORE"] is None

    other = Flask("other")
    more = Values(MORE={"url": "m"}, LIST=[2])
    assert ConfigLoader(values, more, schema=Frozen).init_app(other) == Frozen(
        Cache("u"), MORE=Cache("m"), LIST=[2]
    )


def test_a_table_that_may_be_none_can_be_given_as_none(app: Flask) -> None:
    """A stronger layer takes the table away."""
    values = [Values(CACHE={"url": "u"}, MORE={"url": "x"}), Values(MORE=None)]

    assert ConfigLoader(*values, schema=Frozen).init_app(app).MORE is None


def test_a_typed_dict_is_a_schema(app: Flask) -> None:
    """It stays a dict; keys that may be left out are."""
    settings = ConfigLoader(Values(LIMITS={"rate": 1}), schema=Typed).init_app(app)

    assert settings == {"LIMITS": {"rate": 1}}
    assert app.config["LIMITS"] == {"rate": 1}
    assert "NAME" not in app.config


@pytest.mark.parametrize(
    ("schema", "values", "expected"),
    [
        pytest.param(
            Frozen, {}, ["CACHE.url: required; it is not set"], id="inside-a-table"
        ),
        pytest.param(
            Typed, {"LIMITS": {}}, ["LIMITS.rate: required; it is not set"], id="typed"
        ),
        pytest.param(
            Frozen,
            {"CACHE": {"url": "u", "size": 0, "pin": "canary"}},
            ["CACHE: the values do not fit together\n  in computed Cache"],
            id="post-init-secret",
        ),
        pytest.param(
            Frozen,
            {"CACHE": {"url": "u", "address": "x"}},
            ["CACHE.address: computed by Cache; it cannot be set\n  in object Values"],
            id="computed",
        ),
    ],
)
def test_problems_inside_tables(
    problems: Problems, schema: type[t.Any], values: t.Any, expected: list[str]
) -> None:
    """The dotted path names the leaf; no secret reaches a message."""
    found = problems(ConfigLoader(Values(values), schema=schema))

    assert [str(problem) for problem in found] == expected


class Refusing:
    """A schema whose computed value refuses."""

    A: int = 1

    @property
    def B(self) -> int:  # noqa: N802  # a key
        """Return nothing, ever."""
        raise ValueError("A and C contradict")


def test_a_computed_value_may_refuse(problems: Problems) -> None:
    """A ValueError of a property is a problem, as of ``__post_init__``."""
    (found,) = problems(ConfigLoader(schema=Refusing))

    assert str(found) == "B: A and C contradict\n  in computed Refusing"


class NeedsTable:
    """A table that may be None and has no default."""

    DB: Limits | None
    DEEP: "Deep"


class Deeper:
    """A table in a table, with a default of its own."""

    CACHE: Cache = Cache("default", size=2)


class Deep:
    """A table with a table."""

    inner: Deeper


def test_a_table_without_default_is_required(problems: Problems) -> None:
    """Also if None would do: no value means required."""
    (found,) = problems(ConfigLoader(schema=NeedsTable))

    assert str(found) == "DB: required; it is not set"


def test_a_default_of_a_table_is_its_lowest_layer(app: Flask) -> None:
    """A source changes single leaves of it."""
    values = Values(DB=None, DEEP={"inner": {"cache": {"url": "x"}}})

    settings = ConfigLoader(values, schema=NeedsTable).init_app(app)

    assert Cache("x", size=2) == settings.DEEP.inner.CACHE
    assert settings.DB is None


class BadDefault:
    """A default that lies about its type."""

    NAME: str = None  # type: ignore[assignment]  # the point


def test_a_default_must_fit_its_own_type(problems: Problems) -> None:
    """The annotation is what users rely on."""
    (found,) = problems(ConfigLoader(schema=BadDefault))

    assert str(found) == ("NAME: expected text, got None\n  in default BadDefault")


class Unresolved:
    """A schema with an annotation that is nowhere."""

    NAME: "NoSuchName"  # type: ignore[name-defined]  # noqa: F821  # the point


class Child(Unresolved):
    """It inherits the mistake."""

    OTHER: int = 1


class Selfish:
    """A table inside itself."""

    INNER: "Selfish"


@dataclasses.dataclass
class Lower:
    """A key in lower case."""

    name: str = ""


class Named:
    """A table named like its key."""

    host: str = ""


class Eager:
    """A key named like its class, with a default, read eagerly."""

    Named = {"host": "x"}
    NAMED: Named = Named  # type: ignore[valid-type]  # the point


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        pytest.param(Child, "Unresolved.NAME: the annotation does not", id="name"),
        pytest.param(Selfish, "holds a table of its own class", id="recursive"),
        pytest.param(Lower, "Lower.name: .* call it NAME", id="lower"),
        pytest.param(Eager, "Eager.NAMED: .* rename the class", id="eager"),
    ],
)
def test_a_schema_that_cannot_work_is_a_mistake_in_code(
    schema: type[t.Any], message: str
) -> None:
    """Class and attribute are named."""
    with pytest.raises(SetupError, match=message):
        ConfigLoader(schema=schema).load()


def test_a_computed_address_with_a_password_is_secret(app: Flask) -> None:
    """What is made of a secret is masked as it."""
    values = Values(CACHE={"url": "u", "pin": "canary"})
    loader = ConfigLoader(values, schema=Frozen)
    loader.init_app(app)

    assert "canary" not in repr(loader.loaded(app).redacted()["CACHE"])
    assert "canary" not in repr(loader.loaded(app).explain("CACHE"))


def test_copies_share_no_container() -> None:
    """Only containers are copied; what stands in them may be anything."""
    item = object()
    given = {"a": [{item}, (item,)]}

    taken = copied(given)

    assert taken == given
    assert taken["a"] is not given["a"]
    assert taken["a"][0] is not given["a"][0]
    assert Secret is copied(Secret)


class Lists:
    """Lists, of items that need no second look and of others."""

    NAMES: list[str]
    SIZES: list[Size]
    PINS: t.Annotated[list[str], Constraint(bool, "at least one")]


LISTS = {"NAMES": ["a", "b"], "SIZES": ["big"], "PINS": ["1"]}


def test_a_list_is_taken_as_a_copy(app: Flask) -> None:
    """What the source does with its list later changes nothing."""
    given = {key: list(value) for key, value in LISTS.items()}
    settings = ConfigLoader(Values(given), schema=Lists).init_app(app)
    given["NAMES"].append("c")

    assert (settings.NAMES, settings.SIZES) == (["a", "b"], [Size.BIG])


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        pytest.param("NAMES", ["a", 1], "expected text", id="mixed"),
        pytest.param("NAMES", [1, 2], "expected text", id="other"),
        pytest.param("PINS", [], "expected at least one", id="constraint"),
    ],
)
def test_a_list_that_does_not_fit_is_a_problem(
    problems: Problems, key: str, value: list[object], message: str
) -> None:
    """The short way for lists lets nothing pass that the long way stops."""
    found = problems(ConfigLoader(Values({**LISTS, key: value}), schema=Lists))

    assert [(each.key, each.message[: len(message)]) for each in found] == [
        (key, message)
    ]


class Qualified:
    """Attributes whose annotations tell more, or less, than a type."""

    BARE: t.Final = 5
    SHARED: t.ClassVar = "x"


class Rates(t.TypedDict, total=False):
    """A table with a mark around what tells that it is required."""

    pin: t.Annotated[t.Required[str], Secret]


class Rated:
    """A schema with that table."""

    RATES: Rates


@pytest.mark.parametrize(
    ("schema", "values", "expected"),
    [
        pytest.param(Qualified, {"BARE": "x"}, "BARE: expected an integer", id="final"),
        pytest.param(Qualified, {"SHARED": 1}, "SHARED: expected text", id="class-var"),
        pytest.param(
            Rated, {"RATES": {"pin": 5}}, "RATES.pin: expected text", id="pin"
        ),
        pytest.param(Rated, {"RATES": {}}, "RATES.pin: required", id="required"),
    ],
)
def test_what_qualifies_a_type_hides_none(
    schema: type[t.Any], values: dict[str, t.Any], expected: str, problems: Problems
) -> None:
    """``Final``, ``ClassVar`` and ``Required`` say how it is meant, not what it is."""
    (found,) = problems(ConfigLoader(Values(values), schema=schema))

    assert str(found).startswith(expected)


class Slots:
    """A schema that names its attributes twice."""

    __slots__ = ("PORT",)
    PORT: int


def test_a_slot_is_no_default(app: Flask, problems: Problems) -> None:
    """What stands in the class for it is no value."""
    (found,) = problems(ConfigLoader(schema=Slots))

    assert str(found) == "PORT: required; it is not set"
    assert ConfigLoader(Values(PORT=1), schema=Slots).init_app(app).PORT == 1


@dataclasses.dataclass
class Initial:
    """A dataclass that asks for more than its fields."""

    HOME: dataclasses.InitVar[str]
    EMPTY: dataclasses.InitVar[str] = ""
    PORT: int = 1


def test_a_schema_that_cannot_be_made_is_told(app: Flask) -> None:
    """Not by a traceback of the constructor, after everything was read."""
    with pytest.raises(SetupError, match=r"Initial\.HOME: an InitVar is no field"):
        ConfigLoader(schema=Initial).init_app(app)

    with pytest.raises(SetupError, match="schema= takes a class"):
        ConfigLoader(schema=t.cast("t.Any", list[int]))

    with pytest.raises(SetupError, match="schema= takes a class"):
        ConfigLoader(schema=t.cast("t.Any", {"PORT": 1}))


class Odd:
    """What arrays of numbers do: there is no one answer."""

    __hash__ = None  # type: ignore[assignment]  # as for all that can change

    def __eq__(self, other: object) -> t.Any:
        raise ValueError("ambiguous")


class Held:
    """A schema for objects."""

    GIVEN: t.Any
    OWN: t.Any = Odd()


def test_what_cannot_be_compared_can_be_a_value(app: Flask) -> None:
    """A configuration may hold any object."""
    loader = ConfigLoader(Values(GIVEN=Odd()), Env("A_", environ={}), schema=Held)
    settings = loader.init_app(app)
    loaded = loader.loaded(app)

    assert app.config["OWN"] is settings.OWN
    assert [str(place) for place, _ in loaded.explain("GIVEN")] == ["object Values"]
    assert "A_GIVEN=" in example(app)
    app.config["GIVEN"] = Odd()
    assert str(loaded.explain("GIVEN")[0][0]) == "code app.config"
