"""Each check fires where it should, and nowhere else (design 5.4)."""

import subprocess
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Blueprint
from flask import Flask
from flask.sessions import SessionInterface
from werkzeug.debug import DebuggedApplication
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_toolkit import JWT
from flask_toolkit import LoginGuard
from flask_toolkit import MiddlewareStack
from flask_toolkit.config import by_environment
from flask_toolkit.config import ConfigError
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import FileFromEnv
from flask_toolkit.config import Object
from flask_toolkit.config import Secret
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Source
from flask_toolkit.config import Values
from flask_toolkit.config.checks import check
from flask_toolkit.config.checks import Finding
from flask_toolkit.config.checks import known_checks
from flask_toolkit.config.checks import Level
from flask_toolkit.config.checks import run_checks
from flask_toolkit.config.checks._rules import RULES
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import store_for

Write = Callable[[str, str | bytes], Path]
ERROR, WARNING, INFO = Level.ERROR, Level.WARNING, Level.INFO

GOOD_KEY = "vT3-qLx9_Rw2cYb7NfKe5JmHs8PdUaZg"
OTHER_KEY = "0aXq-7Lw_Vb4TnRy2KcJf9GmEs6PdHuZ"
GOOD: dict[str, t.Any] = {
    "SECRET_KEY": GOOD_KEY,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_NAME": "__Host-session",
    "TRUSTED_HOSTS": ["shop.example"],
    "SERVER_NAME": "shop.example",
    "PREFERRED_URL_SCHEME": "https",
    "MAX_CONTENT_LENGTH": 65536,
}


class Database:
    """A table with a secret."""

    host: str = "db"
    password: t.Annotated[str, Secret] = ""


class Settings:
    """A schema."""

    SECRET_KEY: t.Annotated[str, Secret] = ""
    DB: Database
    ON: bool = False


class Production:
    """A secret in code."""

    SECRET_KEY = GOOD_KEY


class Nobody(SessionInterface):
    """Another way to keep sessions."""


def _good(**config: t.Any) -> Flask:
    """Return an application in which no check finds anything."""
    app = Flask("shop", root_path="/srv/shop")
    app.config.update(GOOD, **config)
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]  # as documented
    return app


def _of(app: Flask, id: str, *, deploy: bool = True) -> list[Finding]:
    return [one for one in run_checks(app, deploy=deploy) if one.id == id]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLASK_DEBUG", "DEBUG", "TESTING", "SERVER_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_a_good_configuration_has_no_findings() -> None:
    """Whatever is found below is found because of what differs from this."""
    assert run_checks(_good(), deploy=True) == []


