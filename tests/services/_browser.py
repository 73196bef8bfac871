"""A browser without a window, told what to do over a pipe (DevTools protocol)."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import tempfile
import time
import typing as t
from collections import defaultdict
from contextlib import contextmanager
from itertools import count
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 30.0
_PHONE = 600
_FLAGS = (
    "--headless",
    "--no-sandbox",  # else root is refused; the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# The pipe is its third and fourth file. A browser whose pipe closes ends itself,
# so none outlives us.
_WITH_PIPE = 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null'


class Browser:
    """One process with an empty profile; each page has cookies of its own."""

    def __init__(self, program: str) -> None:
        # It may still write there while it ends.
        self._folder = tempfile.TemporaryDirectory(
            prefix="toolkit-", ignore_cleanup_errors=True
        )
        self.program = program
        self.profile = Path(self._folder.name)
        flags = [*_FLAGS, f"--user-data-dir={self.profile}"]
        self._process = subprocess.Popen(
            ["sh", "-c", _WITH_PIPE, program, *flags],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self._in, self._out = self._process.stdin, self._process.stdout
        self._numbers = count(1)
        self._buffer = b""
        self.events: dict[str, list[dict[str, t.Any]]] = defaultdict(list)
        """What each page has reported and nobody has taken yet."""

    @contextmanager
    def open(self, url: str, *, width: int = 1280, height: int = 800) -> Iterator[Page]:
        """Load a page with all it needs, in a window of this size.

        :raises RuntimeError: If it cannot be loaded.
        """
        context = self.call("Target.createBrowserContext")
        target = self.call("Target.createTarget", url="about:blank", **context)
        attached = self.call("Target.attachToTarget", **target, flatten=True)
        page = Page(self, attached["sessionId"])

        try:
            page.load(url, width, height)
            yield page
        finally:
            self.call("Target.disposeBrowserContext", **context)
            del self.events[page.session]

    def call(
        self, method: str, session: str | None = None, /, **parameters: t.Any
    ) -> dict[str, t.Any]:
        """Have the browser do something, and return what comes of it.

        :raises RuntimeError: If it cannot.
        """
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        self._in.write(json.dumps(message).encode() + b"\0")

        while True:
            answer = self.receive()

            if answer.get("id") == number:
                break

        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")

        return t.cast("dict[str, t.Any]", answer["result"])

    def receive(self) -> dict[str, t.Any]:
        """Return the next message; an event is noted also.

        :raises RuntimeError: If none comes.
        """
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._out], [], [], _PATIENCE)
            part = os.read(self._out.fileno(), 1 << 16) if ready else b""

            if not part:
                raise RuntimeError("the browser is gone, or does not answer")

            self._buffer += part

        head, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, t.Any] = json.loads(head)

        if "method" in message:
            self.events[message.get("sessionId", "")].append(message)

        return message

    def close(self) -> None:
        """End it, and remove its profile."""
        self._in.close()

        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

        self._out.close()
        # Its helpers end a moment later, and write into the profile until then.
        any(self._is_removed(pause) for pause in (0.0, *[0.05] * 200))

    def _is_removed(self, pause: float) -> bool:
        time.sleep(pause)
        self._folder.cleanup()
        return not self.profile.exists()


class Page:
    """A page that is open."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self.session = session

    def call(self, method: str, **parameters: t.Any) -> dict[str, t.Any]:
        """Have the browser do something with this page."""
        return self.browser.call(method, self.session, **parameters)

    def load(self, url: str, width: int, height: int) -> None:
        """Go somewhere, and return when all that the page needs is there."""
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

        self.call("Page.setLifecycleEventsEnabled", enabled=True)

        # A real window is never narrower than 500 px. A phone also does what the
        # page says of its viewport.
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < _PHONE,
        )
        answer = self.call("Page.navigate", url=url)

        if "errorText" in answer:
            raise RuntimeError(f"{url}: {answer['errorText']}")

        # The empty page before this one was loaded too.
        while answer["loaderId"] not in self._loaded():
            self.browser.receive()

    def follow(self, script: str) -> None:
        """Do what leads to another page, and return when that is there."""
        before = len(self._loaded())
        self.evaluate(script)

        while len(self._loaded()) == before:
            self.browser.receive()

    def evaluate(self, script: str) -> t.Any:
        """Return the value of an expression in the page's own words."""
        options = {"returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", expression=script, **options)
        return answer["result"].get("value")

    @property
    def dom(self) -> str:
        """The document as scripts have left it."""
        return str(self.evaluate("document.documentElement.outerHTML"))

    @property
    def console(self) -> list[str]:
        """What scripts and the browser reported, such as a style it blocked."""
        self.evaluate("0")  # what was reported before this has arrived after it
        called = self._events("Runtime.consoleAPICalled")
        thrown = self._events("Runtime.exceptionThrown")
        entries = self._events("Log.entryAdded")
        return [
            *(f"{each['type']}: {_text_of(each['args'])}" for each in called),
            *(_text_of([each["exceptionDetails"]["exception"]]) for each in thrown),
            *(f"{each['entry']['level']}: {each['entry']['text']}" for each in entries),
        ]

    def screenshot(self, file: Path) -> None:
        """Write what the window shows (PNG)."""
        picture = self.call("Page.captureScreenshot")
        file.write_bytes(base64.b64decode(picture["data"]))

    def _loaded(self) -> list[str]:
        """Return the pages that came to their end here."""
        events = self._events("Page.lifecycleEvent")
        return [each["loaderId"] for each in events if each["name"] == "load"]

    def _events(self, method: str) -> list[dict[str, t.Any]]:
        events = self.browser.events[self.session]
        return [each["params"] for each in events if each["method"] == method]


def _text_of(values: list[dict[str, t.Any]]) -> str:
    return " ".join(str(each.get("description", each.get("value"))) for each in values)
