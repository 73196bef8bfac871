"""Checks of keys and other secrets."""

from __future__ import annotations

import hashlib
import re
import subprocess
import typing as t
from pathlib import Path

from flask_toolkit._findings import Level

from ._rules import rule

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_toolkit._findings import Finding
    from flask_toolkit.errors import Origin

    from ._facts import Facts
    from ._facts import Held

_KEY = "SECRET_KEY"
_FALLBACKS = "SECRET_KEY_FALLBACKS"
_NEW = "Make one: flask toolkit secret-key"
_SHORTEST = 16
_ENOUGH = 32  # RFC 2104 section 3, RFC 7518 section 3.2
_SYMBOLS = 10
_SEVERAL = 3
_SALT = b"flask-toolkit"
# Keys of documentations and tutorials, as digests, so that no search for secrets
# takes this file for a leak.
_DIGESTS = """
    049855dcdb51e18a 2dd153180dfdd098 56235cb5a1ecc549 26f5411b7e246bfa
    26151e049619f837 0dc6b7b7c32da499 03fdf94adb8ead39 e52f3d753d360eba
    acf152f42c9a86a9 f8f73b720e82625d 0838ab216d7d1d8d 1db6653ec7907f9c
    633d60fdcb86caf2 c58f4aa110c71ca0 b5c5476a96f1e05f 7bbe3b33b7eb76a5
    c21398e2a6f8fa02 2a7a28ae0ee5ca92 d39b1b2bc9909934 4256199741dc9e92
    e1e7ee0f10e09d4c 3169bbe6bedbff31 d1652e3aa1ba5967 fbc85d5893a14c71
    1440a6df8ef5eb93 74c184c3d9fa03da 782caf54754a8113 85e75b506de1e9f0
    04124eb542187746 5022d46a9270df3e 2b6f048c10805627 1a01e96d2c7d1f7b
    18a682d7bf8d3181 c2a4161e3fafa465 e25d6720e760f39b 4ca1b2b0bd185b52
    05bb7a00feb644bc
"""
_SAMPLES = frozenset(_DIGESTS.split())
_PLACEHOLDER = re.compile(
    rb"change.?(me|this)|replace.?(me|this)|your.?(secret|key)|placeholder|example"
    rb"|insecure|not.?(so.?)?secret|todo|xxxx",
    re.IGNORECASE,
)
_INSECURE = b"toolkit-insecure-"
_LIMIT = 2  # seconds that git may take


@rule(
    "secret.missing",
    "error or warning",
    "`SECRET_KEY` is empty; a warning if another part keeps the sessions",
    always=True,
)
def missing(facts: Facts) -> Iterator[Finding]:
    """Find sessions that cannot be signed."""
    if facts.config.get(_KEY) in {None, "", b""}:
        cookie = _is_flasks(facts.app.session_interface)
        yield facts.found(
            "secret.missing",
            Level.ERROR if cookie else Level.WARNING,
            "Nothing can be signed: the first answer that saves a session fails."
            if cookie
            else "Nothing can be signed: no link, no token.",
            _NEW,
            _KEY,
        )


def _is_flasks(interface: object) -> bool:
    # Ours derives from it.
    return any(
        one.__name__ == "SecureCookieSessionInterface"
        for one in type(interface).__mro__
    )


@rule("secret.type", "error", "`SECRET_KEY` is neither str nor bytes", always=True)
def type_(facts: Facts) -> Iterator[Finding]:
    """Find a key that fails at the first session: a number, for example."""
    value = facts.config.get(_KEY)

    if value is not None and not isinstance(value, (str, bytes)):
        yield facts.found(
            "secret.type",
            Level.ERROR,
            f"It is of the type {type(value).__name__}, so the first answer that saves"
            " a session fails.",
            "Load it with ConfigLoader, which keeps it as text, or quote it.",
            _KEY,
        )


@rule("secret.known", "error", "a key stands in some documentation or tutorial")
def known(facts: Facts) -> Iterator[Finding]:
    """Find keys that everybody has read."""
    for held in facts.keys:
        if _is_sample(held):
            yield facts.found(
                "secret.known",
                Level.ERROR,
                "The key is a published sample: everybody can sign with it.",
                _NEW,
                held.key,
            )