@pytest.mark.parametrize(
    ("id", "config", "level", "key"),
    [
        pytest.param("debug.enabled", {"DEBUG": True}, ERROR, "DEBUG", id="debug"),
        pytest.param("debug.testing", {"TESTING": True}, ERROR, "TESTING", id="test"),
        *(
            pytest.param("debug.propagate", {key: True}, WARNING, key, id=key)
            for key in (
                "PROPAGATE_EXCEPTIONS",
                "TRAP_HTTP_EXCEPTIONS",
                "TRAP_BAD_REQUEST_ERRORS",
            )
        ),
        *(
            pytest.param("debug.explain", {key: True}, INFO, key, id=key)
            for key in ("EXPLAIN_TEMPLATE_LOADING", "TEMPLATES_AUTO_RELOAD")
        ),
        pytest.param(
            "secret.known", {"SECRET_KEY": "dev"}, ERROR, "SECRET_KEY", id="dev"
        ),
        pytest.param(
            "secret.known",
            {"SECRET_KEY": b'_5#y2L"F4Q8z\n\xec]/'},
            ERROR,
            "SECRET_KEY",
            id="the key of Flask's quickstart",
        ),
        pytest.param(
            "secret.known",
            {
                "SECRET_KEY": "192b9bdd22ab9ed4d12e236c78afcb9a"
                "393ec15f71bbf5dc987d54727823bcbf"
            },
            ERROR,
            "SECRET_KEY",
            id="the key of Flask's documentation",
        ),
        pytest.param(
            "secret.known",
            {"SECRET_KEY_FALLBACKS": [" ChangeMe "]},
            ERROR,
            "SECRET_KEY_FALLBACKS",
            id="whatever its case",
        ),
        pytest.param(
            "secret.short", {"SECRET_KEY": "x9_Rw2cYb7Nf"}, ERROR, "SECRET_KEY", id="12"
        ),
        pytest.param(
            "secret.short",
            {"SECRET_KEY": GOOD_KEY[:31]},
            WARNING,
            "SECRET_KEY",
            id="31",
        ),
        pytest.param(
            "secret.short",
            {"SECRET_KEY_FALLBACKS": [GOOD_KEY[:15]]},
            ERROR,
            "SECRET_KEY_FALLBACKS",
            id="a fallback",
        ),
        pytest.param(
            "secret.weak",
            {"SECRET_KEY": "abcdabcdabcdabcdabcdabcdabcdabcd"},
            WARNING,
            "SECRET_KEY",
            id="monotonous",
        ),
        pytest.param(
            "secret.weak",
            {"SECRET_KEY": "please-change-me-vT3qLx9Rw2cYb7NfKe5J"},
            WARNING,
            "SECRET_KEY",
            id="placeholder",
        ),
        pytest.param(
            "secret.weak",
            {"SECRET_KEY": f"toolkit-insecure-{GOOD_KEY}"},
            WARNING,
            "SECRET_KEY",
            id="of the scaffold",
        ),
        pytest.param(
            "secret.reuse",
            {"SECRET_KEY_FALLBACKS": [GOOD_KEY]},
            WARNING,
            "SECRET_KEY_FALLBACKS",
            id="a fallback that is the key",
        ),
        pytest.param(
            "secret.fallbacks",
            {"SECRET_KEY_FALLBACKS": [f"{GOOD_KEY}{n}" for n in range(4)]},
            INFO,
            "SECRET_KEY_FALLBACKS",
            id="four fallbacks",
        ),
        pytest.param(
            "cookie.secure",
            {"SESSION_COOKIE_SECURE": False, "SESSION_COOKIE_NAME": "session"},
            WARNING,
            "SESSION_COOKIE_SECURE",
            id="not secure",
        ),
        *(
            pytest.param(
                "cookie.secure",
                {"SESSION_COOKIE_SECURE": False, "SESSION_COOKIE_NAME": name},
                ERROR,
                "SESSION_COOKIE_SECURE",
                id=name,
            )
            for name in ("__Host-s", "__Secure-s", "__host-s", "__SECURE-s")
        ),
        pytest.param(
            "cookie.secure",
            {
                "SESSION_COOKIE_SECURE": False,
                "SESSION_COOKIE_NAME": "s",
                "SESSION_COOKIE_SAMESITE": "None",
            },
            ERROR,
            "SESSION_COOKIE_SECURE",
            id="samesite none",
        ),
        pytest.param(
            "cookie.httponly",
            {"SESSION_COOKIE_HTTPONLY": False},
            WARNING,
            "SESSION_COOKIE_HTTPONLY",
            id="httponly",
        ),
        pytest.param(
            "cookie.samesite",
            {"SESSION_COOKIE_SAMESITE": None},
            WARNING,
            "SESSION_COOKIE_SAMESITE",
            id="samesite unset",
        ),
        pytest.param(
            "cookie.domain",
            {"SESSION_COOKIE_DOMAIN": "shop.example", "SESSION_COOKIE_NAME": "s"},
            WARNING,
            "SESSION_COOKIE_DOMAIN",
            id="domain",
        ),
        pytest.param(
            "cookie.domain",
            {"SESSION_COOKIE_DOMAIN": "shop.example"},
            ERROR,
            "SESSION_COOKIE_DOMAIN",
            id="domain of a __Host- cookie",
        ),
        pytest.param(
            "cookie.prefix",
            {"SESSION_COOKIE_NAME": "session"},
            INFO,
            "SESSION_COOKIE_NAME",
            id="prefix",
        ),
        pytest.param(
            "cookie.prefix",
            {"SESSION_COOKIE_NAME": "__host-s", "SESSION_COOKIE_PATH": "/shop"},
            ERROR,
            "SESSION_COOKIE_PATH",
            id="prefix below a path",
        ),
        pytest.param(
            "cookie.lifetime",
            {"PERMANENT_SESSION_LIFETIME": timedelta(days=32)},
            INFO,
            "PERMANENT_SESSION_LIFETIME",
            id="32 days",
        ),
        pytest.param(
            "cookie.lifetime",
            {"PERMANENT_SESSION_LIFETIME": 10**18},
            INFO,
            "PERMANENT_SESSION_LIFETIME",
            id="for ever",
        ),
        pytest.param(
            "cookie.partitioned",
            {"SESSION_COOKIE_PARTITIONED": True},
            WARNING,
            "SESSION_COOKIE_PARTITIONED",
            id="partitioned",
        ),
        pytest.param(
            "cookie.size", {"MAX_COOKIE_SIZE": 0}, WARNING, "MAX_COOKIE_SIZE", id="off"
        ),
        pytest.param(
            "cookie.size",
            {"MAX_COOKIE_SIZE": 9000},
            WARNING,
            "MAX_COOKIE_SIZE",
            id="9000",
        ),
        pytest.param(
            "host.trusted", {"TRUSTED_HOSTS": []}, WARNING, "TRUSTED_HOSTS", id="hosts"
        ),
        pytest.param(
            "host.server_name", {"SERVER_NAME": None}, INFO, "SERVER_NAME", id="name"
        ),
        pytest.param(
            "host.server_name",
            {"SERVER_NAME": "https://shop.example"},
            WARNING,
            "SERVER_NAME",
            id="name with a scheme",
        ),
        pytest.param(
            "host.scheme",
            {"PREFERRED_URL_SCHEME": "http"},
            WARNING,
            "PREFERRED_URL_SCHEME",
            id="scheme",
        ),
        pytest.param(
            "limit.body",
            {"MAX_CONTENT_LENGTH": None},
            WARNING,
            "MAX_CONTENT_LENGTH",
            id="body",
        ),
        *(
            pytest.param("limit.form", {key: None}, WARNING, key, id=key)
            for key in ("MAX_FORM_MEMORY_SIZE", "MAX_FORM_PARTS")
        ),
        pytest.param(
            "config.unattached",
            {"TOOLKIT_JWT_ISSUER": "shop"},
            INFO,
            "TOOLKIT_JWT_ISSUER",
            id="of a part that is not there",
        ),
        pytest.param(
            "config.unattached",
            {"TOOLKIT_QQQQ_WWWW": "shop"},
            WARNING,
            "TOOLKIT_QQQQ_WWWW",
            id="of no part",
        ),
    ],
)
def test_a_key_is_found_for_deployment(
    id: str, config: dict[str, t.Any], level: Level, key: str
) -> None:
    """One changed key gives this finding, of this level, with a hint, and only so."""
    [found] = _of(_good(**config), id)

    assert (found.level, found.key) == (level, key)
    assert found.message
    assert found.hint
    assert _of(_good(**config), id, deploy=False) == []


