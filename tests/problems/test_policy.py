"""Which form an error takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.problems import _policy
from flask_toolkit.problems._policy import HTML
from flask_toolkit.problems._policy import JSON
from flask_toolkit.problems._policy import media_type
from flask_toolkit.problems._policy import Policy
from flask_toolkit.problems._policy import policy_for
from flask_toolkit.problems._policy import PROBLEM

CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)
_WORDS = st.sampled_from(
    ["text", "html", "application", "json", "problem+json", "*", "/", ";", "q=", ","]
)
_NUMBERS = st.sampled_from(["0", "1", "0.5", "1e9", "-1", "nan", "inf", '"', "\\", " "])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, HTML, id="none"),
        pytest.param("", HTML, id="empty"),
        pytest.param(CHROME, HTML, id="chrome"),
        pytest.param("*/*", HTML, id="anything"),
        pytest.param("gibberish", HTML, id="invalid"),
        pytest.param("image/png", HTML, id="image"),
        pytest.param("application/json", JSON, id="json"),
        pytest.param("application/json, text/plain, */*", JSON, id="axios"),
        pytest.param("application/json; charset=utf-8", JSON, id="parameter"),
        pytest.param("APPLICATION/JSON", JSON, id="upper-case"),
        pytest.param("application/problem+json", PROBLEM, id="problem"),
        pytest.param("application/problem+json, application/json", PROBLEM, id="both"),
        pytest.param("application/*", PROBLEM, id="application"),
        pytest.param("text/html;q=0.2, application/json", JSON, id="json-liked-more"),
        pytest.param("application/json, text/html", HTML, id="equal"),
        pytest.param("text/html;q=0, */*", PROBLEM, id="html-refused"),
        pytest.param("*/*;q=0", HTML, id="all-refused"),
        pytest.param("application/json;q=0", HTML, id="json-refused"),
        pytest.param("application/*, application/json;q=0.1", PROBLEM, id="specific"),
    ],
)
def test_auto_asks_the_client(accept: str | None, expected: str) -> None:
    """HTML comes first; who asks for JSON gets it."""
    assert media_type("auto", accept) == expected


@pytest.mark.parametrize("accept", [None, CHROME, "application/json", "image/png"])
def test_a_fixed_policy_asks_nobody(accept: str | None) -> None:
    """RFC 9457 lets a server send problems to whom it likes."""
    assert media_type("json", accept) == PROBLEM
    assert media_type("html", accept) == HTML


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/api", "json", id="itself"),
        pytest.param("/api/", "json", id="slash"),
        pytest.param("/api/items", "json", id="below"),
        pytest.param("/apiary", "auto", id="not-a-segment"),
        pytest.param("/api/pages/1", "html", id="longest"),
        pytest.param("/", "auto", id="root"),
        pytest.param("", "auto", id="empty"),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"], ids=["bare", "trailing"])
def test_the_longest_prefix_wins(path: str, expected: str, slash: str) -> None:
    """In whole segments, however the prefix is written."""
    policies: dict[str, Policy] = {f"/api{slash}": "json", f"/api/pages{slash}": "html"}

    assert policy_for(path, policies) == expected
    policies["/"] = "auto"
    assert policy_for(path, policies) == expected


@given(st.one_of(st.text(), st.lists(_WORDS | _NUMBERS).map("".join)))
def test_no_header_breaks_the_choice(accept: str) -> None:
    """Whatever a client sends, one of the three forms comes out."""
    assert media_type("auto", accept) in {HTML, JSON, PROBLEM}


def test_only_short_headers_are_kept() -> None:
    """A client that sends what nobody else sends fills no memory."""
    long = "application/json, " + "image/png, " * 100

    assert media_type("auto", long) == JSON
    kept = _policy._negotiated.cache_info().currsize
    assert media_type("auto", long + "a/b") == JSON
    assert _policy._negotiated.cache_info().currsize == kept
    assert _policy._negotiated.cache_info().maxsize == 128
