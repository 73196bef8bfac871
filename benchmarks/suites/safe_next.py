"""Whether a redirect stays on this site: a path that does, and one that does not."""

from __future__ import annotations

import functools
import typing as t

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import module
from benchmarks.model import Subject
from flask_toolkit.guard import safe_next

if t.TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CASES"]

_GOOD = "/account/orders?tab=2&page=7"
_BAD = "https://evil.example/account"
_HOSTILE = (_BAD, "//evil.example", "/\\evil.example", "javascript:alert(1)", "")


def ours() -> Callable[[str], bool]:
    """Let a path pass."""
    return lambda target: safe_next(target, "/") == target


def django() -> Callable[[str], bool]:
    """Ask as Django's login view does."""
    is_safe: Callable[..., bool]
    is_safe = module("django.utils.http").url_has_allowed_host_and_scheme
    hosts = {"shop.example"}
    return lambda target: is_safe(target, hosts, require_https=True)


def _judged(make: Callable[[], Callable[[str], bool]], target: str) -> Subject:
    is_safe = make()

    def check() -> None:
        expect(is_safe(_GOOD), _GOOD)

        for hostile in _HOSTILE:
            expect(not is_safe(hostile), hostile)

    return Subject(lambda: is_safe(target), check)


def _case(name: str, target: str) -> Case:
    return Case(
        suite="safe_next",
        name=name,
        contestants=(
            Contestant(
                name="Django",
                role="peer",
                make=functools.partial(_judged, django, target),
                needs={"django": "django"},
            ),
            Contestant(
                name="ours", role="ours", make=functools.partial(_judged, ours, target)
            ),
        ),
    )


CASES = [_case("a path", _GOOD), _case("another site", _BAD)]
