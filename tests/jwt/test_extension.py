"""The component on applications: settings, keys, several of both."""

import asyncio
import gc
import json
import logging
import subprocess
import sys
import typing as t
import weakref
from datetime import timedelta

import pytest
from flask import Flask

from flask_toolkit import Toolkit
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.jwt import Claims
from flask_toolkit.jwt import Issuer
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import JWTSettings
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenInvalidError

AnyJWT = JWT[t.Any]
SECRET = "a secret key for the tests, long enough"
OTHER = "another secret key, as long as the first"
LONG = "0123456789abcdef" * 4


def test_the_example_of_the_design() -> None:
    """Login, request and refresh with nothing configured but SECRET_KEY."""
    app = Flask("shop")
    app.config["SECRET_KEY"] = SECRET
    jwt: JWT[str] = JWT()
    users = {"7": "Ann"}
    jwt.user_loader(lambda claims: users.get(claims.sub))
    app.post("/login", endpoint="login")(
        lambda: jwt.issue("7", scope="orders:read").to_dict()
    )
    app.post("/refresh", endpoint="refresh")(lambda: jwt.rotate().to_dict())
    app.get("/orders")(jwt.required(scope="orders:read")(lambda: jwt.user))
    jwt.init_app(app)
    client = app.test_client()
    pair: t.Any = client.post("/login").json
    again: t.Any = client.post(
        "/refresh", data={"refresh_token": pair["refresh_token"]}
    ).json

    for tokens in (pair, again):
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert client.get("/orders", headers=bearer).text == "Ann"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        pytest.param("ISUER", "x", "did you mean TOOLKIT_JWT_ISSUER", id="typo"),
        pytest.param("KEY", "short", "needs at least 32", id="weak"),
        pytest.param("KEY", "-----BEGIN PUBLIC KEY-----", "can be read", id="pem"),
        pytest.param("KEY", {"kty": "oct", "use": "enc"}, "not 'sig'", id="jwk-use"),
        pytest.param("KEY", 7, "TOOLKIT_JWT_KEY", id="number"),
        pytest.param("KEY_FALLBACKS", [LONG, "short"], "at least 32", id="fallback"),
        pytest.param("KEY_FALLBACKS", [LONG, LONG], "same kid", id="twice"),
        pytest.param("ALGORITHM", "none", "must be one of HS256", id="none"),
        pytest.param("ALGORITHM", "RS256", "needs KEY", id="alg-without-key"),
        pytest.param("ISSUER", "", "must not be empty", id="empty-issuer"),
        pytest.param("AUDIENCE", "", "must not be empty", id="empty-audience"),
        pytest.param("LEEWAY", 121, "between 0 and 120", id="leeway"),
        pytest.param("LEEWAY", -1, "between 0 and 120", id="negative"),
        pytest.param("REUSE_INTERVAL", 121, "between 0 and 120", id="interval"),
        pytest.param("ACCESS_LIFETIME", 0, "at least 1 second", id="access"),
        pytest.param("REFRESH_LIFETIME", 60, "shorter than access", id="refresh"),
        pytest.param("SESSION_LIFETIME", 3600, "shorter than refresh", id="session"),
        pytest.param("REVOCATION", "never", "'always', 'rotation'", id="revocation"),
        pytest.param("ACCESS_TYP", "refresh+jwt", "other than refresh", id="typ"),
        pytest.param("ACCESS_TYP", "", "media type", id="empty-typ"),
        pytest.param("LOCATIONS", [], "at least one place", id="nowhere"),
        pytest.param(
            "LOCATIONS", ["header", "header"], "none of them twice", id="twin"
        ),
        pytest.param("LOCATIONS", ["query"], "TOOLKIT_JWT_LOCATIONS", id="query"),
        pytest.param("MAX_TOKEN_SIZE", 100, "at least 512", id="size"),
        pytest.param("REALM", "a\nb", "printable ASCII", id="realm"),
        pytest.param("COOKIE_DOMAIN", "a;b", "host name", id="domain"),
        pytest.param("COOKIE_REFRESH_PATH", "auth", "begins with /", id="path"),
        pytest.param("TRUSTED_ISSUERS", {"x": "http://x"}, "TRUSTED", id="address"),
        pytest.param(
            "TRUSTED_ISSUERS",
            {"": KeySet(Key.load(LONG))},
            "without a name",
            id="nameless-issuer",
        ),
    ],
)
def test_bad_settings_stop_the_start(
    app: Flask, name: str, value: object, message: str
) -> None:
    """Weak keys and impossible values, with the key's name."""
    app.config[f"TOOLKIT_JWT_{name}"] = value

    with pytest.raises(ConfigError) as info:
        JWT(app)

    assert message in str(info.value)
    assert LONG not in str(info.value)


