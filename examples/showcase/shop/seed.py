"""What stands in the database at the first start."""

from __future__ import annotations

import typing as t

from flask_toolkit.guard import hash_password

if t.TYPE_CHECKING:
    import sqlite3

# An editor and a plain customer, so that a visitor can see both sides of a role.
USERS = [
    ("ada", "Ada Marlow", "customer editor"),
    ("sam", "Sam Okafor", "customer"),
]

PARTS = [
    (
        "DRV-0112",
        "Chainring 42T",
        "drivetrain",
        "Cold-forged and narrow-wide. Holds the chain on cobbles without a guide.",
        5900,
        14,
    ),
    (
        "DRV-0230",
        "Eleven-speed chain",
        "drivetrain",
        "Nickel-plated, 118 links, quick link in the box. Good for 4,000 km.",
        3450,
        32,
    ),
    (
        "BRK-0042",
        "Disc rotor 160 mm",
        "brakes",
        "Stainless, two-piece, six bolts. Quiet in the rain once bedded in.",
        2890,
        9,
    ),
    (
        "BRK-0107",
        "Brake pads, resin",
        "brakes",
        "A pair with springs. Soft on rotors, honest about wear.",
        1450,
        48,
    ),
    (
        "WHL-0700",
        "Touring wheel 28 in",
        "wheels",
        "Laced by hand, 36 spokes, brass nipples. Trued again free in year one.",
        18900,
        3,
    ),
    (
        "WHL-0032",
        "All-weather tyre",
        "wheels",
        "32 mm, reflective sidewall, a belt against glass. Rolls better than it looks.",
        4200,
        21,
    ),
    (
        "LGT-0015",
        "Dynamo front light",
        "lights",
        "80 lux, stands for four minutes at the red light, no battery to forget.",
        7900,
        6,
    ),
    (
        "LGT-0016",
        "Rear light",
        "lights",
        "Bolts to the mudguard. Brightens when you brake.",
        2650,
        0,
    ),
    (
        "BEL-0001",
        "Brass bell",
        "bells",
        "Spun from one sheet and tuned to A. Pedestrians smile.",
        2200,
        17,
    ),
    (
        "BEL-0007",
        "Commuter bell",
        "bells",
        "Small, black, loud enough for headphones.",
        1290,
        2,
    ),
    (
        "TLS-0440",
        "Multi-tool, 14 parts",
        "tools",
        "Chain breaker included. Every bit stays in its place in your pocket.",
        3900,
        25,
    ),
    (
        "TLS-0451",
        "Floor pump",
        "tools",
        "Steel barrel, wooden handle, a gauge you can read while standing.",
        6400,
        11,
    ),
]


def sow(connection: sqlite3.Connection, demo_password: str) -> None:
    """Insert the demo users and the catalogue."""
    connection.executemany(
        "INSERT INTO users (username, name, roles, password) VALUES (?, ?, ?, ?)",
        # Hashed one by one: the same password, but each with a salt of its own.
        [(*user, hash_password(demo_password)) for user in USERS],
    )
    connection.executemany("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)", PARTS)
