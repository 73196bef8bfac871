"""The steps of the tour: each makes real requests and says what it expects."""

from __future__ import annotations

import html
import http.client
import io
import json
import re
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from email.message import Message
from http import HTTPStatus
from http.cookies import SimpleCookie
from urllib.parse import urlencode

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM = {"Accept": "application/json"}
LINK = re.compile(r'href="(/shop/[A-Z]{3}-\d{4})"')
# What may be quoted from a page: a row, a heading, a paragraph.
PIECE = re.compile(r"<(tr|h1|p)[ >].*?</\1>", re.DOTALL)
MAILED = re.compile(r"http://127\.0\.0\.1:\d+(/reset/\S+)")
TAG = re.compile(r"<[^>]*>")
TIMEOUT = 20
# An account that the tour makes; what happens to it meanwhile harms nobody.
NEWCOMER = {"username": "tess", "password": "a bell for every bicycle"}


class StepError(Exception):
    """The application did not do what the step expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    reason: str
    headers: Message
    text: str

    def json(self) -> t.Any:
        """Return the body as data."""
        try:
            return json.loads(self.text)
        except ValueError:
            raise StepError("the answer is not JSON") from None


@dataclass(kw_only=True)
class Visitor:
    """A browser or a program: sends requests, keeps cookies, notes both sides."""

    name: str
    port: int
    accept: Mapping[str, str]
    notes: list[str]
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **options: t.Any) -> Answer:
        """Send a GET; the options are those of :meth:`send`."""
        return self.send("GET", path, **options)

    def post(self, path: str, **options: t.Any) -> Answer:
        """Send a POST; the options are those of :meth:`send`."""
        return self.send("POST", path, **options)

    def send(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        show: str | None = None,
    ) -> Answer:
        """Send a request over a connection of its own, and note it.

        :param form: Fields of the body, of which the notes show the names only.
        :param token: Access token for the ``Authorization`` header.
        :param show: The header, or a text whose line in the body, to note.
        """
        sent = {**self.accept, **(headers or {})}
        said = [f"{self.name:>8} > {method} {path}"]

        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            # No secret on the screen: of a body the names, of a token its kind.
            said.append(f"[{', '.join(form)}]")

        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
            said.append("[Bearer token]")

        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())

        said += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.notes.append("  ".join(said))
        answer = self._exchange(method, path, urlencode(form or {}) or None, sent)
        matters = f"  {excerpt(answer, show)}" if show else ""
        self.notes.append(f"{'<':>10} {answer.status} {answer.reason}{matters}")
        return answer

    def _exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()

        for line in response.headers.get_all("Set-Cookie", ()):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value

                if not morsel.value:
                    del self.cookies[name]

        return Answer(
            status=response.status,
            reason=HTTPStatus(response.status).phrase,
            headers=response.headers,
            text=text,
        )


def excerpt(answer: Answer, show: str) -> str:
    """Return what matters of an answer: a header, a JSON member, a piece of a page."""
    if show in answer.headers:
        return f"{show}: {answer.headers[show]}"

    if answer.headers.get_content_subtype().endswith("json"):
        return f"{show}: {answer.json().get(show)}"

    for piece in PIECE.finditer(answer.text):
        text = " ".join(html.unescape(TAG.sub(" ", piece[0])).split())

        if show in text:
            return text

    return f"(no {show!r} in it)"


@dataclass(kw_only=True)
class Guide:
    """What the steps share: two visitors, the credentials, what they got."""

    port: int
    username: str
    password: str
    customer: str
    secrets: tuple[str, ...]
    login_of: Callable[[str, float], dict[str, str]]
    """Makes the cookie of a login of so many seconds ago."""

    notes: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    mailbox: io.StringIO = field(default_factory=io.StringIO)
    """What the shop printed in place of mail."""

    def __post_init__(self) -> None:
        self.browser = self.newcomer("browser")
        self.program = self.newcomer("program", PROGRAM)

    def newcomer(self, name: str, accept: Mapping[str, str] = BROWSER) -> Visitor:
        """Return a visitor without cookies."""
        return Visitor(name=name, port=self.port, accept=accept, notes=self.notes)

    def credentials(self, username: str | None = None) -> dict[str, str]:
        """Return the fields of the login form."""
        return {"username": username or self.username, "password": self.password}

    def mailed_path(self) -> str:
        """Return the path of the link in the latest mail, which is then gone."""
        links = MAILED.findall(self.mailbox.getvalue())
        self.mailbox.seek(0)
        self.mailbox.truncate()
        expect(links, "no mail with a link")
        return str(links[-1])


Step: t.TypeAlias = "Callable[[Guide], None]"


class Chapter(t.NamedTuple):
    """One step: the helper that it shows and the claim that it tests."""

    helper: str
    claim: str
    run: Step


CHAPTERS: list[Chapter] = []


def step(helper: str, claim: str) -> Callable[[Step], Step]:
    """Add a function to the tour."""

    def add(run: Step) -> Step:
        CHAPTERS.append(Chapter(helper, claim, run))
        return run

    return add


def expect(condition: object, otherwise: str) -> None:
    """Let the step fail with a reason unless the condition holds."""
    if not condition:
        raise StepError(otherwise)


def expect_status(answer: Answer, status: int) -> None:
    """Let the step fail unless the answer has this status."""
    expect(answer.status == status, f"expected {status}, got {answer.status}")


@step("routing", "A part number matches its named pattern")
def routing_match(guide: Guide) -> None:
    """Ask for BRK-0042, which ``<sku:code>`` takes."""
    answer = guide.browser.get("/shop/BRK-0042", show="Disc rotor")
    expect_status(answer, 200)
    expect("Disc rotor" in answer.text, "the page shows another part")


@step("routing", "What is no part number never reaches the view")
def routing_refusal(guide: Guide) -> None:
    """Try lower case, a tail and dots: the pattern refuses, not the view."""
    for path in ("/shop/brk-42", "/shop/BRK-0042x", "/shop/..%2Fadmin"):
        expect_status(guide.browser.get(path), 404)


@step("routing", "Every link that url_for() built leads somewhere")
def routing_links(guide: Guide) -> None:
    """Read the links of the list and follow each."""
    listed = guide.browser.get("/shop")
    links = sorted(set(LINK.findall(listed.text)))
    expect(links, "the list has no links")

    # Followed by somebody whose twelve notes would say the same twelve times.
    quiet = guide.newcomer("reader")
    quiet.notes = []
    lost = [link for link in links if quiet.get(link).status != HTTPStatus.OK]
    guide.notes.append(f"{len(links):>10} links followed, {len(lost)} lost")
    expect(not lost, f"{lost} lead nowhere")


@step("guard", "A stranger's browser is sent to the login page")
def guard_browser(guide: Guide) -> None:
    """Follow the redirect in the head: it remembers where to lead in the end."""
    answer = guide.browser.get("/account", show="Location")
    expect_status(answer, 303)
    expect(
        re.search(r"/login\?next=(%2F|/)account$", answer.headers.get("Location", "")),
        "it does not lead to the login page with next",
    )


@step("guard", "A program gets a 401 with challenges instead")
def guard_program(guide: Guide) -> None:
    """Expect no page and no redirect (RFC 9110 section 15.5.2)."""
    answer = guide.program.get("/account", show="WWW-Authenticate")
    expect_status(answer, 401)
    expect("WWW-Authenticate" in answer.headers, "no challenge")
    expect(answer.json().get("status") == answer.status, "no problem document")


@step("guard", "A wrong password opens nothing")
def guard_wrong_password(guide: Guide) -> None:
    """Try one: the text is the same as for an unknown name."""
    wrong = guide.credentials() | {"password": "not the password"}
    answer = guide.browser.post("/login", form=wrong, show="do not belong")
    expect_status(answer, 401)


@step("guard", "A login never redirects to another site")
def guard_open_redirect(guide: Guide) -> None:
    """Try ``//evil.example``, to a browser another host."""
    visitor = guide.newcomer("victim")
    answer = visitor.post(
        "/login?next=//evil.example/", form=guide.credentials(), show="Location"
    )
    expect_status(answer, 303)
    expect(answer.headers.get("Location") == "/account", "it leads elsewhere")