def test_all_problems_come_at_once(app: Flask, key: Key) -> None:
    """Keys as well."""
    app.config.update(
        TOOLKIT_JWT_KEY="short",
        TOOLKIT_JWT_KEY_FALLBACKS=["short"],
        TOOLKIT_JWT_ISSUER="us",
        TOOLKIT_JWT_TRUSTED_ISSUERS={"us": KeySet(key)},
        TOOLKIT_JWT_LEEWAY=999,
    )

    with pytest.raises(ConfigError) as info:
        JWT(app)

    assert {
        problem.key.removeprefix("TOOLKIT_JWT_") for problem in info.value.problems
    } == {
        "KEY",
        "KEY_FALLBACKS",
        "TRUSTED_ISSUERS",
        "LEEWAY",
    }


def test_the_defaults_of_the_settings() -> None:
    """A change of one of them is a change that users notice."""
    settings = JWTSettings()

    assert settings.leeway == timedelta(seconds=10)
    assert settings.access_lifetime == timedelta(minutes=15)
    assert settings.refresh_lifetime == timedelta(days=14)
    assert settings.session_lifetime == timedelta(days=90)
    assert settings.reuse_interval == timedelta(seconds=10)
    assert (settings.revocation, settings.access_typ) == ("always", "at+jwt")
    assert (settings.locations, settings.realm) == (("header",), "api")


def test_a_cookie_always_comes_last() -> None:
    """What was sent on purpose decides."""
    settings = JWTSettings(locations=("cookie", "header"))

    assert settings.ordered_locations == ("header", "cookie")


def test_a_configured_key_signs(app: Flask, key: Key) -> None:
    """Before the keys of the constructor; fallbacks only verify."""
    old = LONG[::-1]
    app.config.update(
        TOOLKIT_JWT_KEY=LONG,
        TOOLKIT_JWT_ALGORITHM="HS512",
        TOOLKIT_JWT_KEY_FALLBACKS=[old],
    )
    jwt: AnyJWT = JWT(app, keys=KeySet(key))
    before = KeySet(Key.load(old)).sign(
        {"sub": "7", "exp": 2_000_000_000}, typ="at+jwt"
    )

    with app.app_context():
        claims = jwt.verify(jwt.create_access_token("7"))
        assert claims.header["alg"] == "HS512"
        keys = jwt.state_of(app).keys
        assert [each.can_sign for each in keys] == [True, False]
        with pytest.raises(TokenInvalidError) as info:
            jwt.verify(before)
        assert info.value.reason == "exp"


def test_a_public_key_verifies_only(app: Flask) -> None:
    """A server without the private key can read and not write."""
    private = Key.generate("ES256")
    app.config["TOOLKIT_JWT_KEY"] = json.dumps(private.public_jwk())
    jwt: AnyJWT = JWT(app)

    with app.app_context(), pytest.raises(SetupError, match="only verifies"):
        jwt.issue("7")