@pytest.mark.parametrize(
    ("id", "config", "level", "key"),
    [
        pytest.param(
            "debug.type",
            {"SESSION_COOKIE_SECURE": "False"},
            ERROR,
            "SESSION_COOKIE_SECURE",
            id="a text for a bool",
        ),
        pytest.param(
            "debug.type",
            {"TEMPLATES_AUTO_RELOAD": "no"},
            ERROR,
            "TEMPLATES_AUTO_RELOAD",
            id="a text for a bool or None",
        ),
        pytest.param(
            "secret.missing", {"SECRET_KEY": None}, ERROR, "SECRET_KEY", id="no key"
        ),
        pytest.param(
            "secret.missing", {"SECRET_KEY": ""}, ERROR, "SECRET_KEY", id="empty key"
        ),
        pytest.param(
            "secret.type", {"SECRET_KEY": 123456}, ERROR, "SECRET_KEY", id="number"
        ),
        pytest.param(
            "secret.fallbacks",
            {"SECRET_KEY_FALLBACKS": "old"},
            ERROR,
            "SECRET_KEY_FALLBACKS",
            id="fallbacks in one text",
        ),
        pytest.param(
            "cookie.samesite",
            {"SESSION_COOKIE_SAMESITE": "Laxx"},
            ERROR,
            "SESSION_COOKIE_SAMESITE",
            id="laxx",
        ),
        pytest.param(
            "cookie.lifetime",
            {"PERMANENT_SESSION_LIFETIME": "1 day"},
            ERROR,
            "PERMANENT_SESSION_LIFETIME",
            id="a text as lifetime",
        ),
        *(
            pytest.param(
                "host.trusted",
                {"TRUSTED_HOSTS": hosts},
                ERROR,
                "TRUSTED_HOSTS",
                id=repr(hosts),
            )
            for hosts in (["*"], ["https://shop.example"], "shop.example")
        ),
        *(
            pytest.param("config.removed", {key: 1}, WARNING, key, id=key)
            for key in (
                "ENV",
                "JSON_AS_ASCII",
                "JSON_SORT_KEYS",
                "JSONIFY_MIMETYPE",
                "JSONIFY_PRETTYPRINT_REGULAR",
                "PRESERVE_CONTEXT_ON_EXCEPTION",
                "LOGGER_NAME",
                "LOGGER_HANDLER_POLICY",
            )
        ),
        pytest.param(
            "config.typo", {"SECRET_KEYS": "x"}, WARNING, "SECRET_KEYS", id="flask's"
        ),
        pytest.param(
            "config.typo",
            {"TOOLKIT_JWT_ISUER": "x"},
            WARNING,
            "TOOLKIT_JWT_ISUER",
            id="of a part",
        ),
    ],
)
@pytest.mark.parametrize("deploy", [False, True])
def test_a_key_is_always_found(
    id: str, config: dict[str, t.Any], level: Level, key: str, *, deploy: bool
) -> None:
    """These are wrong on every machine, so debug tells of them, too."""
    [found] = _of(_good(**config), id, deploy=deploy)

    assert (found.level, found.key) == (level, key)
    assert found.hint


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"SESSION_COOKIE_SAMESITE": "strict"}, id="case of samesite"),
        pytest.param({"PERMANENT_SESSION_LIFETIME": 3600}, id="seconds"),
        pytest.param(
            {"SESSION_COOKIE_PATH": "/shop", "SESSION_COOKIE_NAME": "s"},
            id="a prefix is impossible",
        ),
        pytest.param({"TRUSTED_HOSTS": [".shop.example"]}, id="a domain"),
        pytest.param({"SECRET_KEY_FALLBACKS": (OTHER_KEY,)}, id="a tuple"),
        pytest.param({"MAX_COOKIE_SIZE": 4000}, id="a smaller cookie"),
        pytest.param({"OWN_KEY_OF_THE_SHOP": "False"}, id="an own key"),
        pytest.param(
            {"SESSION_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SAMESITE": "None"},
            id="a partitioned cookie for frames",
        ),
    ],
)
def test_a_fine_value_is_not_found(config: dict[str, t.Any]) -> None:
    """What is meant, and works, is no finding."""
    assert run_checks(_good(**config), deploy=True) == []


