"""Pure decisions: redirects that stay here, origins, challenges."""

import itertools
import json
import re
import shutil
import subprocess
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.guard import safe_next
from flask_toolkit.guard._policy import checked_roles
from flask_toolkit.guard._policy import default_id
from flask_toolkit.guard._policy import default_roles
from flask_toolkit.guard._policy import is_bearer
from flask_toolkit.guard._policy import is_navigation
from flask_toolkit.guard._policy import one_value
from flask_toolkit.guard._policy import only_scheme_differs
from flask_toolkit.guard._policy import origin_refused
from flask_toolkit.guard._policy import path_below
from flask_toolkit.guard._policy import path_of_referer
from flask_toolkit.guard._policy import quoted
from flask_toolkit.guard._policy import way_back
from flask_toolkit.guard._policy import with_parameters
from flask_toolkit.identity import RequestOrigin

# Fact 10 of the design: what the tutorial's checks let through.
HOSTILE = [
    "//e",
    "///e",
    "////e",
    "/\\e",
    "\\/e",
    "\\\\e",
    "/\\/e",
    "http:e",
    "http:/e",
    "http://e",
    "https://app.example@e",
    "https:e",
    "javascript:a",
    "\x01javascript:a",
    "data:text/html,x",
    "/\t/e",
    "/\n/e",
    "/\r/e",
    "//\t/e",
    "/\t\\e",
    "\t//e",
    " //e",
    "\x19////e",
    "\x1f/\\e",
    "/\x00/e",
    "/\x7f/e",
    "https://app.example.e/",
    "\uff0f\uff0fe",
    "/\uff0f\\e",
    "//e\u3002com",
    "\u00a0//e",
    "\u2028//e",
    "\u2029//e",
    "\ufeff//e",
    "\u0085//e",
    "/\u2028/e",
    "/\ufeff/e",
    "/x\u0085y",
    "//[::1",
    "/x\r\nSet-Cookie: a=b",
    "/x y",
    "/\ud800",
    "e",
    "e/x",
    "?next=//e",
    "#x",
    "..//e",
    "/" + "a" * 5000,
    "/" + "a" * 2048,
    "",
    None,
]
HARMLESS = [
    "/",
    "/x?next=//e",
    "/%2fe",
    "/%5ce",
    "/%09/e",
    "/.//e",
    "/@e",
    "/café",
    "/x#y",
    "/" + "a" * 2047,
]
PIECES = [
    "/",
    "\\",
    "\t",
    "\n",
    ".",
    "..",
    "@",
    ":",
    "e",
    "?",
    "#",
    "%2f",
    " ",
    "\u00a0",
]


def shown(target: str | None) -> str:
    """Return an id for a target: its beginning and its length."""
    return f"{ascii(target)[:24]}-{len(target or '')}"


@pytest.mark.parametrize("target", HOSTILE, ids=shown)
def test_a_target_that_leaves_the_site_is_refused(target: str | None) -> None:
    """Redirects (CVE-2021-23385, CVE-2023-49438): reject, never repair."""
    assert safe_next(target, "/home") == "/home"


@pytest.mark.parametrize("target", HARMLESS, ids=shown)
def test_a_path_of_this_site_passes_unchanged(target: str) -> None:
    """What stays on this site is not refused, nor changed."""
    assert safe_next(target, "/home") == target


@given(st.text())
def test_safe_next_returns_the_target_or_the_default(target: str) -> None:
    """Nothing is built from a target, and what passes is a plain path."""
    answer = safe_next(target, "default")

    assert answer in {target, "default"}
    assert answer == "default" or re.match(r"/([^/\\]|$)", answer)