def test_the_derived_key_is_for_one_use(app: Flask) -> None:
    """Another component, another key; the secret itself signs nothing."""
    first: AnyJWT = JWT(app)
    second: AnyJWT = JWT(app, name="partner")

    with app.app_context():
        token = first.create_access_token("7")
        assert first.verify(token)
        with pytest.raises(TokenInvalidError):
            second.verify(token)
    with pytest.raises(TokenInvalidError):
        KeySet(Key.load(SECRET)).verify(token)


def test_secret_keys_rotate(app: Flask) -> None:
    """Fallbacks verify; without them old tokens end."""
    jwt: AnyJWT = JWT(app)

    with app.app_context():
        old = jwt.create_access_token("7")
        app.config.update(SECRET_KEY=OTHER, SECRET_KEY_FALLBACKS=[SECRET, OTHER])
        assert jwt.verify(old)
        new = jwt.create_access_token("7")
        app.config["SECRET_KEY_FALLBACKS"] = []
        assert jwt.verify(new)
        with pytest.raises(TokenInvalidError):
            jwt.verify(old)


def test_fallbacks_may_change_in_place(app: Flask) -> None:
    """The list that the configuration holds is read anew, not remembered."""
    fallbacks = [SECRET]
    app.config["SECRET_KEY_FALLBACKS"] = fallbacks
    jwt: AnyJWT = JWT(app)

    with app.app_context():
        old = jwt.create_access_token("7")
        app.config["SECRET_KEY"] = OTHER
        assert jwt.verify(old)
        fallbacks.clear()
        with pytest.raises(TokenInvalidError):
            jwt.verify(old)


def test_key_fallbacks_stand_beside_the_derived_key(app: Flask) -> None:
    """For who moves from a key of its own to the derived one."""
    app.config["TOOLKIT_JWT_KEY_FALLBACKS"] = [LONG]
    jwt: AnyJWT = JWT(app, clock=lambda: 1_800_000_000.0)
    old = KeySet(Key.load(LONG)).sign({"sub": "7", "exp": 1_800_000_060}, typ="at+jwt")

    with app.app_context():
        assert jwt.verify(old).sub == "7"
        assert jwt.verify(jwt.create_access_token("8")).sub == "8"


