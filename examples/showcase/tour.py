"""Start the showcase, tour it over real HTTP, then serve it.

    python examples/showcase/tour.py [--once] [--port N]

Each run has secrets and a database of its own in a temporary folder: it does
not depend on an earlier run, and nothing is left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import textwrap
import threading
import typing as t
from pathlib import Path

from shop import create_app
from shop import users
from shop.extensions import guard
from tour_steps import CHAPTERS
from tour_steps import Guide
from tour_steps import StepError
from werkzeug.serving import make_server
from werkzeug.serving import WSGIRequestHandler

from flask_toolkit.errors import SetupError
from flask_toolkit.testing import acting_as

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from types import FrameType

    from flask import Flask
    from tour_steps import Chapter
    from werkzeug.test import Cookie

HOST = "127.0.0.1"
FIRST_PORT = 5000
TRIES = 50
EDITOR, CUSTOMER = "ada", "sam"
# The shop itself allows a lost answer to be asked for again for ten seconds; the
# tour wants to see the refusal without waiting for that.
OVERRIDES = {"TOOLKIT_JWT_REUSE_INTERVAL": 0}


class StopError(Exception):
    """The tour cannot start; the message tells the user why."""


class Quiet(WSGIRequestHandler):
    """Writes no line for each request between those of the tour."""

    def log(self, type: str, message: str, *args: t.Any) -> None:  # noqa: A002  # werkzeug's name
        """Write nothing."""


class Records(logging.Handler):
    """Keeps what is logged during a step, to be shown if the step fails."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message, and the kind of error, if it is one."""
        self.lines.append(self.format(record))


