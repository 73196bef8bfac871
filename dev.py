#!/usr/bin/env python3
"""Set up this checkout and run its tasks; needs Python 3.11 or newer and pip.

python3 dev.py demo [--once] [--port N]   tour the showcase, then serve it
python3 dev.py test [pytest arguments]    run the tests
python3 dev.py check                      run everything a change has to pass
python3 dev.py matrix [nox arguments]     test the wheel on each Python
python3 dev.py bench [suite ...] [--ir]   measure beside peers; --help says more
python3 dev.py docs                       build the documentation

The first run makes the environment .venv in the folder of this file, and later
runs use it again. A new Python or a moved folder makes it anew; a change in
pyproject.toml or constraints/ installs again.
"""

# The syntax stays that of Python 3.8, so that an old Python can say what it needs.
from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
NEEDED = (3, 11)
LAST_PORT = 65535
PATIENCE = 3  # seconds that a program gets to end by itself

# What each stage installs besides the package and its extras.
GROUPS: dict[str, list[str]] = {
    "demo": [],
    "tests": ["--group", "tests"],
    "dev": ["--group", "dev"],
    "bench": ["--group", "bench"],
}

# Variables that would lead pip, pytest or the demo elsewhere. The rest stays,
# above all the user's choice of index, proxy and certificates.
SCRUBBED = {
    "PIP_PREFIX",
    "PIP_PYTHON",
    "PIP_ROOT",
    "PIP_TARGET",
    "PYRIGHT_PYTHON_FORCE_VERSION",
    "PYTHONHOME",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTHONSAFEPATH",
    "PYTHONWARNINGS",
    "VIRTUAL_ENV",
}
SCRUBBED_PREFIXES = ("COV_", "COVERAGE_", "FLASK_", "PYTEST_", "WERKZEUG_")
NETWORK_WORDS = re.compile(
    r"Could not find a version|No matching distribution|connection|ConnectionError"
    r"|NewConnectionError|Temporary failure|timed out",
    re.IGNORECASE,
)

# Runs in an environment that holds the wheel and nothing of this checkout.
PROBE = """
import sys
import flask_toolkit
heavy = {"flask", "jwt", "redis"} & sys.modules.keys()
assert not heavy, f"import flask_toolkit also loads {heavy}"
from pathlib import Path
home = Path(flask_toolkit.__file__).parent
assert Path(sys.prefix).resolve() in home.resolve().parents, f"imported from {home}"
assert (home / "py.typed").is_file(), "py.typed is not in the wheel"
from importlib.metadata import version
assert version("flask-toolkit") == flask_toolkit.__version__
for name in flask_toolkit.__all__:
    getattr(flask_toolkit, name)
print("imported", len(flask_toolkit.__all__), "names of", version("flask-toolkit"))
"""


class StopError(Exception):
    """Nothing more can be done; the message tells the user why."""


def program(name: str, env: Path = ENV) -> str:
    """Return the path of a program of an environment."""
    folder = env / ("Scripts" if WINDOWS else "bin")
    return str(folder / (f"{name}.exe" if WINDOWS else name))


def variables() -> dict[str, str]:
    """Return the environment variables that every step and program gets."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in SCRUBBED and not key.startswith(SCRUBBED_PREFIXES)
    }
    # pyright looks for "python" on the path; without this it would take our own
    # flask_toolkit/jwt for PyJWT.
    folder = str(Path(program("python")).parent)
    kept["PATH"] = os.pathsep.join([folder, kept.get("PATH", os.defpath)])
    kept["PIP_USER"] = "0"  # also outvotes the user's pip.conf
    kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    kept["PYTHONUTF8"] = "1"
    return kept


def say(text: str) -> None:
    """Print a line at once, so that it keeps its place before a program's."""
    print(text, flush=True)


def step(
    title: str,
    command: t.Sequence[str],
    *,
    cwd: Path = ROOT,
    shown: str | None = None,
) -> bool:
    """Run a command, print its duration, and its output if it fails.

    :param shown: Also print the lines that match this pattern if it succeeds.
    """
    begin = time.monotonic()
    say(f"-> {title}")
    code, output = _output_of(command, cwd)

    for line in output.splitlines():
        if code != 0 or (shown and re.search(shown, line)):
            say(f"   {line}")

    word = f"FAILED (exit {code})" if code != 0 else "ok"
    say(f"   {word}, {time.monotonic() - begin:.1f} s")

    if code != 0 and "pip" in command:
        _explain_network(output)

    return code == 0


def _output_of(command: t.Sequence[str], cwd: Path) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        # A program that is missing is a failed step like any other.
        return 127, str(error)

    return done.returncode, done.stdout


