"""Whether the fast matcher and this Werkzeug fit together."""

from __future__ import annotations

import dataclasses
import inspect
import typing as t

from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Map
from werkzeug.routing import matcher
from werkzeug.routing import RequestRedirect
from werkzeug.routing import Rule
from werkzeug.routing import rules

from ._privates import converters_of
from ._privates import get_matcher
from ._privates import parts_of
from ._privates import root_of

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

_FIELDS = {
    matcher.State: {"dynamic", "rules", "static"},
    rules.RulePart: {"content", "final", "static", "suffixed", "weight"},
}
_SIGNATURES = {
    "__init__": ["self", "merge_slashes"],
    "add": ["self", "rule"],
    "update": ["self"],
    "match": ["self", "domain", "path", "method", "websocket"],
}
_PARTS = 3  # of "/<int:n>": the subdomain, the root, the number
_ASKED = [("GET", "http"), ("POST", "http"), ("GET", "ws")]
_PATHS = [
    *("/", "", "//", "/a", "/a/", "/a///b", "//a", "/a/b", "/a/b/", "/A", "/é"),
    *("/n/1", "/n/1/", "/n/x", "/n/01", "/n/-1", "/n//1", "/n/1/2"),
    *("/x-1", "/x-", "/d", "/d/", "/d/e/f", "/d/e/f/", "/d//e", "/d/e//f/"),
    *(
        "/o/1",
        "/o",
        "/o/",
        "/w",
        "/s/t",
        "/s//t",
        "/s//u",
        "/t/1.5",
        "/t/any",
        "/t/1\n",
    ),
]


def problem(install: Callable[[Map], object]) -> str | None:
    """Return what keeps the fast matcher from being used, or ``None``.

    :param install: Puts it into a map.
    """
    try:
        return next(_missing(), None) or next(_differences(install), None)
    except Exception as error:  # noqa: BLE001  # what breaks here must not break an app
        return f"{type(error).__name__}: {error}"


def _missing() -> Iterator[str]:
    """Look for the private names, the whole of them, and no more than we know."""
    for cls, known in _FIELDS.items():
        if {field.name for field in dataclasses.fields(cls)} != known:
            yield f"the fields of {cls.__name__} are others"

    for name, parameters in _SIGNATURES.items():
        method = getattr(matcher.StateMachineMatcher, name)

        if list(inspect.signature(method).parameters) != parameters:
            yield f"StateMachineMatcher.{name}() takes other arguments"

    url_map = Map([Rule("/<int:n>", endpoint="n")])
    rule = next(url_map.iter_rules())

    if type(get_matcher(url_map)) is not matcher.StateMachineMatcher:
        yield "a Map has another matcher"
    elif type(root_of(get_matcher(url_map))) is not matcher.State:
        yield "StateMachineMatcher has another root"
    elif list(converters_of(rule)) != ["n"] or len(parts_of(rule)) != _PARTS:
        yield "a Rule has other parts"


def _differences(install: Callable[[Map], object]) -> Iterator[str]:
    """Send the same paths through both matchers."""
    stock, fast = _map(), _map()
    install(fast)

    for path in _PATHS:
        for method, scheme in _ASKED:
            theirs = _answer(stock, path, method, scheme)
            ours = _answer(fast, path, method, scheme)

            if ours != theirs:
                yield f"{method} {path!r} gives {ours!r} and not {theirs!r}"


def _answer(url_map: Map, path: str, method: str, scheme: str) -> t.Any:
    adapter = url_map.bind("h", url_scheme=scheme)

    try:
        return adapter.match(path, method=method)
    except RequestRedirect as error:
        return error.new_url
    except MethodNotAllowed as error:
        return sorted(error.valid_methods or ())
    except HTTPException as error:
        return type(error).__name__


def _map() -> Map:
    """Return a small map with one rule of each kind."""
    return Map(
        [
            Rule("/", endpoint="root"),
            Rule("/a", endpoint="get", methods=["GET"]),
            Rule("/a", endpoint="post", methods=["POST"]),
            Rule("/a/b/", endpoint="branch"),
            Rule("/<word>", endpoint="word", methods=["GET"]),
            Rule("/n/<int:n>", endpoint="number"),
            Rule("/n/<int:n>/", endpoint="loose", strict_slashes=False),
            Rule("/<word>-<int:n>", endpoint="two"),
            Rule("/d/<path:rest>/", endpoint="tail"),
            Rule("/d/<path:rest>", endpoint="leaf", methods=["POST"]),
            Rule("/o/<int:n>", endpoint="o"),
            Rule("/o/", endpoint="o", defaults={"n": 1}),
            Rule("/w", endpoint="socket", websocket=True),
            Rule("/s//t", endpoint="slashes", merge_slashes=False),
            Rule("/s/u", endpoint="unmerged", merge_slashes=False),
            Rule("/t/<any(any, 'more'):x>", endpoint="any"),
            Rule("/t/<float:x>", endpoint="old", alias=True),
        ]
    )
