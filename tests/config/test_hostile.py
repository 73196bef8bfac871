"""Files as nobody wants them, from each source that reads files."""

import functools
import json
import os
import socket
import stat
import tracemalloc
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit._findings import Level
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import FileFromEnv
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Source
from flask_toolkit.config._formats import read_secret
from flask_toolkit.config.checks import run_checks
from flask_toolkit.errors import SetupError

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]
Make = Callable[[Path], object]
CANARY = "canary-7f3a"
GIB = 1 << 30
# By the limit of the parser, which not every release has, or else by ours.
_DEEP = "is n"


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(GIB)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _full(path: Path) -> None:
    path.symlink_to("/dev/full")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        # A path to a socket is short: that of a test folder may not be.
        folder = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


def _holding(data: bytes) -> Make:
    return functools.partial(Path.write_bytes, data=data)


@pytest.fixture(name="source", params=["file", "named", "dotenv", "folder", "X_FILE"])
def _source(
    request: pytest.FixtureRequest, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> tuple[Source, Path]:
    """Return a source, and the path of the one file that it reads."""
    (Path(app.root_path) / "run").mkdir()
    sources: dict[str, tuple[Source, str]] = {
        "file": (File("a.toml", optional=True), "a.toml"),
        "named": (FileFromEnv("A_SETTINGS"), "a.toml"),
        "dotenv": (DotEnv("a.env", prefix="A_"), "a.env"),
        "folder": (SecretsDir("run"), "run/SECRET_KEY"),
        "X_FILE": (Env("A_", environ={"A_SECRET_KEY_FILE": "run/key"}), "run/key"),
    }
    monkeypatch.setenv("A_SETTINGS", "a.toml")
    source, name = sources[request.param]
    return source, Path(app.root_path) / name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(_sparse, "is larger than", id="gigabyte"),
        pytest.param(os.mkfifo, "is not a regular file", id="pipe"),
        pytest.param(_socket, "is not a regular file", id="socket"),
        pytest.param(Path.mkdir, "is not a regular file", id="directory"),
        pytest.param(_device, "regular file|out of its folder", id="endless-device"),
        pytest.param(_full, "regular file|out of its folder", id="full-device"),
        pytest.param(
            lambda path: path.symlink_to(path), "cannot be read: too many", id="loop"
        ),
        pytest.param(_holding(b"\x80\x81\xfe"), "is not UTF-8", id="binary"),
        pytest.param(_holding(b"\x7fELF\0\0\1"), "holds zero bytes", id="program"),
        pytest.param(
            _holding("A_X=1\nB".encode("utf-16")), "UTF-8", id="utf-16-with-a-mark"
        ),
        pytest.param(
            _holding("A_X=1\nB".encode("utf-16-le")), "holds zero bytes", id="utf-16"
        ),
        pytest.param(_holding("A_X='ü'".encode("latin-1")), "UTF-8", id="latin-1"),
    ],
)
def test_a_hostile_file_is_one_problem(
    problems: Problems, source: tuple[Source, Path], make: Make, message: str
) -> None:
    """From every source, at once, and with little memory."""
    make(source[1])
    tracemalloc.start()

    (found,) = problems(ConfigLoader(source[0]))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert any(part in found.message for part in message.split("|"))
    assert peak < 4 << 20


