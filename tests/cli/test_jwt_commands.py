"""``flask toolkit jwt``: keys made and rotated, tokens looked at."""

import contextlib
import json
import os
import pty
import re
import stat
import subprocess
import sys
import typing as t
from base64 import urlsafe_b64encode
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.cli import _jwt_inspect
from flask_toolkit.cli import toolkit
from flask_toolkit.cli._printable import printable
from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.jwt import Issuer
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import token_rejected
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt._claims import new_sid
from flask_toolkit.jwt._keys._material import ALGORITHMS
from flask_toolkit.jwt._keys._private import private_jwk
from flask_toolkit.jwt._keys._rotation import write_new
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.stores import store_for

Run = Callable[..., subprocess.CompletedProcess[str]]
Make = Callable[..., str]

NOW = 1_800_000_000.0
SECRET = "only for these tests, 0123456789 abc"
KEY = Key.load(bytes(range(32)))
OTHER = Key.load(bytes(range(1, 33)))
PAIR = Key.generate("ES256")
SID = new_sid(NOW)
SEGMENT = re.compile(r"eyJ[\w-]+")

SHOP = """\
import os
from flask import Flask
from flask_toolkit.jwt import JWT

app = Flask("shop")
app.config.from_prefixed_env()
jwt = JWT(app)
"""


def _ask(app: Flask | None, *arguments: str, given: str | bytes | None = None) -> t.Any:
    """Run a command of the group in this process."""
    obj = ScriptInfo(create_app=(lambda: app) if app else None)
    return CliRunner().invoke(toolkit, ["jwt", *arguments], obj=obj, input=given)


# keygen


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("form", [[], ["--format", "jwk"]], ids=["text", "jwk"])
def test_a_new_key_goes_to_stdout_alone(alg: str, form: list[str]) -> None:
    """What stands there is the key; its id and its setting go to stderr."""
    done = _ask(None, "keygen", "--alg", alg, *form)

    assert done.exit_code == 0
    key = Key.load(done.stdout.strip(), alg=alg)
    assert (key.alg, key.can_sign) == (alg, True)
    kid, where = done.stderr.splitlines()
    assert kid == f"kid: {key.kid}"
    assert where.startswith("Set TOOLKIT_JWT_KEY to it")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_it_says_to_set_makes_tokens(alg: str) -> None:
    """Followed to the letter it gives an application with that key."""
    done = _ask(None, "keygen", "--alg", alg)

    kid, where = done.stderr.splitlines()
    app = Flask("shop")
    app.config["TOOLKIT_JWT_KEY"] = done.stdout.rstrip("\n")
    named = re.search(r"and TOOLKIT_JWT_ALGORITHM to (\w+)", where)

    if named is not None:
        app.config["TOOLKIT_JWT_ALGORITHM"] = named[1]

    (key,) = JWT[t.Any](app).state_of(app).own_keys(app)
    assert (f"kid: {key.kid}", key.alg) == (kid, alg)


def test_the_default_is_a_secret_for_hs256() -> None:
    """Random, one line of text."""
    one, other = (_ask(None, "keygen").stdout for _ in range(2))

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}\n", one)
    assert one != other


def test_a_secret_has_no_pem_form() -> None:
    """Asking for one is wrong use."""
    done = _ask(None, "keygen", "--format", "pem")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "HS256 needs a secret, which has no PEM form." in done.stderr


def test_an_unknown_algorithm_is_wrong_use() -> None:
    """``none`` is one of them."""
    done = _ask(None, "keygen", "--alg", "none")

    assert (done.exit_code, done.stdout) == (2, "")


def test_the_setting_is_that_of_the_component() -> None:
    """A second component has settings of its own."""
    done = _ask(None, "keygen", "--name", "partner")

    assert "Set TOOLKIT_PARTNER_KEY to it" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        pytest.param(["--alg", "ES256"], "_KEY to what {} holds", id="pem"),
        pytest.param(["--format", "jwk"], "_KEY_FILE to {}", id="jwk"),
    ],
)
def test_a_file_is_private_and_nothing_is_printed(
    tmp_path: Path, arguments: list[str], where: str
) -> None:
    """Whatever the umask; stdout stays empty, so nothing ends in a log."""
    out = tmp_path / "key"
    before = os.umask(0)

    try:
        done = _ask(None, "keygen", *arguments, "--out", str(out))
    finally:
        os.umask(before)

    assert (done.exit_code, done.stdout) == (0, "")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert where.format(out) in done.stderr
    assert Key.load(out.read_bytes()).can_sign


