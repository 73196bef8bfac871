"""Parts: what the shop sells, and the pattern of their numbers."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask_toolkit.routing import pattern

from . import db

if t.TYPE_CHECKING:
    import sqlite3

# ``<sku:code>`` in a route. The examples are checked when this line runs, and
# url_for() refuses a value that does not match: no link can lead nowhere.
SKU = pattern("sku", r"[A-Z]{3}-\d{4}", examples=["BRK-0042"])

CATEGORIES = ("drivetrain", "brakes", "wheels", "lights", "bells", "tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One article of the catalogue."""

    sku: str
    name: str
    category: str
    blurb: str
    cents: int
    stock: int


def get(sku: str) -> Part | None:
    """Return one part."""
    found = db.row("SELECT * FROM parts WHERE sku = ?", [sku])
    return None if found is None else _part(found)


def search(text: str = "", category: str = "", *, limit: int = 50) -> list[Part]:
    """Return the parts that hold ``text``, in the order of their names."""
    found = db.rows(
        # instr(), because in LIKE a visitor's "%" would be a wildcard.
        "SELECT * FROM parts WHERE (category = :category OR :category = '')"
        " AND instr(lower(name || ' ' || sku || ' ' || blurb), lower(:text)) > 0"
        " ORDER BY name LIMIT :limit",
        {"text": text, "category": category, "limit": limit},
    )
    return [_part(row) for row in found]


def change(sku: str, *, blurb: str, cents: int, stock: int) -> None:
    """Store what an editor entered."""
    connection = db.connect()

    with connection:
        connection.execute(
            "UPDATE parts SET blurb = ?, cents = ?, stock = ? WHERE sku = ?",
            [blurb, cents, stock, sku],
        )


def _part(row: sqlite3.Row) -> Part:
    return Part(**dict(row))
