"""``version``: what a report of a defect should name."""

from __future__ import annotations

import platform
from importlib import metadata

import click

from flask_toolkit import __version__


@click.command("version")
def command() -> None:
    """Print the versions of Flask-Toolkit and of what it stands on."""
    click.echo(f"flask-toolkit {__version__}")

    for name in ("flask", "werkzeug"):
        click.echo(f"{name} {metadata.version(name)}")

    click.echo(f"python {platform.python_version()}")
