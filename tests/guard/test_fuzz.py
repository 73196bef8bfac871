"""Whatever a stranger sends: an answer below 500, and never the page."""

from __future__ import annotations

import typing as t

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tests.guard.conftest import Shop

HEADERS = [
    "Accept",
    "Authorization",
    "Cookie",
    "Origin",
    "Referer",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
]
# What a request line can carry: no blanks and controls (RFC 9112 section 3).
QUERY = st.characters(
    min_codepoint=33, max_codepoint=255, exclude_categories=["Cc", "Zs"]
)
TEXTS = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40),
    st.sampled_from(
        [
            "navigate",
            "text/html",
            "text/html;q=0",
            "session=eyJfZ3VhcmQiOnsidSI6IjEifX0.x.y",
            "http://[",
            "http://localhost/\\x",
            "null",
            "cross-site",
        ]
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE"]),
    path=st.sampled_from(["/", "/vault", "/editors", "/%ff", "//x", "/\\x"]),
    query=st.text(QUERY, max_size=20),
    headers=st.dictionaries(st.sampled_from(HEADERS), TEXTS, max_size=4),
)
def _attack(
    shop: Shop, method: str, path: str, query: str, headers: dict[str, str]
) -> None:
    environ = {
        f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()
    }
    answer = shop.app.test_client().open(
        path,
        method=method,
        query_string=query,
        environ_overrides=environ,
    )

    assert answer.status_code < 500
    assert answer.status_code != 200 or method == "OPTIONS"
    assert answer.text not in {"vault", "editors"}


def test_no_header_cookie_or_query_opens_or_breaks_a_page(
    make_shop: Callable[..., Shop],
) -> None:
    """Fuzz over cookies, headers and query: never a 500, never let in."""
    _attack(make_shop())
