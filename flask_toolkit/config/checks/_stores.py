"""Checks of the stores that the parts of an application share."""

from __future__ import annotations

import typing as t

from flask_toolkit._findings import Level
from flask_toolkit.errors import StoreUnavailableError

from ._rules import rule

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_toolkit._findings import Finding
    from flask_toolkit.typing import Store

    from ._facts import Facts

_KEY = "TOOLKIT_STORE_URL"
_KEEPS = "noeviction"


@rule("store.memory", "warning", "a store is memory, and nobody asked for it")
def memory(facts: Facts) -> Iterator[Finding]:
    """Find sessions and revocations that one process alone knows."""
    stores = [one for one in _opened(facts) if type(one).__name__ == "MemoryStore"]

    if stores and _KEY not in facts.config:
        yield facts.found(
            "store.memory",
            Level.WARNING,
            "What is stored is known to one process alone, and lost with it.",
            "Set it; to 'memory://' if there is only one process.",
            _KEY,
        )


@rule("store.eviction", "warning or info", "the Redis server drops what it was given")
def eviction(facts: Facts) -> Iterator[Finding]:
    """Find a server that forgets revocations when its memory is full."""
    for store in _opened(facts):
        ask = getattr(store, "eviction_policy", None)

        if ask is None:
            continue

        try:
            policy = ask()
        except StoreUnavailableError:
            yield facts.found(
                "store.eviction",
                Level.INFO,
                "The server was not asked what it does when its memory is full: it"
                " does not answer.",
                "Run this where the server can be reached.",
                _KEY,
            )
            continue

        if policy not in {"", _KEEPS}:
            yield facts.found(
                "store.eviction",
                Level.WARNING,
                f"When its memory is full, the server drops entries ({policy}):"
                " what was revoked is then good again.",
                f"Give it maxmemory-policy {_KEEPS}, and a server of its own.",
                _KEY,
            )


def _opened(facts: Facts) -> list[Store]:
    if "toolkit.stores" not in facts.app.extensions:
        return []

    from flask_toolkit.stores import stores_of

    return stores_of(facts.app)