@pytest.mark.parametrize("taken", ["file", "link", "dangling", "folder"])
def test_what_exists_is_never_touched(tmp_path: Path, taken: str) -> None:
    """Neither a key that is in use, nor what a link leads to."""
    out, target = tmp_path / "key", tmp_path / "target"

    if taken == "file":
        out.write_text("in use")
    elif taken == "folder":
        out.mkdir()
    else:
        out.symlink_to(target)

    if taken == "link":
        target.write_text("in use")

    done = _ask(None, "keygen", "--out", str(out))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: {out} exists; it was not touched.\n"
    assert taken != "file" or out.read_text() == "in use"
    assert target.exists() is (taken == "link")


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """With the reason."""
    out = tmp_path / "no" / "such" / "folder"

    done = _ask(None, "keygen", "--out", str(out))

    assert done.exit_code == 1
    assert done.stderr == (
        f"Error: {out} cannot be written: no such file or directory.\n"
    )


# rotate


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Return a key file with a signing and a next key."""
    path = tmp_path / "keys.json"
    keys = [private_jwk("ES256"), private_jwk("ES256")]
    write_new(path, json.dumps({"keys": keys}).encode())
    return path


def _with_file(path: Path, name: str = "jwt", **more: object) -> Flask:
    app = Flask("shop")
    prefix = f"TOOLKIT_{name.upper()}"
    app.config.update({f"{prefix}_KEY_FILE": path, **more})
    JWT(app, name=name, clock=lambda: NOW)
    return app


def _kids(path: Path) -> list[str]:
    return [jwk["kid"] for jwk in json.loads(path.read_text())["keys"]]


def test_a_rotation_prints_ids_and_what_to_do(file: Path) -> None:
    """The end of the retired key is that of the longest session."""
    old, following = _kids(file)

    done = _ask(_with_file(file), "rotate")

    new = _kids(file)[1]
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"signs    {following} ES256",
        f"next     {new} ES256",
        f"retired  {old} ES256, until 2027-04-15 08:00:10 UTC",
        "Restart the workers.",
    ]
    (_, _, retired) = json.loads(file.read_text())["keys"]
    assert retired["exp"] == NOW + 90 * 86400 + 10


def test_a_rotation_names_what_it_dropped(file: Path) -> None:
    """And takes another algorithm for the new key."""
    app = _with_file(file, TOOLKIT_JWT_SESSION_LIFETIME=15 * 86400)
    old = _kids(file)[0]
    _ask(app, "rotate")
    later = Flask("later")
    later.config["TOOLKIT_JWT_KEY_FILE"] = file
    JWT(later, clock=lambda: NOW + 16 * 86400)

    done = _ask(later, "rotate", "--alg", "EdDSA")

    assert f"dropped  {old} ES256" in done.stdout.splitlines()
    assert re.search(r"^next     \S+ EdDSA$", done.stdout, re.MULTILINE)


def test_the_first_rotation_of_a_new_file_only_adds_a_key(tmp_path: Path) -> None:
    """What keygen wrote is a set of one."""
    path = tmp_path / "keys.json"
    _ask(None, "keygen", "--alg", "ES256", "--format", "jwk", "--out", str(path))

    done = _ask(_with_file(path), "rotate")

    assert done.exit_code == 0
    assert "There was no next key; the new one signs after" in done.stdout
    assert len(_kids(path)) == 2


def test_a_named_component_rotates_its_own_file(file: Path) -> None:
    """``--name`` chooses it."""
    app = _with_file(file, name="partner")

    assert _ask(app, "rotate").exit_code == 1
    assert _ask(app, "rotate", "--name", "partner").exit_code == 0


@pytest.mark.parametrize(
    ("config", "keys", "said"),
    [
        pytest.param(
            {"SECRET_KEY": SECRET}, None, "SECRET_KEY_FALLBACKS, set", id="derived"
        ),
        pytest.param({"TOOLKIT_JWT_KEY": SECRET}, None, "keygen --alg HS256", id="key"),
        pytest.param({}, KeySet(PAIR), "keygen --alg ES256", id="code"),
    ],
)
def test_without_a_file_it_says_what_to_do_by_hand(
    config: dict[str, str], keys: KeySet | None, said: str
) -> None:
    """The steps fit where the key comes from; exit code 1."""
    app = Flask("shop")
    app.config.update(config)
    JWT(app, keys=keys)

    done = _ask(app, "rotate")

    assert (done.exit_code, done.stdout) == (1, "")
    assert "TOOLKIT_JWT_KEY_FILE is not set" in done.stderr
    assert said in done.stderr
    assert "after 90 days." in done.stderr


def test_another_kind_of_key_is_one_line(file: Path) -> None:
    """The file stays as it was, exit code 1."""
    before = file.read_bytes()

    done = _ask(_with_file(file), "rotate", "--alg", "HS256")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {file}: HS256 is another kind of key")
    assert file.read_bytes() == before


# inspect


class Shops:
    """Makes applications whose store other processes could see, and closes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Flask] = []

    def __call__(
        self, clock: Callable[[], float] = lambda: NOW, **config: object
    ) -> Flask:
        """Return one with a JWT that signs with ``KEY``."""
        app = Flask("shop", instance_path=str(self._folder))
        app.config.update(
            SECRET_KEY=SECRET,
            TOOLKIT_STORE_URL="sqlite:///store.db",
            TESTING=True,
            **config,
        )
        JWT(app, keys=KeySet(KEY), clock=clock)
        self._made.append(app)
        return app

    def close(self) -> None:
        """Close their stores."""
        for app in self._made:
            store_for(app).close()


