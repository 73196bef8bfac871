"""How commands name a place in a file."""

from __future__ import annotations

from pathlib import Path


def near(where: str) -> str:
    """Return ``file:line`` without the current folder, if it begins with that.

    >>> near(f"{Path.cwd() / 'shop.py'}:7"), near("/elsewhere/shop.py:7"), near("")
    ('shop.py:7', '/elsewhere/shop.py:7', '')
    """
    here, path = Path.cwd(), Path(where)
    return str(path.relative_to(here)) if path.is_relative_to(here) else where