def test_debug_from_outside_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """FLASK_DEBUG would switch it on at the next start; ``0`` would not."""
    monkeypatch.setenv("FLASK_DEBUG", "0")
    assert _of(_good(), "debug.enabled") == []

    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert _of(_good(), "debug.enabled")


def test_the_debugger_is_found_below_other_layers() -> None:
    """Whatever the configuration says, and whatever stands around it."""
    app = _good()
    app.wsgi_app = DebuggedApplication(app.wsgi_app)  # type: ignore[method-assign]  # as documented
    MiddlewareStack(app)
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]  # as documented

    [found] = _of(app, "debug.werkzeug")

    assert found.level is ERROR


def test_layers_in_a_circle_end() -> None:
    """A layer that leads back to itself, or to the application, is no loop."""
    app = _good()
    layer = ProxyFix(app)
    layer.app = layer
    app.wsgi_app = layer  # type: ignore[method-assign]  # as documented

    assert run_checks(app, deploy=True) == []


def test_proxies_are_counted() -> None:
    """Without ProxyFix, and with several hops, the addresses may be wrong."""
    bare = Flask("shop")
    several = _good()
    several.wsgi_app = ProxyFix(several.wsgi_app, x_for=2)  # type: ignore[method-assign]  # as documented
    stack = Flask("shop")
    stack.config["TOOLKIT_MIDDLEWARE_PROXY_FIX"] = {"x_for": 1}
    MiddlewareStack(stack)

    assert [one.level for one in _of(bare, "proxy.fix")] == [INFO]
    assert "2 proxies" in _of(several, "proxy.fix")[0].message
    assert _of(stack, "proxy.fix") == []


