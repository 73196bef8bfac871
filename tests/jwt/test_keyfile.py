"""``KEY_FILE``: read strictly, rotated safely, and never quoted."""

import errno
import fcntl
import json
import os
import re
import stat
import subprocess
import sys
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from hypothesis import example
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from flask_toolkit import ConfigLoader
from flask_toolkit.config import Env
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import MissingExtraError
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt._keys import _keyfile
from flask_toolkit.jwt._keys import _rotation
from flask_toolkit.jwt._keys._keyfile import KeyFileError
from flask_toolkit.jwt._keys._keyfile import living
from flask_toolkit.jwt._keys._keyfile import read
from flask_toolkit.jwt._keys._material import ALGORITHMS
from flask_toolkit.jwt._keys._private import private_jwk
from flask_toolkit.jwt._keys._private import private_text
from flask_toolkit.jwt._keys._rotation import rotate
from flask_toolkit.jwt._keys._rotation import Rotation
from flask_toolkit.jwt._keys._rotation import write_new
from flask_toolkit.jwt._words import moment

NOW = 1_800_000_000.0
LIFETIME = 1000.0
ONE, TWO, THREE = (private_jwk("EdDSA") for _ in range(3))
SECRETS = [private_jwk("HS256") for _ in range(2)]
CANARY = "canary-that-nobody-may-see"

Write = Callable[..., Path]


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Write:
    """Return what writes a key file, by default with mode 0600."""

    def write(
        content: str | bytes | list[t.Any] | Mapping[str, t.Any], mode: int = 0o600
    ) -> Path:
        if isinstance(content, list):
            content = {"keys": content}

        if isinstance(content, Mapping):
            content = json.dumps(content)

        path = tmp_path / "keys.json"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    return write


def _rotate(path: Path, now: float = NOW, alg: str | None = None) -> Rotation:
    return rotate(path, alg=alg, now=now, lifetime=LIFETIME)


def _kids(path: Path) -> list[str]:
    return [jwk["kid"] for jwk in json.loads(path.read_text())["keys"]]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)

    try:
        yield
    finally:
        os.umask(before)


# Private keys as text


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_new_key_can_be_loaded_again(alg: str) -> None:
    """Both forms give a key of that algorithm that signs, the JWK with its id."""
    jwk = private_jwk(alg)
    from_jwk, from_text = Key.load(jwk), Key.load(private_text(alg), alg=alg)

    assert (from_jwk.alg, from_jwk.can_sign) == (alg, True)
    assert (from_text.alg, from_text.can_sign) == (alg, True)
    assert (jwk["kid"], jwk["use"]) == (from_jwk.kid, "sig")
    assert from_jwk.verify(b"data", from_jwk.sign(b"data"))


@pytest.mark.parametrize("alg", ["HS512", "ES256"])
def test_two_new_keys_differ(alg: str) -> None:
    """They are random."""
    assert private_jwk(alg)["kid"] != private_jwk(alg)["kid"]
    assert private_text(alg) != private_text(alg)


# Reading


def test_the_first_key_signs_and_the_others_verify(write: Write) -> None:
    """Also the next one, although its private half is there."""
    keys = living(read(write([ONE, TWO, THREE])), NOW)

    assert [key.kid for key in keys] == [ONE["kid"], TWO["kid"], THREE["kid"]]
    assert [key.can_sign for key in keys] == [True, False, False]


@pytest.mark.parametrize(
    ("exp", "lives"),
    [(NOW + 1, True), (NOW + 0.5, True), (NOW, False), (NOW - 1, False)],
)
def test_a_retired_key_verifies_until_its_end(
    write: Write, exp: float, lives: bool
) -> None:
    """At its ``exp`` it is gone."""
    keys = living(read(write([ONE, {**TWO, "exp": exp}])), NOW)

    assert (TWO["kid"] in {key.kid for key in keys}) is lives


def test_a_single_key_is_a_set_of_one(write: Write) -> None:
    """What keygen writes can be used as it is."""
    (entry,) = read(write(ONE))

    assert entry.key.kid == ONE["kid"]


def test_an_entry_shows_no_part_of_its_key(write: Write) -> None:
    """Not in a traceback's locals either."""
    (entry,) = read(write(SECRETS[:1]))

    assert SECRETS[0]["k"] not in repr(entry)


