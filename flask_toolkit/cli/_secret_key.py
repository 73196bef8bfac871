"""``secret-key``: random text for ``SECRET_KEY``."""

from __future__ import annotations

import click

from flask_toolkit.config import generate_secret_key


@click.command("secret-key")
@click.option(
    "--bytes",
    "nbytes",
    type=click.IntRange(16, 1024),
    default=32,
    show_default=True,
    help="Random bytes in it.",
)
def command(nbytes: int) -> None:
    """Print a new key for SECRET_KEY, and nothing else.

    It needs no application. Put it into the environment or a file that is not
    in version control; the key before it belongs into SECRET_KEY_FALLBACKS.
    """
    click.echo(generate_secret_key(nbytes))