def test_a_key_for_other_sessions_is_less_grave() -> None:
    """Without Flask's cookie, links and tokens alone miss the key."""
    app = _good(SECRET_KEY=None)
    app.session_interface = Nobody()

    assert [one.level for one in _of(app, "secret.missing")] == [WARNING]


def test_a_boolean_of_the_schema_is_found_as_text(app: Flask) -> None:
    """Set behind the loader's back."""
    ConfigLoader(schema=Settings).init_app(app)
    app.config["ON"] = "no"

    [found] = _of(app, "debug.type", deploy=False)

    assert found.key == "ON"
    assert str(found.origin) == "code app.config"


def test_a_declared_key_is_not_removed(app: Flask) -> None:
    """Who has a key of that name in the schema reads it."""

    class Own:
        ENV: str = "production"

    ConfigLoader(schema=Own).init_app(app)

    assert _of(app, "config.removed") == []


def test_an_allowed_key_is_no_typo(app: Flask) -> None:
    """Literal names and globs are known."""
    loader = ConfigLoader(Values(SECRET_KEYS=1), schema=Settings, allow=["SECRET_*"])
    loader.init_app(app)

    assert _of(app, "config.typo") == []


def test_a_key_of_a_mistyped_part_is_one_finding() -> None:
    """It is told as a typo, not as a part that nobody has as well."""
    app = _good(TOOLKIT_JTW_ISSUER="shop")

    assert [one.id for one in run_checks(app, deploy=True)] == ["config.typo"]


def test_a_change_after_the_start_is_found() -> None:
    """A setting was read before; one that is set for the first time counts."""
    app = _good(TOOLKIT_MIDDLEWARE_TRUST_INBOUND=True)
    MiddlewareStack(app)
    assert _of(app, "config.late", deploy=False) == []

    app.config["TOOLKIT_MIDDLEWARE_TRUST_INBOUND"] = False
    app.config["TOOLKIT_MIDDLEWARE_HEALTH_PATH"] = "/health"

    assert [one.key for one in _of(app, "config.late", deploy=False)] == [
        "TOOLKIT_MIDDLEWARE_HEALTH_PATH",
        "TOOLKIT_MIDDLEWARE_TRUST_INBOUND",
    ]


def test_settings_that_were_only_announced_are_not_late(app: Flask) -> None:
    """A part that was never attached has read nothing."""
    MiddlewareStack().announce(app)
    app.config["TOOLKIT_MIDDLEWARE_TRUST_INBOUND"] = True

    assert _of(app, "config.late") == []


def test_variables_in_vain_are_found(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One with the prefix and no key; one that is a key and lacks the prefix."""
    monkeypatch.setenv("TESTSHOP_NOTHING", "1")
    monkeypatch.setenv("TOOLKIT_CONFIG_FAIL_LEVEL", "info")
    ConfigLoader(Env("TESTSHOP_"), schema=Settings).init_app(app)

    found = {
        one.message: (one.hint, str(one.origin)) for one in _of(app, "config.unused")
    }

    assert found == {
        "TESTSHOP_NOTHING matches no key.": (
            "Look for a slip of the pen, or take it away.",
            "env TESTSHOP_NOTHING",
        ),
        "TOOLKIT_CONFIG_FAIL_LEVEL is a key, but only variables with a prefix are"
        " read.": ("It needs the prefix TESTSHOP_", "env TOOLKIT_CONFIG_FAIL_LEVEL"),
    }


def test_no_variable_is_in_vain_where_none_is_read(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a source of variables the environment is nobody's."""
    monkeypatch.setenv("TOOLKIT_CONFIG_FAIL_LEVEL", "info")
    ConfigLoader(Values(SECRET_KEY=GOOD_KEY)).init_app(app)

    assert _of(app, "config.unused") == []


def test_a_variable_that_another_source_reads_is_not_in_vain(
    app: Flask, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """It chooses a file or a source; that it is no key is no slip of the pen."""
    monkeypatch.setenv("TESTSHOP_SETTINGS", str(write("in.toml", "ON = true")))
    monkeypatch.setenv("TESTSHOP_STAGE", "here")
    ConfigLoader(
        FileFromEnv("TESTSHOP_SETTINGS"),
        by_environment({"here": Values()}, variable="TESTSHOP_STAGE", default="here"),
        Env("TESTSHOP_"),
        schema=Settings,
    ).init_app(app)

    assert app.config["ON"] is True
    assert _of(app, "config.unused") == []


def _outside(app: Flask, tmp_path: Path) -> Path:
    """Return a folder that does not belong to the application."""
    app.root_path = str(tmp_path / "shop")
    app.instance_path = str(tmp_path / "shop" / "instance")
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        pytest.param(Object(Production), True, id="a class"),
        pytest.param(Values(SECRET_KEY=GOOD_KEY), True, id="code"),
        pytest.param(File("in.toml"), True, id="a file beside the code"),
        pytest.param(File("instance/in.toml"), False, id="in the instance folder"),
        pytest.param(File("../etc/in.toml"), False, id="a file elsewhere"),
        pytest.param(
            Env("SHOP_", environ={"SHOP_SECRET_KEY": GOOD_KEY}), False, id="a variable"
        ),
    ],
)
def test_secrets_that_travel_with_the_code_are_found(
    app: Flask, write: Write, tmp_path: Path, source: Source, *, is_found: bool
) -> None:
    """Who has the code has what stands in it, or beside it."""
    _outside(app, tmp_path)
    app.config.root_path = str(tmp_path / "shop")

    for name in ("shop/in.toml", "shop/instance/in.toml", "etc/in.toml"):
        write(name, f'SECRET_KEY = "{GOOD_KEY}"').chmod(0o600)

    ConfigLoader(source).init_app(app)

    assert bool(_of(app, "secret.source")) is is_found