def test_a_file_that_nobody_may_read_is_a_problem(
    problems: Problems, source: tuple[Source, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is optional: it is there, and somebody meant something by it."""
    source[1].write_text("A_SECRET_KEY=x")

    # Root may read everything, so the refusal has a double.
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    (found,) = problems(ConfigLoader(source[0]))

    assert "cannot be read: permission denied" in found.message


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "mark"])
def test_a_mark_of_utf_8_is_no_part_of_the_text(
    app: Flask, source: tuple[Source, Path], mark: bytes
) -> None:
    """Editors of Windows write one; it would become part of the first name."""
    texts = {".toml": b'SECRET_KEY = "x"', ".env": b"A_SECRET_KEY=x", "": b"x"}
    source[1].write_bytes(mark + texts[source[1].suffix])

    ConfigLoader(source[0]).init_app(app)

    assert app.config["SECRET_KEY"] == "x"


def test_another_file_in_its_place_is_seen(
    problems: Problems, source: tuple[Source, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at is not trusted: what is open is looked at again."""
    path = source[1]
    path.write_text(CANARY)
    look = Path.stat

    def replacing(self: Path, **options: t.Any) -> os.stat_result:
        found = look(self, **options)

        if self.name == path.name and not stat.S_ISFIFO(found.st_mode):
            path.unlink()
            os.mkfifo(path)

        return found

    # The double stands for a stranger who is quick.
    monkeypatch.setattr(Path, "stat", replacing)

    (found,) = problems(ConfigLoader(source[0]))

    assert "is not a regular file" in found.message


def test_a_file_that_grows_is_cut_off(
    problems: Problems, source: tuple[Source, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is no promise: it is counted while it is read."""
    path = source[1]
    path.write_text("")
    look = os.fstat

    def growing(file: int) -> os.stat_result:
        found = look(file)
        _sparse(path)
        return found

    monkeypatch.setattr(os, "fstat", growing)
    tracemalloc.start()

    (found,) = problems(ConfigLoader(source[0]))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "is larger than" in found.message
    assert peak < 4 << 20


def test_a_link_made_late_does_not_leave_the_secrets(
    problems: Problems, app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check of a path and its opening a link may take its place."""
    outside = write("outside", CANARY)
    path = write("run/SECRET_KEY", "k" * 32)

    def late(name: Path, *, links: bool = True) -> str:
        path.unlink()
        path.symlink_to(outside)
        return read_secret(name, links=links)

    monkeypatch.setattr("flask_toolkit.config._layers.read_secret", late)

    (found,) = problems(ConfigLoader(SecretsDir("run")))

    assert "cannot be read: too many levels of symbolic links" in found.message
    assert app.config["SECRET_KEY"] is None


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("../outside", id="file"),
        pytest.param("/etc/hostname", id="absolute"),
        pytest.param("../run2/SECRET_KEY", id="like-named-folder"),
        pytest.param("inner/../../outside", id="through-a-folder"),
    ],
)
def test_no_link_leads_out_of_the_secrets(
    problems: Problems, write: Write, target: str
) -> None:
    """A folder whose name only begins the same is another folder."""
    write("outside", CANARY)
    write("run2/SECRET_KEY", CANARY)
    folder = write("run/other", "x").parent
    (folder / "inner").mkdir()
    (folder / "SECRET_KEY").symlink_to(target)

    found = problems(ConfigLoader(SecretsDir("run")))

    assert [problem.message for problem in found if problem.key == "SECRET_KEY"] == [
        "the file that should hold it leads out of its folder"
    ]


def _nested(opening: str, closing: str, count: int) -> str:
    return opening * count + closing * count


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param(
            "a.yaml",
            "A: !!python/object/apply:os.system ['exit 1']",
            "is not valid YAML at column 4",
            id="yaml-tag",
        ),
        pytest.param("a.yaml", "A: !x 1", "is not valid YAML", id="yaml-own-tag"),
        pytest.param("a.yaml", "A: 1\n--- \nB: 2", "is not valid", id="yaml-documents"),
        pytest.param(
            "a.yaml",
            "a: &a {k: 1}\n" + "b: {<<: [" + "*a," * 200_000 + "]}",
            "merges too many keys",
            id="yaml-merges",
        ),
        pytest.param(
            "a.yaml",
            "a: &a {" + ", ".join(f"k{n}: 1" for n in range(2000)) + "}\nb:\n"
            "" + "- {<<: *a}\n" * 50_000,
            "merges too many keys",
            id="yaml-many-merges",
        ),
        pytest.param("a.yaml", "a: &a {<<: *a}", "is not valid", id="yaml-merge-loop"),
        pytest.param("a.yaml", "A: " + "[" * 900_000, _DEEP, id="yaml-open"),
        pytest.param("a.yaml", "- " * 300, "is nested too deeply", id="yaml-300"),
        pytest.param("a.yaml", "- " * 400_000, _DEEP, id="yaml-dashes"),
        pytest.param(
            "a.yaml", f"A: {_nested('[', ']', 400_000)}", _DEEP, id="yaml-deep"
        ),
        pytest.param(
            "a.toml", f"A = {_nested('[', ']', 40_000)}", "is not valid", id="toml-deep"
        ),
        pytest.param(
            "a.toml", "a=" + "{a=" * 40_000, "is not valid TOML", id="toml-inline"
        ),
        pytest.param("a.toml", "a." * 400_000 + "a=1", "too deeply", id="toml-dots"),
        pytest.param(
            "a.toml", "[" + '"a" . ' * 40_000 + "a]", "too deeply", id="toml-quoted"
        ),
        pytest.param("a.json", '{"a":' * 100_000, "is not valid JSON", id="json-deep"),
        pytest.param(
            "a.json", f'{{"A": {_nested("[", "]", 40)}}}', "too deeply", id="json-40"
        ),
        pytest.param(
            "a.json", json.dumps({"A": [0] * 100_001}), "too many", id="json-many"
        ),
        pytest.param("a.toml", "A = 1\n[A]", "is not valid TOML", id="toml-twice"),
        pytest.param("a.toml", "A.b = 1\nA.b = 2", "not valid", id="toml-twice-below"),
        pytest.param(
            "a.json", '{"A": {"b": 1, "b": 2}}', "the name 'b' twice", id="json-twice"
        ),
        pytest.param(
            "a.yaml", "A:\n  b: 1\n  b: 2", "the key 'b' twice", id="yaml-twice"
        ),
        pytest.param("a.env", "A_X=1\nB=2\nA_X=3", "sets A_X twice", id="env-twice"),
        pytest.param(
            "a.env", "A_X='" + "x" * 1_000_000, "not a valid .env", id="env-open"
        ),
    ],
)
def test_hostile_text_is_one_problem(
    problems: Problems,
    write: Write,
    name: str,
    text: str,
    message: str,
    *,
    optional: bool,
) -> None:
    """No recursion, no explosion, no silent choice; optional forgives absence only."""
    write(name, text)
    source: Source = File(name, optional=optional)

    if name == "a.env":
        source = DotEnv(name, prefix="A_", optional=optional)

    (found,) = problems(ConfigLoader(source))

    assert message in found.message


