"""The types of the stores, as a checker must see them. Never run."""

import typing as t
from datetime import timedelta

from flask import Flask
from redis import Redis

from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import open_store
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import SQLiteStore
from flask_toolkit.stores import Store
from flask_toolkit.stores import store_for
from flask_toolkit.stores import stores_of
from flask_toolkit.stores import StoreSettings


def check(app: Flask, client: Redis) -> None:
    """Every store keeps the protocol."""
    stores: list[Store] = [
        MemoryStore(max_items=1),
        SQLiteStore("store.db", timeout=timedelta(seconds=1)),
        RedisStore(client, "shop:"),
        RedisStore.from_url("redis://db", prefix="shop:", timeout=0.5),
    ]
    t.assert_type(open_store("memory://", max_items=1), Store)
    t.assert_type(store_for(app, "memory://"), Store)
    t.assert_type(stores_of(app), list[Store])
    t.assert_type(stores[0].get_many(["a"]), list[bytes | None])
    t.assert_type(stores[0].load("r"), dict[str, bytes] | None)
    t.assert_type(stores[0].save("r", {"f": b""}, ["g"], 1, create=True), bool)
    t.assert_type(StoreSettings().timeout, timedelta)
    open_store("memory://", items=1)  # type: ignore[call-arg]  # no such option
    stores[0].save("r", {"f": "text"}, (), 1)  # type: ignore[dict-item]  # not bytes