@pytest.fixture(name="shops")
def _shops(tmp_path: Path) -> Iterator[Shops]:
    with contextlib.closing(Shops(tmp_path)) as shops:
        yield shops


@pytest.fixture(name="app")
def _app(shops: Shops) -> Flask:
    return shops()


@pytest.fixture(name="jwt")
def _jwt(app: Flask) -> JWT[t.Any]:
    jwt: JWT[t.Any] = app.extensions["toolkit.jwt"].extension
    return jwt


@pytest.fixture(name="token")
def _token(app: Flask, jwt: JWT[t.Any]) -> str:
    with app.app_context():
        return jwt.create_access_token("7", scope="orders:read")


def _encode(part: t.Any) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(data).decode().rstrip("=")


def _made(
    claims: dict[str, t.Any] | bytes | None = None,
    *,
    signer: Key = KEY,
    header: dict[str, t.Any] | None = None,
    **more: t.Any,
) -> str:
    """Return a token by hand, good unless told otherwise."""
    said = {"sub": "7", "exp": NOW + 60, **(claims or {}), **more}  # type: ignore[dict-item]  # bytes are never merged
    head = {"alg": signer.alg, "kid": signer.kid, "typ": "at+jwt", **(header or {})}
    head = {name: value for name, value in head.items() if value is not ...}
    signed = f"{_encode(head)}.{_encode(said)}"
    return f"{signed}.{_encode(signer.sign(signed.encode()))}"


def _data(app: Flask, token: str, *arguments: str) -> tuple[int, dict[str, t.Any]]:
    done = _ask(app, "inspect", "--json", *arguments, given=token)
    return done.exit_code, json.loads(done.stdout)


def test_a_good_token_is_shown_in_words(app: Flask, token: str) -> None:
    """Header, claims, times, the key, and that it is valid: exit code 0."""
    done = _ask(app, "inspect", given=f"{token}\n")

    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:3] == ["VALID", f"key: {KEY.kid} HS256", "signature: good"]
    assert '  typ: "at+jwt"' in lines
    assert '  sub: "7"' in lines
    assert f"  exp: {int(NOW) + 900}  (2027-01-15 08:15:00 UTC, in 15 minutes)" in lines
    assert any(
        re.fullmatch(
            r'  sid: "\S+"  \(began 2027-01-15 08:00:00 UTC, 0 seconds ago\)', line
        )
        for line in lines
    )