WEAK = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024), as_dict=True)
PUBLIC = Key.load(ONE).public_jwk()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "is not a JWK Set in JSON", id="empty"),
        pytest.param(CANARY, "is not a JWK Set in JSON", id="no-json"),
        pytest.param(private_text("ES256"), "a PEM key or a secret", id="pem"),
        pytest.param(f'["{CANARY}"]', "is not a JWK Set in JSON", id="list"),
        pytest.param('{"keys": {}}', "is not a JWK Set in JSON", id="no-list"),
        pytest.param('{"keys": [], "keys": []}', "is not a JWK Set", id="twice"),
        pytest.param(b'{"keys": ["\xff"]}', "is not a JWK Set", id="no-utf-8"),
        pytest.param("[" * 100_000, "is not a JWK Set", id="deep"),
        pytest.param([], "the first key must be private", id="no-key"),
        pytest.param([CANARY], "key 1 is not a JSON object", id="text"),
        pytest.param([{"kty": CANARY}], "key 1: ", id="unknown-kty"),
        pytest.param([{"kty": ["RSA"], "n": CANARY}], "key 1: ", id="kty-list"),
        pytest.param([{"alg": "HS256", "k": CANARY}], "key 1: ", id="no-kty"),
        pytest.param([{"kty": "oct", "k": CANARY}], "key 1: ", id="short-secret"),
        pytest.param([{**ONE, "d": CANARY}], "key 1: ", id="broken-pair"),
        pytest.param([{**ONE, "alg": CANARY}], "key 1: ", id="unknown-alg"),
        pytest.param([{**ONE, "use": "enc"}], "key 1: ", id="for-encryption"),
        pytest.param(
            [{**WEAK, "key_ops": ["verify"]}], "key 1: the RSA key has", id="rsa-1024"
        ),
        pytest.param([ONE, {**TWO, "exp": "1"}], "key 2: exp must be", id="exp-text"),
        pytest.param([ONE, {**TWO, "exp": True}], "key 2: exp must be", id="exp-bool"),
        pytest.param([ONE, {**TWO, "exp": -1}], "key 2: exp must be", id="exp-minus"),
        pytest.param([ONE, {**TWO, "exp": 1e20}], "key 2: exp must be", id="exp-far"),
        pytest.param([PUBLIC, TWO], "the first key must be private", id="public"),
        pytest.param([{**ONE, "exp": 9e9}], "and have no exp", id="retired-first"),
        pytest.param([ONE, ONE], "two keys have the same kid", id="same"),
        pytest.param([ONE, SECRETS[0]], "secrets and key pairs", id="mixed"),
        pytest.param(" " * (1024 * 1024 + 1), "is larger than", id="large"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_never_quoted(
    write: Write, content: t.Any, said: str
) -> None:
    """The message says which file and which key, and nothing that stands in it."""
    path = write(content)

    with pytest.raises(KeyFileError, match=re.escape(said)) as info:
        read(path)

    assert str(info.value).startswith(f"{path}: ")
    assert CANARY not in str(info.value)
    assert info.value.__cause__ is None
    assert info.value.__suppress_context__ or info.value.__context__ is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from([*ONE, "exp"]), inner)
        ),
        max_leaves=8,
    )
)
@example({"kty": "EC", "crv": {}, "x": "", "y": ""})
@budget(max_examples=200, deadline=None)
def test_whatever_stands_there_is_one_kind_of_error(
    tmp_path_factory: pytest.TempPathFactory, content: object
) -> None:
    """A stranger in the set stops the start with a message, not a traceback."""
    path = tmp_path_factory.mktemp("set") / "keys.json"
    write_new(path, json.dumps({"keys": [content]}).encode())

    with pytest.raises(KeyFileError):
        read(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o777])
def test_a_file_that_others_may_use_is_refused(write: Write, mode: int) -> None:
    """The message has the mode and the command that mends it."""
    path = write([ONE], mode)

    with pytest.raises(KeyFileError, match=f"mode is {mode:04o}") as info:
        read(path)

    assert f"chmod 600 {path}" in str(info.value)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_alone_is_read(write: Write, mode: int) -> None:
    """Read-only is fine."""
    assert read(write([ONE], mode))


