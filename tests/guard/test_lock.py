"""The text of the authorization lock, and what changes between two of them."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.guard import LockError
from flask_toolkit.guard._changes import compare
from flask_toolkit.guard._lock import escape
from flask_toolkit.guard._lock import GuardRecord
from flask_toolkit.guard._lock import HookRecord
from flask_toolkit.guard._lock import Lock
from flask_toolkit.guard._lock import make_lock
from flask_toolkit.guard._lock import read_lock
from flask_toolkit.guard._lock import RouteRecord
from flask_toolkit.guard._lock import summary
from flask_toolkit.guard._lock import text_of

HEAD = "# flask-toolkit guard lock 1 (written by: flask toolkit guard --lock)\n"
COLUMNS = "# method\trule\tendpoint\tguard\trequires\twhy\n"
GUARD = GuardRecord("app", "jwt,session", "guard", "authenticated", "origin=on")
STAFF = GuardRecord(
    "blueprint:admin", "session", "staff", 'role("staff")', "origin=strict"
)
HOME = RouteRecord("GET", "/", "home", "guard", "authenticated", "default")
OPEN = RouteRecord("GET", "/open", "open", "guard", "public", "marker")
HOOK = HookRecord("app", "before_request", "shop:beta")
LOCK = make_lock([GUARD, STAFF], [HOME, OPEN])


def changes(old: t.Iterable[RouteRecord], new: t.Iterable[RouteRecord]) -> list[str]:
    """Return the changes from one set of routes to another, as people read them."""
    return [str(one) for one in compare(make_lock([], old), make_lock([], new))]


def test_the_text_is_one_record_a_line() -> None:
    """Two comment lines, then guards by name and routes by rule, six fields each."""
    assert text_of(LOCK) == (
        HEAD + COLUMNS + "guard\tapp\tjwt,session\tguard\tauthenticated\torigin=on\n"
        'guard\tblueprint:admin\tsession\tstaff\trole("staff")\torigin=strict\n'
        "GET\t/\thome\tguard\tauthenticated\tdefault\n"
        "GET\t/open\topen\tguard\tpublic\tmarker\n"
    )


def test_equal_records_give_equal_bytes() -> None:
    """Neither the order of registration nor a repetition shows."""
    assert text_of(make_lock([STAFF, GUARD], [OPEN, HOME, OPEN])) == text_of(LOCK)


def test_of_two_records_for_one_way_in_the_open_one_is_kept() -> None:
    """What lets anybody in is never hidden by what does not."""
    is_open = HOME._replace(requires="public", why="marker")
    closed = HOME._replace(requires='role("a")')

    assert make_lock([], [HOME, is_open]).routes == (is_open,)
    assert make_lock([], [closed, is_open]).routes == (is_open,)


def test_hooks_stand_between_guards_and_routes() -> None:
    """In order of their text, those of one name as a number."""
    late = HOOK._replace(stage="url_value_preprocessor", why="always")
    lock = make_lock([GUARD], [HOME], [late, HOOK, HOOK])

    assert text_of(lock).splitlines()[2:] == [
        GUARD.line,
        "hook\tapp\tbefore_request\tshop:beta\t2\tearlier",
        "hook\tapp\turl_value_preprocessor\tshop:beta\t1\talways",
        HOME.line,
    ]
    assert read_lock(text_of(lock)) == lock


def test_what_was_written_is_read_back() -> None:
    """A lock survives its file."""
    assert read_lock(text_of(LOCK)) == LOCK


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text_of(LOCK).replace("\n", "\r\n"), id="windows-line-ends"),
        pytest.param("\ufeff" + text_of(LOCK), id="byte-order-mark"),
        pytest.param(text_of(LOCK) + "\n# a remark\n\n", id="blank-and-comment"),
        pytest.param("# flask-toolkit guard lock 1\n" + text_of(LOCK), id="bare-head"),
    ],
)
def test_what_editors_do_to_text_is_tolerated(text: str) -> None:
    """Line ends, marks, blanks and comments change nothing."""
    assert read_lock(text) == LOCK


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "line 1: not the head of a lock", id="empty"),
        pytest.param("GET\t/\n", "line 1: not the head of a lock", id="no-head"),
        pytest.param(
            "# flask-toolkit guard lock 2 (later)\n",
            "line 1: format 2 is newer than this Flask-Toolkit reads",
            id="newer",
        ),
        pytest.param(
            "# flask-toolkit guard lock 0\n", "line 1: there is no format 0", id="zero"
        ),
        pytest.param(
            HEAD + COLUMNS + "GET\t/\thome\n", "line 3: not 6 fields", id="fields"
        ),
        pytest.param(
            HEAD + "GET\t/\thome\tguard\t\tdefault\n",
            "line 2: not 6 fields",
            id="empty-field",
        ),
        pytest.param(
            text_of(LOCK) + "<<<<<<< HEAD\n", "line 7: a merge was not", id="conflict"
        ),
        pytest.param(
            text_of(LOCK) + "=======\n", "line 7: a merge was not", id="conflict-middle"
        ),
        pytest.param(
            text_of(LOCK) + "GET\t/\thome\tguard\tpublic\tmarker\n",
            "line 7: GET / home stands there twice",
            id="route-twice",
        ),
        pytest.param(
            text_of(LOCK) + "guard\tapp\tsession\tguard\tauthenticated\torigin=on\n",
            "line 7: guard stands there twice",
            id="guard-twice",
        ),
    ],
)
def test_a_broken_text_is_refused_with_its_line(text: str, message: str) -> None:
    """Nothing is guessed: the line is named."""
    with pytest.raises(LockError, match=re.escape(message)) as info:
        read_lock(text)

    assert info.value.newer is ("newer" in message)


def test_the_same_record_twice_is_one() -> None:
    """Two branches that add the same line merge without a conflict."""
    line = "GET\t/open\topen\tguard\tpublic\tmarker\n"

    assert read_lock(text_of(LOCK) + line) == LOCK


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(HOME, HOME, [], id="same"),
        pytest.param(
            HOME,
            HOME._replace(requires="public", why="marker"),
            ["OPENED  GET / home authenticated -> public (marker)"],
            id="opened",
        ),
        pytest.param(
            None,
            OPEN,
            ["OPENED  GET /open open none -> public (marker)"],
            id="new-open",
        ),
        pytest.param(
            HOME,
            HOME._replace(requires="unguarded", guard="-", why="none"),
            ["OPENED  GET / home authenticated [guard] -> unguarded [-] (none)"],
            id="unguarded",
        ),
        pytest.param(
            HOME,
            HOME._replace(requires="public +cross-origin", why="marker"),
            ["OPENED  GET / home authenticated -> public +cross-origin (marker)"],
            id="opened-to-other-sites",
        ),
        pytest.param(
            HOME._replace(requires='role("a") & fresh(300)'),
            HOME._replace(requires='role("a")'),
            ['CHANGED GET / home role("a") & fresh(300) -> role("a") (default)'],
            id="weakened",
        ),
        pytest.param(
            HOME,
            HOME._replace(requires="authenticated +cross-origin", why="m"),
            ["CHANGED GET / home authenticated -> authenticated +cross-origin (m)"],
            id="flag",
        ),
        pytest.param(
            HOME,
            HOME._replace(guard="staff", why="m"),
            ["CHANGED GET / home authenticated [guard] -> authenticated [staff] (m)"],
            id="other-guard",
        ),
        pytest.param(
            None,
            HOME,
            ["ADDED   GET / home none -> authenticated (default)"],
            id="added",
        ),
        pytest.param(
            OPEN,
            OPEN._replace(requires="authenticated", why="default"),
            ["CLOSED  GET /open open public -> authenticated (default)"],
            id="closed",
        ),
        pytest.param(
            HOME, None, ["REMOVED GET / home authenticated -> none"], id="removed"
        ),
        pytest.param(
            HOME,
            HOME._replace(why="default+marker"),
            ["WHY     GET / home authenticated -> authenticated (default+marker)"],
            id="why",
        ),
    ],
)
def test_each_kind_of_change_has_its_name(
    old: RouteRecord | None, new: RouteRecord | None, expected: list[str]
) -> None:
    """A review reads what a change means, not only that there is one."""
    assert changes([old] if old else [], [new] if new else []) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            [GUARD],
            [GUARD._replace(origin="origin=off")],
            "GUARD   guard [app jwt,session authenticated origin=on] ->"
            " [app jwt,session authenticated origin=off]",
            id="origin",
        ),
        pytest.param(
            [],
            [STAFF],
            "GUARD   staff none ->"
            ' [blueprint:admin session role("staff") origin=strict]',
            id="new",
        ),
        pytest.param(
            [GUARD],
            [],
            "GUARD   guard [app jwt,session authenticated origin=on] -> none",
            id="gone",
        ),
    ],
)
def test_a_changed_guard_shows(
    old: list[GuardRecord], new: list[GuardRecord], expected: str
) -> None:
    """How callers are found and where requests may come from is locked too."""
    found = compare(make_lock(old, []), make_lock(new, []))

    assert [str(one) for one in found] == [expected]


def test_the_gravest_change_comes_first() -> None:
    """Whoever reads one line reads the opened route."""
    moved = HOME._replace(rule="/start")
    opened = OPEN._replace(rule="/zzz")

    found = changes([HOME, OPEN], [moved, opened])

    assert [one.split()[0] for one in found] == [
        *("OPENED", "ADDED", "REMOVED", "REMOVED")
    ]


def test_the_order_of_the_file_is_no_change() -> None:
    """A merge may leave lines in any order."""
    shuffled = Lock(LOCK.guards[::-1], LOCK.routes[::-1])

    assert compare(shuffled, LOCK) == ()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        pytest.param("/a\tb", r"/a\u0009b", id="tab"),
        pytest.param("/a\nGET", r"/a\u000aGET", id="newline"),
        pytest.param("/\u202eb", r"/\u202eb", id="bidi"),
        pytest.param("/\u200b", r"/\u200b", id="zero-width"),
        pytest.param("/\xa0", r"/\u00a0", id="odd-space"),
        pytest.param("/\U000e0041", r"/\U000e0041", id="tag-character"),
        pytest.param("/\ud800", r"/\ud800", id="lone-surrogate"),
        pytest.param("/\u3164", r"/\u3164", id="blank-letter"),
        pytest.param("/\ufe0f", r"/\ufe0f", id="variation-selector"),
        pytest.param("/\U0001343f", r"/\U0001343f", id="newer-than-python-3.11"),
        pytest.param("/a b\\", r"/a b\\", id="backslash"),
        pytest.param("/用户/é", "/用户/é", id="letters-stay"),
    ],
)
def test_nothing_hides_in_a_field(text: str, escaped: str) -> None:
    """A route shows in a review as what it is."""
    assert escape(text) == escaped
    assert read_lock(text_of(make_lock([], [HOME._replace(rule=text)]))).routes == (
        HOME._replace(rule=escaped),
    )


def test_the_summary_counts_what_is_open() -> None:
    """Routes and open ones are counted, in words that fit one."""
    assert summary(LOCK) == "2 routes, 1 open"
    assert summary(make_lock([], [HOME])) == "1 route, 0 open"


TEXT = st.text(min_size=1).filter(str.strip)
ROUTES = st.lists(
    st.builds(RouteRecord, st.sampled_from(["GET", "POST"]), *[TEXT] * 5),
    unique_by=lambda one: one.key,
)


@given(ROUTES)
def test_any_records_survive_the_text(routes: list[RouteRecord]) -> None:
    """Whatever a route is called, its record is read back as it was written."""
    lock = make_lock([GUARD], routes)

    assert read_lock(text_of(lock)) == lock
    assert compare(lock, read_lock(text_of(lock))) == ()


@given(ROUTES, ROUTES)
def test_no_difference_is_silent(
    old: list[RouteRecord], new: list[RouteRecord]
) -> None:
    """Two locks without a change between them are the same bytes."""
    first, second = make_lock([], old), make_lock([], new)

    assert (compare(first, second) == ()) == (text_of(first) == text_of(second))


@given(st.text())
def test_any_text_is_a_lock_or_an_error_with_a_line(text: str) -> None:
    """No text makes the reader fail in another way."""
    message = "line 1: "

    try:
        lock = read_lock(HEAD + text)
    except LockError as error:
        message = str(error)
    else:
        assert compare(lock, lock) == ()

    assert re.match(r"line \d+: ", message)