def test_a_secret_that_git_knows_is_found(
    app: Flask, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the file lies; without git there is nothing to tell."""
    _outside(app, tmp_path)
    path = write("etc/settings.toml", f'SECRET_KEY = "{GOOD_KEY}"')
    ConfigLoader(File(path)).init_app(app)
    assert _of(app, "secret.source") == []

    for words in (["init", "-q"], ["add", "settings.toml"]):
        subprocess.run(["git", "-C", str(path.parent), *words], check=True)

    [found] = _of(app, "secret.source")
    assert "version control" in found.message

    monkeypatch.setenv("PATH", "")
    assert _of(app, "secret.source") == []


def test_a_secret_from_a_variable_is_told(app: Flask) -> None:
    """The hint names the variable that takes a file instead."""
    ConfigLoader(Env("SHOP_", environ={"SHOP_SECRET_KEY": GOOD_KEY})).init_app(app)

    [found] = _of(app, "secret.env")

    assert (found.level, found.key) == (INFO, "SECRET_KEY")
    assert "SHOP_SECRET_KEY_FILE" in found.hint


def test_an_address_is_a_secret_only_with_a_password(app: Flask) -> None:
    """``redis://cache`` in code is fine, ``redis://:password@cache`` is not."""
    values = Values(TOOLKIT_STORE_URL="redis://cache:6379/0")
    ConfigLoader(values).init_app(app)
    store_for(app)
    assert _of(app, "secret.source") == []

    other = Flask("other")
    values = Values(TOOLKIT_STORE_URL="redis://:hunter2@cache:6379/0")
    ConfigLoader(values).init_app(other)
    store_for(other)
    assert [one.key for one in _of(other, "secret.source")] == ["TOOLKIT_STORE_URL"]


def test_secrets_of_tables_and_parts_are_looked_at(app: Flask) -> None:
    """One secret for three purposes is told twice; no value is ever shown."""
    app.config["TOOLKIT_JWT_KEY"] = GOOD_KEY
    values = Values(SECRET_KEY=GOOD_KEY, DB={"password": GOOD_KEY})
    ConfigLoader(values, schema=Settings).init_app(app)
    JWT().init_app(app)

    found = _of(app, "secret.reuse")

    assert [one.key for one in found] == ["DB.password", "TOOLKIT_JWT_KEY"]
    assert GOOD_KEY not in repr(run_checks(app, deploy=True))


def test_files_that_others_change_are_found(
    app: Flask, write: Write, tmp_path: Path
) -> None:
    """The file itself, or the folder in which it can be replaced."""
    _outside(app, tmp_path)
    path = write("etc/settings.toml", "PAGE_SIZE = 3")
    path.chmod(0o600)
    ConfigLoader(File(path)).init_app(app)
    assert _of(app, "files.writable") == []

    path.chmod(0o620)
    assert [one.level for one in _of(app, "files.writable")] == [ERROR]

    path.chmod(0o600)
    path.parent.chmod(0o777)
    assert _of(app, "files.writable")

    path.parent.chmod(0o1777)  # as /tmp: nobody replaces the file of another
    assert _of(app, "files.writable") == []

    path.unlink()
    assert _of(app, "files.writable") == []


def test_files_that_are_served_are_found(app: Flask, write: Write) -> None:
    """Under a static folder of the application, or of a blueprint."""
    app.static_folder = "static"
    pages = Blueprint("pages", "pages", root_path=app.root_path, static_folder="media")
    app.register_blueprint(pages)
    write("static/settings.toml", "PAGE_SIZE = 3")
    write("media/.env", "SHOP_PAGE_SIZE=4")
    write("fine.toml", "ON = true")
    ConfigLoader(
        File("static/settings.toml"),
        DotEnv("media/.env", prefix="SHOP_"),
        File("fine.toml"),
    ).init_app(app)

    found = _of(app, "files.served")

    assert [one.level for one in found] == [ERROR, ERROR]
    assert "fine.toml" not in repr(found)


def test_a_secret_that_everybody_reads_is_found(app: Flask, write: Write) -> None:
    """Only files that gave a secret; a folder of secrets is none by itself."""
    path = write("secrets/SECRET_KEY", GOOD_KEY)
    write("settings.toml", "PAGE_SIZE = 3").chmod(0o644)
    ConfigLoader(File("settings.toml"), SecretsDir("secrets")).init_app(app)
    path.chmod(0o604)

    [found] = _of(app, "files.readable")
    assert str(path) in found.message

    path.chmod(0o640)
    assert _of(app, "files.readable") == []


def test_memory_that_nobody_asked_for_is_found() -> None:
    """What one process knows is not what all know, unless somebody said so."""
    app = _good()
    assert _of(app, "store.memory") == []

    store_for(app)
    assert [one.key for one in _of(app, "store.memory")] == ["TOOLKIT_STORE_URL"]

    app = _good(TOOLKIT_STORE_URL="memory://")
    store_for(app)
    assert _of(app, "store.memory") == []


def test_a_server_that_forgets_is_found(redis_url: str) -> None:
    """Whatever drops entries lets in what was revoked."""
    app = _good(TOOLKIT_STORE_URL=redis_url)
    store = store_for(app)
    assert isinstance(store, RedisStore)
    policy = store.eviction_policy()

    found = _of(app, "store.eviction")

    assert [one.level for one in found] == ([] if policy == "noeviction" else [WARNING])


@pytest.mark.parametrize(
    ("policy", "levels"), [("noeviction", []), ("", []), ("allkeys-lru", [WARNING])]
)
def test_each_policy_is_judged(
    monkeypatch: pytest.MonkeyPatch, policy: str, levels: list[Level]
) -> None:
    """Only ``noeviction`` keeps what was revoked; untold is not accused."""
    app = _good(TOOLKIT_STORE_URL="redis://127.0.0.1:1/0")
    store_for(app)
    monkeypatch.setattr(RedisStore, "eviction_policy", lambda _: policy)

    assert [one.level for one in _of(app, "store.eviction")] == levels


def test_a_server_that_does_not_answer_is_told() -> None:
    """It is no failure of the check."""
    app = _good(TOOLKIT_STORE_URL="redis://127.0.0.1:1/0")
    store_for(app)

    assert [one.level for one in _of(app, "store.eviction")] == [INFO]


def test_own_checks_run_beside_the_others() -> None:
    """With ``deploy=True`` only where it is asked for."""
    app = _good()

    @check(app)
    def always(app: Flask) -> Iterator[Finding]:
        """Find the shop."""
        yield Finding("shop.name", INFO, f"It is called {app.name}.")

    @check(app, deploy=True)
    def later(app: Flask) -> list[Finding]:
        return [Finding("shop.mail", WARNING, "No mail.")]

    assert [one.id for one in run_checks(app)] == ["shop.name"]
    assert [one.id for one in run_checks(app, deploy=True)] == [
        "shop.mail",
        "shop.name",
    ]
    assert [info[2:] for info in known_checks(app) if "always" in info.id] == [
        (True, "Find the shop.")
    ]


def test_a_check_that_raises_is_a_finding() -> None:
    """The others run; what the error says may be secret and is left out."""
    app = _good(ENV="x")

    @check(app)
    def broken(app: Flask) -> Iterator[Finding]:
        yield Finding("shop.half", INFO, "Half a check counts as none.")
        raise RuntimeError("hunter2")

    failed, removed = run_checks(app)

    assert (failed.id, failed.level, removed.id) == (
        "check.failed",
        ERROR,
        "config.removed",
    )
    assert "broken raised RuntimeError" in failed.message
    assert f"{Path(__file__).name}:" in failed.message
    assert "hunter2" not in repr(failed)


def test_findings_are_in_order() -> None:
    """The gravest first, then by id and key."""
    app = _good(ENV="x", LOGGER_NAME="x", SECRET_KEY=None, SERVER_NAME=None)

    found = run_checks(app, deploy=True)

    assert [(one.id, one.key) for one in found] == [
        ("secret.missing", "SECRET_KEY"),
        ("config.removed", "ENV"),
        ("config.removed", "LOGGER_NAME"),
        ("host.server_name", "SERVER_NAME"),
    ]


@pytest.mark.parametrize("silenced", ["config.removed", "config.*"])
def test_silenced_findings_are_left_out(silenced: str) -> None:
    """One check, or a whole group."""
    app = _good(ENV="x", TOOLKIT_CONFIG_SILENCED_CHECKS=[silenced])

    assert run_checks(app, deploy=True) == []


@pytest.mark.parametrize(
    ("silenced", "hint"),
    [
        pytest.param("cookie.secur", "Did you mean cookie.secure?", id="close"),
        pytest.param("cookie.nothing", "flask toolkit check --list", id="of a group"),
        pytest.param("cookies.secure", "Did you mean cookie.secure?", id="group"),
    ],
)
def test_silencing_nothing_is_found(silenced: str, hint: str) -> None:
    """A mistyped id silences nothing; an id of the application may."""
    app = _good(TOOLKIT_CONFIG_SILENCED_CHECKS=[silenced, "shop.mail"])

    [found] = run_checks(app)

    assert (found.id, found.hint) == ("config.typo", hint)
    assert found.key == "TOOLKIT_CONFIG_SILENCED_CHECKS"


def test_settings_that_do_not_fit_stop_the_checks() -> None:
    """As they would stop a loader."""
    app = _good(TOOLKIT_CONFIG_FAIL_LEVEL="grave")

    with pytest.raises(ConfigError, match="FAIL_LEVEL"):
        run_checks(app)


def test_parts_bring_their_checks() -> None:
    """They are asked with the settings of this application, and listed."""
    app = _good(TOOLKIT_GUARD_PUBLIC=["nowhere"])
    LoginGuard(app)

    [found] = _of(app, "guard.names", deploy=False)

    assert found.key == "TOOLKIT_GUARD_PUBLIC"
    assert "guard.names" in {info.id for info in known_checks(app)}
    assert "guard.names" not in {info.id for info in known_checks()}


def test_a_part_has_no_checks_unless_it_says_so(app: Flask) -> None:
    """The base class finds nothing."""
    stack = MiddlewareStack(app)

    assert list(stack.checks(app, stack.settings_of(app))) == []


def test_every_check_says_when_it_fires() -> None:
    """Ids have a group, and each is listed once with its levels."""
    infos = known_checks()

    assert {info.id for info in infos} == {*RULES, "check.failed"}
    assert all(info.levels and info.when for info in infos)
    assert all(info.id.count(".") == 1 for info in infos)


def test_every_check_has_a_test() -> None:
    """Each id stands in this file, where a finding of it is asked for."""
    here = Path(__file__).read_text()

    assert [one.id for one in known_checks(_good()) if f'"{one.id}"' not in here] == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="nothing"),
        pytest.param([1], id="no-finding"),
        pytest.param([Finding("shop.x", t.cast("t.Any", 7), "x")], id="no-level"),
    ],
)
def test_a_check_that_answers_wrong_has_failed(app: Flask, answer: t.Any) -> None:
    """It is told as one that raises, and the others run."""

    @check(app)
    def odd(_: Flask) -> t.Any:
        return answer

    @check(app)
    def right(_: Flask) -> t.Iterator[Finding]:
        yield Finding("shop.right", t.cast("Level", 20), "x")

    found = {one.id: one for one in run_checks(app)}

    assert "odd raised" in found["check.failed"].message
    assert found["shop.right"].level is Level.WARNING
