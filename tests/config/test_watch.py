"""In debug the checks that always run do so once, at the first request."""

import gc
import logging
import typing as t
import weakref
from collections.abc import Iterator

import pytest
from flask import Flask
from flask import request_started

from flask_toolkit import ConfigLoader
from flask_toolkit import Toolkit
from flask_toolkit.config import Values
from flask_toolkit.config.checks import check
from flask_toolkit.config.checks import Finding
from flask_toolkit.config.checks import Level

KEY = "vT3-qLx9_Rw2cYb7NfKe5JmHs8PdUaZg"


def _debugged(**config: t.Any) -> Flask:
    app = Flask("shop")
    app.debug = True
    app.config.update(SECRET_KEY=KEY, **config)
    return app


def _logged(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.name == "flask_toolkit.checks"
    ]


@pytest.mark.parametrize(
    "attach",
    [
        pytest.param(Toolkit, id="toolkit"),
        pytest.param(lambda app: ConfigLoader().init_app(app), id="loader"),
        pytest.param(lambda app: Toolkit(app, config=ConfigLoader()), id="both"),
    ],
)
def test_the_first_request_tells_what_is_wrong(
    caplog: pytest.LogCaptureFixture, attach: t.Any
) -> None:
    """At its level, the id first; the second request tells nothing."""
    app = _debugged(ENV="x")
    attach(app)
    client = app.test_client()

    assert _logged(caplog) == []
    assert client.get("/").status_code == 404
    [(level, line)] = _logged(caplog)
    assert level == logging.WARNING
    assert line == (
        "config.removed [ENV]: Flask reads it no more since 2.3. Use instead: debug, or"
        " a key of your own"
    )

    client.get("/")
    assert len(_logged(caplog)) == 1


def test_levels_become_those_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """An error is an error, an information an information."""
    app = _debugged()
    ConfigLoader().init_app(app)
    caplog.set_level(logging.INFO, "flask_toolkit.checks")

    @check(app)
    def shop(app: Flask) -> Iterator[Finding]:
        yield Finding("shop.a", Level.ERROR, "A.")
        yield Finding("shop.b", Level.INFO, "B.", "Hint.")

    app.test_client().get("/")

    assert _logged(caplog) == [
        (logging.ERROR, "shop.a: A. "),
        (logging.INFO, "shop.b: B. Hint."),
    ]


def test_only_debug_looks(caplog: pytest.LogCaptureFixture) -> None:
    """Outside of debug it does not exist: no receiver, no log line."""
    app = _debugged(ENV="x")
    app.debug = False
    Toolkit(app)

    assert not request_started.has_receivers_for(app)
    app.test_client().get("/")
    assert _logged(caplog) == []


def test_what_is_silenced_stays_silent(caplog: pytest.LogCaptureFixture) -> None:
    """As for the command."""
    app = _debugged(ENV="x", TOOLKIT_CONFIG_SILENCED_CHECKS=["config.removed"])
    ConfigLoader().init_app(app)

    app.test_client().get("/")

    assert _logged(caplog) == []


def test_a_change_too_late_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """The debug run sees what happened after the start."""
    app = _debugged()
    Toolkit(app)
    app.config["TOOLKIT_JWT_ISSUER"] = "late"

    app.test_client().get("/")

    [(_, line)] = _logged(caplog)
    assert line.startswith("config.late [TOOLKIT_JWT_ISSUER]: ")


def test_no_answer_is_changed(caplog: pytest.LogCaptureFixture) -> None:
    """Even if the checks cannot run at all."""
    app = _debugged()
    ConfigLoader(Values()).init_app(app)
    app.add_url_rule("/", "index", lambda: "fine")
    del app.extensions["toolkit.settings"]["config"]
    app.config["TOOLKIT_CONFIG_FAIL_LEVEL"] = "grave"

    assert app.test_client().get("/").text == "fine"
    [(level, line)] = _logged(caplog)
    assert (level, line) == (logging.ERROR, "the checks of 'shop' cannot run")


def test_two_first_requests_look_once(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever comes second finds it taken."""
    app = _debugged(ENV="x")
    ConfigLoader().init_app(app)
    watch = app.extensions["toolkit.checks-watch"]

    watch.look(app)
    watch.look(app)

    assert len(_logged(caplog)) == 1


def test_a_freed_app_leaves_nothing() -> None:
    """Neither the signal nor the checks keep it alive."""
    app = _debugged()
    Toolkit(app)
    ref = weakref.ref(app)

    del app
    gc.collect()

    assert ref() is None
