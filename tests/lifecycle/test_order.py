"""The order in which Flask calls what is registered, as recorded, on each release."""

import importlib.util
import typing as t
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "docs" / "_ext" / "recorded.py"


def _load() -> t.Any:
    spec = importlib.util.spec_from_file_location("recorded", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recorded = _load()
WRITTEN = recorded.recorded(recorded.minor())


@pytest.mark.parametrize("name", recorded.CASES)
def test_flask_does_what_was_recorded(name: str) -> None:
    """A release that changes the order is noticed before our users notice it."""
    assert recorded.record(name) == WRITTEN[name]


def test_every_case_is_recorded() -> None:
    """And nothing that is no case any more."""
    assert list(WRITTEN) == list(recorded.CASES)


@pytest.mark.parametrize("page", recorded.PAGES, ids=lambda page: page.stem)
def test_the_pages_show_what_was_recorded(page: Path) -> None:
    """To write them anew, run docs/_ext/recorded.py."""
    text = page.read_text("utf-8")

    assert recorded.names_in(text)
    assert recorded.rendered(text, recorded.recorded(recorded.SHOWN)) == text


def _steps(name: str, stage: str) -> list[str]:
    lines = WRITTEN[name].splitlines()
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{stage} ")]


def test_hooks_go_in_and_out() -> None:
    """Application, parent and child on the way in, the reverse on the way out."""
    inward = ["app_1", "app_2", "everybody", "parent", "child"]
    outward = ["child", "parent", "app_2", "app_1"]

    assert _steps("normal", "before_request") == inward
    assert _steps("normal", "after_request") == outward
    assert _steps("normal", "teardown_request") == outward
    assert _steps("normal", "teardown_appcontext") == ["context_2", "context_1"]


@pytest.mark.parametrize("name", ["answered-before", "before-raises"])
def test_all_after_hooks_run_after_a_short_way_in(name: str) -> None:
    """Also those whose before-hook never ran: why pairs need around_request."""
    assert len(_steps(name, "before_request")) == 2
    assert _steps(name, "after_request") == _steps("normal", "after_request")


def test_what_an_error_reaches() -> None:
    """A handled one is none for teardown; an unhandled one is told to all."""
    assert "got_request_exception" not in WRITTEN["abort"]
    assert "got NotFound" in WRITTEN["abort"]
    assert _steps("abort", "teardown_request") == _steps("normal", "teardown_request")
    assert "got_request_exception" in WRITTEN["unhandled"]
    assert "after_request" not in WRITTEN["unhandled-in-tests"]
    assert "after_request" in WRITTEN["unhandled"]


def test_after_hooks_run_twice_if_one_raises() -> None:
    """And the session is not saved."""
    assert (
        _steps("after-raises", "after_request")
        == [
            "child",
            "parent (raised LookupError)",
        ]
        * 2
    )
    assert "save_session" not in WRITTEN["after-raises"]


def test_a_stream_comes_after_the_teardown() -> None:
    """Unless it keeps the context, which is torn down at its end."""
    stream, kept = (
        [line.partition(" (")[0] for line in WRITTEN[name].splitlines()]
        for name in ("stream", "stream-with-context")
    )
    end = "appcontext_popped"

    assert stream.index(end) < stream.index("chunk first, no context")
    assert kept.index("chunk second, request context") < len(kept) - 2
    assert kept[-2:] == [end, "close"]
