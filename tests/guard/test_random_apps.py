"""Applications nobody thought of: the map says what a stranger really reaches."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from flask import Blueprint
from flask import Flask
from flask.views import MethodView
from flask.views import View
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit.guard import authenticated
from flask_toolkit.guard import guard_map
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import strangers

if t.TYPE_CHECKING:
    from flask.sansio.scaffold import Scaffold

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
Mark = t.Literal["none", "public", "require"]
marks: st.SearchStrategy[Mark] = st.sampled_from(["none", "public", "require"])


@dataclass(frozen=True)
class Area:
    """A blueprint: where it lies, how it is marked, and whether it has a guard."""

    parent: int
    mark: Mark
    guarded: bool


@dataclass(frozen=True)
class Page:
    """A route and its view."""

    area: int
    kind: t.Literal["function", "wrapped", "above", "async", "class", "methods"]
    mark: Mark
    base: Mark
    """The mark of a class above the view's own, and of what the view overrides."""

    inner: Mark
    """The mark of what runs inside of a class."""

    methods: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """An application before it is built."""

    guarded: bool
    origin: str
    areas: tuple[Area, ...]
    pages: tuple[Page, ...]


def marked(kind: Mark, target: t.Any) -> t.Any:
    """Return ``target`` with a mark."""
    if kind == "none":
        return target

    return public(target) if kind == "public" else require(role("boss"))(target)


areas = st.builds(Area, st.integers(-1, 1), marks, st.booleans())
pages = st.builds(
    Page,
    st.integers(-1, 2),
    st.sampled_from(["function", "wrapped", "above", "async", "class", "methods"]),
    marks,
    marks,
    marks,
    st.frozensets(st.sampled_from(METHODS), min_size=1),
)
plans = st.builds(
    Plan,
    st.booleans(),
    st.sampled_from(["on", "strict", "off"]),
    st.lists(areas, max_size=3).map(tuple),
    st.lists(pages, min_size=1, max_size=4).map(tuple),
)


