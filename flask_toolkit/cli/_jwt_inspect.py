"""``jwt inspect``: what a token says, and why it is good or not."""

from __future__ import annotations

import json
import sys
import typing as t

import click

from flask_toolkit.jwt._inspection import inspect

from ._component import name_option
from ._component import state_of
from ._listing import json_option
from ._listing import load_app
from ._printable import printable

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from flask_toolkit.jwt._inspection import Inspection

_INVALID: t.Final = 1
_LIMIT: t.Final = 1024 * 1024


@click.command("inspect")
@click.argument("given", nargs=-1, metavar="")
@click.option("--typ", help="The kind it must be. Default: an access token.")
@click.option("--offline", is_flag=True, help="Ask neither the store nor other hosts.")
@json_option
@name_option
def command(
    *, given: tuple[str, ...], typ: str | None, offline: bool, as_json: bool, name: str
) -> None:
    """Say what a token holds, and why it is good or not.

    The token comes from stdin, or is asked for without being shown. Exit code 0:
    a request with it would pass; 1: it would not; 2: wrong use.
    """
    if given:
        # Not repeated: Click would print the token.
        raise click.UsageError(
            "A token is no argument: shells remember it, and other users see it in the"
            " list of processes. Give it to stdin."
        )

    token = _read()
    app = load_app()
    found = inspect(app, state_of(app, name), token, typ=typ, offline=offline)

    if as_json:
        click.echo(json.dumps(_data(found), indent=2))
    else:
        for line in _lines(found):
            click.echo(printable(line, sys.stdout.encoding))

    if found.reason is not None:
        click.get_current_context().exit(_INVALID)


def _read() -> str:
    if sys.stdin.isatty():
        text: str = click.prompt("Token", hide_input=True, err=True)
    else:
        text = sys.stdin.buffer.read(_LIMIT).decode("utf-8", "replace")

    token = text.strip()

    if not token:
        raise click.UsageError("There is no token on stdin.")

    return token


def _lines(found: Inspection) -> Iterator[str]:
    yield "VALID" if found.reason is None else f"NOT VALID: {found.why}"
    key = "unknown here" if found.key is None else f"{found.key.kid} {found.key.alg}"
    yield f"key: {key}"
    yield "signature: good" if found.is_verified else "signature: NOT VERIFIED"

    if found.note:
        yield f"note: {found.note}"

    mark = "" if found.is_verified else " (NOT VERIFIED)"
    yield from _table(f"header{mark}", found.header, {})
    yield from _table(f"claims{mark}", found.claims, found.times)


def _table(
    head: str, members: Mapping[str, t.Any] | None, times: Mapping[str, str]
) -> Iterator[str]:
    yield f"{head}:"

    if members is None:
        yield "  cannot be read"
        return

    for name, value in members.items():
        words = f"  ({times[name]})" if name in times else ""
        yield f"  {name}: {json.dumps(value, ensure_ascii=False)}{words}"


def _data(found: Inspection) -> dict[str, t.Any]:
    key = found.key
    return {
        "valid": found.reason is None,
        "verified": found.is_verified,
        "reason": found.reason,
        "why": found.why,
        "note": found.note,
        "key": None if key is None else {"kid": key.kid, "alg": key.alg},
        "header": found.header and dict(found.header),
        "claims": found.claims and dict(found.claims),
        "times": dict(found.times),
    }