def test_json_holds_the_same_as_data(app: Flask, token: str) -> None:
    """Times stay in seconds too."""
    code, data = _data(app, token)

    assert code == 0
    assert (data["valid"], data["verified"]) == (True, True)
    assert (data["reason"], data["why"], data["note"]) == (None, "", "")
    assert data["key"] == {"kid": KEY.kid, "alg": "HS256"}
    assert data["header"] == {"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid}
    assert data["claims"]["scope"] == "orders:read"
    assert data["claims"]["exp"] == NOW + 900
    assert data["times"]["iat"] == "2027-01-15 08:00:00 UTC, 0 seconds ago"


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["text", "json"])
def test_no_signature_is_ever_printed(
    app: Flask, token: str, arguments: list[str]
) -> None:
    """What is printed may be passed on: it is no token any more."""
    done = _ask(app, "inspect", *arguments, given=token)

    assert token.rpartition(".")[2] not in done.output
    assert token not in done.output


EXPIRED = _made(exp=NOW - 120)


@pytest.mark.parametrize(
    ("token", "reason", "is_verified", "said"),
    [
        pytest.param("", "", None, "no token on stdin", id="nothing"),
        pytest.param("abc", "malformed", False, "three segments", id="one-segment"),
        pytest.param("a.b.c", "encoding", False, "base64url", id="encoding"),
        pytest.param("\xff.b.c", "malformed", False, "three segments", id="no-ascii"),
        pytest.param(
            f"{_encode({'alg': 'none'})}.{_encode({'sub': '7'})}.",
            "malformed",
            False,
            "three segments",
            id="alg-none",
        ),
        pytest.param("x" * 9000, "size", False, "8192 characters", id="size"),
        pytest.param(
            f"{_encode([1])}.{_encode({})}.abcd", "json", False, "no JSON", id="json"
        ),
        pytest.param(
            _made(header={"crit": ["b64"]}), "crit", False, "crit or b64", id="crit"
        ),
        pytest.param(
            _made(header={"alg": "HS512"}),
            "alg",
            False,
            'says "HS512", and its key is for HS256',
            id="alg",
        ),
        pytest.param(
            _made(header={"alg": ["HS256"], "kid": ...}),
            "alg",
            False,
            'says ["HS256"], and its key is for HS256',
            id="alg-list",
        ),
        pytest.param(
            _made(header={"alg": 7, "kid": "other"}),
            "alg",
            False,
            "says 7, and no such key is known",
            id="alg-number",
        ),
        pytest.param(
            _made(signer=OTHER), "kid", False, f'the key "{OTHER.kid}"', id="kid"
        ),
        pytest.param(
            _made(header={"kid": 7}), "kid", False, "the key 7", id="kid-number"
        ),
        pytest.param(
            _made(signer=OTHER, header={"kid": KEY.kid}),
            "signature",
            False,
            "another key made the signature",
            id="signature",
        ),
        pytest.param(
            _made(iss="them"),
            "issuer",
            False,
            'iss is "them", and the setting is null',
            id="issuer",
        ),
        pytest.param(_made(iss=None), "issuer", False, "iss is null", id="issuer-null"),
        pytest.param(
            _made(header={"typ": "JWT"}),
            "typ",
            True,
            'its kind is "JWT", and at+jwt is asked for',
            id="typ",
        ),
        pytest.param(
            _made(header={"typ": ...}), "typ", True, "its kind is missing", id="no-typ"
        ),
        pytest.param(
            _made(header={"typ": "refresh+jwt"}),
            "typ",
            True,
            "it is a refresh token: --typ refresh+jwt",
            id="refresh",
        ),
        pytest.param(_made(exp="soon"), "exp", True, "exp is missing, no", id="exp"),
        pytest.param(
            EXPIRED,
            "expired",
            True,
            "exp has passed: 2027-01-15 07:58:00 UTC, 2 minutes ago",
            id="expired",
        ),
        pytest.param(_made(nbf=NOW + 60), "nbf", True, "still to come", id="nbf"),
        pytest.param(
            _made(aud=["a", "b"]),
            "audience",
            True,
            'aud is ["a", "b"], and the setting is null',
            id="audience",
        ),
        pytest.param(_made(sub=""), "claims", True, "sub, jti and sid", id="sub"),
        pytest.param(_made(sid=[7]), "claims", True, "sub, jti and sid", id="sid"),
        pytest.param(_made(cnf={}), "bound", True, "a key of its sender", id="bound"),
        pytest.param(
            _made(sid="01890000-0000-7000-8000-000000000000"),
            "session-over",
            True,
            "older than SESSION_LIFETIME",
            id="session-over",
        ),
    ],
)
def test_what_is_wrong_is_told(
    app: Flask, token: str, reason: str, is_verified: bool | None, said: str
) -> None:
    """In a word and a sentence, exit code 1, and NOT VERIFIED where so."""
    done = _ask(app, "inspect", given=token.encode("latin-1"))

    if is_verified is None:
        assert done.exit_code == 2
        assert said in done.stderr
        return

    assert done.exit_code == 1
    assert done.stdout.startswith("NOT VALID: ")
    assert said in done.stdout.splitlines()[0]
    assert ("NOT VERIFIED" in done.stdout) is not is_verified

    code, data = _data(app, token)
    assert (code, data["valid"]) == (1, False)
    assert (data["reason"], data["verified"]) == (reason, is_verified)


