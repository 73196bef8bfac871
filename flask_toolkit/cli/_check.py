"""``check``: what works, and should not be left like this."""

from __future__ import annotations

import json
import typing as t
from collections import Counter

import click

from flask_toolkit.errors import SetupError

from ._listing import json_option
from ._listing import load_app
from ._listing import paragraph
from ._listing import show
from ._listing import styled

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from flask_toolkit._findings import Finding

_HEADS: t.Final = ("id", "level", "runs", "fires")
_LEVELS: t.Final = ("info", "warning", "error")
_COLOURS: t.Final = {"info": "cyan", "warning": "yellow", "error": "red"}
_FOUND: t.Final = 1


class _CannotTellError(click.ClickException):
    """Nothing was checked, which is not the same as nothing found."""

    exit_code = 2


@click.command("check")
@click.option("--deploy", is_flag=True, help="Also what only matters in production.")
@click.option(
    "--fail-level",
    type=click.Choice(_LEVELS),
    help="From which level on the exit code is 1. [default: error]",
)
@click.option("--tag", "tags", multiple=True, help="Only this group, such as cookie.")
@click.option("--list", "only_list", is_flag=True, help="List the checks there are.")
@json_option
def command(
    *,
    deploy: bool,
    fail_level: str | None,
    tags: tuple[str, ...],
    only_list: bool,
    as_json: bool,
) -> None:
    """Look for what works and should not be left like this.

    Run it with the variables of production and --deploy before you deploy. The
    exit code is 0 if nothing grave is found, 1 if something is, 2 if the
    configuration does not load.
    """
    try:
        app = load_app()

        if only_list:
            _list(app, tags, as_json=as_json)
            return

        found, silenced, level = _run(app, tags, deploy=deploy)
    except (click.ClickException, SetupError) as error:
        raise _CannotTellError(str(error)) from error

    if as_json:
        click.echo(json.dumps([_as_data(one) for one in found], indent=2))
    else:
        _print(found, silenced)

    if any(one.level >= _number(fail_level or level) for one in found):
        click.get_current_context().exit(_FOUND)


def _run(
    app: Flask, tags: Sequence[str], *, deploy: bool
) -> tuple[list[Finding], int, str]:
    from flask_toolkit._extension import kernel_settings
    from flask_toolkit.config._settings import SPEC
    from flask_toolkit.config.checks._run import run_all

    found, silenced = run_all(app, deploy=deploy)
    level: str = kernel_settings(app, SPEC).fail_level
    return [one for one in found if _is_of(one.id, tags)], silenced, level


def _list(app: Flask, tags: Sequence[str], *, as_json: bool) -> None:
    from flask_toolkit.config.checks import known_checks

    rows = [
        (one.id, one.levels, "always" if one.always else "--deploy", one.when)
        for one in known_checks(app)
        if _is_of(one.id, tags)
    ]
    show(_HEADS, rows, as_json=as_json)


def _is_of(id: str, tags: Sequence[str]) -> bool:
    return not tags or id.partition(".")[0] in tags


def _number(level: str) -> int:
    from flask_toolkit._findings import Level

    return Level[level.upper()]


def _as_data(finding: Finding) -> dict[str, t.Any]:
    origin = None if finding.origin is None else str(finding.origin)
    return {
        **finding._asdict(),
        "level": finding.level.name.lower(),
        "origin": origin,
    }


def _print(found: Sequence[Finding], silenced: int) -> None:
    for one in found:
        level = one.level.name.lower()
        word = styled(f"{level:8}", fg=_COLOURS[level], bold=True)
        click.echo(f"{word} {one.id}{f'  {one.key}' if one.key else ''}")
        paragraph(one.message)

        if one.origin is not None:
            paragraph(f"in {one.origin}")

        if one.hint:
            paragraph(f"hint: {one.hint}")

        click.echo()

    click.echo(_summary(found, silenced))


def _summary(found: Sequence[Finding], silenced: int) -> str:
    counts = Counter(one.level.name.lower() for one in found)
    told = [
        f"{counts[level]} {level}{'s' if counts[level] > 1 and level != 'info' else ''}"
        for level in reversed(_LEVELS)
        if counts[level]
    ]
    listed = ", ".join(told) or "no findings"
    return f"{listed}{f'; {silenced} silenced' if silenced else ''}"