@pytest.mark.skipif(
    shutil.which("node") is None,
    reason="needs Node's URL parser: apt-get install nodejs",
)
def test_browsers_agree_that_safe_targets_stay_here() -> None:
    """No accepted target has another origin for a WHATWG URL parser (fact 10)."""
    program = """
        const targets = JSON.parse(require("fs").readFileSync(0, "utf8"));
        const at = (s) => { try { return new URL(s, "https://app.example/login"); }
                            catch { return {origin: "none"}; } };
        console.log(JSON.stringify(targets.map((s) => at(s).origin)));
    """
    made = (
        "".join(p) for n in (1, 2, 3, 4) for p in itertools.product(PIECES, repeat=n)
    )
    prefixed = (prefix + text for text in made for prefix in ("", "/"))
    texts = [*HARMLESS, *filter(None, HOSTILE), *prefixed]
    accepted = [text for text in texts if safe_next(text, "")]
    answer = subprocess.run(
        ["node", "-e", program],
        input=json.dumps([*accepted, "//evil.example"]),
        capture_output=True,
        text=True,
        check=True,
    )
    *origins, elsewhere = json.loads(answer.stdout)

    assert len(accepted) > 5000
    assert set(origins) == {"https://app.example"}
    assert elsewhere == "https://evil.example"


@pytest.mark.parametrize(
    ("root", "path", "query", "expected"),
    [
        pytest.param("", "/a b", "", "/a%20b", id="space"),
        pytest.param("/m", "/a", "x=1&y=%2F", "/m/a?x=1&y=%2F", id="mount-and-query"),
        pytest.param("", "//e/x", "", "/e/x", id="double-slash"),
        pytest.param("", "/\\e", "", "/%5Ce", id="backslash"),
        pytest.param("", "/" + "a" * 2047, "", "/" + "a" * 2047, id="longest"),
        pytest.param("", "/" + "a" * 2048, "", None, id="too-long"),
        pytest.param("", "/a", "x" * 2048, None, id="long-query"),
    ],
)
def test_way_back(root: str, path: str, query: str, expected: str | None) -> None:
    """The way back is a quoted path that can never name a host."""
    assert way_back(root, path, query.encode()) == expected


@given(st.text(), st.text(alphabet=st.characters(codec="ascii")), st.binary())
def test_a_way_back_never_leaves(path: str, root: str, query: bytes) -> None:
    """Whatever was asked for, what is carried as ``next`` passes ``safe_next``."""
    target = way_back(f"/{root}".rstrip("/"), f"/{path}", query)

    assert target is None or safe_next(target, "") == target


@pytest.mark.parametrize(
    ("referer", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("https://a.example/x?y#z", "/x?y", id="path-without-fragment"),
        pytest.param("https://a.example/", "/", id="root"),
        pytest.param("https://a.example/caf\xc3\xa9", "/caf%C3%A9", id="raw-bytes"),
        pytest.param("https://a.example/%C3%A9?a=%2F", "/%C3%A9?a=%2F", id="encoded"),
        pytest.param("https://a.example.evil/x", None, id="suffix"),
        pytest.param("https://a.example//evil", None, id="double-slash"),
        pytest.param("https://b.example/x", None, id="other-host"),
        pytest.param("http://a.example/x", None, id="other-scheme"),
    ],
)
def test_path_of_referer(referer: str | None, expected: str | None) -> None:
    """Only a page of exactly this scheme, host and port is a way back."""
    assert path_of_referer(referer, "https://a.example/") == expected


@pytest.mark.parametrize(
    ("root", "target", "expected"),
    [
        pytest.param("", "/a?x", "/a", id="query"),
        pytest.param("", "/a#x?y", "/a", id="fragment"),
        pytest.param("/m", "/m/a", "/a", id="mount"),
        pytest.param("/m", "/mine", None, id="no-mount"),
        pytest.param("/m", "/m", None, id="mount-itself"),
        pytest.param("", "", None, id="nothing"),
        pytest.param("", "/%C3%A9", "/é", id="decoded"),
        pytest.param("/m", "/m/%2e%2E/a", None, id="another-page"),
        pytest.param("", "/a/.", None, id="dot"),
        pytest.param("", "/...", "/...", id="dots-in-a-name"),
    ],
)
def test_path_below(root: str, target: str, expected: str | None) -> None:
    """The router gets the decoded path below the mount."""
    assert path_below(root, target) == expected