def test_what_cannot_be_verified_is_marked_beside_each_part(app: Flask) -> None:
    """Nobody takes the claims of a stranger for facts."""
    done = _ask(app, "inspect", given=_made(signer=OTHER))

    assert "header (NOT VERIFIED):" in done.stdout
    assert "claims (NOT VERIFIED):" in done.stdout
    assert "key: unknown here" in done.stdout


def test_null_names_no_issuer(app: Flask) -> None:
    """So no key of anybody is looked up for it, unlike without the claim."""
    assert _data(app, _made(iss=None))[1]["key"] is None
    assert _data(app, _made())[1]["key"] is not None


def test_what_cannot_be_read_says_so(app: Flask) -> None:
    """The rest is shown all the same."""
    done = _ask(app, "inspect", given=f"{_encode({'alg': 'x'})}.{_encode([1])}.abcd")

    assert '  alg: "x"' in done.stdout
    assert "claims (NOT VERIFIED):\n  cannot be read" in done.stdout


def test_a_reason_without_words_is_named(
    app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reason added later is not lost, and counts as unverified."""

    def refuse(*_: object, **__: object) -> t.NoReturn:
        raise TokenInvalidError("new-reason")

    monkeypatch.setattr("flask_toolkit.jwt._inspection.verify", refuse)
    code, data = _data(app, token)

    assert (code, data["why"]) == (1, "it was refused: new-reason")
    assert data["verified"] is False


@pytest.mark.parametrize("typ", ["refresh+jwt", "application/Refresh+JWT"])
def test_a_refresh_token_is_judged_as_one(
    app: Flask, jwt: JWT[t.Any], typ: str
) -> None:
    """With ``--typ``; an unused one is valid."""
    with app.app_context():
        pair = jwt.issue("7")

    assert _data(app, pair.refresh_token, "--typ", typ)[0] == 0
    assert _data(app, pair.refresh_token)[1]["reason"] == "typ"
    assert _data(app, pair.access_token, "--typ", typ)[1]["reason"] == "typ"


def test_a_used_refresh_token_is_told(shops: Shops) -> None:
    """Within REUSE_INTERVAL it is good, later its use ends the session."""
    now = NOW
    app = shops(clock=lambda: now)
    jwt: JWT[t.Any] = app.extensions["toolkit.jwt"].extension

    with app.app_context():
        token = jwt.issue("7").refresh_token
        jwt.rotate(token)

    assert _data(app, token, "--typ", "refresh+jwt")[0] == 0
    now = NOW + 60
    code, data = _data(app, token, "--typ", "refresh+jwt")
    assert (code, data["reason"], data["verified"]) == (1, "used", True)

    # Looking is no use of it: its session goes on.
    with app.app_context():
        jwt.verify(jwt.create_access_token("7"))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"jti": f"{SID}.x", "sid": SID}, id="no-number"),
        pytest.param({"jti": f"{SID}.0", "sid": "other"}, id="another-sid"),
        pytest.param({"jti": "b.0", "sid": "b"}, id="no-start"),
        pytest.param({}, id="neither"),
    ],
)
def test_what_cannot_be_exchanged_is_no_refresh_token(
    app: Flask, claims: dict[str, str]
) -> None:
    """Its kind alone is not enough."""
    token = _made(claims, header={"typ": "refresh+jwt"})

    code, data = _data(app, token, "--typ", "refresh+jwt")

    assert (code, data["reason"]) == (1, "no-refresh-token")
    good = _made({"jti": f"{SID}.0", "sid": SID}, header={"typ": "refresh+jwt"})
    assert _data(app, good, "--typ", "refresh+jwt")[0] == 0


@pytest.mark.parametrize("typ", ["at+jwt", "refresh+jwt"])
def test_an_ended_session_is_told(app: Flask, jwt: JWT[t.Any], typ: str) -> None:
    """The store is asked, for both kinds."""
    with app.app_context():
        pair = jwt.issue("7")
        jwt.revoke(pair.access_token)

    token = pair.access_token if typ == "at+jwt" else pair.refresh_token
    code, data = _data(app, token, "--typ", typ)

    assert (code, data["reason"], data["verified"]) == (1, "revoked", True)


def test_a_store_that_requests_do_not_ask_is_not_asked(shops: Shops) -> None:
    """Then the access token still opens views, and that is what is told."""
    app = shops(TOOLKIT_JWT_REVOCATION="rotation")
    jwt: JWT[t.Any] = app.extensions["toolkit.jwt"].extension

    with app.app_context():
        pair = jwt.issue("7")
        jwt.revoke(pair.access_token)

    code, data = _data(app, pair.access_token)
    assert (code, data["note"]) == (
        0,
        "the store was not asked, as REVOCATION is 'rotation'",
    )
    code, data = _data(app, pair.refresh_token, "--typ", "refresh+jwt")
    assert (code, data["reason"]) == (1, "revoked")


def test_a_store_that_is_down_makes_no_token_valid(
    app: Flask, jwt: JWT[t.Any], token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows: exit code 1; ``--offline`` does not ask."""

    def fail(*_: object) -> t.NoReturn:
        raise StoreUnavailableError

    store = jwt.state_of(app).sessions(app).store
    monkeypatch.setattr(type(store), "get_many", fail)

    code, data = _data(app, token)
    assert (code, data["reason"], data["verified"]) == (1, "store", True)

    code, data = _data(app, token, "--offline")
    assert (code, data["note"]) == (0, "the store was not asked (--offline)")


def test_the_memory_of_another_process_is_not_asked() -> None:
    """It would know nothing, and say so."""
    app = Flask("shop")
    app.config["SECRET_KEY"] = SECRET
    JWT(app, keys=KeySet(KEY), clock=lambda: NOW)

    done = _ask(app, "inspect", given=_made())

    assert done.exit_code == 0
    assert (
        "note: the store is the memory of another process and was not asked"
        in done.stdout.splitlines()
    )


def test_another_issuer_is_judged_by_its_keys(shops: Shops) -> None:
    """As its entry has it."""
    entry = Issuer(keys=KeySet(OTHER, PAIR), audience="shop", typ="JWT")
    app = shops(TOOLKIT_JWT_TRUSTED_ISSUERS={"them": entry})
    good = _made(iss="them", aud="shop", signer=PAIR, header={"typ": "JWT"})

    code, data = _data(app, good)
    assert (code, data["key"]) == (0, {"kid": PAIR.kid, "alg": "ES256"})

    code, data = _data(app, _made(iss="them", aud="shop", signer=PAIR))
    assert data["why"] == 'its kind is "at+jwt", and JWT is asked for'

    code, data = _data(app, _made(iss="them", header={"typ": "JWT"}, signer=OTHER))
    assert data["why"] == 'aud is missing, and the setting is "shop"'

    without = _made(iss="them", aud="shop", signer=PAIR, header={"kid": ...})
    code, data = _data(app, without)
    assert (data["reason"], data["key"]) == ("kid", None)


def test_published_keys_are_not_fetched_offline(shops: Shops) -> None:
    """NOT VERIFIED then; online, an issuer that is down is told."""
    keys = KeySet.remote("http://127.0.0.1:9/keys", timeout=5)
    app = shops(TOOLKIT_JWT_TRUSTED_ISSUERS={"them": keys})
    token = _made(iss="them", signer=PAIR)

    code, data = _data(app, token, "--offline")
    assert (code, data["reason"], data["verified"]) == (1, "keys-offline", False)

    unsigned = f"{_encode({'alg': 'none'})}.{_encode({'iss': 'them'})}."
    code, data = _data(app, unsigned)
    assert (code, data["reason"], data["key"]) == (1, "malformed", None)

    code, data = _data(app, token)
    assert (code, data["reason"], data["verified"]) == (1, "keys", False)
    assert data["key"] is None


def test_looking_changes_nothing(app: Flask, jwt: JWT[t.Any]) -> None:
    """No signal, and the token is good afterwards."""
    sent: list[object] = []

    with token_rejected.connected_to(lambda *_, **__: sent.append(1)):
        _ask(app, "inspect", given=EXPIRED)

    assert sent == []


EVIL = "\x1b[31m\x07\u202e\u2066\x85\x9b\u2028\x7f\ufeffé"


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["text", "json"])
def test_what_a_terminal_would_obey_is_escaped(
    app: Flask, arguments: list[str]
) -> None:
    """In names, values, header and message; a letter stays a letter."""
    token = _made({EVIL: {EVIL: EVIL}}, iss=EVIL, header={EVIL: EVIL, "typ": EVIL})

    done = _ask(app, "inspect", *arguments, given=token)

    assert all(c.isprintable() or c == "\n" for c in done.output)
    assert "\\u001b[31m\\u0007\\u202e\\u2066" in done.stdout
    assert ("é" in done.stdout) is not bool(arguments)