def test_a_merge_of_yaml_still_works(app: Flask, write: Write) -> None:
    """Counting what is merged changes nothing of it."""
    text = (
        "a: &a {x: 1, y: 1}\nb: &b {y: 2}\nc: {<<: [*b, *a], z: 3}\nd: {<<: *a, x: 9}"
    )
    write("a.yaml", text)

    ConfigLoader(File("a.yaml")).init_app(app)

    assert app.config["C"] == {"x": 1, "y": 2, "z": 3}
    assert app.config["D"] == {"x": 9, "y": 1}


def test_a_secret_that_stands_there_twice_is_a_problem(
    problems: Problems, write: Write
) -> None:
    """File names differ in case where keys do not."""
    write("run/SECRET_KEY", CANARY)
    write("run/secret_key", CANARY)

    (found,) = problems(ConfigLoader(SecretsDir("run")))

    assert found.message == "SECRET_KEY and secret_key set the same key"


def test_a_python_file_that_all_may_write_is_found(app: Flask, write: Write) -> None:
    """It is code: whoever may write it runs as the application."""
    path = write("a.py", "A = 1")
    path.chmod(0o646)
    ConfigLoader(File("a.py")).init_app(app)

    found = [one for one in run_checks(app, deploy=True) if one.id == "files.writable"]

    assert [(one.level, str(path) in one.message) for one in found] == [
        (Level.ERROR, True)
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"A = '\xff'", id="encoding"),
        pytest.param(b"A = 1\0", id="zero-byte"),
        pytest.param(b"(" * 5000, id="deep"),
        pytest.param(b"A = 1\n" + b"-" * 100_000 + b"1", id="recursion"),
    ],
)
def test_a_python_file_that_is_no_python_is_a_mistake_in_code(
    app: Flask, write: Write, text: bytes
) -> None:
    """It is told as one that raises: with its place, chained."""
    write("a.py", text)

    with pytest.raises(SetupError, match=r"a\.py:[0-9]+: raised "):
        ConfigLoader(File("a.py")).init_app(app)
