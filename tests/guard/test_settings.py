"""Settings: checked at start, all problems at once."""

import re

import pytest
from flask import Flask

from flask_toolkit.errors import ConfigError
from flask_toolkit.guard import GuardSettings
from flask_toolkit.guard import LoginGuard


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        pytest.param("MAX_AGE", 0, "at least one second", id="max-age"),
        pytest.param("IDLE_AGE", 0.1, "at least one second, or None", id="idle-age"),
        pytest.param("REFRESH_VIEW", "x", "needs TOOLKIT_GUARD_LOGIN_VIEW", id="view"),
        pytest.param("NEXT_PARAM", "", "must name a parameter", id="next"),
        pytest.param("CACHE_CONTROL", "a\r\nb: c", "printable ASCII", id="injection"),
        pytest.param("CACHE_CONTROL", "", "printable ASCII", id="no-cache-control"),
        pytest.param("REALM", 'a"', "without quotes", id="quote"),
        pytest.param("REALM", "é", "printable ASCII", id="realm"),
        pytest.param("ORIGIN_CHECK", "maybe", "'on', 'strict'", id="origin-check"),
        pytest.param("LOGIN_VEIW", "x", "did you mean", id="typo"),
    ],
)
def test_a_bad_value_stops_the_start(key: str, value: object, problem: str) -> None:
    """A value that cannot work names its key before the first request."""
    app = Flask("app")
    app.config[f"TOOLKIT_GUARD_{key}"] = value

    with pytest.raises(ConfigError, match=re.escape(problem)) as info:
        LoginGuard(app)

    assert [found.key for found in info.value.problems] == [f"TOOLKIT_GUARD_{key}"]


def test_the_key_wins_over_the_option() -> None:
    """The deployment decides over ``login_view=``."""
    app = Flask("app")
    app.config["TOOLKIT_GUARD_LOGIN_VIEW"] = "theirs"
    guard = LoginGuard[object](login_view="ours")
    guard.init_app(app)

    assert guard.settings_of(app).login_view == "theirs"


def test_defaults_fit() -> None:
    """A guard without any setting starts."""
    assert list(GuardSettings().problems()) == []


def test_a_named_guard_reads_its_own_keys() -> None:
    """``name`` is the prefix of the settings."""
    app = Flask("app")
    app.config["TOOLKIT_STAFF_REALM"] = "staff"
    app.config["TOOLKIT_GUARD_REALM"] = "shop"
    guard = LoginGuard[object](app, name="staff")

    assert guard.settings_of(app).realm == "staff"