def test_where_modes_mean_nothing_they_are_not_judged(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """Windows calls every file 0666."""
    path = write([ONE], 0o666)
    monkeypatch.setattr(_keyfile, "_HAS_MODES", False)

    assert read(path)


def test_a_link_is_followed_and_its_target_judged(write: Write) -> None:
    """Mounted secrets are links; their own mode says nothing."""
    path = write([ONE])
    link = path.with_name("link")
    link.symlink_to(path)

    assert read(link)

    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="mode is 0644"):
        read(link)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda path: None, "cannot be read: no such file", id="missing"),
        pytest.param(lambda path: path.mkdir(), "is not a regular file", id="folder"),
        pytest.param(os.mkfifo, "is not a regular file", id="pipe"),
    ],
)
def test_what_is_no_file_is_refused(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    """At once: a pipe is not waited for."""
    make(tmp_path / "keys.json")

    with pytest.raises(KeyFileError, match=said):
        read(tmp_path / "keys.json")


# The setting


def _start(path: object, **more: object) -> Flask:
    app = Flask("shop")
    app.config.update(TOOLKIT_JWT_KEY_FILE=path, TESTING=True, **more)
    return app


def test_the_application_signs_with_the_file(write: Write) -> None:
    """Neither KEY nor SECRET_KEY is needed, and tokens of all its keys are good."""
    path = write([ONE, {**TWO, "exp": NOW + 1}])
    app = _start(str(path))
    jwt: JWT[t.Any] = JWT(app, clock=lambda: NOW)

    with app.app_context():
        token = jwt.create_access_token("7")
        assert jwt.verify(token).header["kid"] == ONE["kid"]

        # What the retired key signed before.
        claims = dict(jwt.verify(token))
        old = KeySet(Key.load(TWO)).sign(claims, typ="at+jwt")
        assert jwt.verify(old).header["kid"] == TWO["kid"]


def test_a_retired_key_past_its_end_is_not_loaded(write: Write) -> None:
    """The component's clock decides."""
    path = write([ONE, {**TWO, "exp": NOW}])
    app = _start(path)
    jwt: JWT[t.Any] = JWT(app, clock=lambda: NOW)

    keys = jwt.state_of(app).own_keys(app)
    assert [key.kid for key in keys] == [ONE["kid"]]


def test_the_file_wins_over_keys_in_code(write: Write) -> None:
    """As KEY does: the deployment decides."""
    app = _start(write([ONE]))
    jwt: JWT[t.Any] = JWT(app, keys=KeySet(Key.generate()))

    assert [key.kid for key in jwt.state_of(app).own_keys(app)] == [ONE["kid"]]


def test_fallbacks_stand_beside_the_file(write: Write) -> None:
    """So HS256 can be left without a logout."""
    old = Key.generate()
    app = _start(write([ONE]), TOOLKIT_JWT_KEY_FALLBACKS=[SECRETS[0]])
    jwt: JWT[t.Any] = JWT(app, keys=KeySet(old))

    kids = [key.kid for key in jwt.state_of(app).own_keys(app)]
    assert kids == [ONE["kid"], SECRETS[0]["kid"]]


@pytest.mark.parametrize(
    ("more", "key", "said"),
    [
        pytest.param(
            {"KEY": SECRETS[0]}, "KEY_FILE", "cannot stand beside KEY", id="key"
        ),
        pytest.param(
            {"ALGORITHM": "EdDSA"}, "ALGORITHM", "names its own", id="algorithm"
        ),
        pytest.param(
            {"KEY_FALLBACKS": [TWO]}, "KEY_FALLBACKS", "the same kid", id="fallback"
        ),
    ],
)
def test_what_does_not_go_with_the_file_stops_the_start(
    write: Write, more: dict[str, t.Any], key: str, said: str
) -> None:
    """The problem names the setting to take out."""
    given = {f"TOOLKIT_JWT_{name}": value for name, value in more.items()}

    with pytest.raises(ConfigError, match=said) as info:
        JWT(_start(write([ONE, TWO]), **given))

    assert [problem.key for problem in info.value.problems] == [f"TOOLKIT_JWT_{key}"]


def test_a_bad_file_is_a_problem_of_the_configuration(write: Write) -> None:
    """One among all others, with the path and without the content."""
    path = write([CANARY])
    app = _start(path, TOOLKIT_JWT_LEEWAY=999)

    with pytest.raises(ConfigError) as info:
        JWT(app)

    assert [problem.key for problem in info.value.problems] == [
        "TOOLKIT_JWT_LEEWAY",
        "TOOLKIT_JWT_KEY_FILE",
    ]
    assert str(path) in str(info.value)
    assert CANARY not in str(info.value)


def test_without_cryptography_it_says_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key pair needs the extra."""

    def missing(*_: object, **__: object) -> t.NoReturn:
        raise MissingExtraError("crypto")

    path = write([ONE])
    monkeypatch.setattr(Key, "load", missing)

    with pytest.raises(ConfigError, match=r"flask-toolkit\[crypto\]"):
        JWT(_start(path))


def test_a_variable_names_the_file_itself(write: Write) -> None:
    """``X_FILE`` means "what X holds" only where it is no setting."""
    path = write([ONE])
    app = Flask("shop")
    environ = {"SHOP_TOOLKIT_JWT_KEY_FILE": str(path)}
    ConfigLoader(Env("SHOP_", environ=environ)).init_app(app)
    jwt: JWT[t.Any] = JWT(app)

    assert jwt.settings_of(app).key_file == path
    assert [key.kid for key in jwt.state_of(app).own_keys(app)] == [ONE["kid"]]


def test_settings_and_state_show_no_part_of_a_key(write: Write) -> None:
    """The path is no secret; what stands there is."""
    app = _start(write(SECRETS))
    jwt: JWT[t.Any] = JWT(app)

    shown = repr((jwt.settings_of(app), jwt.state_of(app), app.extensions))
    assert SECRETS[0]["k"] not in shown


# Rotation


def test_the_next_key_signs_and_the_old_one_is_retired(write: Write) -> None:
    """In the file, in this order: signing, next, retired."""
    path = write([ONE, TWO])

    done = _rotate(path)

    assert done.signing.kid == TWO["kid"]
    assert [(key.kid, end) for key, end in done.retired] == [
        (ONE["kid"], NOW + LIFETIME)
    ]
    assert not done.is_first
    assert _kids(path) == [TWO["kid"], done.next.kid, ONE["kid"]]
    assert [entry.exp for entry in read(path)] == [None, None, NOW + LIFETIME]
    assert done.next.alg == "EdDSA"


def test_a_retired_pair_loses_its_private_half(write: Write) -> None:
    """Whoever reads the file later cannot sign with it."""
    path = write([ONE, TWO])

    _rotate(path)

    assert ONE["d"] not in path.read_text()
    assert [entry.key.can_sign for entry in read(path)] == [True, True, False]


def test_a_retired_secret_stays_and_only_verifies(write: Write) -> None:
    """A secret has no public half."""
    path = write(SECRETS)

    done = _rotate(path)

    keys = living(read(path), NOW)
    assert [key.kid for key in keys] == [
        SECRETS[1]["kid"],
        done.next.kid,
        SECRETS[0]["kid"],
    ]
    assert [key.can_sign for key in keys] == [True, False, False]


def test_retired_keys_go_when_their_end_has_come(write: Write) -> None:
    """The others stay in the order in which they were retired."""
    path = write([ONE, TWO])
    first = _rotate(path)
    second = _rotate(path, NOW + 10)

    third = _rotate(path, NOW + LIFETIME)

    assert [key.kid for key in third.dropped] == [ONE["kid"]]
    assert _kids(path) == [
        second.next.kid,
        third.next.kid,
        TWO["kid"],
        first.next.kid,
    ]


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([], id="alone"),
        pytest.param([{**TWO, "exp": NOW + 5}], id="retired"),
        pytest.param([Key.load(TWO).public_jwk()], id="public"),
    ],
)
def test_a_file_without_a_next_key_gets_one_first(
    write: Write, others: list[t.Any]
) -> None:
    """What no worker has read yet must not sign."""
    path = write([ONE, *others])

    done = _rotate(path)

    assert (done.is_first, done.signing.kid) == (True, ONE["kid"])
    assert _kids(path) == [ONE["kid"], done.next.kid, *(o["kid"] for o in others)]
    assert _rotate(path).signing.kid == done.next.kid


def test_a_key_without_end_stays(write: Write) -> None:
    """Somebody put it there by hand."""
    path = write([ONE, TWO, THREE])

    _rotate(path)

    assert THREE["kid"] in _kids(path)


def test_workers_of_two_generations_take_each_others_tokens(write: Write) -> None:
    """During a rolling restart no valid token is refused."""
    path = write([ONE, TWO])
    before = KeySet(*living(read(path), NOW))
    _rotate(path)
    after = KeySet(*living(read(path), NOW))

    assert before.verify(after.sign({"sub": "7"}, typ="at+jwt"))
    assert after.verify(before.sign({"sub": "7"}, typ="at+jwt"))


@given(st.lists(st.integers(0, int(LIFETIME) + 100), min_size=1, max_size=8))
@budget(max_examples=50, deadline=None)
def test_whatever_the_pace_no_token_outlives_its_key(
    tmp_path_factory: pytest.TempPathFactory, pauses: list[int]
) -> None:
    """A key signs only after it was published, and verifies while its tokens live."""
    path = tmp_path_factory.mktemp("set") / "keys.json"
    write_new(path, json.dumps({"keys": [ONE, TWO]}).encode())
    now = NOW
    # When each key last signed.
    signed = {ONE["kid"]: now}
    published = {ONE["kid"], TWO["kid"]}

    for pause in pauses:
        signed[_kids(path)[0]] = now = now + pause
        done = _rotate(path, now)
        assert done.signing.kid in published

        known = {key.kid for key in living(read(path), now)}
        published |= known
        assert {kid for kid, at in signed.items() if at + LIFETIME > now} <= known
        assert {key.kid for key in done.dropped}.isdisjoint(known)


def test_the_algorithm_may_change_with_the_new_key(write: Write) -> None:
    """It then is the default of the rotation after it."""
    path = write([ONE, TWO])

    assert _rotate(path, alg="ES256").next.alg == "ES256"
    assert (_rotate(path).signing.alg, _rotate(path).next.alg) == ("ES256", "ES256")


@pytest.mark.parametrize(
    ("content", "alg"),
    [([ONE, TWO], "HS256"), (SECRETS, "ES256")],
    ids=["pair-to-secret", "secret-to-pair"],
)
def test_another_kind_of_key_is_refused(
    write: Write, content: list[t.Any], alg: str
) -> None:
    """Secrets and key pairs do not stand in one set; the file stays."""
    path = write(content)
    before = path.read_bytes()

    with pytest.raises(KeyFileError, match="another kind of key"):
        _rotate(path, alg=alg)

    assert path.read_bytes() == before


@pytest.mark.parametrize("mask", [0, 0o022, 0o077], ids=oct)
def test_what_is_written_is_private_from_its_creation_on(
    write: Write, monkeypatch: pytest.MonkeyPatch, mask: int
) -> None:
    """Whatever the umask, and before the first byte."""
    path = write([ONE, TWO])
    modes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: modes.append(os.fstat(fd).st_mode))

    with _umask(mask):
        _rotate(path)

    written, folder = modes
    assert stat.S_IMODE(written) == 0o600
    assert stat.S_ISDIR(folder)
    assert _mode(path) == 0o600
    assert _mode(path.with_name("keys.json.lock")) == 0o600


def test_the_owner_of_the_file_stays(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator's rotation must not lock the application out."""
    path = write([ONE, TWO])
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    monkeypatch.setattr(
        os, "fchown", lambda _, user, group: given.append((user, group))
    )

    _rotate(path)

    assert given == [(path.stat().st_uid, -1)]


def test_a_link_is_not_replaced(write: Write) -> None:
    """The file that it leads to would stay as it is, unnoticed."""
    path = write([ONE, TWO])
    link = path.with_name("link")
    link.symlink_to(path)

    with pytest.raises(KeyFileError, match="is a symbolic link"):
        _rotate(link)

    assert link.is_symlink()


@pytest.mark.parametrize("name", ["keys.json.lock", "keys.json.new"])
def test_a_planted_link_is_never_written_through(
    write: Write, tmp_path: Path, name: str
) -> None:
    """Somebody who may write into the folder cannot aim us at another file."""
    path = write([ONE, TWO])
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / name).symlink_to(victim)

    if name.endswith("lock"):
        with pytest.raises(KeyFileError, match="cannot be opened"):
            _rotate(path)
    else:
        _rotate(path)

    assert victim.read_text() == "untouched"
    assert _mode(path) == 0o600