@step("guard", "The right password opens the page that was asked for")
def guard_login(guide: Guide) -> None:
    """Log in through the link of the redirect, then see the page."""
    answer = guide.browser.post(
        "/login?next=/account", form=guide.credentials(), show="Location"
    )
    expect_status(answer, 303)
    expect(answer.headers.get("Location") == "/account", "it leads elsewhere")
    expect_status(guide.browser.get("/account", show="Marlow"), 200)


@step("guard", "A newcomer makes an account and is logged in")
def guard_register(guide: Guide) -> None:
    """Register, see the account, and find that the name is taken now."""
    browser = guide.newcomer("newcomer")
    form = NEWCOMER | {"name": "Tess Lund"}
    expect_status(browser.post("/register", form=form, show="Location"), 303)
    expect_status(browser.get("/account", show="Tess"), 200)
    again = guide.newcomer("other").post("/register", form=form, show="taken")
    expect_status(again, 422)


@step("guard", "'Stay logged in' gives the one cookie an end of its own")
def guard_remember(guide: Guide) -> None:
    """Log in with and without it, and compare what the browser is told."""
    browser = guide.newcomer("newcomer")
    brief = browser.post("/login", form=NEWCOMER)
    long = browser.post("/login", form=NEWCOMER | {"remember": "on"}, show="Location")
    expect("Expires=" not in brief.headers["Set-Cookie"], "it outlives the browser")
    expect("Expires=" in long.headers["Set-Cookie"], "it ends with the browser")
    expect(len(long.headers.get_all("Set-Cookie", ())) == 1, "there is a second cookie")


