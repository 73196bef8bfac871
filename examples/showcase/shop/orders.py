"""Orders: what customers bought."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import db
from .problems import OutOfStockError

if t.TYPE_CHECKING:
    from .parts import Part
    from .users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of one part."""

    id: int
    sku: str
    name: str
    quantity: int
    cents: int
    note: str
    placed_at: str

    @property
    def total(self) -> int:
        """Return the price of the whole order in cents."""
        return self.quantity * self.cents


def place(user: User, part: Part, quantity: int, note: str) -> int:
    """Take the parts from the shelf, write the order and return its number.

    :raises OutOfStockError: If the shelf does not hold that many.
    """
    connection = db.connect()

    with connection:
        # Test and change in one statement: of two customers who want the last
        # one, a single one gets it.
        taken = connection.execute(
            "UPDATE parts SET stock = stock - :n WHERE sku = :sku AND stock >= :n",
            {"n": quantity, "sku": part.sku},
        )

        if not taken.rowcount:
            raise OutOfStockError(
                f"We cannot supply {quantity} of “{part.name}” at the moment.",
                sku=part.sku,
            )

        order = connection.execute(
            "INSERT INTO orders (user_id, sku, quantity, cents, note, placed_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [user.id, part.sku, quantity, part.cents, note, db.now()],
        )

    return t.cast("int", order.lastrowid)


def of_user(user: User) -> list[Order]:
    """Return the orders of one user, newest first."""
    found = db.rows(
        "SELECT orders.id, sku, parts.name, quantity, orders.cents, note, placed_at"
        " FROM orders JOIN parts USING (sku) WHERE user_id = ?"
        " ORDER BY orders.id DESC",
        [user.id],
    )
    return [Order(**dict(row)) for row in found]