@pytest.mark.parametrize(
    ("mode", "accept", "expected"),
    [
        pytest.param("navigate", "*/*", True, id="navigate"),
        pytest.param("cors", "text/html", False, id="fetch-asking-for-html"),
        pytest.param("", "text/html", True, id="empty-mode"),
        pytest.param(None, "text/html;q=0.9, */*", True, id="html"),
        pytest.param(None, "application/XHTML+xml", True, id="xhtml"),
        pytest.param(None, "*/*", False, id="anything"),
        pytest.param(None, "text/*", False, id="any-text"),
        pytest.param(None, "application/json", False, id="json"),
        pytest.param(None, "text/html;q=0, */*", False, id="html-refused"),
        pytest.param(None, "text/html ; Q=0.000", False, id="html-refused-spelling"),
        pytest.param(None, None, False, id="none"),
    ],
)
def test_is_navigation(mode: str | None, accept: str | None, expected: bool) -> None:
    """Fetch Metadata decides, else a page must be named."""
    environ = {"HTTP_SEC_FETCH_MODE": mode, "HTTP_ACCEPT": accept}
    given_headers = {key: value for key, value in environ.items() if value is not None}

    assert is_navigation(given_headers) is expected


@pytest.mark.parametrize(
    ("origin", "mode", "refused"),
    [
        pytest.param(RequestOrigin.SAME, "strict", False, id="same"),
        pytest.param(RequestOrigin.UNKNOWN, "on", False, id="unknown"),
        pytest.param(RequestOrigin.UNKNOWN, "strict", True, id="unknown-strict"),
        pytest.param(RequestOrigin.CROSS, "on", True, id="cross"),
    ],
)
def test_origin_refused(origin: RequestOrigin, mode: str, refused: bool) -> None:
    """Another site is refused; one that cannot be told only if strict."""
    assert origin_refused(origin, mode) is refused


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        pytest.param("https://a.example", True, id="https"),
        pytest.param("http://a.example", False, id="same"),
        pytest.param("https://b.example", False, id="other"),
        pytest.param("null", False, id="null"),
        pytest.param("", False, id="none"),
    ],
)
def test_only_scheme_differs(origin: str, expected: bool) -> None:
    """The sign of a missing ProxyFix is told from another site."""
    environ = {
        "HTTP_ORIGIN": origin,
        "HTTP_HOST": "a.example",
        "wsgi.url_scheme": "http",
    }

    assert only_scheme_differs(environ) is expected


class Plain:
    """A user without anything."""


class Numbered(Plain):
    """A user with a number and one role as text."""

    id = 7
    roles = "admin"


def test_the_default_id_is_the_users_id() -> None:
    """A number becomes its text; no id is an error, not ``"None"``."""
    assert default_id(Numbered()) == "7"

    with pytest.raises(TypeError, match="id of a user must be a text"):
        default_id(Plain())


def test_default_roles_are_needed_and_no_text() -> None:
    """``"a" in "banana"`` is true, so a text of roles is an error."""
    with pytest.raises(TypeError, match="Plain has no 'roles'"):
        default_roles(Plain())

    with pytest.raises(TypeError, match="not one text"):
        checked_roles(default_roles(Numbered()))

    assert checked_roles(["a"]) == ["a"]


def test_challenges_take_parameters_and_keep_their_quotes() -> None:
    """Parameters append to a challenge with or without others (RFC 9110 11.3)."""
    assert with_parameters("Bearer", []) == "Bearer"
    assert with_parameters("Bearer", [("a", "b"), ("c", 'd"\r\n')]) == (
        'Bearer a="b", c="d"'
    )
    assert quoted("é\\x") == '"x"'


@pytest.mark.parametrize(
    ("challenge", "expected"),
    [("Bearer", True), ("bearer realm=x", True), ("Bearerx", False), ("Basic", False)],
)
def test_scheme_names_are_case_insensitive(challenge: str, expected: bool) -> None:
    """RFC 9110 section 11.1."""
    assert is_bearer(challenge) is expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param([[], []], None, id="none"),
        pytest.param([["/a"], []], "/a", id="one"),
        pytest.param([["/a"], ["/a"]], "/a", id="form-and-query"),
        pytest.param([["/a"], ["/b"]], None, id="disagree"),
        pytest.param([["/a", "/a"], []], None, id="repeated"),
    ],
)
def test_one_value(sources: list[list[str]], expected: t.Any) -> None:
    """A repeated ``next`` counts as none: parsers disagree on which one wins."""
    assert one_value(*sources) == expected