@step("guard", "A page that matters asks for the password once more")
def guard_step_up(guide: Guide) -> None:
    """Come with a login of ten minutes ago, confirm it, and get in (RFC 9470)."""
    browser = guide.newcomer("browser")
    browser.cookies = guide.login_of(guide.username, 600)
    guide.notes.append(f"{'browser':>8} > has a login of ten minutes ago")
    expect_status(browser.get("/account", show="Marlow"), 200)
    sent = browser.get("/shop/BRK-0042/edit", show="Location")
    expect_status(sent, 303)
    form = {"password": guide.password}
    answer = browser.post(sent.headers["Location"], form=form, show="Location")
    expect(answer.headers.get("Location") == "/shop/BRK-0042/edit", "no way back")
    expect_status(browser.get("/shop/BRK-0042/edit", show="Edit Disc"), 200)


@step("sessions", "A lost phone is logged out from the list of devices")
def sessions_devices(guide: Guide) -> None:
    """Log in twice and end one from the other: its cookie is then worth nothing."""
    desk, phone = guide.newcomer("desk"), guide.newcomer("phone")
    desk.post("/login", form=NEWCOMER)
    agent = {"User-Agent": "Firefox (Android)"}
    phone.post("/login", form=NEWCOMER, headers=agent)
    expect_status(phone.get("/account"), 200)

    page = desk.get("/account/devices", show="Firefox on Android")
    listed = re.search(r'Firefox on Android</td>.*?value="(\w+)"', page.text, re.DOTALL)
    expect(listed, "the phone is not in the list")
    form = {"handle": t.cast("re.Match[str]", listed)[1]}
    expect_status(desk.post("/account/devices/end", form=form), 303)
    expect_status(phone.get("/account", show="Location"), 303)
    expect_status(desk.get("/account"), 200)


@step("signing", "A forgotten password: nobody learns who has an account")
def signing_forgot(guide: Guide) -> None:
    """Ask for a user and for nobody: the answers are the same."""
    visitor = guide.newcomer("visitor")
    nobody = visitor.post("/forgot", form={"username": "nobody"}, show="Location")
    expect(not guide.mailbox.getvalue(), "a mail to nobody")
    known = {"username": NEWCOMER["username"]}
    somebody = visitor.post("/forgot", form=known, show="Location")
    expect(nobody.status == somebody.status, "the status tells who has an account")
    expect(nobody.text == somebody.text, "the answer tells who has an account")


@step("signing", "The link sets a new password once, and ends every login")
def signing_reset(guide: Guide) -> None:
    """Open the link twice, as scanners do, then use it twice."""
    owner, desk = guide.newcomer("owner"), guide.newcomer("desk")
    desk.post("/login", form=NEWCOMER)
    path = guide.mailed_path()
    owner.notes = []  # the link is as good as a password: not on the screen
    new = {"password": "a lamp for every bicycle"}

    for _ in range(2):
        expect_status(owner.get(path), 200)

    expect_status(owner.post(path, form=new), 303)
    expect_status(owner.post(path, form=new), 400)
    guide.notes.append(f"{'owner':>8} > opened the link twice, used it twice")
    guide.notes.append(f"{'<':>10} 200, 200, 303, then 400: used before")
    expect_status(desk.get("/account", show="Location"), 303)
    expect_status(desk.post("/login", form=NEWCOMER), 401)
    expect_status(desk.post("/login", form=NEWCOMER | new), 303)


