"""Provenance: for each leaf every value it was given."""

from flask_toolkit._origins import Entry
from flask_toolkit._origins import Provenance
from flask_toolkit.errors import Origin

FILE = Origin("file", "a.toml")
ENV = Origin("env", "A_DB__PORT")


def test_the_last_entry_won() -> None:
    """Later layers win, and nothing is known of other leaves."""
    origins = Provenance()
    stronger = Entry(ENV, "2", is_text=True)
    origins.add("DB.port", Entry(FILE, 1))
    origins.add("DB.port", stronger)

    assert origins.of("DB.port") is stronger
    assert origins.of("DB") is None


def test_leaves_are_those_at_and_below_a_key() -> None:
    """A key that only begins alike is another key."""
    origins = Provenance()

    for path in ("DB", "DB.port", "DB.pool.size", "DB_URL", "OTHER"):
        origins.add(path, Entry(FILE, 1))

    assert list(origins.leaves("DB")) == ["DB", "DB.port", "DB.pool.size"]
    assert list(origins.leaves("DB.pool")) == ["DB.pool.size"]
    origins.forget("DB")
    assert list(origins.entries) == ["DB_URL", "OTHER"]


def test_the_exact_place_is_found_on_demand() -> None:
    """An entry knows its file at once, its line when somebody asks."""
    asked: list[int] = []

    def locate() -> Origin:
        asked.append(1)
        return FILE._replace(line=58)

    entry = Entry(FILE, 1, locate=locate)

    assert (entry.origin, asked) == (FILE, [])
    assert entry.located() == Origin("file", "a.toml", 58)
    assert Entry(ENV, 1).located() == ENV


def test_no_value_is_in_the_repr() -> None:
    """A provenance in a traceback tells how much it holds, not what."""
    origins = Provenance()
    origins.add("PIN", Entry(FILE, "canary"))

    assert repr(origins) == "<Provenance of 1 leaves>"
