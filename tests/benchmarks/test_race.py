import re
import typing as t

import pytest
from flask import Flask
from flask import request
from flask import Response

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import Subject
from benchmarks.race import prepare
from benchmarks.race import race
from benchmarks.wsgi import ask
from benchmarks.wsgi import served


def _only(subject: Subject) -> Case:
    contestant = Contestant(name="cheat", role="peer", make=lambda: subject)
    return Case(suite="made-up", name="one", contestants=(contestant,))


@pytest.fixture(name="app")
def _app() -> Flask:
    """Return an application whose page lets everybody in."""
    app = Flask("shop")
    app.add_url_rule("/", "page", lambda: b"hello")
    return app


def test_who_is_not_installed_is_skipped_with_the_line_that_helps(case: Case) -> None:
    """A missing peer stops nobody, and the report says what to install."""
    subjects, skipped = prepare(case)

    assert list(subjects) == ["bare", "by hand", "ours"]
    assert skipped == ["rival skipped: pip install rival-dist"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param({"body": b"bye"}, "body b'hello'", id="body"),
        pytest.param({"status": 404}, "status 200", id="status"),
        pytest.param({"status": None}, "status 200", id="any-refusal"),
        pytest.param({"sends": "X-Id"}, "no X-Id", id="header"),
        pytest.param(
            {"refuses": [{"Cookie": "forged"}]}, "status 200 for ['Cookie']", id="open"
        ),
    ],
)
def test_who_does_not_do_the_job_does_not_take_part(
    app: Flask, options: dict[str, object], problem: str
) -> None:
    """An answer that is wrong, or a door that is open, ends the run."""
    subject = served(app, **options)  # type: ignore[arg-type]  # a table of options

    with pytest.raises(RuntimeError, match=re.escape(f"cheat: {problem}")):
        prepare(_only(subject))


def test_a_right_answer_takes_part(app: Flask) -> None:
    """Status, body and headers are as they should be."""
    subject = served(app, body=b"hello", sends="content-type")

    assert list(prepare(_only(subject))[0]) == ["cheat"]


def test_a_request_is_that_of_a_browser(app: Flask) -> None:
    """Headers arrive, and a body that must be closed is closed."""
    closed: list[str] = []

    def page() -> Response:
        extra = request.headers["X-Extra"]
        response = Response(iter([b"a", b"b"]))
        response.call_on_close(lambda: closed.append(extra))
        return response

    app.add_url_rule("/stream", "stream", page)
    answer = ask(app, "/stream", {"X-Extra": "1"})
    served(app, "/stream", {"X-Extra": "2"}).run()

    assert answer.body == b"ab"
    assert closed == ["1", "2"]


def test_a_plain_list_needs_no_close(app: Flask) -> None:
    """WSGI allows an answer that cannot be closed, and the old ``write``."""

    def plain(environ: object, start_response: t.Any) -> list[bytes]:
        start_response("200 OK", [])(b"")
        return [b"plain"]

    app.wsgi_app = plain  # type: ignore[method-assign]  # as Flask's docs do
    subject = served(app, body=b"plain")
    subject.run()
    subject.check()


def test_a_race_has_figures_of_all_who_ran(case: Case) -> None:
    """The case bounds the rounds; counted instructions and facts come along."""
    result = race(case, 50, kir={"bare": 1, "by hand": 2, "ours": 3})
    ours = result.row("ours")

    assert result.rounds == 3
    assert ours is not None
    assert (ours.over_kir, ours.facts) == (2, {"modules": 3})
    assert race(case, 1).rounds == 1