@step("guard", "A form on another site cannot order in the user's name")
def guard_cross_site(guide: Guide) -> None:
    """Send the right cookie from the wrong origin."""
    answer = guide.browser.post(
        "/shop/BRK-0042/order",
        form={"quantity": "1"},
        headers={"Origin": "https://evil.example"},
    )
    expect_status(answer, 403)


@step("guard", "A customer does not get in where an editor does")
def guard_role(guide: Guide) -> None:
    """Expect a 403 and not another login page."""
    customer = guide.newcomer("customer")
    customer.post("/login", form=guide.credentials(guide.customer))
    expect_status(customer.get("/admin/audit"), 403)
    expect_status(guide.browser.get("/admin/audit"), 200)


@step("jwt", "Without a token the API answers with a challenge")
def jwt_missing(guide: Guide) -> None:
    """Expect no error code where nothing was sent (RFC 6750 section 3)."""
    answer = guide.program.get("/api/me", show="WWW-Authenticate")
    expect_status(answer, 401)
    expect("Bearer" in answer.headers.get("WWW-Authenticate", ""), "no challenge")


@step("jwt", "A name and a password buy two tokens, one says who it is")
def jwt_token(guide: Guide) -> None:
    """Open /api/me with the access token."""
    answer = guide.program.post("/api/token", form=guide.credentials())
    expect_status(answer, 200)
    guide.tokens = answer.json()
    expect("no-store" in answer.headers.get("Cache-Control", ""), "may be cached")

    me = guide.program.get(
        "/api/me", token=guide.tokens["access_token"], show="username"
    )
    expect_status(me, 200)
    expect(me.json().get("username") == guide.username, "it is somebody else's")


@step("jwt", "A token without the scope is told which one is missing")
def jwt_scope(guide: Guide) -> None:
    """Expect insufficient_scope (RFC 6750 section 3.1)."""
    small = guide.program.post("/api/token", form=guide.credentials() | {"scope": "-"})
    refused = guide.program.get(
        "/api/orders", token=small.json()["access_token"], show="WWW-Authenticate"
    )
    expect_status(refused, 403)
    expect(
        "insufficient_scope" in refused.headers.get("WWW-Authenticate", ""),
        "the challenge does not name the scope",
    )
    whole = guide.program.get("/api/orders", token=guide.tokens["access_token"])
    expect_status(whole, 200)


@step("jwt", "A refresh token used twice ends the session (grace set to 0 s)")
def jwt_refresh(guide: Guide) -> None:
    """Use one twice (RFC 9700 section 4.14.2)."""
    guide.notes.append(
        "Else a repeat within 10 s gets the same successor (REUSE_INTERVAL)."
    )
    used = {"refresh_token": guide.tokens["refresh_token"]}
    fresh = guide.program.post("/api/refresh", form=used)
    expect_status(fresh, 200)
    new = fresh.json()
    expect(new["refresh_token"] != used["refresh_token"], "it was not rotated")

    again = guide.program.post("/api/refresh", form=used, show="WWW-Authenticate")
    expect_status(again, 401)
    dead = guide.program.get("/api/me", token=new["access_token"])
    expect(dead.status == HTTPStatus.UNAUTHORIZED, "the thief's session lives on")


@step("jwt", "A program logs out: both tokens of its session end")
def jwt_logout(guide: Guide) -> None:
    """Log out with the access token, then try the refresh token too."""
    pair = guide.program.post("/api/token", form=guide.credentials()).json()
    out = guide.program.post("/api/logout", token=pair["access_token"])
    expect_status(out, 204)
    expect_status(guide.program.get("/api/me", token=pair["access_token"]), 401)
    again = {"refresh_token": pair["refresh_token"]}
    expect_status(guide.program.post("/api/refresh", form=again), 401)