def _explain_network(output: str) -> None:
    if NETWORK_WORDS.search(output):
        say("   The packages named above could not be fetched: is there a network?")


def must(title: str, command: t.Sequence[str], *, cwd: Path = ROOT) -> None:
    """Run a step that the rest needs.

    :raises StopError: If it fails.
    """
    if not step(title, command, cwd=cwd):
        raise StopError(f"Stopped: '{title}' failed; nothing half-made counts as done.")


def stamp_of(stage: str) -> str:
    """Return the digest of all that an installed stage depends on."""
    digest = hashlib.sha256(f"{stage}\n{sys.version}\n{ROOT}\n".encode())

    for path in [ROOT / "pyproject.toml", *sorted(ROOT.glob("constraints/*.txt"))]:
        digest.update(path.read_bytes())

    return digest.hexdigest()


def set_up(stage: str) -> None:
    """Make the environment and install a stage, unless that is done already.

    :raises StopError: If a step fails.
    """
    mark = ENV / f"stamp-{stage}"
    wanted = stamp_of(stage)
    known = mark.read_text(encoding="utf-8") if mark.is_file() else None
    # The link goes nowhere once the Python it was made from is removed.
    alive = Path(program("python")).exists()

    if alive and known == wanted:
        return

    owner = f"{sys.version}\n{ROOT}"
    owned = ENV / "stamp-python"

    if not alive or not owned.is_file() or owned.read_text(encoding="utf-8") != owner:
        _make_environment(ENV)
        owned.write_text(owner, encoding="utf-8")

    mark.unlink(missing_ok=True)
    python = program("python")
    pip = [python, "-m", "pip", "install", "--quiet"]
    tools = ["-c", str(ROOT / "constraints" / "tools.txt")]
    # An old pip knows no dependency groups (25.1 does), and where the system's pip
    # made this environment there may be none newer.
    must("upgrade pip", [*pip, "--upgrade", "pip>=25.1"])
    must(f"install: {stage}", [*pip, *GROUPS[stage], "-e", ".[all]", *tools])
    # Last, so that an interrupted install is repeated.
    mark.write_text(wanted, encoding="utf-8")


def _make_environment(env: Path) -> None:
    if env.exists():
        shutil.rmtree(env)

    command = [sys.executable, "-m", "venv", str(env)]

    if _has_ensurepip():
        must(f"make the environment {env.name}", command)
        return

    must(f"make the environment {env.name}", [*command, "--without-pip"])
    # Its own environment is what this pip writes to, so PEP 668 does not apply.
    must(
        "install pip into it with the system's pip",
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            program("python", env),
            "install",
            "--quiet",
            "pip",
        ],
    )


def _has_ensurepip() -> bool:
    """Tell whether venv can install pip; Debian ships ensurepip apart."""
    try:
        found = importlib.util.find_spec("ensurepip")
    except (ImportError, ValueError):
        return False

    return found is not None and found.origin is not None


def run(command: t.Sequence[str]) -> int:
    """Run a program in the foreground and return its exit code."""
    child = subprocess.Popen(command, cwd=ROOT, env=variables())
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())

    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            # A terminal sends it to the program too, which ends in its own way;
            # one that was sent to this process alone is passed on.
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(PATIENCE)
                continue

            child.send_signal(signal.SIGINT)
        else:
            # As a shell has it: 128 and the number of the signal.
            return code if code >= 0 else 128 - code


def demo(arguments: t.Sequence[str]) -> int:
    """Tour the showcase and serve it."""
    parser = argparse.ArgumentParser(prog="dev.py demo", description=demo.__doc__)
    parser.add_argument("--once", action="store_true", help="end after the tour")
    parser.add_argument(
        "--port", type=_port, metavar="N", help="serve there, or fail if it is taken"
    )
    options = parser.parse_args(arguments)
    words = ["--once"] if options.once else []
    words += [] if options.port is None else ["--port", str(options.port)]
    set_up("demo")
    return run([program("python"), str(_tour()), *words])


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"it takes a number from 0 to {LAST_PORT}")

    return int(text)


def _tour() -> Path:
    return ROOT / "examples" / "showcase" / "tour.py"


def test(arguments: t.Sequence[str]) -> int:
    """Run the tests, without the coverage gate: a missing server skips some."""
    set_up("tests")
    return run([program("pytest"), *arguments])


