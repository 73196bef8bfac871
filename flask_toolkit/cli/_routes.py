"""``routes``: the routes with their converters, and what is wrong with them."""

from __future__ import annotations

import json
import typing as t

import click

from flask_toolkit._findings import Level

from ._listing import json_option
from ._listing import line
from ._listing import load_app
from ._listing import paragraph
from ._listing import show

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import Rule

_HEADS: t.Final = ("methods", "rule", "endpoint", "converters")
_FOUND: t.Final = 1


@click.command("routes")
@click.option("--check", "check", is_flag=True, help="Look for what is wrong.")
@click.option("--strict", is_flag=True, help="With --check: warnings fail, too.")
@json_option
def command(*, check: bool, strict: bool, as_json: bool) -> None:
    """List the routes and the converters of their values.

    Where a guard is attached, a column says what it asks for. --check looks for
    routes that do not do what they seem to; exit code 1 if there is an error.
    """
    if strict and not check:
        raise click.UsageError("--strict goes with --check.")

    from flask_toolkit._extension import GUARDS

    app = load_app()

    if check:
        _check(app, strict=strict, as_json=as_json)
        return

    guarded = GUARDS in app.extensions
    rows = sorted(_rows(app, guarded=guarded), key=lambda row: (row[1], row[0]))
    show((*_HEADS, "guard") if guarded else _HEADS, rows, as_json=as_json)


def _rows(app: Flask, *, guarded: bool) -> Iterator[list[t.Any]]:
    from flask_toolkit.routing._privates import converters_of
    from flask_toolkit.routing._routes import text_of

    asked = _asked_by_guard(app) if guarded else {}

    for rule in app.url_map.iter_rules():
        if not rule.build_only:
            names = [
                f"{variable}:{_name_of(app, type(converter))}"
                for variable, converter in converters_of(rule).items()
            ]
            row = [_methods(rule), text_of(app.url_map, rule), rule.endpoint, names]
            yield [*row, asked.get(id(rule), "")] if guarded else row


def _methods(rule: Rule) -> list[str]:
    """Return what a rule was registered for, without what Flask adds."""
    if rule.websocket:
        return ["WEBSOCKET"]

    methods = set(rule.methods or ())

    if getattr(rule, "provide_automatic_options", False):
        methods.discard("OPTIONS")

    if "GET" in methods:
        methods.discard("HEAD")

    return sorted(methods)


def _name_of(app: Flask, cls: type[object]) -> str:
    """Return what a converter is called in the rules of an application.

    Of several names the first: Werkzeug has ``default`` and ``string`` for one.
    """
    names = [n for n, known in app.url_map.converters.items() if known is cls]
    return min(names, key=lambda name: name == "default", default=cls.__name__)


def _asked_by_guard(app: Flask) -> dict[int, str]:
    """Return what each rule asks for, by its id; with methods where they differ."""
    from flask_toolkit.guard._map import accesses

    found: dict[int, dict[str, list[str]]] = {}

    for rule, access in accesses(app):
        by_text = found.setdefault(id(rule), {})
        by_text.setdefault(access.requires, []).append(access.method)

    return {key: _in_words(by_text) for key, by_text in found.items()}


def _in_words(by_text: dict[str, list[str]]) -> str:
    """Return what is asked for, with the methods only where they differ."""
    if len(by_text) == 1:
        return next(iter(by_text))

    return "; ".join(
        sorted(f"{','.join(sorted(each))} {text}" for text, each in by_text.items())
    )


def _check(app: Flask, *, strict: bool, as_json: bool) -> None:
    from flask_toolkit.routing._lint import lint

    findings, not_sampled = lint(app)

    if as_json:
        found = [{**f._asdict(), "level": f.level.name.lower()} for f in findings]
        click.echo(json.dumps(found, indent=2))
    else:
        for one in findings:
            line(f"{one.code} {one.level.name.lower()}  {one.rule} {one.endpoint}")
            paragraph(one.message)
            paragraph(one.hint)

        for route in not_sampled:
            line(f"Not tried, no text for it is known: {route.text}")

        count = len(findings)
        click.echo(f"{count} finding{'' if count == 1 else 's'}.")

    worst = max((one.level for one in findings), default=Level.INFO)

    if worst >= (Level.WARNING if strict else Level.ERROR):
        click.get_current_context().exit(_FOUND)