class Screen:
    """Prints in 80 columns, in ASCII, in colour where somebody can see it."""

    def __init__(self, stream: t.TextIO) -> None:
        self.stream = stream
        self.width = min(shutil.get_terminal_size().columns, 80) - 1
        self.colour = stream.isatty() and not os.environ.get("NO_COLOR")

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line, cut where the screen ends."""
        plain = text.encode("ascii", "replace").decode()

        if len(plain) > self.width:
            plain = f"{plain[: self.width - 3]}..."

        if style and self.colour:
            plain = f"\x1b[{style}m{plain}\x1b[0m"

        print(plain, file=self.stream, flush=True)

    def note(self, text: str) -> None:
        """Print a request or an answer, on two lines if one is too short."""
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=" " * 3,
            subsequent_indent=" " * 14,
            drop_whitespace=False,
        )

        for line in lines[:2]:
            self.line(line.rstrip(), "2")

    def chapter(self, number: int, chapter: Chapter, passed: bool) -> None:
        """Print the claim of a step and whether it held."""
        verdict = "ok" if passed else "FAIL"
        room = self.width - 5
        head = f"{number:2}. {chapter.helper}: {chapter.claim}"[:room]
        self.line(f"{head:<{room}} {verdict:>4}", "32" if passed else "1;31")


def main(
    arguments: Sequence[str] | None = None,
    factory: Callable[..., Flask] = create_app,
) -> int:
    """Run the tour and return the exit code.

    :param factory: Makes the application; a test gives one that is broken.
    """
    options = _parse(arguments)
    screen = Screen(sys.stdout)

    try:
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(_listen(options.port))
            app = factory(OVERRIDES, instance=stack.enter_context(_folder()))
            stack.enter_context(_served(app, listener))
            port = listener.getsockname()[1]

            with _recorded() as records:
                passed = _tour(screen, _guide(app, port), records)

            if not options.once:
                _serve(screen, app, port)
    except (StopError, SetupError) as error:
        print(f"The showcase cannot start: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        screen.line()
        screen.line("The tour was stopped.")
        return 130
    except BrokenPipeError:
        # Who reads the output has gone ("| head"); Python's own last flush would
        # complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1

    return 0 if passed else 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tour the showcase over real HTTP.")
    parser.add_argument("--once", action="store_true", help="end after the tour")
    parser.add_argument(
        "--port",
        type=int,
        help=f"serve on this port (default: the first free from {FIRST_PORT})",
    )
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder for this run only."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="shop-")
    except OSError as error:
        raise StopError(f"no place for its data: {error.strerror}") from None

    with folder as path:
        yield Path(path)


def _listen(port: int | None) -> socket.socket:
    """Return a listening socket: on ``port``, or on the first free one."""
    last = FIRST_PORT + TRIES - 1
    reason = ""

    for candidate in range(FIRST_PORT, last + 1) if port is None else [port]:
        listener = socket.socket()

        if os.name != "nt":
            # On Windows the option would let two servers share the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        try:
            listener.bind((HOST, candidate))
            listener.listen(128)
        except (OSError, OverflowError) as error:
            listener.close()
            reason = getattr(error, "strerror", None) or str(error)
        else:
            return listener

    wanted = f"{FIRST_PORT} to {last}" if port is None else port
    raise StopError(f"port {wanted}: {reason}. Choose another with --port N.")


@contextlib.contextmanager
def _recorded() -> Iterator[Records]:
    """Collect what is logged instead of printing it between the steps."""
    records = Records()
    logging.getLogger().addHandler(records)

    try:
        yield records
    finally:
        logging.getLogger().removeHandler(records)


@contextlib.contextmanager
def _served(app: Flask, listener: socket.socket) -> Iterator[None]:
    """Serve ``app`` from threads while the block runs."""
    server = make_server(
        HOST,
        listener.getsockname()[1],
        app,
        threaded=True,
        request_handler=Quiet,
        # Bound by us: Werkzeug would print and exit when the port is taken.
        fd=listener.fileno(),
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()

    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _guide(app: Flask, port: int) -> Guide:
    return Guide(
        port=port,
        username=EDITOR,
        customer=CUSTOMER,
        password=app.config["DEMO_PASSWORD"],
        secrets=(app.config["DEMO_PASSWORD"], app.config["SECRET_KEY"]),
        login_of=lambda username, age: _login_of(app, username, age),
    )


def _login_of(app: Flask, username: str, age: float) -> dict[str, str]:
    """Return the cookie of somebody who logged in a while ago: nobody waits."""
    with app.app_context():
        user = t.cast("users.User", users.find(username))

    client = acting_as(app.test_client(), guard, user, age=age)
    name = app.config["SESSION_COOKIE_NAME"]
    return {name: t.cast("Cookie", client.get_cookie(name)).value}


def _tour(screen: Screen, guide: Guide, records: Records) -> bool:
    """Run all steps, print what happened and tell whether all held."""
    screen.line(f"Touring the showcase on http://{HOST}:{guide.port}", "1")
    screen.line("Each step sends real requests (>) and looks at the answers (<).")
    failed = 0

    for number, chapter in enumerate(CHAPTERS, 1):
        guide.notes.clear()
        records.lines.clear()

        # What the shop prints meanwhile is its mail, which a step may want to read.
        with contextlib.redirect_stdout(guide.mailbox):
            reason = _reason(chapter, guide)

        failed += reason is not None
        screen.line()
        screen.chapter(number, chapter, reason is None)

        for note in guide.notes:
            screen.note(note)

        if reason is not None:
            screen.line(f"    FAIL: {reason}", "31")

            for line in "\n".join(records.lines).splitlines():
                screen.line(f"    log: {line}")

    screen.line()
    total = len(CHAPTERS)
    helpers = ", ".join(dict.fromkeys(chapter.helper for chapter in CHAPTERS))
    screen.line(f"{total - failed} of {total} steps ok", "1")

    for line in textwrap.wrap(f"Shown: {helpers}.", screen.width):
        screen.line(line)

    return not failed


def _reason(chapter: Chapter, guide: Guide) -> str | None:
    """Run a step and return why it failed, if it did."""
    try:
        chapter.run(guide)
    except StepError as error:
        return str(error)
    except (OSError, http.client.HTTPException, LookupError, TypeError) as error:
        # No answer, or one of another shape than the step can read.
        return f"{type(error).__name__}: {error}"

    return None


def _serve(screen: Screen, app: Flask, port: int) -> None:
    """Say where the showcase is and wait for Ctrl-C."""
    # A service manager's way to say Ctrl-C: the folder is then removed too.
    before = signal.signal(signal.SIGTERM, _interrupt)

    try:
        screen.line()
        screen.line(f"The showcase is at  http://{HOST}:{port}", "1")
        screen.line(f"Log in as           {EDITOR} (editor) or {CUSTOMER} (customer)")
        screen.line(f"Password            {app.config['DEMO_PASSWORD']}")
        screen.line("Ctrl-C ends it; its data goes with it.")
        threading.Event().wait()
    except KeyboardInterrupt:
        screen.line()
        screen.line("Stopped.")
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