def check(arguments: t.Sequence[str]) -> int:
    """Run all that a change has to pass, then list what failed."""
    if arguments:
        raise StopError(f"check takes no arguments, not {arguments[0]!r}.")

    set_up("dev")
    # A developer may lack a server, and its tests are skipped; here they must run.
    os.environ["TOOLKIT_REQUIRE_SERVICES"] = "1"
    begin = time.monotonic()
    failed = [title for title, command in _checks() if not step(title, command)]
    # The command of the README, with the gate on.
    tests = [sys.executable, str(Path(__file__).resolve()), "test", "-q", "--cov"]

    if not step("tests with branch coverage", tests, shown=r"passed|failed|^TOTAL"):
        failed.append("tests with branch coverage")

    with tempfile.TemporaryDirectory(prefix="flask-toolkit-") as name:
        if not step("documentation", _sphinx(Path(name))):
            failed.append("documentation")

    failed += _check_packages()
    tour = [program("python"), str(_tour()), "--once", "--port", "0"]

    if not step("demo --once", tour, shown=r"passed|failed|steps"):
        failed.append("demo --once")

    say(f"\n{time.monotonic() - begin:.0f} s in all")

    if failed:
        say(f"FAILED: {', '.join(failed)}")
        return 1

    say("All checks passed.")
    return 0


def _checks() -> list[tuple[str, list[str]]]:
    if shutil.which("node") is None:
        say("pyright needs Node.js: install it, for example: apt-get install nodejs")

    return [
        ("ruff check", [program("ruff"), "check", "."]),
        ("ruff format", [program("ruff"), "format", "--check", "."]),
        ("mypy", [program("mypy")]),
        ("pyright", [program("pyright")]),
        (
            "pyright --verifytypes",
            [program("pyright"), "--verifytypes", "flask_toolkit", "--ignoreexternal"],
        ),
        ("import-linter", [program("lint-imports")]),
        ("codespell", [program("codespell")]),
    ]


def _check_packages() -> list[str]:
    """Build sdist and wheel, and import the wheel where nothing else is."""
    with tempfile.TemporaryDirectory(prefix="flask-toolkit-") as name:
        folder = Path(name)
        # The wheel is built from the sdist, as an index would have it.
        build = [program("python"), "-m", "build", "--outdir", str(folder), str(ROOT)]

        if not step("build sdist and wheel", build):
            return ["build sdist and wheel"]

        env = folder / "env"
        wheel = str(next(folder.glob("*.whl")))
        python = program("python", env)

        try:
            _make_environment(env)
            must("install the wheel", [python, "-m", "pip", "install", "-q", wheel])
            must("import the wheel", [python, "-I", "-c", PROBE], cwd=folder)
        except StopError:
            return ["the wheel in an empty environment"]

    return []


def matrix(arguments: t.Sequence[str]) -> int:
    """Test the built wheel on each Python, with newest and oldest dependencies."""
    set_up("dev")
    return run([program("nox"), *arguments])


def bench(arguments: t.Sequence[str]) -> int:
    """Measure the parts beside their peers, interleaved in one run."""
    set_up("bench")
    return run([program("python"), str(ROOT / "benchmarks" / "run.py"), *arguments])


def docs(arguments: t.Sequence[str]) -> int:
    """Build the documentation; a warning is an error."""
    if arguments:
        raise StopError(f"docs takes no arguments, not {arguments[0]!r}.")

    set_up("dev")
    out = ROOT / "build" / "docs"

    if not step("documentation", _sphinx(out)):
        return 1

    say(f"Open {out / 'html' / 'index.html'}")
    return 0


def _sphinx(out: Path) -> list[str]:
    # -n: every reference must lead somewhere.
    options = ["-W", "--keep-going", "-n", "-q", "-E", "-b", "html"]
    folders = ["-d", str(out / "doctrees"), str(ROOT / "docs"), str(out / "html")]
    return [program("sphinx-build"), *options, *folders]


TASKS = {
    "demo": demo,
    "test": test,
    "check": check,
    "matrix": matrix,
    "bench": bench,
    "docs": docs,
}


def main(arguments: t.Sequence[str]) -> int:
    """Run the task that the first argument names."""
    if sys.version_info[:2] < NEEDED:
        have = ".".join(str(part) for part in sys.version_info[:3])
        say(f"Flask-Toolkit needs Python 3.11 or newer; this is {have}.")
        return 2

    if not arguments or arguments[0] in {"-h", "--help"}:
        say((__doc__ or "").strip())
        return 0 if arguments else 2

    if arguments[0] not in TASKS:
        say(f"There is no task {arguments[0]!r}; there are: {', '.join(TASKS)}.")
        return 2

    try:
        return TASKS[arguments[0]](arguments[1:])
    except StopError as error:
        say(str(error))
    except KeyboardInterrupt:
        say("Interrupted; what was not finished is done again next time.")
        return 130
    except OSError as error:
        say(f"Stopped: {error}")

    return 1


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
