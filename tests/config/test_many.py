"""Lists and dicts of tables: typed, traceable and masked item by item."""

# ruff: noqa: RUF012  # a schema may have such defaults

import copy
import dataclasses
import json
import typing as t
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import Constraint
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import LoadedConfig
from flask_toolkit.config import Object
from flask_toolkit.config import Secret
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Source
from flask_toolkit.config import Values
from flask_toolkit.config._report import example
from flask_toolkit.config._report import rows

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]
CANARY = "canary-7f3a"
Port = t.Annotated[int, Constraint(lambda n: 0 < n < 65536, "1-65535")]
SOME = Constraint(lambda items: len(items) > 0, "at least one")


@dataclasses.dataclass
class Host:
    """A table as a dataclass."""

    name: str
    port: Port = 80
    pin: t.Annotated[str, Secret] = "0000"

    @property
    def address(self) -> str:
        """Return the address with the pin."""
        return f"{self.name}:{self.port}?{self.pin}"

    def __post_init__(self) -> None:
        if self.name == "refused":
            raise ValueError(f"refused with {self.pin}")


class Limit(t.TypedDict, total=False):
    """A table as a TypedDict."""

    rate: t.Required[int]
    burst: int


class Pool:
    """A table with a list and a table that has a default."""

    size: int
    hosts: list[Host] = [Host("default")]
    main: Host = Host("main", port=8)


class Many:
    """A schema with several tables a key."""

    HOSTS: list[Host] = []
    LIMITS: tuple[Limit, ...] = ()
    POOLS: dict[str, Pool] = {}
    MAYBE: t.Annotated[t.Annotated[list[Host], SOME] | None, "The others"] = None
    MORE: t.Annotated[Sequence[t.Annotated[Host, "one"]], SOME] = (Host("more"),)
    GAPS: list[Limit | None] = []
    NAMED: dict[t.Literal["a", "b"], Limit] = {}


def _load(app: Flask, *sources: Source) -> tuple[Many, LoadedConfig[Many]]:
    loader = ConfigLoader(*sources, schema=Many)
    return loader.init_app(app), loader.loaded(app)


def _env(**environ: str) -> Env:
    return Env("A_", environ={f"A_{key}": value for key, value in environ.items()})


TOML = """\
[[hosts]]
name = "a"

[[hosts]]
Name = "b"
port = 2
pin = "canary-7f3a"

[[limits]]
rate = 1

[pools.big]
size = 3

[[pools.big.hosts]]
name = "deep"
"""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a.toml", id="toml"),
        pytest.param("a.json", id="json"),
        pytest.param("a.yaml", id="yaml"),
    ],
)
def test_each_item_is_read_as_its_table(app: Flask, write: Write, name: str) -> None:
    """The settings hold objects, ``app.config`` plain tables with all defaults."""
    data = {
        "hosts": [{"name": "a"}, {"Name": "b", "port": 2, "pin": CANARY}],
        "limits": [{"rate": 1}],
        "pools": {"big": {"size": 3, "hosts": [{"name": "deep"}]}},
    }
    write(name, TOML if name == "a.toml" else json.dumps(data))

    settings, _ = _load(app, File(name))

    assert [Host("a"), Host("b", 2, CANARY)] == settings.HOSTS
    assert settings.LIMITS == ({"rate": 1},)
    assert settings.POOLS["big"].hosts == [Host("deep")]
    assert settings.POOLS["big"].main == Host("main", port=8)
    assert (Host("more"),) == settings.MORE
    assert settings.MAYBE is None
    assert app.config["HOSTS"][0] == {
        "name": "a",
        "port": 80,
        "pin": "0000",
        "address": "a:80?0000",
    }
    assert app.config["LIMITS"] == ({"rate": 1},)
    assert app.config["MORE"][0]["name"] == "more"


@pytest.mark.parametrize(
    ("environ", "key", "names"),
    [
        pytest.param({"HOSTS": '[{"name": "a"}]'}, "HOSTS", ["a"], id="list"),
        pytest.param({"HOSTS": ' [{"NAME":"a"},{"name":"b"}]'}, "HOSTS", "ab", id="2"),
        pytest.param({"HOSTS": ""}, "HOSTS", [], id="empty"),
        pytest.param({"MAYBE": '[{"name": "a"}]'}, "MAYBE", ["a"], id="maybe"),
    ],
)
def test_a_variable_holds_a_json_list(
    app: Flask, environ: dict[str, str], key: str, names: Sequence[str]
) -> None:
    """A list is given whole, as every list is."""
    settings, _ = _load(app, _env(**environ))

    assert [host.name for host in getattr(settings, key)] == list(names)