def test_an_app_without_a_key_starts() -> None:
    """And fails where it uses tokens, with what to do."""
    app = Flask("shop")
    jwt: AnyJWT = JWT(app)

    with app.app_context(), pytest.raises(SetupError, match="SECRET_KEY is not set"):
        jwt.issue("7")
    app.secret_key = SECRET
    with app.app_context():
        assert jwt.issue("7").access_token


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"SECRET_KEY": "short"}, id="text"),
        pytest.param({"SECRET_KEY": b"short"}, id="bytes"),
        pytest.param(
            {"SECRET_KEY": SECRET, "SECRET_KEY_FALLBACKS": ["short"]}, id="fallback"
        ),
    ],
)
class TestShortSecretKey:
    """A key that can be guessed makes tokens that can be forged."""

    def test_explicit(self, config: dict[str, t.Any]) -> None:
        """Attached on purpose: it stops the start, or the first use."""
        app = Flask("shop")
        app.config.update(config)
        with pytest.raises(SetupError, match="fewer than 16 bytes") as info:
            JWT(app)
        assert "short" not in str(info.value).replace("short enough", "")
        assert "toolkit.jwt" not in app.extensions

        late = Flask("late")
        jwt: AnyJWT = JWT(late)
        late.config.update(config)
        with late.app_context(), pytest.raises(SetupError, match="fewer than 16 bytes"):
            jwt.issue("7")

    def test_by_default(
        self, config: dict[str, t.Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        """By Toolkit's default: a warning, and an error at the first use."""
        app = Flask("shop")
        app.config.update(config)
        jwt = JWT.by_default()
        jwt.init_app(app)

        assert caplog.text.count("fewer than 16 bytes") == 1
        with app.app_context(), pytest.raises(SetupError, match="fewer than 16 bytes"):
            jwt.issue("7")

    @pytest.mark.parametrize("flag", ["DEBUG", "TESTING"])
    def test_development(
        self, config: dict[str, t.Any], flag: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One warning, whenever the key is set."""
        for late in (False, True):
            caplog.clear()
            app = Flask("shop")
            app.config[flag] = True
            app.config.update({} if late else config)
            jwt: AnyJWT = JWT(app)
            app.config.update(config)

            with app.app_context():
                assert jwt.verify(jwt.issue("7").access_token)
            assert caplog.text.count("fewer than 16 bytes") == 1


def test_fallbacks_that_flask_would_misread(app: Flask) -> None:
    """One text is taken letter by letter: refused at the first use."""
    app.config["SECRET_KEY_FALLBACKS"] = "letters"
    jwt: AnyJWT = JWT(app)

    with app.app_context(), pytest.raises(SetupError, match="must be a list"):
        jwt.issue("7")


def test_a_key_of_its_own_does_not_look_at_secret_key() -> None:
    """A short SECRET_KEY signs no token then."""
    app = Flask("shop")
    app.config.update(SECRET_KEY="short", TOOLKIT_JWT_KEY=LONG)
    jwt: AnyJWT = JWT(app)

    with app.app_context():
        assert jwt.verify(jwt.issue("7").access_token)


def test_one_instance_serves_two_apps(app: Flask) -> None:
    """Each with its settings and keys."""
    other = Flask("other")
    other.config.update(SECRET_KEY=OTHER, TOOLKIT_JWT_LEEWAY=60)
    jwt: AnyJWT = JWT()
    jwt.init_app(app)
    jwt.init_app(other)

    assert jwt.settings_of(app).leeway == timedelta(seconds=10)
    assert jwt.settings_of(other).leeway == timedelta(seconds=60)
    with app.app_context():
        token = jwt.create_access_token("7")
    with other.app_context(), pytest.raises(TokenInvalidError):
        jwt.verify(token)


def test_states_are_compared_by_identity(app: Flask) -> None:
    """They are keys of what is remembered in a request."""
    jwt: AnyJWT = JWT(app)
    other = Flask("other")
    jwt.init_app(other)

    assert jwt.state_of(app) == jwt.state_of(app)
    assert jwt.state_of(app) != jwt.state_of(other)


def test_no_context_and_no_app(app: Flask) -> None:
    """The messages say what is missing."""
    jwt: AnyJWT = JWT(app)

    with pytest.raises(RuntimeError, match="application context"):
        jwt.issue("7")
    with Flask("other").app_context(), pytest.raises(SetupError, match="init_app"):
        jwt.issue("7")


def test_a_second_one_is_refused(app: Flask) -> None:
    """FJE replaces the first in silence."""
    JWT(app)

    with pytest.raises(SetupError, match="already registered"):
        JWT(app)
    with pytest.raises(SetupError, match="begins with the name of another"):
        JWT(app, name="jwt_admin")


@pytest.mark.parametrize("hook", ["user_loader", "claims_loader", "error_handler"])
def test_a_second_hook_is_refused(hook: str) -> None:
    """Nobody's function is replaced in silence; each comes back as it was."""
    jwt: AnyJWT = JWT()

    def function(_argument: object) -> t.Any:
        raise NotImplementedError

    assert getattr(jwt, hook)(function) is function
    with pytest.raises(SetupError, match=f"There is a @jwt.{hook} already"):
        getattr(jwt, hook)(function)


def test_no_secret_in_any_repr(app: Flask) -> None:
    """Neither key nor token, in settings, state, keys and errors."""
    app.config.update(TOOLKIT_JWT_KEY=LONG, TOOLKIT_JWT_KEY_FALLBACKS=[LONG[::-1]])
    jwt: AnyJWT = JWT(app)
    state = jwt.state_of(app)

    with app.app_context():
        pair = jwt.issue("7")
        shown = repr(
            [
                jwt,
                state,
                state.settings,
                state.rules(app),
                state.derived,
                state.sessions(app),
                pair,
                jwt.verify(pair.access_token),
                Issuer(keys=state.keys),
            ]
        )

    assert LONG not in shown
    assert LONG[::-1] not in shown
    assert pair.access_token not in shown
    assert pair.refresh_token not in shown


def test_nothing_of_a_token_is_logged(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the reason, and that at DEBUG."""
    jwt: AnyJWT = JWT(app)

    with app.app_context(), caplog.at_level(logging.DEBUG):
        token = jwt.create_access_token("7")
        with pytest.raises(TokenInvalidError) as info:
            jwt.verify(token[:-3] + "AAA")

    assert "signature" in caplog.text
    for text in (
        caplog.text,
        str(info.value),
        repr(info.value),
        str(info.value.get_body()),
    ):
        assert token[:20] not in text
    assert "signature" not in str(info.value.get_body())


def test_a_freed_app_leaves_nothing() -> None:
    """After requests, too."""
    jwt: AnyJWT = JWT()
    refs: list[weakref.ref[Flask]] = []

    for _ in range(5):
        app = Flask("shop")
        app.secret_key = SECRET
        jwt.init_app(app)
        app.get("/me")(jwt.required(lambda: "ok"))
        with app.app_context():
            bearer = {"Authorization": f"Bearer {jwt.create_access_token('7')}"}
        assert app.test_client().get("/me", headers=bearer).text == "ok"
        refs.append(weakref.ref(app))

    del app
    gc.collect()
    assert [ref for ref in refs if ref() is not None] == []


def test_pyjwt_is_imported_at_the_first_key() -> None:
    """An application that uses no tokens does not pay for it."""
    code = (
        f"import sys; sys.path[:0] = {sys.path!r};"
        "from flask import Flask; from flask_toolkit.jwt import JWT;"
        "app = Flask('x'); app.secret_key = 'k' * 40; jwt = JWT(app);"
        "app.get('/')(jwt.required(lambda: ''));"
        "assert app.test_client().get('/').status_code == 401;"
        "print('jwt' in sys.modules, 'cryptography' in sys.modules);"
        "app.app_context().push(); jwt.issue('7'); print('jwt' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["False", "False", "True"], done.stderr


def test_by_default_under_toolkit(app: Flask) -> None:
    """Without a word from the application it has working tokens."""
    toolkit = Toolkit(jwt=JWT.by_default())
    assert toolkit.jwt.name == "jwt"


def test_an_async_loader_inside_a_running_loop(app: Flask) -> None:
    """It is waited for in another thread, with the context of the caller."""
    jwt: AnyJWT = JWT(app)
    seen: list[str] = []

    @jwt.user_loader
    async def load(claims: Claims) -> str:
        await asyncio.sleep(0)
        seen.append(claims.sub)
        return claims.sub

    async def rotate() -> None:
        jwt.rotate(jwt.issue("7").refresh_token)

    with app.app_context():
        asyncio.run(rotate())
        jwt.rotate(jwt.issue("8").refresh_token)

    assert seen == ["7", "8"]


def test_an_async_object_is_a_loader(app: Flask) -> None:
    """It is waited for like a function."""
    jwt: AnyJWT = JWT(app)
    seen: list[str] = []

    class Load:
        async def __call__(self, claims: Claims) -> str:
            seen.append(claims.sub)
            return claims.sub

    jwt.user_loader(Load())

    with app.app_context():
        jwt.rotate(jwt.issue("7").refresh_token)

    assert seen == ["7"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("KEY_FALLBACKS", ["x" * 20 + "an older secret"]), ("ALGORITHM", "HS256")],
)
def test_settings_that_keys_would_hide_stop_the_start(
    app: Flask, name: str, value: t.Any
) -> None:
    """Else a fallback that is set verifies nothing, and nobody hears of it."""
    app.config[f"TOOLKIT_JWT_{name}"] = value

    with pytest.raises(ConfigError, match=f"{name}: says nothing about keys="):
        JWT(app, keys=KeySet(Key.generate("ES256")))
