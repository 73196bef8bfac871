"""Record what Flask does with a request, for the pages and for a test.

``python docs/_ext/recorded.py`` writes down what the installed Flask does, in
``tests/lifecycle/orders/``, and puts it into the pages if these show that release.
"""

from __future__ import annotations

import importlib.metadata
import re
import typing as t
from pathlib import Path

from flask import abort
from flask import after_this_request
from flask import Blueprint
from flask import Flask
from flask import has_app_context
from flask import has_request_context
from flask import request
from flask import Response
from flask import session
from flask import stream_with_context
from flask.sessions import SecureCookieSessionInterface
from werkzeug.routing import BaseConverter

from flask_toolkit.lifecycle import Lifecycle
from flask_toolkit.lifecycle import Trace

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

ROOT: t.Final = Path(__file__).parents[2]
PAGES: t.Final = (
    ROOT / "docs" / "explanation" / "order-of-a-request.md",
    ROOT / "docs" / "explanation" / "request-context.md",
)
SHOWN: t.Final = "3.1"
"""The minor release of Flask whose traces stand in the pages."""

_BLOCK: t.Final = re.compile(
    r"(<!-- trace: (?P<name>[\w-]+) -->\n```text\n).*?(```\n)", re.DOTALL
)


class Case(t.NamedTuple):
    """One trace: how the application is asked."""

    ask: Callable[[Flask], object]
    raises: bool = False
    """Whether failures go on to the server, as in debug mode."""


class BrokenConverter(BaseConverter):
    """A converter with a mistake."""

    def to_python(self, value: str) -> str:
        """Fail, in a way that does not mean "no match"."""
        raise LookupError(value)


class BrokenSession(SecureCookieSessionInterface):
    """A session store that is down."""

    def open_session(self, app: Flask, request: t.Any) -> t.Any:
        """Fail for one path."""
        if request.path == "/broken-session":
            raise LookupError("store")

        return super().open_session(app, request)


def _note(place: str) -> None:
    """Fail in a hook that the request names."""
    if request.args.get("fail") == place:
        raise LookupError(place)


def _hooks(app: Flask, part: Flask | Blueprint, name: str) -> None:
    """Register one hook of each kind, named after its part."""

    def preprocess(endpoint: str | None, values: dict[str, t.Any] | None) -> None: ...

    def before() -> str | None:
        _note(f"before {name}")
        return "answer" if request.args.get("answer") == name else None

    def after(response: Response) -> Response:
        _note(f"after {name}")
        return response

    def teardown(error: BaseException | None) -> None:
        _note(f"teardown {name}")

    for function in (preprocess, before, after, teardown):
        function.__qualname__ = name

    part.url_value_preprocessor(preprocess)
    part.before_request(before)
    part.after_request(after)
    part.teardown_request(teardown)


def _where() -> str:
    if has_request_context():
        return "request context"

    return "application context" if has_app_context() else "no context"


def make_app(marks: list[Trace]) -> Flask:
    """Return an application with everything that has an order.

    :param marks: Holds the trace that views write into.
    """
    app = Flask("recorded")
    app.config.update(SECRET_KEY="only-for-a-trace", TESTING=True)  # noqa: S106  # no secret
    app.session_interface = BrokenSession()
    app.url_map.converters["broken"] = BrokenConverter
    parent, child = Blueprint("parent", "parent"), Blueprint("child", "child")
    _hooks(app, app, "app_1")
    _hooks(app, app, "app_2")
    _hooks(app, parent, "parent")
    _hooks(app, child, "child")

    def everybody() -> None: ...

    def context_1(error: BaseException | None) -> None: ...

    def context_2(error: BaseException | None) -> None: ...

    child.before_app_request(everybody)
    app.teardown_appcontext(context_1)
    app.teardown_appcontext(context_2)
    _views(app, child, marks)
    _streams(app, marks)
    _answers(app, marks)
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    return app


def _views(app: Flask, child: Blueprint, marks: list[Trace]) -> None:
    @child.get("/item")
    def item() -> str:
        session["seen"] = True

        @after_this_request
        def add_header(response: Response) -> Response:
            response.call_on_close(lambda: marks[0].mark("call_on_close", _where()))
            return response

        if "abort" in request.args:
            abort(404)

        _note("view")
        return "item"

    app.add_url_rule("/broken/<broken:value>", "broken", item)


