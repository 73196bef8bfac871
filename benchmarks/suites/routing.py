"""A regular expression in a rule, and very many of them, beside other routers."""

from __future__ import annotations

import functools
import re
import typing as t

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter
from werkzeug.routing import Map
from werkzeug.routing import Rule

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import module
from benchmarks.model import Subject
from benchmarks.wsgi import ask
from benchmarks.wsgi import served
from flask_toolkit.routing import Converters
from flask_toolkit.routing import install_fast_matcher
from flask_toolkit.routing import pattern

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.routing import MapAdapter

    from benchmarks.model import Role

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


Find = t.Callable[[str], str | None]
"""From a path to the name of its route, ``None`` if there is none."""


class Layout(t.NamedTuple):
    """Rules with a regular expression each, all of them different."""

    many: int
    prefix: str = "/shop/"
    """What stands before the value; with ``{}``, each rule has its own."""

    @property
    def crowded(self) -> bool:
        """Whether many expressions stand side by side."""
        return self.many > 1 and "{}" not in self.prefix

    def rules(self) -> list[tuple[str, str, str]]:
        """Return name, prefix and regular expression of each."""
        return [
            (f"r{n}", self.prefix.format(n), f"r{n}-[a-z]+") for n in range(self.many)
        ]

    def path(self, number: int, value: str | None = None) -> str:
        """Return a path of one rule; a miss for a value that is no word."""
        return self.prefix.format(number) + (value or f"r{number}-word")


def _app(layout: Layout, *, fast: bool) -> Flask:
    app = Flask("shop", static_folder=None)

    if fast:
        install_fast_matcher(app)

    for name, prefix, regex in layout.rules():
        app.url_map.converters[name] = pattern(name, regex)
        app.add_url_rule(f"{prefix}<{name}:word>", name)

    return app


def werkzeug(layout: Layout, *, fast: bool = False) -> Find:
    """Ask the map of an application."""
    adapter = _app(layout, fast=fast).url_map.bind("shop.example")

    def find(path: str) -> str | None:
        try:
            endpoint: str = adapter.match(path)[0]
        except NotFound:
            return None

        return endpoint

    return find


def combined(layout: Layout) -> Find:
    """Match one expression that has all of them: the least code, by hand."""
    parts = (f"(?P<{n}>{re.escape(p)}{regex})" for n, p, regex in layout.rules())
    match = re.compile(f"(?:{'|'.join(parts)})\\Z").match

    def find(path: str) -> str | None:
        found = match(path)
        return None if found is None else found.lastgroup

    return find


def starlette(layout: Layout) -> Find:
    """Walk the routes as Starlette's router does."""
    convertors = module("starlette.convertors")
    routing = module("starlette.routing")
    routes = []

    for name, prefix, regex in layout.rules():
        made = type(name, (convertors.StringConvertor,), {"regex": regex})
        convertors.register_url_convertor(name, made())
        routes.append(routing.Route(f"{prefix}{{word:{name}}}", print, name=name))

    full = routing.Match.FULL

    def find(path: str) -> str | None:
        scope = {"type": "http", "method": "GET", "path": path, "root_path": ""}

        for route in routes:
            if route.matches(scope)[0] is full:
                name: str = route.name
                return name

        return None

    return find


def django(layout: Layout) -> Find:
    """Resolve as Django does."""
    settings = module("django.conf").settings

    if not settings.configured:
        settings.configure()

    urls = module("django.urls")
    resolvers = module("django.urls.resolvers")
    patterns = [
        urls.re_path(f"^{prefix[1:]}(?P<word>{regex})\\Z", print, name=name)
        for name, prefix, regex in layout.rules()
    ]
    resolver = resolvers.URLResolver(resolvers.RegexPattern("^/"), patterns)
    missing: type[Exception] = urls.Resolver404

    def find(path: str) -> str | None:
        try:
            name: str = resolver.resolve(path).url_name
        except missing:
            return None

        return name

    return find


def _found(make: Callable[[Layout], Find], layout: Layout, path: str) -> Subject:
    find = make(layout)

    def check() -> None:
        last = layout.many - 1
        expect(find(layout.path(last)) == f"r{last}", layout.path(last))
        expect(find(layout.path(0, "r0-")) is None, "a miss")

    return Subject(lambda: find(path), check)


def _many(name: str, layout: Layout, *, number: int, value: str | None = None) -> Case:
    of = functools.partial
    path = layout.path(number, value)

    def contestant(
        name: str,
        role: Role,
        make: Callable[[Layout], Find],
        needs: dict[str, str] | None = None,
    ) -> Contestant:
        made = of(_found, make, layout, path)
        return Contestant(name=name, role=role, make=made, needs=needs or {})

    return Case(
        suite="routing",
        name=name,
        contestants=(
            contestant("one expression", "limit", combined),
            contestant("Werkzeug", "peer", werkzeug),
            contestant("Starlette", "peer", starlette, {"starlette": "starlette"}),
            contestant("Django", "peer", django, {"django": "django"}),
            contestant("ours", "ours", of(werkzeug, fast=True)),
        ),
        # Werkzeug needs up to half a second for one of these.
        rounds=5 if layout.crowded else None,
        counted=not layout.crowded,
    )


CASES = [
    _case("match", match),
    _case("build", build),
    _case("request", request),
    _many("one rule", Layout(1), number=0),
    _many("1000 prefixes", Layout(1000, "/shop/{}/"), number=500),
    _many("last of 1000", Layout(1000), number=999),
    _many("miss of 1000", Layout(1000), number=0, value="none"),
    _many("miss of 5000", Layout(5000), number=0, value="none"),
]
