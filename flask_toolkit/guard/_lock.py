"""The authorization lock: the access of every route as text that can be compared.

Format 1 is UTF-8 with one record a line, six fields separated by one TAB. Equal
applications give equal bytes, so a review sees each new way in.
"""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections import Counter

from flask_toolkit.errors import SetupError

from ._plan import is_open

if t.TYPE_CHECKING:
    from collections.abc import Iterable

VERSION: t.Final = 1
_HEAD: t.Final = re.compile(r"# flask-toolkit guard lock ([0-9]{1,9})(?: .*)?")
_TITLE: t.Final = (
    f"# flask-toolkit guard lock {VERSION} (written by: flask toolkit guard --lock)"
)
_COLUMNS: t.Final = "# method\trule\tendpoint\tguard\trequires\twhy"
_GUARD: t.Final = "guard"
_HOOK: t.Final = "hook"
_FIELDS: t.Final = 6
_MERGE: t.Final = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_HIDDEN: t.Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
# Of other categories and yet drawn as nothing; and format characters that Unicode
# got after Python 3.11, since all versions must write equal bytes.
_BLANK: t.Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00013430-\U0001343f\U000e0000-\U000e0fff]"
)


class LockError(SetupError):
    """The text of a lock cannot be read.

    :param newer: Whether a newer version of the toolkit wrote it.
    """

    def __init__(self, message: str, *, newer: bool = False) -> None:
        super().__init__(message)
        self.newer: bool = newer


class GuardRecord(t.NamedTuple):
    """What one guard covers and how it finds callers, as fields of a line."""

    scope: str
    """``app`` or ``blueprint:NAME``, several with commas between."""

    authenticators: str
    name: str
    requires: str
    origin: str

    @property
    def key(self) -> tuple[str, ...]:
        """Return what there is one of."""
        return (self.name,)

    @property
    def line(self) -> str:
        """Return the record as its line."""
        return "\t".join((_GUARD, *self))


class HookRecord(t.NamedTuple):
    """What runs before the guard and may answer itself, as fields of a line."""

    scope: str
    """``app`` or ``blueprint:NAME``."""

    stage: str
    """The table of Flask that it stands in: ``before_request`` ..."""

    name: str
    """``module:qualname``: where it stands changes with each edit of the file."""

    times: str = "1"
    """How often one of this name is there, such as lambdas."""

    why: str = "earlier"
    """``earlier``: registered before the guard was attached; ``always``: Flask
    runs it before any ``before_request`` function."""

    @property
    def key(self) -> tuple[str, ...]:
        """Return what there is one of."""
        return (self.scope, self.stage, self.name)

    @property
    def line(self) -> str:
        """Return the record as its line."""
        return "\t".join((_HOOK, *self))


class RouteRecord(t.NamedTuple):
    """What one method of one route asks for, as fields of a line."""

    method: str
    rule: str
    endpoint: str
    guard: str
    requires: str
    why: str

    @property
    def key(self) -> tuple[str, ...]:
        """Return what there is one of."""
        return (self.method, self.rule, self.endpoint)

    @property
    def line(self) -> str:
        """Return the record as its line."""
        return "\t".join(self)

    @property
    def is_open(self) -> bool:
        """Tell whether anybody gets in."""
        return is_open(self.requires)


class Lock(t.NamedTuple):
    """All records of an application, in the order of the file."""

    guards: tuple[GuardRecord, ...]
    routes: tuple[RouteRecord, ...]
    hooks: tuple[HookRecord, ...] = ()


def make_lock(
    guards: Iterable[GuardRecord],
    routes: Iterable[RouteRecord],
    hooks: Iterable[HookRecord] = (),
) -> Lock:
    """Return a lock of records whose fields are not escaped yet.

    Where two rules of one key differ, the one that lets anybody in is kept; hooks
    of one key are counted.
    """
    found: dict[tuple[str, ...], RouteRecord] = {}

    for route in sorted(RouteRecord(*map(escape, one)) for one in set(routes)):
        if route.key not in found or route.is_open:
            found[route.key] = route

    return Lock(
        tuple(sorted((GuardRecord(*map(escape, one)) for one in guards), key=_by_name)),
        tuple(sorted(found.values(), key=_by_rule)),
        tuple(
            hook._replace(times=str(times))
            for hook, times in sorted(
                Counter(HookRecord(*map(escape, one)) for one in hooks).items()
            )
        ),
    )


def text_of(lock: Lock) -> str:
    """Return the text of a lock."""
    guards = (one.line for one in lock.guards)
    hooks = (one.line for one in lock.hooks)
    routes = (one.line for one in lock.routes)
    return "\n".join((_TITLE, _COLUMNS, *guards, *hooks, *routes)) + "\n"


def read_lock(text: str) -> Lock:
    """Return the lock that a text holds, its records in the order found.

    Windows line ends, a byte order mark, blank lines and comments are no errors.

    :raises LockError: With the number of the line that cannot be read.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    _check_head(lines[0])
    guards: dict[tuple[str, ...], GuardRecord] = {}
    hooks: dict[tuple[str, ...], HookRecord] = {}
    routes: dict[tuple[str, ...], RouteRecord] = {}

    for number, line in enumerate(lines[1:], 2):
        if line.startswith(_MERGE):
            raise LockError(f"line {number}: a merge was not finished")

        if not line.strip() or line.startswith("#"):
            continue

        fields = line.split("\t")

        if len(fields) != _FIELDS or "" in fields:
            raise LockError(f"line {number}: not {_FIELDS} fields with TABs between")

        if fields[0] == _GUARD:
            _add(guards, GuardRecord(*fields[1:]), number)
        elif fields[0] == _HOOK:
            _add(hooks, HookRecord(*fields[1:]), number)
        else:
            _add(routes, RouteRecord(*fields), number)

    return Lock(tuple(guards.values()), tuple(routes.values()), tuple(hooks.values()))


def summary(lock: Lock) -> str:
    """Return how many routes there are.

    >>> summary(Lock((), ()))
    '0 routes, 0 open'
    """
    number = len(lock.routes)
    is_open = sum(one.is_open for one in lock.routes)
    return f"{number} route{'' if number == 1 else 's'}, {is_open} open"


def escape(text: str) -> str:
    r"""Return text in which nothing hides: no control, format or odd space.

    >>> escape("/a\u202eb")
    '/a\\u202eb'
    """
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char == "\\":
        return r"\\"

    is_hidden = unicodedata.category(char) in _HIDDEN or _BLANK.match(char)

    if char == " " or not is_hidden:
        return char

    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # what four digits hold


def _check_head(line: str) -> None:
    match = _HEAD.fullmatch(line)

    if match is None:
        raise LockError("line 1: not the head of a lock; write one with --lock")

    if int(match[1]) > VERSION:
        raise LockError(
            f"line 1: format {match[1]} is newer than this Flask-Toolkit reads",
            newer=True,
        )

    if int(match[1]) != VERSION:
        raise LockError(f"line 1: there is no format {match[1]}")


R = t.TypeVar("R", GuardRecord, HookRecord, RouteRecord)


def _add(found: dict[tuple[str, ...], R], record: R, number: int) -> None:
    if found.setdefault(record.key, record) != record:
        raise LockError(
            f"line {number}: {' '.join(record.key)} stands there twice, with another"
            " record"
        )


def _by_name(record: GuardRecord) -> tuple[str, ...]:
    return (record.name, *record)


def _by_rule(record: RouteRecord) -> tuple[str, ...]:
    return (record.rule, record.method, record.endpoint)
