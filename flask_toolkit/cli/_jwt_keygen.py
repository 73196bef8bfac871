"""``jwt keygen``: a new private key, on stdout or in a file of its own."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flask_toolkit.jwt import Key
from flask_toolkit.jwt._keys._material import ALGORITHMS
from flask_toolkit.jwt._keys._material import SECRET_ALGORITHMS
from flask_toolkit.jwt._keys._private import private_jwk
from flask_toolkit.jwt._keys._private import private_text
from flask_toolkit.jwt._keys._rotation import write_new

from ._component import name_option


@click.command("keygen")
@click.option(
    "--alg",
    type=click.Choice(ALGORITHMS),
    default="HS256",
    show_default=True,
    metavar="ALG",
    help="Its algorithm; ES256 and EdDSA can be published.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["pem", "jwk"]),
    help="PEM, for a key pair the default, or JWK, as KEY_FILE needs it.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A new file, mode 0600, instead of stdout.",
)
@name_option
def command(alg: str, form: str | None, out: Path | None, name: str) -> None:
    """Print a new private key, and on stderr its id and where it belongs.

    It needs no application. A secret (HS256, HS384, HS512) is one line of text,
    unless a JWK is asked for. A file that exists is never touched.
    """
    if form == "pem" and alg in SECRET_ALGORITHMS:
        raise click.UsageError(f"{alg} needs a secret, which has no PEM form.")

    as_jwk = form == "jwk"
    text = json.dumps(private_jwk(alg), indent=2) if as_jwk else private_text(alg)
    text = text.rstrip("\n")

    if out is None:
        click.echo(text)
    else:
        _store(out, f"{text}\n")

    click.echo(f"kid: {Key.load(text, alg=alg).kid}", err=True)
    prefix = f"TOOLKIT_{name.upper()}"

    if as_jwk and out is not None:
        click.echo(f"Set {prefix}_KEY_FILE to {out.absolute()}", err=True)
        return

    what = "it" if out is None else f"what {out} holds"
    # By itself a key has the first algorithm of its kind.
    more = "" if Key.load(text).alg == alg else f", and {prefix}_ALGORITHM to {alg}"
    click.echo(f"Set {prefix}_KEY to {what}{more}", err=True)


def _store(out: Path, text: str) -> None:
    try:
        write_new(out, text.encode())
    except FileExistsError:
        raise click.ClickException(f"{out} exists; it was not touched.") from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise click.ClickException(f"{out} cannot be written: {reason}.") from None
