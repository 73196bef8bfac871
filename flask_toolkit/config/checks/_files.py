"""Checks of the files that the configuration came from."""

from __future__ import annotations

import stat
import typing as t
from pathlib import Path

from flask_toolkit._findings import Finding
from flask_toolkit._findings import Level

from ._rules import rule

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ._facts import Facts

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ = stat.S_IRWXO


@rule("files.writable", "error", "others can write a file, or its folder")
def writable(facts: Facts) -> Iterator[Finding]:
    """Find files through which others configure the application."""
    for path in _read(facts):
        folder = path.resolve().parent
        # In a sticky folder, such as /tmp, nobody replaces the file of another.
        loose = _mode(folder) & _OTHERS_WRITE and not _mode(folder) & stat.S_ISVTX

        if loose or _mode(path) & _OTHERS_WRITE:
            yield Finding(
                "files.writable",
                Level.ERROR,
                f"Others can change {path}, or put another file in its place.",
                "Take the right away: chmod go-w, on the file and its folder.",
            )


@rule("files.served", "error", "a file lies where the application serves files")
def served(facts: Facts) -> Iterator[Finding]:
    """Find files that every visitor can download."""
    parts = [facts.app, *facts.app.blueprints.values()]
    folders = [
        Path(part.static_folder).resolve() for part in parts if part.static_folder
    ]

    for path in _read(facts):
        if any(path.resolve().is_relative_to(folder) for folder in folders):
            yield Finding(
                "files.served",
                Level.ERROR,
                f"Everybody can download {path}.",
                "Move it out of the static folder, and change what stands in it.",
            )


@rule("files.readable", "warning", "everybody on the machine can read a secret")
def readable(facts: Facts) -> Iterator[Finding]:
    """Find files with secrets that every user of the machine can open."""
    paths = {held.key: facts.path_of(held.place) for held in facts.secrets}

    for path in dict.fromkeys(filter(None, paths.values())):
        if _mode(path) & _OTHERS_READ:
            yield Finding(
                "files.readable",
                Level.WARNING,
                f"Every user of this machine can read {path}, which holds a secret.",
                "Take the right away: chmod o-rwx.",
            )


def _read(facts: Facts) -> list[Path]:
    """Return the files that were read, those of secrets included."""
    files = [] if facts.loaded is None else [*facts.loaded.files]
    places = [facts.path_of(held.place) for held in facts.secrets]
    return list(dict.fromkeys([*files, *filter(None, places)]))


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