@given(st.text())
def test_printable_text_is_printable(text: str) -> None:
    """Whatever comes in; what was printable stays, and twice is once."""
    safe = printable(text)

    assert safe.isprintable()
    assert printable(safe) == safe
    assert not text.isprintable() or safe == text


def test_a_terminal_of_few_letters_gets_escapes() -> None:
    """An ASCII console is no reason to fail."""
    assert printable("é\U0001f600", "ascii") == "\\xe9\\U0001f600"
    assert printable("é", None) == "\\xe9"


def test_a_token_is_no_argument(app: Flask, token: str) -> None:
    """Wrong use, and the message does not repeat it."""
    done = _ask(app, "inspect", token)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "A token is no argument" in done.stderr
    assert SEGMENT.search(done.stderr) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("partner", "Error: JWT is not set up on this app (toolkit.partner).\n"),
        ("middleware", "Error: 'middleware' is a MiddlewareStack, not a JWT.\n"),
    ],
)
def test_a_component_that_is_no_jwt_is_one_line(
    app: Flask, token: str, name: str, said: str
) -> None:
    """``--name`` means a component; exit code 1."""
    MiddlewareStack(app)

    done = _ask(app, "inspect", "--name", name, given=token)

    assert (done.exit_code, done.stderr) == (1, said)