def test_an_empty_variable_takes_a_list_away_that_may_be_none(app: Flask) -> None:
    """An unset variable of a compose file is no list."""
    settings, _ = _load(app, Values(MAYBE=[{"name": "x"}]), _env(MAYBE=""))

    assert settings.MAYBE is None


def test_a_dict_of_tables_is_merged_and_has_variables(app: Flask) -> None:
    """Unlike a list: each of its tables has a name."""
    settings, _ = _load(
        app,
        Values(POOLS={"big": {"size": 1}}),
        _env(POOLS='{"small": {"size": 2}}', POOLS__BIG__SIZE="3"),
    )

    assert {name: pool.size for name, pool in settings.POOLS.items()} == {
        "big": 3,
        "small": 2,
    }


def test_items_of_a_list_may_be_none(app: Flask) -> None:
    """Where the type says so."""
    settings, _ = _load(app, Values(GAPS=[None, {"rate": 1}], NAMED={"a": {"rate": 2}}))

    assert settings.GAPS == [None, {"rate": 1}]
    assert settings.NAMED == {"a": {"rate": 2}}


def test_objects_stand_for_tables(app: Flask) -> None:
    """A list in code may hold instances; it is not changed."""
    hosts = (Host("a"), Host("b"))
    before = copy.deepcopy(hosts)

    settings, _ = _load(app, Values(HOSTS=hosts))
    settings.HOSTS[0].port = 1
    app.config["HOSTS"][1]["port"] = 1

    assert hosts == before
    assert (Host("more"),) == Many.MORE


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            Values(HOSTS=[{"name": 1}]),
            ["HOSTS[0].name: expected text, got 1\n  in object Values"],
            id="type",
        ),
        pytest.param(
            Values(HOSTS=[{"name": "a"}, {"name": "b", "port": 0}]),
            ["HOSTS[1].port: expected 1-65535, got 0\n  in object Values"],
            id="constraint",
        ),
        pytest.param(
            Values(HOSTS=[{"port": 1}]),
            ["HOSTS[0].name: required\n  in object Values"],
            id="required",
        ),
        pytest.param(
            Values(POOLS={"x": {"hosts": [{}]}}),
            [
                "POOLS.x.size: required; it is not set",
                "POOLS.x.hosts[0].name: required\n  in object Values",
            ],
            id="required-deep",
        ),
        pytest.param(
            Values(HOSTS=[{"named": "a"}]),
            [
                (
                    "HOSTS[0].named: unknown key\n  in object Values\n"
                    "  hint: did you mean name?"
                )
            ],
            id="typo",
        ),
        pytest.param(
            Values(HOSTS=[{"name": "a", "address": "x"}]),
            [
                (
                    "HOSTS[0].address: computed by Host; it cannot be set\n"
                    "  in object Values"
                )
            ],
            id="computed",
        ),
        pytest.param(
            Values(HOSTS=[{"name": "a", "Name": "b"}]),
            ["HOSTS[0].name: 'name' and 'Name' set the same key\n  in object Values"],
            id="twice",
        ),
        pytest.param(
            Values(HOSTS=["a"]),
            ["HOSTS[0]: expected a table\n  in object Values"],
            id="no-table",
        ),
        pytest.param(
            Values(HOSTS={"name": "canary"}),
            ["HOSTS: expected a list of tables\n  in object Values"],
            id="no-list",
        ),
        pytest.param(
            Values(HOSTS=None),
            ["HOSTS: expected a list of tables\n  in object Values"],
            id="none",
        ),
        pytest.param(
            Values(POOLS=["canary"]),
            [
                (
                    "POOLS: a table is there; one value cannot replace it\n"
                    "  in object Values\n"
                    "  hint: set before in default Many"
                )
            ],
            id="no-dict",
        ),
        pytest.param(
            Values(NAMED={"c": {"rate": 1}}),
            ["NAMED: expected one of 'a', 'b'\n  in object Values"],
            id="name-of-a-dict",
        ),
        pytest.param(
            _env(MAYBE="[]"),
            ["MAYBE: expected at least one\n  in env A_MAYBE"],
            id="constraint-of-some",
        ),
        pytest.param(
            Values(MORE=[]),
            ["MORE: expected at least one\n  in object Values"],
            id="constraint-of-all",
        ),
        pytest.param(
            Values(HOSTS=[{"name": "refused", "pin": "canary"}]),
            ["HOSTS[0]: the values do not fit together\n  in computed Host"],
            id="post-init",
        ),
        pytest.param(
            _env(HOSTS="canary,canary"),
            ["HOSTS: expected a JSON list of tables\n  in env A_HOSTS"],
            id="commas",
        ),
        pytest.param(
            _env(HOSTS='[{"pin": "canary"'),
            ["HOSTS: expected a JSON list\n  in env A_HOSTS"],
            id="broken",
        ),
        pytest.param(
            _env(HOSTS__0__NAME="a"),
            [
                (
                    "HOSTS: expected a list, not parts of it\n"
                    "  in env A_HOSTS__0__NAME\n"
                    "  hint: a list is given whole: a,b or a JSON list"
                )
            ],
            id="number-in-a-variable",
        ),
    ],
)
def test_a_problem_names_the_item(
    problems: Problems, source: Source, expected: list[str]
) -> None:
    """Each leaf has its number; no value of a table is told."""
    found = problems(ConfigLoader(source, schema=Many))

    assert [str(problem) for problem in found] == expected


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        pytest.param("a.toml", TOML.replace("port = 2", "port = 0"), 6, id="toml"),
        pytest.param(
            "a.toml", 'hosts = [\n{name="a"},\n{name="b",port=0}]', 3, id="in"
        ),
        pytest.param(
            "a.json",
            '{"HOSTS": [{"name": "a"},\n{"name": "b",\n"port": 0}]}',
            3,
            id="j",
        ),
        pytest.param("a.yaml", "HOSTS:\n- name: a\n- name: b\n  port: 0", 4, id="yaml"),
    ],
)
def test_a_problem_tells_the_line_of_the_item(
    problems: Problems, write: Write, name: str, text: str, place: int
) -> None:
    """Not that of the first item."""
    write(name, text)

    (found,) = problems(ConfigLoader(File(name), schema=Many))

    assert found.key == "HOSTS[1].port"
    assert str(found.origin) == f"{name}:{place}"