class Built:
    """An application made from a plan, and the pages that were reached."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.reached: list[int] = []
        self.app = Flask("app", root_path="/nowhere", static_folder=None)
        self.app.config.update(SECRET_KEY="k" * 32, TESTING=True)
        # A child lies below an area that was made before it.
        self.parents = [
            min(area.parent, number - 1) for number, area in enumerate(plan.areas)
        ]
        self.blueprints = [
            marked(area.mark, Blueprint(f"b{number}", "b", url_prefix=f"/b{number}"))
            for number, area in enumerate(plan.areas)
        ]
        self._pages()
        self._areas()

        if plan.guarded:
            self._guard("guard", self.app)

    def _guard(self, name: str, target: Flask | Blueprint) -> None:
        key = f"TOOLKIT_{name.upper()}_ORIGIN_CHECK"
        self.app.config[key] = self.plan.origin
        guard = LoginGuard[object](name=name, require=authenticated)
        guard.user_loader(lambda id: None)
        guard.init_app(target)

    def _areas(self) -> None:
        for number, area in reversed(list(enumerate(self.plan.areas))):
            if area.guarded:
                self._guard(f"g{number}", self.blueprints[number])

            parent = self.parents[number]
            place = self.app if parent < 0 else self.blueprints[parent]
            place.register_blueprint(self.blueprints[number])

    def area_of(self, page: Page) -> int:
        """Return in which blueprint a page lies; -1: in none."""
        return min(page.area, len(self.blueprints) - 1)

    def _pages(self) -> None:
        for number, page in enumerate(self.plan.pages):
            area = self.area_of(page)
            place: Scaffold = self.app if area < 0 else self.blueprints[area]
            view, after = self._view(number, page)
            methods = None if page.kind == "methods" else page.methods
            place.add_url_rule(f"/p{number}", f"p{number}", view, methods=methods)
            after(view)

    def _view(
        self, number: int, page: Page
    ) -> tuple[t.Any, t.Callable[[t.Any], object]]:
        def reach(*_: object) -> str:
            self.reached.append(number)
            return "reached"

        async def reach_later() -> str:
            return reach()

        @functools.wraps(reach)
        def wrapper() -> str:
            return reach()

        if page.kind == "class":
            return self._class_of(page, {"dispatch_request": reach}), bool

        if page.kind == "methods":
            names = [method.lower() for method in page.methods]
            return self._class_of(page, dict.fromkeys(names, reach)), bool

        if page.kind == "above":
            # A mark above ``@app.route`` is set when the route is there already.
            return reach, lambda view: marked(page.mark, view)

        if page.kind == "wrapped":
            marked(page.mark, reach)
            return functools.update_wrapper(wrapper, reach), bool

        view = reach_later if page.kind == "async" else reach
        return marked(page.mark, view), bool

    def _class_of(self, page: Page, functions: dict[str, t.Any]) -> t.Any:
        parent = MethodView if page.kind == "methods" else View
        overridden = {name: marked(page.base, lambda self: "") for name in functions}
        base = marked(page.base, type("Base", (parent,), overridden))

        for function in set(functions.values()):
            marked(page.inner, function)

        cls = marked(page.mark, type("Page", (base,), functions))
        return cls.as_view("page")

    def is_open(self, page: Page) -> bool:
        """Tell whether a page is open, by the design's words (5.2)."""
        area = self.area_of(page)
        path: list[int] = []

        while area >= 0:
            path.insert(0, area)
            area = self.parents[area]

        guards = [number for number in path if self.plan.areas[number].guarded]

        if not guards and not self.plan.guarded:
            return True

        scope = path.index(guards[-1]) if guards else 0
        said: list[Mark] = []

        for depth, number in enumerate(path):
            mark = self.plan.areas[number].mark
            said.append("none" if depth < scope and mark == "public" else mark)

        if page.kind in {"class", "methods"}:
            # Being open is not inherited.
            inherited: Mark = "none" if page.base == "public" else page.base
            said += [inherited, page.mark, inherited, page.inner]
        else:
            said.append(page.mark)

        return [mark for mark in ("none", *said) if mark != "none"][-1:] == ["public"]


GET = frozenset({"GET"})
POST = frozenset({"POST"})
OVERRIDDEN = Page(-1, "methods", "none", "public", "none", GET)
INHERITED = Page(-1, "class", "none", "public", "none", GET)
INSIDE = Page(1, "function", "none", "none", "none", GET)
SENT = Page(-1, "function", "public", "none", "none", POST)
OUTSIDE = Area(-1, "public", guarded=False)
OWN_GUARD = Area(0, "none", guarded=True)


@settings(max_examples=80, deadline=None)
@given(plans)
@example(Plan(True, "on", (), (OVERRIDDEN, INHERITED)))
@example(Plan(True, "on", (OUTSIDE, OWN_GUARD), (INSIDE,)))
@example(Plan(True, "strict", (), (SENT,)))
def test_a_stranger_reaches_what_is_open_and_nothing_else(plan: Plan) -> None:
    """Map, probe, real requests and the design's words agree for every way in."""
    built = Built(plan)
    client = built.app.test_client()
    shown = {(one.method, one.rule): one.is_open for one in guard_map(built.app)}
    probed = {(one.method, one.rule): ok for one, ok in strangers(built.app)}
    assert shown == probed

    for rule in built.app.url_map.iter_rules():
        number = int(rule.rule.rpartition("/p")[2])
        page = plan.pages[number]

        for method in METHODS:
            built.reached.clear()
            client.open(rule.rule, method=method, headers=OWN_PAGE)
            is_shown = shown.get((method, rule.rule))

            if is_shown is None and method == "HEAD":
                is_shown = shown.get(("GET", rule.rule))

            assert (built.reached == [number]) is bool(is_shown)
            assert is_shown in (None, built.is_open(page))