def test_a_named_component_judges_its_own_tokens(app: Flask) -> None:
    """Each has its keys."""
    JWT(app, name="partner", keys=KeySet(OTHER), clock=lambda: NOW)
    token = _made(signer=OTHER)

    assert _data(app, token, "--name", "partner")[0] == 0
    assert _data(app, token)[0] == 1


# As it is typed


def test_the_programs_work_together(run: Run, folder: Path) -> None:
    """A key file made, an application started with it, rotated, a token judged."""
    (folder / "shop.py").write_text(SHOP)
    jwt = ["-m", "flask", "--app", "shop", "toolkit", "jwt"]
    env = {"FLASK_TOOLKIT_JWT_KEY_FILE": "keys.json"}
    made = run(
        *jwt, "keygen", "--alg", "EdDSA", "--format", "jwk", "--out", "keys.json"
    )
    assert (made.returncode, made.stdout) == (0, "")
    assert f"Set TOOLKIT_JWT_KEY_FILE to {folder / 'keys.json'}" in made.stderr

    code = (
        "from shop import app, jwt\n"
        "with app.app_context(): print(jwt.create_access_token('7'))"
    )
    token = run("-c", code, **env).stdout.strip()
    assert token.count(".") == 2

    for _ in range(2):
        done = run(*jwt, "rotate", **env)
        assert (done.returncode, done.stderr) == (0, "")

    assert "Restart the workers." in done.stdout
    # Retired, it still verifies.
    shown = _piped(run, folder, [*jwt, "inspect"], token, env)
    assert shown.returncode == 0
    assert shown.stdout.startswith("VALID\n")


