"""The base class: two apps, one instance, no leftovers."""

import asyncio
import functools
import gc
import re
import typing as t
import weakref
from dataclasses import dataclass
from dataclasses import field
from unittest.mock import AsyncMock

import pytest
from flask import Flask

from flask_toolkit._extension import Extension
from flask_toolkit._extension import is_async
from flask_toolkit._extension import kernel_settings
from flask_toolkit._extension import run_async
from flask_toolkit._extension import State
from flask_toolkit._settings import declare
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class LampSettings:
    """Settings of a lamp."""

    watts: int = 5
    key: str | None = field(default=None, repr=False)


class Lamp(Extension[LampSettings], component="lamp"):
    """A part that registers nothing."""


class Burnt(Lamp):
    """A part whose setup fails."""

    def setup(self, app: Flask, settings: LampSettings) -> State[LampSettings]:
        """Fail after having registered itself."""
        app.extensions["toolkit.lamp"] = State(self, settings)
        raise SetupError("burnt out")


def test_apps_do_not_share_settings() -> None:
    """One object reads each app's own config and keeps none."""
    first, second = Flask("first"), Flask("second")
    second.config["TOOLKIT_LAMP_WATTS"] = 60
    lamp = Lamp()
    lamp.init_app(first)
    lamp.init_app(second)

    assert lamp.settings_of(first).watts == 5
    assert lamp.settings_of(second).watts == 60


def test_settings_are_read_once() -> None:
    """A key changed after init_app has no effect."""
    app = Flask("shop")
    lamp = Lamp(app)
    app.config["TOOLKIT_LAMP_WATTS"] = 60

    assert lamp.settings_of(app).watts == 5


def test_a_second_registration_is_refused() -> None:
    """Two of one name would overwrite each other."""
    app = Flask("shop")
    Lamp(app)

    with pytest.raises(SetupError, match="Give the second Lamp another name="):
        Lamp(app)


def test_another_name_reads_other_keys() -> None:
    """A named second part has its own prefix, on the same app."""
    app = Flask("shop")
    app.config["TOOLKIT_DESK_WATTS"] = 7
    Lamp(app)
    desk = Lamp(app, name="desk")

    assert desk.settings_of(app).watts == 7
    assert repr(desk) == "<Lamp 'desk'>"


@pytest.mark.parametrize("names", [("lamp", "lamp_hall"), ("lamp_hall", "lamp")])
def test_one_name_must_not_begin_another(names: tuple[str, str]) -> None:
    """The keys of lamp_hall would read as unknown settings of lamp."""
    app = Flask("shop")
    Lamp(app, name=names[0])

    with pytest.raises(SetupError, match="Rename it, for example to 'hall'"):
        Lamp(app, name=names[1])


@pytest.mark.parametrize(
    "name", ["store", "config", "signing", "errors", "identity", "Lamp", "my lamp", ""]
)
def test_a_name_must_fit(name: str) -> None:
    """Reserved names and such that make no settings key are refused."""
    with pytest.raises(SetupError, match="cannot be the name of a component"):
        Lamp(name=name)


def test_what_is_not_attached_says_so() -> None:
    """Asking for another app's settings tells what to call."""
    lamp = Lamp(Flask("shop"))

    with pytest.raises(SetupError, match=re.escape("Call Lamp.init_app(app) first")):
        lamp.settings_of(Flask("other"))


def test_bad_config_can_be_mended() -> None:
    """A failed start leaves nothing behind, so the next try works."""
    app = Flask("shop")
    app.config["TOOLKIT_LAMP_WATTS"] = "bright"
    lamp = Lamp()

    with pytest.raises(ConfigError, match="TOOLKIT_LAMP_WATTS"):
        lamp.init_app(app)

    app.config["TOOLKIT_LAMP_WATTS"] = 6
    lamp.init_app(app)
    assert lamp.settings_of(app).watts == 6


def test_a_failed_setup_leaves_nothing() -> None:
    """What setup registered under the name goes away with its error."""
    app = Flask("shop")

    with pytest.raises(SetupError, match="burnt out"):
        Burnt(app)

    assert "toolkit.lamp" not in app.extensions
    assert Lamp(app).settings_of(app).watts == 5


def test_no_secret_in_repr() -> None:
    """Neither the part nor its settings show a key."""
    app = Flask("shop")
    app.config["TOOLKIT_LAMP_KEY"] = "canary"
    lamp = Lamp(app)

    assert "canary" not in repr(lamp) + repr(lamp.settings_of(app))


def test_a_freed_app_leaves_nothing() -> None:
    """The part does not keep the application alive."""
    app = Flask("shop")
    lamp = Lamp(app)
    gone = weakref.ref(app)

    del app
    gc.collect()
    assert gone() is None
    assert lamp.name == "lamp"


def test_a_part_must_name_its_settings() -> None:
    """A component whose settings class cannot be told is refused at once."""
    with pytest.raises(TypeError, match=re.escape("derive from Extension[")):

        class Nameless(Extension, component="nameless"):  # type: ignore[type-arg]  # the mistake
            """A class of no settings."""


class Awaited:
    """An object whose call is a coroutine; its class is called like any other."""

    async def __call__(self, word: str = "") -> str:
        """Answer with the word."""
        return word

    async def method(self) -> None:
        """Do nothing."""


class Plain:
    """An object that is called like a function."""

    def __call__(self) -> None:
        """Do nothing."""


async def _later() -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        pytest.param(_later, True, id="function"),
        pytest.param(functools.partial(_later), True, id="partial"),
        pytest.param(Awaited(), True, id="object"),
        pytest.param(functools.partial(Awaited(), "x"), True, id="partial-of-object"),
        pytest.param(Awaited().method, True, id="method"),
        pytest.param(Awaited().__call__, True, id="bound-call"),
        pytest.param(AsyncMock(), True, id="mock"),
        pytest.param(Awaited, False, id="class"),
        pytest.param(Plain(), False, id="plain-object"),
        pytest.param(Plain().__call__, False, id="plain-method"),
        pytest.param(functools.partial(print, "x"), False, id="plain-partial"),
        pytest.param(print, False, id="builtin"),
    ],
)
def test_what_is_async(function: t.Any, expected: bool) -> None:
    """Whether a call gives a coroutine, however the function is dressed."""
    assert is_async(function) is expected


@pytest.mark.parametrize("in_loop", [False, True], ids=["bare", "in-a-loop"])
def test_an_async_object_is_waited_for(in_loop: bool) -> None:
    """So is a partial of one, with and without a running loop."""
    app = Flask("shop")

    def ask() -> str:
        return run_async(app, functools.partial(Awaited(), "done"))

    async def main() -> str:
        return ask()

    assert (asyncio.run(main()) if in_loop else ask()) == "done"


def test_kernel_settings_are_read_at_first_use() -> None:
    """They are bound once per app, without an extension."""
    app = Flask("shop")
    app.config["TOOLKIT_BULB_WATTS"] = 9
    spec = declare("bulb", LampSettings)

    first: t.Any = kernel_settings(app, spec)
    app.config["TOOLKIT_BULB_WATTS"] = 10

    assert first.watts == 9
    assert kernel_settings(app, spec) is first