def test_a_second_rotation_at_the_same_time_is_refused(write: Write) -> None:
    """It would let a key sign that no worker has read."""
    path = write([ONE, TWO])
    before = path.read_bytes()

    with path.with_name("keys.json.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(KeyFileError, match="is being rotated by another process"):
            _rotate(path)

    assert path.read_bytes() == before
    assert _rotate(path).signing.kid == TWO["kid"]


RACE = """
import sys
from pathlib import Path
from flask_toolkit.jwt._keys._keyfile import KeyFileError
from flask_toolkit.jwt._keys._rotation import rotate

sys.stdin.read(1)
try:
    rotate(Path(sys.argv[1]), alg=None, now=1.8e9, lifetime=1000)
    print("rotated")
except KeyFileError as error:
    print(error)
"""


def test_processes_that_race_never_lose_a_key(write: Write) -> None:
    """Each either rotates the file of the one before, or is told to wait."""
    path = write([ONE, TWO])
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("x")
        racer.stdin.flush()

    said = [racer.communicate(timeout=60)[0].strip() for racer in racers]

    done = said.count("rotated")
    refused = f"{path}: is being rotated by another process"
    assert done >= 1
    assert done + said.count(refused) == len(racers)
    assert len(_kids(path)) == 2 + done
    assert {ONE["kid"], TWO["kid"]} <= set(_kids(path))


@pytest.mark.parametrize("step", ["fsync", "replace", "write"])
@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_a_failure_before_the_end_leaves_the_old_file(
    write: Write, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    """And nothing beside it but the empty lock."""
    path = write([ONE, TWO])
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> t.NoReturn:
        raise failure

    if step == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    elif step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(_rotation, "open", fail, raising=False)

    with pytest.raises((KeyFileError, KeyboardInterrupt)) as info:
        _rotate(path)

    if isinstance(failure, OSError):
        assert str(info.value) == f"{path}: cannot be replaced: no space left on device"

    assert path.read_bytes() == before
    names = sorted(each.name for each in path.parent.iterdir())
    assert names == ["keys.json", "keys.json.lock"]


def test_a_folder_that_cannot_be_synced_is_no_failure(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced by then; who rotated again would be a key too far."""
    path = write([ONE, TWO])

    def fsync(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)

    assert _rotate(path).signing.kid == TWO["kid"]
    assert _kids(path)[0] == TWO["kid"]


CRASH = """
import os, sys
from pathlib import Path
from flask_toolkit.jwt._keys._rotation import rotate

Path.replace = lambda *_: os._exit(9)
rotate(Path(sys.argv[1]), alg=None, now=1.8e9, lifetime=1000)
"""


def test_a_killed_rotation_leaves_the_old_file_and_no_obstacle(write: Write) -> None:
    """Killed between writing and replacing: the next rotation just works."""
    path = write([ONE, TWO])
    before = path.read_bytes()
    left = path.with_name("keys.json.new")

    done = subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False)

    assert done.returncode == 9
    assert path.read_bytes() == before
    assert _mode(left) == 0o600

    _rotate(path)
    assert _kids(path)[0] == TWO["kid"]
    assert not left.exists()


# A new file


def test_a_new_file_is_never_written_over(tmp_path: Path) -> None:
    """Neither a file nor a link, dangling or not."""
    taken = tmp_path / "taken"
    taken.write_text("untouched")
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to(taken)
    dangling.symlink_to(tmp_path / "nothing")

    for path in (taken, link, dangling):
        with pytest.raises(FileExistsError):
            write_new(path, b"key")

    assert taken.read_text() == "untouched"
    assert not (tmp_path / "nothing").exists()


def test_a_new_file_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a key is no key."""

    def fail(_: int) -> t.NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "key", b"key")

    assert list(tmp_path.iterdir()) == []


def test_a_lifetime_without_end_can_be_shown(write: Write) -> None:
    """The file was replaced already when the command would print it."""
    done = rotate(write([ONE, TWO]), alg=None, now=NOW, lifetime=1e15)

    assert [moment(exp) for _, exp in done.retired] == ["9999-12-31 23:59:59 UTC"]