@step("jwt", "A lost phone: the account page logs out all programs")
def jwt_everywhere(guide: Guide) -> None:
    """End the tokens of two programs by one entry, and log in once more."""
    buy = guide.credentials()
    phones = [guide.program.post("/api/token", form=buy).json() for _ in range(2)]
    expect_status(guide.browser.post("/account/programs/end", show="Location"), 303)

    for phone in phones:
        expect_status(guide.program.get("/api/me", token=phone["access_token"]), 401)

    new = guide.program.post("/api/token", form=buy).json()
    expect_status(guide.program.get("/api/me", token=new["access_token"]), 200)


@step("middleware", "Every answer has an id of its own and says what it cost")
def middleware_headers(guide: Guide) -> None:
    """Look at a page, a file and an error."""
    ids = set()
    paths = ("/", "/static/shop.css", "/no-such-page")

    for path in paths:
        answer = guide.browser.get(path, show="Server-Timing")
        ids.add(answer.headers.get("X-Request-ID"))
        expect("Server-Timing" in answer.headers, f"no Server-Timing on {path}")

    expect(None not in ids, "an answer has no X-Request-ID")
    expect(len(ids) == len(paths), "two answers have the same id")


@step("signals", "An order is announced, and a receiver wrote it down")
def signals_audit(guide: Guide) -> None:
    """Find the line by the id of the request that ordered."""
    ordered = guide.browser.post(
        "/shop/BRK-0042/order", form={"quantity": "2"}, show="X-Request-ID"
    )
    expect_status(ordered, 303)
    page = guide.browser.get("/admin/audit", show="order-placed")
    expect("order-placed" in page.text, "no line in the audit log")
    expect(
        ordered.headers.get("X-Request-ID", "?") in page.text,
        "the line belongs to another request",
    )
    expect("login-failed" in page.text, "the guard's failed login is missing")
    expect("token-reused" in page.text, "the reused token is missing")
    expect("tokens-ended" in page.text, "the logout of a program is missing")
    expect("password-changed" in page.text, "the new password is missing")


@step("config", "The configuration page says where each value came from")
def config_origins(guide: Guide) -> None:
    """Look for a file among them."""
    page = guide.browser.get("/admin/configuration", show="LOW_STOCK")
    expect_status(page, 200)
    expect("settings.toml" in page.text, "no origin")


@step("config", "Secrets are masked there, their values nowhere in the page")
def config_secrets(guide: Guide) -> None:
    """Look for them in the bytes that were sent."""
    page = guide.browser.get("/admin/configuration", show="SECRET_KEY")
    expect("SECRET_KEY" in page.text and "********" in page.text, "nothing masked")
    expect(
        not any(secret in page.text for secret in guide.secrets),
        "a secret stands in the page",
    )


@step("problems", "One error, two faces: a page and a problem document")
def problems_faces(guide: Guide) -> None:
    """Ask for each (RFC 9457, RFC 9110 section 12.5.1)."""
    page = guide.newcomer("reader").get("/shop/XXX-0000", show="nothing here")
    expect_status(page, 404)
    expect(page.headers["Content-Type"].startswith("text/html"), "no page")

    accept = {"Accept": "application/problem+json"}
    document = guide.newcomer("script", accept).get("/shop/XXX-0000", show="title")
    expect_status(document, 404)
    expect(
        document.headers["Content-Type"] == "application/problem+json",
        "no problem document",
    )
    expect(document.json().get("status") == HTTPStatus.NOT_FOUND, "not the status")


@step("problems", "An error of the shop itself carries its own members")
def problems_own(guide: Guide) -> None:
    """Order what is sold out: a 409 with the part's number in it."""
    script = guide.newcomer("script", PROGRAM)
    script.cookies = dict(guide.browser.cookies)
    answer = script.post("/shop/LGT-0016/order", form={"quantity": "1"}, show="sku")
    expect_status(answer, 409)
    expect(answer.json().get("sku") == "LGT-0016", "the member sku is missing")


@step("guard", "After the logout the old cookie is worth nothing")
def guard_logout(guide: Guide) -> None:
    """Keep a copy of it and try that."""
    stolen = guide.newcomer("thief")
    stolen.cookies = dict(guide.browser.cookies)
    expect_status(guide.browser.post("/logout", show="Location"), 303)
    expect_status(guide.browser.get("/account"), 303)
    copied = stolen.get("/account").status
    expect(copied == HTTPStatus.SEE_OTHER, "the copy still works")
