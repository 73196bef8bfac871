"""A group whose commands are imported when they are asked for."""

from __future__ import annotations

import typing as t
from importlib import import_module

import click

if t.TYPE_CHECKING:
    from collections.abc import Mapping


class Entry(t.NamedTuple):
    """Where a command is, and what the list of commands says of it."""

    module: str
    """Its absolute name; the command is its attribute ``command``."""

    help: str


class LazyGroup(click.Group):
    """Lists commands without importing them, so that one alone can break.

    No option below it is read from the environment: click would derive
    ``FLASK_TOOLKIT_...`` for it, the names of Flask's prefixed configuration.

    :param entries: The commands by their names.
    :param options: As for :class:`click.Group`.
    """

    def __init__(
        self, name: str, *, entries: Mapping[str, Entry], **options: t.Any
    ) -> None:
        super().__init__(name, **options)
        self.entries: dict[str, Entry] = dict(entries)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        return sorted(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; ``None`` if there is none of this name.

        :raises click.ClickException: If it cannot be imported; the exit code is 1.
        """
        entry = self.entries.get(cmd_name)

        if entry is None:
            return None

        try:
            found: click.Command = import_module(entry.module).command
        except Exception as error:  # a broken command is one line, whatever broke
            raise click.ClickException(_told(cmd_name, error)) from error

        return found

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list of commands, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.entries[name].help) for name in self.list_commands(ctx)]
            )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Cut the prefix of the environment off, for this group and below."""
        ctx.auto_envvar_prefix = None
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> t.Any:
        """Run a command; what is set up wrongly is a line, not a traceback.

        :raises click.ClickException: With the message of a ``SetupError``.
        """
        from flask_toolkit.errors import SetupError

        try:
            return super().invoke(ctx)
        except SetupError as error:
            if isinstance(error, click.ClickException):
                raise

            raise click.ClickException(str(error)) from error


def _told(name: str, error: Exception) -> str:
    # Only SetupErrors are written for people; they say what to do.
    from flask_toolkit.errors import SetupError

    if isinstance(error, SetupError):
        return f"{name}: {error}"

    return f"{name} cannot be loaded: {type(error).__name__}: {error}"
