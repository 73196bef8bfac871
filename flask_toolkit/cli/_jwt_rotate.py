"""``jwt rotate``: the next key signs, the old one is retired."""

from __future__ import annotations

import typing as t

import click

from flask_toolkit.jwt._keys._keyfile import KeyFileError
from flask_toolkit.jwt._keys._material import ALGORITHMS
from flask_toolkit.jwt._keys._rotation import rotate
from flask_toolkit.jwt._words import moment
from flask_toolkit.jwt._words import span

from ._component import name_option
from ._component import state_of
from ._listing import load_app
from ._printable import printable

if t.TYPE_CHECKING:
    from flask_toolkit.jwt import Key
    from flask_toolkit.jwt._keys._rotation import Rotation
    from flask_toolkit.jwt._state import JWTState

_DERIVED: t.Final = """\
{prefix}_KEY_FILE is not set, so there is no file to rotate. The key is derived from
SECRET_KEY; by hand:
1. Make a new one: flask toolkit secret-key
2. Put the old one into SECRET_KEY_FALLBACKS, set SECRET_KEY to the new one, and
   restart all workers at once: the sooner, the fewer tokens are refused.
3. Take the old one out after {lifetime}.
"""
_BY_HAND: t.Final = """\
{prefix}_KEY_FILE is not set, so there is no file to rotate. By hand:
1. Make a new key: flask toolkit jwt keygen --alg {alg}
2. Add it to {prefix}_KEY_FALLBACKS and restart the workers: they now know it.
3. Exchange the two, so that the old one is the fallback, and restart again.
4. Take the old one out after {lifetime}.
"""


@click.command("rotate")
@click.option(
    "--alg",
    type=click.Choice(ALGORITHMS),
    metavar="ALG",
    help="Algorithm of the new key. Default: as the one that signs.",
)
@name_option
def command(alg: str | None, name: str) -> None:
    """Rotate the keys of KEY_FILE: restart the workers afterwards.

    The next key signs, the old one verifies as long as a token of it may live,
    a new next key is added, and retired ones whose time is over go. Without a
    KEY_FILE it prints what to do by hand, exit code 1.
    """
    state = state_of(load_app(), name)
    settings = state.settings

    if settings.key_file is None:
        raise click.ClickException(_steps(state))

    lifetime = settings.session_lifetime + settings.leeway

    try:
        done = rotate(
            settings.key_file,
            alg=alg,
            now=state.clock(),
            lifetime=lifetime.total_seconds(),
        )
    except KeyFileError as error:
        raise click.ClickException(f"{error}.") from None

    for line in _lines(done):
        click.echo(printable(line))


def _lines(done: Rotation) -> list[str]:
    return [
        f"signs    {_named(done.signing)}",
        f"next     {_named(done.next)}",
        *(f"retired  {_named(key)}, until {moment(exp)}" for key, exp in done.retired),
        *(f"dropped  {_named(key)}" for key in done.dropped),
        *(
            ["There was no next key; the new one signs after the next rotation."]
            if done.is_first
            else []
        ),
        "Restart the workers.",
    ]


def _named(key: Key) -> str:
    return f"{key.kid} {key.alg}"


def _steps(state: JWTState) -> str:
    settings = state.settings
    text = _DERIVED if state.keys is None else _BY_HAND
    first = None if state.keys is None else next(iter(state.keys))
    return text.format(
        prefix=f"TOOLKIT_{state.name.upper()}",
        alg=None if first is None else first.alg,
        lifetime=span((settings.session_lifetime + settings.leeway).total_seconds()),
    ).rstrip()