def test_what_code_left_as_text_is_no_list_of_tables(app: Flask) -> None:
    """Nothing gets past the plan of the table."""
    app.config["HOSTS"] = '[{"named": "x"}]'

    with pytest.raises(ValueError, match="HOSTS: expected a list of tables"):
        _load(app)


def test_a_list_replaces_the_one_below_it(app: Flask, write: Write) -> None:
    """What it replaced is told item by item; what is gone is not."""
    write("a.toml", TOML)

    settings, loaded = _load(app, File("a.toml"), _env(HOSTS='[{"name": "z"}]'))

    assert [Host("z")] == settings.HOSTS
    assert [str(origin) for origin, _ in loaded.explain("HOSTS[0].name")] == [
        "env A_HOSTS",
        "a.toml:2",
    ]
    assert [str(origin) for origin, _ in loaded.explain("HOSTS[0].port")] == [
        "default Host"
    ]
    assert loaded.explain("HOSTS[1].name") == []


@pytest.mark.parametrize(
    ("last", "leaves"),
    [
        pytest.param(Values(HOSTS=[]), ["HOSTS"], id="empty"),
        pytest.param(Values(HOSTS=[{"name": "b"}]), None, id="again"),
    ],
)
def test_an_empty_list_is_a_leaf(
    app: Flask, last: Source, leaves: list[str] | None
) -> None:
    """So that its place is known."""
    _, loaded = _load(app, Values(HOSTS=[]), Values(HOSTS=[{"name": "a"}]), last)
    found = [leaf for leaf in loaded.leaves() if leaf.startswith("HOSTS")]
    names = ["name", "port", "pin", "address"]

    assert found == (leaves or [f"HOSTS[0].{name}" for name in names])


def test_what_changed_in_an_item_is_told(app: Flask) -> None:
    """Leaf by leaf, as for tables."""
    _, loaded = _load(app, Values(HOSTS=[{"name": "a"}], LIMITS=[{"rate": 1}]))

    app.config["HOSTS"][0]["port"] = 81
    app.config["LIMITS"][0]["rate"] = 2

    assert loaded.explain("HOSTS[0].port")[0] == (("code", "app.config", None), "81")
    assert loaded.explain("LIMITS[0].rate")[0] == (("code", "app.config", None), "2")
    app.config["HOSTS"].clear()
    assert loaded.explain("HOSTS[0].port")[0][0].kind == "default"
    app.config["HOSTS"] = {"a": 1}
    assert loaded.value("HOSTS[0].port") is None


