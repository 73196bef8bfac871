"""Settings: keys in, one frozen object or all problems out."""

import contextlib
import re
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit._origins import Entry
from flask_toolkit._origins import Provenance
from flask_toolkit._settings import bind
from flask_toolkit._settings import declare
from flask_toolkit._settings import declared
from flask_toolkit._settings import MISSING
from flask_toolkit._settings import suggest
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import Origin
from flask_toolkit.typing import Constraint
from flask_toolkit.typing import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class CakeSettings:
    """Settings of a cake."""

    flour: str
    eggs: t.Annotated[int, "How many eggs", Constraint(lambda n: n > 0, "above 0")] = 3
    rest: timedelta = timedelta(minutes=30)
    vegan: bool = False
    toppings: tuple[str, ...] = ()
    recipe: t.Annotated[str, Secret] = "none"
    oven: str | None = field(default=None, repr=False)
    names: list[str] = field(default_factory=list)
    herbs: t.Annotated[str, Secret] | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not fit together."""
        if self.vegan and self.eggs > 1:
            yield "eggs", "a vegan cake has at most 1"


SPEC = declare("cake", CakeSettings)


def _bind(
    config: dict[str, t.Any], origins: Provenance | None = None, **options: t.Any
) -> t.Any:
    keys = {f"TOOLKIT_CAKE_{key}": value for key, value in config.items()}
    return bind(SPEC, keys, options=options, origins=origins)


def test_config_wins_over_option_and_option_over_default() -> None:
    """The deployment decides, then the constructor, then the class."""
    settings = _bind({"FLOUR": "rye", "EGGS": 1}, eggs=2, vegan=True)

    assert settings == CakeSettings(flour="rye", eggs=1, vegan=True)


def test_text_is_read_by_the_type_of_the_field() -> None:
    """What Flask's prefixed env leaves as text gets its right type."""
    settings = _bind(
        {"FLOUR": "rye", "VEGAN": "False", "REST": "1h", "TOPPINGS": "a, b"}
    )

    assert settings.vegan is False
    assert settings.rest == timedelta(hours=1)
    assert settings.toppings == ("a", "b")


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        pytest.param({}, "TOOLKIT_CAKE_FLOUR: required", id="missing"),
        pytest.param({"FLOUR": 1}, "expected text, got 1", id="type"),
        pytest.param({"FLUOR": "x"}, "did you mean TOOLKIT_CAKE_FLOUR?", id="typo"),
        pytest.param({"ZZZ": "x"}, "TOOLKIT_CAKE_ZZZ: no such setting", id="unknown"),
        pytest.param({"EGGS": 0}, "expected above 0, got 0", id="constraint"),
        pytest.param({"EGGS": "x"}, "expected an integer, got 'x'", id="text"),
        pytest.param(
            {"FLOUR": "x", "VEGAN": True}, "a vegan cake has at most 1", id="rule"
        ),
    ],
)
def test_a_bad_value_names_the_key(config: dict[str, t.Any], problem: str) -> None:
    """Each kind of mistake is one problem that says what would fit."""
    with pytest.raises(ConfigError, match=re.escape(problem)):
        _bind(config)


def test_all_problems_come_at_once() -> None:
    """One error carries the unknown, the missing and the malformed key."""
    with pytest.raises(ConfigError) as info:
        _bind({"EGGS": "x", "SUGAR": 1, "VEGAN": 7})

    assert [problem.key for problem in info.value.problems] == [
        "TOOLKIT_CAKE_SUGAR",
        "TOOLKIT_CAKE_FLOUR",
        "TOOLKIT_CAKE_EGGS",
        "TOOLKIT_CAKE_VEGAN",
    ]


@pytest.mark.parametrize("key", ["RECIPE", "OVEN"])
def test_a_secret_value_is_never_told(key: str) -> None:
    """The message of a malformed secret holds no part of its value."""
    with pytest.raises(ConfigError) as info:
        _bind({"FLOUR": "rye", key: ["canary"]})

    assert "canary" not in str(info.value)


@pytest.mark.parametrize(
    ("entry", "config", "options", "place"),
    [
        pytest.param(
            Entry(Origin("file", "cake.toml", 2), "x"),
            {"EGGS": "x"},
            {},
            "in cake.toml:2",
            id="file",
        ),
        pytest.param(None, {"EGGS": "x"}, {}, "in code app.config", id="code"),
        pytest.param(None, {}, {"eggs": "x"}, "in option cake(eggs=)", id="option"),
    ],
)
def test_a_problem_tells_where_the_value_came_from(
    entry: Entry | None, config: dict[str, t.Any], options: dict[str, t.Any], place: str
) -> None:
    """File and line, the configuration or the constructor."""
    origins = Provenance()

    if entry is not None:
        origins.add("TOOLKIT_CAKE_EGGS", entry)

    with pytest.raises(ConfigError, match=re.escape(place)):
        _bind({"FLOUR": "rye", **config}, origins, **options)


def test_a_broken_default_names_the_class() -> None:
    """A rule broken by defaults alone points at the settings class."""

    @dataclass(frozen=True)
    class Bad:
        size: int = 0

        def problems(self) -> Iterator[tuple[str, str]]:
            yield "size", "too small"

    with pytest.raises(ConfigError, match="in default Bad"):
        bind(declare("bad", Bad), {}, options={})


def test_a_typed_file_is_taken_at_its_word() -> None:
    """Text for an integer is a problem in TOML and fine from a variable."""
    typed = Provenance()
    typed.add("TOOLKIT_CAKE_EGGS", Entry(Origin("file", "cake.toml"), "2"))
    text = Provenance()
    text.add("TOOLKIT_CAKE_EGGS", Entry(Origin("env", "EGGS"), "2", is_text=True))

    assert _bind({"FLOUR": "rye", "EGGS": "2"}, text).eggs == 2
    with pytest.raises(ConfigError, match="expected an integer"):
        _bind({"FLOUR": "rye", "EGGS": "2"}, typed)


def test_fields_tell_what_they_are() -> None:
    """Key, help, secrecy and default stand in the spec."""
    fields = SPEC.fields

    assert fields["eggs"].help == "How many eggs"
    assert fields["eggs"].key == "TOOLKIT_CAKE_EGGS"
    assert {name for name, each in fields.items() if each.secret} == {
        *("recipe", "oven", "herbs")
    }
    assert fields["flour"].default is MISSING
    assert fields["names"].default == []


def test_declared_classes_are_known_by_name() -> None:
    """A class is declared once however often it is asked for."""
    assert declare("cake", CakeSettings) is SPEC
    assert declared()["cake"] == (SPEC,)


def test_the_shared_prefix_does_not_make_keys_alike() -> None:
    """Python's difflib at its default takes these two for one; we do not."""
    assert suggest("TOOLKIT_POOL_SIZE", ["TOOLKIT_JWT_ISSUER"]) is None


@given(
    st.dictionaries(
        st.sampled_from(["FLOUR", "EGGS", "REST", "VEGAN", "TOPPINGS", "NAMES", "X"]),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_any_value_gives_settings_or_a_config_error(config: dict[str, t.Any]) -> None:
    """No input makes bind fail in another way, or changes the input."""
    before = dict(config)

    with contextlib.suppress(ConfigError):
        assert isinstance(_bind(config), CakeSettings)

    assert config == before
