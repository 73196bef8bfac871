"""Mail, for want of a server: it is printed where the shop was started."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .users import User


def send(user: User, text: str) -> None:
    """Print what would be mailed.

    A real shop hands it to a queue: an answer that waits for the mail server
    tells by its time who has an account.
    """
    print(f"Mail to {user.username}:\n{text}\n", flush=True)