def _piped(
    run: Run,
    folder: Path,
    arguments: list[str],
    text: str,
    environment: dict[str, str],
) -> subprocess.CompletedProcess[str]:
    """Run a program with a text on its stdin, as a shell's pipe does."""
    code = (
        "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-W',"
        " 'error', *sys.argv[2:]], input=sys.argv[1].encode()).returncode)"
    )
    return run("-c", code, text, *arguments, **environment)


def test_the_key_file_that_others_may_read_stops_the_start(
    run: Run, folder: Path
) -> None:
    """With the file and the command that mends it, exit code 2."""
    (folder / "shop.py").write_text(SHOP)
    jwt = ["-m", "flask", "--app", "shop", "toolkit", "jwt"]
    run(*jwt, "keygen", "--format", "jwk", "--out", "keys.json")
    (folder / "keys.json").chmod(0o644)

    done = run(*jwt, "rotate", FLASK_TOOLKIT_JWT_KEY_FILE="keys.json")

    assert (done.returncode, done.stdout) == (2, "")
    assert "TOOLKIT_JWT_KEY_FILE: keys.json: its mode is 0644" in done.stderr
    assert "chmod 600 keys.json" in done.stderr


def test_the_question_is_no_part_of_the_answer(
    app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes to stderr, so that the output can be piped on."""

    class Terminal:
        stdin = SimpleNamespace(isatty=lambda: True)
        stdout = SimpleNamespace(encoding="utf-8")

    monkeypatch.setattr(_jwt_inspect, "sys", Terminal)

    done = _ask(app, "inspect", given=f"{token}\n")

    assert done.exit_code == 0
    assert done.stdout.startswith("VALID\n")
    assert done.stderr == "Token: \n"


def test_a_terminal_is_asked_and_shows_nothing(folder: Path) -> None:
    """The token is typed without an echo."""
    (folder / "shop.py").write_text(SHOP)
    control, terminal = pty.openpty()
    path = os.pathsep.join([str(folder / "installed"), *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "shop", "toolkit", "jwt", "inspect"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": path,
            "FLASK_SECRET_KEY": SECRET,
        },
        start_new_session=True,
    )
    os.close(terminal)

    try:
        # It prompts when it is ready; what came before is dropped.
        assert process.stderr is not None
        assert process.stderr.read(7) == "Token: "
        os.write(control, b"not.a.token\n")
        stdout, _ = process.communicate(timeout=60)
        shown = _shown_by(control)
    finally:
        process.kill()
        os.close(control)

    assert process.returncode == 1
    assert stdout.startswith("NOT VALID: ")
    assert b"token" not in shown


def _shown_by(control: int) -> bytes:
    """Return what a terminal showed, whose last program has ended."""
    parts: list[bytes] = []

    # Linux says EIO at the end, others return nothing.
    with contextlib.suppress(OSError):
        parts.extend(iter(lambda: os.read(control, 1000), b""))

    return b"".join(parts)