class Hidden:
    """A schema whose tables are secret as a whole."""

    ALL: t.Annotated[list[Limit], Secret] = []
    ONE: t.Annotated[Pool, Secret]
    NONE: t.Annotated[str, Secret] | None = None
    INNER: list[t.Annotated[str, Secret]] = []
    PARTS: dict[str, t.Annotated[str, Secret]] = {}


def test_a_marker_covers_all_that_it_stands_at(app: Flask) -> None:
    """Also around a table or a list, and inside a union, list or dict."""
    values = Values(
        ALL=[{"rate": 71}],
        ONE={"size": 72, "hosts": [{"name": CANARY}]},
        NONE=CANARY,
        INNER=[CANARY],
        PARTS={"a": CANARY},
    )
    loader = ConfigLoader(values, schema=Hidden)
    loader.init_app(app)
    loaded = loader.loaded(app)
    told = repr((loaded.redacted(), [loaded.explain(key) for key in loaded.leaves()]))

    assert CANARY not in told
    assert "71" not in told
    assert "72" not in told


@pytest.mark.parametrize("reveal", [False, True])
def test_the_secrets_of_items_are_masked(
    app: Flask, write: Write, *, reveal: bool
) -> None:
    """In ``redacted()``, ``explain()`` and the command; the layer below too."""
    write("a.toml", TOML)
    write("run/HOSTS", '[{"name": "canary-7f3a", "pin": "canary-7f3a"}]')
    other = Flask("other", root_path=app.root_path)
    _, above = _load(app, File("a.toml"), Values(HOSTS=[{"name": "z"}, {"name": "y"}]))
    _, secret = _load(other, File("a.toml"), SecretsDir("run"))

    for loaded in (above, secret):
        told = [loaded.explain(leaf) for leaf in loaded.leaves()]
        assert CANARY not in repr((loaded.redacted(), told))

    found = {row.key: row.value for row in rows(other, reveal=reveal)}
    assert found["HOSTS[0].pin"] == (CANARY if reveal else "********")
    assert "HOSTS" not in found


def test_rows_of_items_are_in_order(app: Flask) -> None:
    """The tenth comes behind the second."""
    _load(app, Values(LIMITS=[{"rate": n} for n in range(11)]))

    found = [row.value for row in rows(app) if row.key.startswith("LIMITS")]

    assert found == [str(n) for n in range(11)]


def test_the_example_says_what_an_item_holds(app: Flask) -> None:
    """A default of objects is not printed: it may hold secrets."""
    ConfigLoader(_env(), schema=Many).init_app(app)

    text = example(app)

    assert (
        "# The others, a JSON list of objects with name port pin\n#A_MAYBE=\n" in text
    )
    assert "# a JSON list of objects with name port pin\n#A_HOSTS=[]\n" in text
    assert "# a JSON object of objects with size hosts main\n#A_POOLS={}\n" in text
    assert "#A_MORE=\n" in text


class Outer:
    """A schema with a table that may be None and has defaults inside."""

    POOL: Pool | None = None


def test_defaults_inside_a_table_that_was_none_count(app: Flask) -> None:
    """They did not, where the table itself has no default."""
    settings = ConfigLoader(Values(POOL={"size": 1}), schema=Outer).init_app(app)

    assert settings.POOL is not None
    assert settings.POOL.hosts == [Host("default")]
    assert settings.POOL.main == Host("main", port=8)


class Fixed:
    """A schema with shapes that hold no tables of their own."""

    PAIR: tuple[str, int] = ("", 0)
    LIST: list[int | str] = []
    TABLE: dict[str, int] = {}


def test_other_lists_are_as_before(app: Flask) -> None:
    """Only a list of tables is taken apart."""
    values = Values(PAIR=["a", 1], LIST=[1, "a"], TABLE={"a": 1})

    settings = ConfigLoader(values, Object(Fixed), schema=Fixed).init_app(app)

    assert (settings.PAIR, settings.LIST) == (("", 0), [])
    assert settings.TABLE == {"a": 1}


class Told:
    """Defaults and words of a careless author."""

    ADDRESS: t.Annotated[str, "where it is\nand stays"] = "redis://u:canary@h"
    HEADERS: dict[str, str] = {"token": "canary"}


def test_the_example_shows_no_secret_and_no_second_line(app: Flask) -> None:
    """What is copied sets nothing by itself, and a default may be an address."""
    ConfigLoader(Env("A_", environ={}), schema=Told).init_app(app)

    assert example(app) == "# where it is and stays\n#A_ADDRESS=\n#A_HEADERS=\n"
