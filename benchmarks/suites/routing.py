"""A regular expression in a rule, beside Werkzeug's own string converter."""

from __future__ import annotations

import functools
import typing as t

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter
from werkzeug.routing import Map
from werkzeug.routing import Rule

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import Subject
from benchmarks.wsgi import ask
from benchmarks.wsgi import served
from flask_toolkit.routing import Converters
from flask_toolkit.routing import pattern

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.routing import MapAdapter

__all__ = ["CASES"]

SKU = pattern("sku", r"[A-Z]{3}-\d{4}", examples=["ABC-0042"])
_PATH = "/shop/ABC-0042"
_BAD = "/shop/abc"


class Naive(BaseConverter):
    """The converter of the tutorials, for a fixed pattern."""

    regex = r"[A-Z]{3}-\d{4}"


_CONVERTERS: dict[str, type[BaseConverter]] = {
    "string": Map.default_converters["default"],
    "naive": Naive,
    "sku": SKU,
}


def _adapter(converter: str) -> MapAdapter:
    """Return a map of a small shop, with the rule in question in its middle."""
    rules = [
        Rule(f"/page-{number}/<int:id>", endpoint=f"page{number}")
        for number in range(10)
    ]
    rules.insert(5, Rule(f"/shop/<{converter}:code>", endpoint="item"))
    return Map(rules, converters=_CONVERTERS).bind("shop.example")


def match(converter: str) -> Subject:
    """Find the rule of a path."""
    adapter = _adapter(converter)

    def check() -> None:
        found = adapter.match(_PATH)
        expect(found == ("item", {"code": "ABC-0042"}), found)
        expect((converter == "string") is _matches(adapter, _BAD), _BAD)

    return Subject(lambda: adapter.match(_PATH), check)


def _matches(adapter: MapAdapter, path: str) -> bool:
    try:
        adapter.match(path)
    except NotFound:
        return False

    return True


def build(converter: str) -> Subject:
    """Build the path of a value."""
    adapter = _adapter(converter)
    values = {"code": "ABC-0042"}

    def check() -> None:
        built = adapter.build("item", values)
        expect(built == _PATH, built)

    return Subject(lambda: adapter.build("item", values), check)


def request(converter: str) -> Subject:
    """Serve a request."""
    app = Flask("shop")

    if converter == "sku":
        Converters(app, patterns=[SKU])
    else:
        app.url_map.converters[converter] = _CONVERTERS[converter]

    app.add_url_rule(f"/shop/<{converter}:code>", "item", lambda code: code)
    served_item = served(app, _PATH, body=b"ABC-0042")

    def check() -> None:
        served_item.check()
        status = ask(app, _BAD).status
        expect((converter == "string") is (status != NotFound.code), status)

    return Subject(served_item.run, check)


def _case(name: str, make: Callable[[str], Subject]) -> Case:
    of = functools.partial
    return Case(
        suite="routing",
        name=name,
        contestants=(
            Contestant(name="<string>", role="limit", make=of(make, "string")),
            Contestant(name="converter by hand", role="peer", make=of(make, "naive")),
            Contestant(name="ours", role="ours", make=of(make, "sku")),
        ),
    )


CASES = [_case("match", match), _case("build", build), _case("request", request)]
