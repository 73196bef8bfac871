"""The list of hooks, against what really runs."""

import functools
import typing as t
from collections.abc import Generator

import pytest
from flask import Blueprint
from flask import Flask
from flask import Response

from flask_toolkit.errors import SetupError
from flask_toolkit.lifecycle import HookInfo
from flask_toolkit.lifecycle import Lifecycle

Halves = Generator[None, Response, t.Any]


def _hook(said: list[str], name: str) -> t.Any:
    """Return a hook for any stage that says its name."""

    def hook(value: t.Any = None, _values: t.Any = None) -> t.Any:
        said.append(name)
        return value if isinstance(value, Response) else None

    hook.__qualname__ = name
    return hook


def _around(said: list[str], name: str) -> t.Any:
    def around() -> Halves:
        said.append(name)
        yield
        said.append(name)

    around.__qualname__ = name
    return around


def _view(said: list[str]) -> t.Any:
    def view() -> str:
        said.append("view")
        return "seen"

    view.__qualname__ = "view"
    return view


@pytest.fixture(name="big")
def _big(said: list[str]) -> tuple[Flask, Lifecycle]:
    """Return an application with every kind of hook, and its lifecycle."""
    app = Flask("shop")
    app.before_request(_hook(said, "earlier"))
    lifecycle = Lifecycle(app)
    child, parent = Blueprint("child", "child"), Blueprint("api", "api")
    child.add_url_rule("/item", "item", _view(said))

    for number, part in enumerate((app, parent, child, app)):
        name = f"{part.name} {number}"
        part.before_request(_hook(said, f"{name} before"))
        part.after_request(_hook(said, f"{name} after"))
        part.teardown_request(_hook(said, f"{name} teardown"))
        part.url_value_preprocessor(_hook(said, f"{name} values"))

    child.before_app_request(_hook(said, "everybody"))
    app.teardown_appcontext(_hook(said, "context 1"))
    app.teardown_appcontext(_hook(said, "context 2"))
    lifecycle.around_request(order=2)(_around(said, "inner"))
    lifecycle.around_request(_around(said, "outer"))
    lifecycle.around_request(order=1, blueprint="api")(_around(said, "api around"))
    lifecycle.around_request(blueprint="other")(_around(said, "other around"))
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    app.add_url_rule("/", "index", _view(said))
    return app, lifecycle


@pytest.mark.parametrize(
    ("endpoint", "path"), [("api.child.item", "/item"), ("index", "/")]
)
def test_the_list_is_what_runs(
    big: tuple[Flask, Lifecycle], said: list[str], endpoint: str, path: str
) -> None:
    """Name for name, of the application and of the blueprints."""
    app, lifecycle = big
    listed = [info for info in lifecycle.hooks(app) if info.endpoint == endpoint]
    with app.test_client().get(path):
        pass

    names = [info.name.removeprefix(f"{__name__}.") for info in listed]
    assert names == said
    assert said.count("view") == 1


def test_each_knows_its_stage_scope_and_line(big: tuple[Flask, Lifecycle]) -> None:
    """Where it is written, and whose requests it is for."""
    app, lifecycle = big
    infos = {
        (i.endpoint, i.stage, i.name.split(".")[-1]): i for i in lifecycle.hooks(app)
    }
    parent = infos["api.child.item", "before_request", "api 1 before"]
    around = infos["api.child.item", "around_request", "api around"]

    assert parent.scope == around.scope == "api"
    assert parent.where == f"{__file__}:{_hook.__code__.co_firstlineno + 3}"
    assert around.where.startswith(f"{__file__}:")
    assert infos["index", "around_request", "outer"].scope == ""


def test_partials_and_objects_have_names(app: Flask, lifecycle: Lifecycle) -> None:
    """What has no code has no line."""

    class Caller:
        def __call__(self) -> None: ...

    app.before_request(functools.partial(_hook, [], "x"))
    app.before_request(Caller())
    app.before_request(t.cast("t.Any", len))
    found = [i for i in lifecycle.hooks(app) if i.stage == "before_request"]
    names = [info.name.split(".")[-1] for info in found if info.endpoint == "index"]

    assert names == ["_hook", "Caller", "len"]
    assert [bool(info.where) for info in found[:3]] == [True, False, False]


def test_it_needs_the_lifecycle_of_that_app() -> None:
    """Another application has its own."""
    with pytest.raises(SetupError, match="init_app"):
        Lifecycle().hooks(Flask("other"))


def test_a_hook_is_a_row(lifecycle: Lifecycle, app: Flask) -> None:
    """The fields are the columns of the command."""
    assert isinstance(lifecycle.hooks(app)[0], HookInfo)
    assert HookInfo._fields == ("endpoint", "stage", "name", "where", "scope")