@rule("secret.short", "error or warning", "a key has fewer than 16, or 32, bytes")
def short(facts: Facts) -> Iterator[Finding]:
    """Find keys that can be guessed by trying."""
    for held in facts.keys:
        if len(held.value) < _ENOUGH and not _is_sample(held):
            yield facts.found(
                "secret.short",
                Level.ERROR if len(held.value) < _SHORTEST else Level.WARNING,
                "The key has fewer than"
                f" {_SHORTEST if len(held.value) < _SHORTEST else _ENOUGH} bytes.",
                _NEW,
                held.key,
            )


@rule("secret.weak", "warning", "a key is monotonous, or a placeholder")
def weak(facts: Facts) -> Iterator[Finding]:
    """Find keys that somebody typed."""
    for held in facts.keys:
        if _is_sample(held):
            continue

        if held.value.startswith(_INSECURE):
            message = "The key was made for development."
        elif _PLACEHOLDER.search(held.value):
            message = "The key looks like a placeholder that was never replaced."
        elif len(set(held.value)) < _SYMBOLS:
            message = f"The key is made of fewer than {_SYMBOLS} different symbols."
        else:
            continue

        yield facts.found("secret.weak", Level.WARNING, message, _NEW, held.key)


@rule("secret.source", "warning", "a secret stands in code, or beside it")
def source(facts: Facts) -> Iterator[Finding]:
    """Find secrets that travel with the code."""
    for held in facts.secrets:
        path = facts.path_of(held.place)
        where = _in_code(held.place) or (path and _beside_code(facts, path))

        if where:
            yield facts.found(
                "secret.source",
                Level.WARNING,
                f"The secret stands in {where}: who has the code has it.",
                "Put it into a file of its own, outside: SecretsDir, or X_FILE.",
                held.key,
            )


def _in_code(place: Origin | None) -> str | None:
    if place is not None and place.kind in {"object", "default"}:
        return f"the code, {place.name}"

    return None


def _beside_code(facts: Facts, path: Path) -> str | None:
    path = path.resolve()
    inside = path.is_relative_to(Path(facts.app.root_path).resolve())

    if inside and not path.is_relative_to(Path(facts.app.instance_path).resolve()):
        return "the folder of the application"

    return "version control" if _is_tracked(path) else None


def _is_tracked(path: Path) -> bool:
    """Tell whether git knows a file; where there is no git, it does not."""
    command = ["git", "-C", str(path.parent), "ls-files", "--error-unmatch", path.name]

    try:
        done = subprocess.run(  # noqa: S603  # fixed words, no shell
            command, capture_output=True, timeout=_LIMIT, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False

    return done.returncode == 0


@rule("secret.reuse", "warning", "two secrets are equal")
def reuse(facts: Facts) -> Iterator[Finding]:
    """Find one secret under two names: what leaks one opens both."""
    first: dict[bytes, str] = {}

    for held in facts.secrets:
        if held.value in first:
            yield facts.found(
                "secret.reuse",
                Level.WARNING,
                f"It is the same secret as {first[held.value]}.",
                "Give each purpose a secret of its own.",
                held.key,
            )

        first.setdefault(held.value, held.key)


@rule(
    "secret.fallbacks",
    "error or info",
    "the old keys are one text (always), or more than three",
    always=True,
)
def fallbacks(facts: Facts) -> Iterator[Finding]:
    """Find old keys that are taken apart, or were never taken away."""
    value: t.Any = facts.config.get(_FALLBACKS)

    if isinstance(value, (str, bytes)):
        yield facts.found(
            "secret.fallbacks",
            Level.ERROR,
            "It is one text: Flask takes it letter by letter, and each letter signs.",
            "Make it a list.",
            _FALLBACKS,
        )
    elif facts.deploy and value and len(value) > _SEVERAL:
        yield facts.found(
            "secret.fallbacks",
            Level.INFO,
            f"{len(value)} old keys are still good, and each can leak.",
            "Take away those that are older than the longest session.",
            _FALLBACKS,
        )


@rule("secret.env", "info", "a secret comes from a variable")
def env(facts: Facts) -> Iterator[Finding]:
    """Find secrets where child processes and crash reports see them."""
    for held in facts.secrets:
        if held.place is not None and held.place.kind == "env":
            yield facts.found(
                "secret.env",
                Level.INFO,
                "Child processes inherit the variable, and crash reports copy it.",
                f"Set {held.place.name}_FILE to the path of a file that holds it.",
                held.key,
            )


def _is_sample(held: Held) -> bool:
    lower = held.value.strip().lower()
    return any(
        hashlib.sha256(_SALT + text).hexdigest()[:16] in _SAMPLES
        for text in {held.value, lower}
    )
