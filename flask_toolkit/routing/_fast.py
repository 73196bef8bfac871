"""Let an application match its routes by expressions that are compiled once.

Werkzeug's own matcher looks each expression up in the cache of ``re`` for each
transition of each request, and the cache holds 512. ``_matcher`` keeps what it
compiled. It stands on private names of Werkzeug, so ``_selfcheck`` looks at all of
them first, then compares the two on a small map. Both are imported only here and
late: a Werkzeug without those names must not break the rest.
"""

from __future__ import annotations

import functools
import typing as t
import warnings
from importlib.metadata import version

from ._privates import get_matcher

if t.TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Map
    from werkzeug.routing.matcher import StateMachineMatcher


class FastMatcherWarning(RuntimeWarning):
    """The fast matcher is not used; Werkzeug's own matches the routes."""


def install_fast_matcher(app: Flask) -> bool:
    """Let ``app`` match its routes by expressions that are compiled once.

    It may be called at any time, also twice; the rules and what they mean stay as
    they are. Before the first rule is best: adding many is quicker then, too.

    :returns: Whether it is active now. If not, a :class:`FastMatcherWarning` said
        why, and Werkzeug's own matcher goes on.
    """
    if not _works():
        return False

    from ._matcher import install

    if is_fast(app) or install(app.url_map):
        return True

    warnings.warn(
        f"{app.name!r} has a matcher of its own,"
        f" {type(get_matcher(app.url_map)).__name__}; it stays, and the fast matcher is"
        " not used.",
        FastMatcherWarning,
        stacklevel=2,
    )
    return False


def is_fast(app: Flask) -> bool:
    """Tell whether the routes of ``app`` are matched by the fast matcher."""
    if not _works():
        return False

    from ._matcher import FastMatcher

    return isinstance(get_matcher(app.url_map), FastMatcher)


def matcher_of(url_map: Map) -> StateMachineMatcher:
    """Return what matches as the map's own does, quicker where that is possible."""
    if not _works():
        return get_matcher(url_map)

    from ._matcher import quicker

    return quicker(get_matcher(url_map))


@functools.cache
def _works() -> bool:
    """Look whether this Werkzeug is one we know, once a process."""
    try:
        from ._matcher import install
        from ._selfcheck import problem

        reason = problem(install)
    except ImportError as error:
        reason = str(error)

    if reason is not None:
        warnings.warn(
            f"The fast matcher is not used, Werkzeug's own goes on: {reason}"
            f" (Werkzeug {version('werkzeug')}, Flask {version('flask')}).",
            FastMatcherWarning,
            stacklevel=3,
        )

    return reason is None
