"""Every example runs, and its commands print what its docstring says."""

import argparse
import ast
import importlib.util
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.client import HTTPResponse
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import SplitResult
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.serving import make_server

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
ASSIGNMENT = re.compile(r"(?P<name>[A-Z]+)=\$\((?P<command>curl .*)\)")


CURL = argparse.ArgumentParser(prog="curl", exit_on_error=False)
CURL.add_argument("url")
CURL.add_argument("-X", dest="method")
CURL.add_argument("-H", dest="headers", action="append", default=[])
CURL.add_argument("-d", dest="data", action="append", default=[])
CURL.add_argument("-b", dest="send_cookies")
CURL.add_argument("-c", dest="keep_cookies")
CURL.add_argument("-o", dest="output")
CURL.add_argument("-w", dest="write_out")
CURL.add_argument("-s", action="store_true")
CURL.add_argument("-i", dest="head", action="store_true")


class Shell:
    """The few words of curl and the shell that the examples use."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.variables: dict[str, str] = {}
        self.jar: SimpleCookie = SimpleCookie()

    def run(self, line: str) -> list[str]:
        """Run one command and return the lines that it prints."""
        assignment = ASSIGNMENT.fullmatch(line)

        if assignment is not None:
            output = "\n".join(self._curl(assignment["command"]))
            self.variables[assignment["name"]] = output.strip()
            return []

        return self._curl(line)

    def _curl(self, line: str) -> list[str]:
        for name, value in self.variables.items():
            line = line.replace(f"${name}", value)

        asked = CURL.parse_args(shlex.split(line)[1:])
        data = "&".join(asked.data) if asked.data else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if data else {}
        headers |= dict(re.split(": *", header, maxsplit=1) for header in asked.headers)

        if asked.send_cookies:
            headers["Cookie"] = self.jar.output(attrs=[], header="", sep=";").strip()

        method = asked.method or ("GET" if data is None else "POST")
        response, body = self._request(method, urlsplit(asked.url), headers, data)

        if asked.keep_cookies:
            for cookie in response.headers.get_all("Set-Cookie", []):
                self.jar.load(cookie)

        if asked.write_out:
            code = asked.write_out.replace("%{http_code}", str(response.status))
            return [code.removesuffix("\\n")]

        head = [f"HTTP/1.1 {response.status} {response.reason}"]
        head += [f"{name}: {value}" for name, value in response.getheaders()]
        return [*(head if asked.head else []), *body.splitlines()]

    def _request(
        self, method: str, url: SplitResult, headers: dict[str, str], data: str | None
    ) -> tuple[HTTPResponse, str]:
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=10)
        target = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        connection.request(method, target, data, {"Host": url.netloc} | headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response, body


def _steps(path: Path) -> list[tuple[str, list[str]]]:
    """Return the commands of a docstring, each with what it should print."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    # Indented by four, as in the docstring of a literal block.
    indented = [line.strip() for line in text.splitlines() if line[:4].isspace()]
    commands = [n for n, line in enumerate(indented) if line.startswith("$ ")]
    ends = [*commands[1:], len(indented)]
    return [
        (indented[begin][2:], list(filter(None, indented[begin + 1 : end])))
        for begin, end in zip(commands, ends, strict=True)
    ]


@contextmanager
def _served(path: Path) -> Iterator[str]:
    """Serve an example on a free port and yield its address."""
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    app = module.app
    assert isinstance(app, Flask)
    # One request at a time: the next one comes after the last one was closed.
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del sys.modules[spec.name]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_commands_print_what_the_docstring_says(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A reader who types them sees exactly this, over real HTTP."""
    monkeypatch.chdir(tmp_path)
    steps = _steps(path)
    assert len(steps) >= 2

    with _served(path) as address:
        shell = Shell(address)

        for command, expected in steps:
            printed = shell.run(command)
            assert _matches(printed, expected, partly=" -i" in command), (
                command,
                printed,
            )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    """It can be read in one sitting: at most 60 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_flask_finds_the_application(path: Path, tmp_path: Path) -> None:
    """The run line of the README works: the command line loads the file."""
    program = Path(sys.executable).with_name("flask")
    done = subprocess.run(
        [program, "--app", path, "routes"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Endpoint" in done.stdout


def test_there_are_examples() -> None:
    """Each of the six helpers has one."""
    assert {path.name[:2] for path in EXAMPLES} >= {"02", "06", "11", "13", "17", "22"}


def _matches(printed: list[str], expected: list[str], *, partly: bool) -> bool:
    """Compare lines; ``...`` stands for anything, as do gaps with ``partly``."""
    gap = r"(?:.*\n)*?" if partly else ""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else f"{gap}[ ]*{_line(line)}[ ]*\n"
        for line in expected
    )
    text = "".join(f"{line.strip()}\n" for line in printed)
    return re.fullmatch(f"{pattern}{gap}", text) is not None


def _line(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split("..."))


@pytest.mark.parametrize(
    ("printed", "expected", "partly", "equal"),
    [
        pytest.param(["a", "b"], ["a", "b"], False, True, id="equal"),
        pytest.param(["a", "b"], ["a"], False, False, id="too-much"),
        pytest.param(["a", "b", "c"], ["a", "...", "c"], False, True, id="dots"),
        pytest.param(["id: 7f"], ["id: ..."], False, True, id="dots-in-line"),
        pytest.param(["H: 1", "", "b"], ["H: 1"], True, True, id="partly"),
        pytest.param(["H: 2", "", "b"], ["H: 1"], True, False, id="partly-other"),
    ],
)
def test_the_comparison_can_fail(
    printed: list[str], expected: list[str], partly: bool, equal: bool
) -> None:
    """What the docstrings are held against is not anything."""
    assert _matches(printed, expected, partly=partly) is equal