def _streams(app: Flask, marks: list[Trace]) -> None:
    def chunks() -> Iterator[str]:
        try:
            for text in ("first", "second"):
                marks[0].mark("chunk", f"{text}, {_where()}")
                yield text
        except GeneratorExit:
            marks[0].mark("chunk", f"left, {_where()}")
            raise

    @app.get("/stream")
    def stream() -> Response:
        return Response(chunks())

    @app.get("/context")
    def context() -> Response:
        return Response(stream_with_context(chunks()))


def _answers(app: Flask, marks: list[Trace]) -> None:
    @app.errorhandler(404)
    def not_found(error: Exception) -> tuple[str, int]:
        return "not found", 404

    @app.errorhandler(500)
    def failed(error: Exception) -> tuple[str, int]:
        return "failed", 500

    @app.cli.command("work")
    def work() -> None:
        marks[0].mark("command", _where())


def _get(path: str, method: str = "GET") -> Callable[[Flask], None]:
    def ask(app: Flask) -> None:
        try:
            with app.test_client().open(path, method=method) as answer:
                answer.get_data()
        except* LookupError:
            pass  # as it is, or in the group that Flask 3.2 makes of several

    return ask


def _leave(app: Flask) -> None:
    """Read the first chunk and go away."""
    answer = app.test_client().get("/context")
    next(iter(answer.response))
    answer.close()


def _keep(app: Flask) -> None:
    with app.test_client() as client, client.get("/item"):
        pass


def _push(app: Flask) -> None:
    with app.test_request_context("/item"):
        pass


def _inside(app: Flask) -> None:
    with app.app_context():
        _get("/item")(app)


CASES: t.Final = {
    "normal": Case(_get("/item")),
    "answered-before": Case(_get("/item?answer=app_2")),
    "abort": Case(_get("/item?abort=1")),
    "no-route": Case(_get("/nowhere")),
    "options": Case(_get("/item", "OPTIONS")),
    "unhandled": Case(_get("/item?fail=view")),
    "unhandled-in-tests": Case(_get("/item?fail=view"), raises=True),
    "before-raises": Case(_get("/item?fail=before app_2")),
    "after-raises": Case(_get("/item?fail=after parent")),
    "teardown-raises": Case(_get("/item?fail=teardown parent")),
    "converter-raises": Case(_get("/broken/x")),
    "session-raises": Case(_get("/broken-session")),
    "stream": Case(_get("/stream")),
    "stream-with-context": Case(_get("/context")),
    "client-leaves": Case(_leave),
    "with-client": Case(_keep),
    "command": Case(lambda app: app.test_cli_runner().invoke(args=["work"])),
    "test-request-context": Case(_push),
    "inside-a-context": Case(_inside),
}


def record(name: str) -> str:
    """Return the lines of one trace."""
    case, marks = CASES[name], list[Trace]()
    app = make_app(marks)
    app.config["PROPAGATE_EXCEPTIONS"] = case.raises
    app.logger.disabled = True  # failures are on purpose; no other app has this name

    with Lifecycle(app).trace(app) as trace:
        marks.append(trace)
        case.ask(app)

    return f"{trace}\n"


def minor() -> str:
    """Return the minor release of the installed Flask, such as ``3.1``."""
    return ".".join(importlib.metadata.version("flask").split(".")[:2])


def path_of(release: str) -> Path:
    """Return the file with the traces of a release."""
    return ROOT / "tests" / "lifecycle" / "orders" / f"{release}.txt"


def recorded(release: str) -> dict[str, str]:
    """Return the traces that were written down for a release."""
    text = path_of(release).read_text(encoding="utf-8")
    parts = re.split(r"^# (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rendered(page: str, traces: dict[str, str]) -> str:
    """Return the text of a page with these traces in their places."""
    return _BLOCK.sub(lambda found: found[1] + traces[found["name"]] + found[3], page)


def names_in(page: str) -> list[str]:
    """Return which traces a page shows."""
    return [found["name"] for found in _BLOCK.finditer(page)]


def main() -> None:
    """Write down what this Flask does."""
    traces = {name: record(name) for name in CASES}
    path = path_of(minor())
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"# {n}\n{lines}" for n, lines in traces.items()), "utf-8")

    if minor() == SHOWN:
        for page in PAGES:
            page.write_text(rendered(page.read_text("utf-8"), traces), "utf-8")


if __name__ == "__main__":
    main()
