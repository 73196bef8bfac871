"""The lazy root: cheap, typed and complete."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import flask_toolkit

ROOT = Path(flask_toolkit.__file__)


def _typed_names() -> set[str]:
    tree = ast.parse(ROOT.read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_three_lists_of_names_agree() -> None:
    """What is exported, resolved and typed is one set."""
    assert set(flask_toolkit.__all__) == set(flask_toolkit._HOME) == _typed_names()
    assert set(flask_toolkit.__all__) <= set(dir(flask_toolkit))


@pytest.mark.parametrize("name", flask_toolkit.__all__)
def test_each_name_resolves(name: str) -> None:
    """Every export can be had, and is kept after the first time."""
    value = getattr(flask_toolkit, name)

    assert value is vars(flask_toolkit)[name]


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As in any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Toolbox'"):
        flask_toolkit.Toolbox  # noqa: B018  # the access is the test


def _modules_after(statement: str) -> set[str]:
    # -I keeps the checkout and the user's own packages out; the installed or
    # editable package is found all the same.
    path = str(ROOT.parent.parent)
    code = f"import sys; sys.path.append({path!r}); {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_root_is_cheap() -> None:
    """It loads no Flask, PyJWT or Redis, and few modules at all."""
    bare = _modules_after("import typing")
    ours = _modules_after("import flask_toolkit") - bare

    assert ours.isdisjoint({"flask", "werkzeug", "jwt", "redis", "click"})
    assert len({name for name in ours if name.startswith("flask_toolkit")}) == 1
    assert len(ours) <= 5


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "import flask; from flask_toolkit import Toolkit;"
            " Toolkit(flask.Flask('shop'), sessions=True, guard=True)",
            id="facade",
        ),
        *(
            pytest.param(f"import flask_toolkit.{room}", id=room)
            for room in (
                "config",
                "guard",
                "identity",
                "jwt",
                "lifecycle",
                "middleware",
                "problems",
                "routing",
                "sessions",
                "signals",
                "signing",
                "stores",
            )
        ),
    ],
)
def test_what_may_never_be_used_is_not_loaded(statement: str) -> None:
    """Who has no tokens, files or async functions does not pay for them."""
    used_by_few = {
        "argon2",
        "asyncio",
        "cryptography",
        "dotenv",
        "jwt",
        "redis",
        "sqlite3",
        "tomllib",
        "yaml",
    }

    assert _modules_after(statement).isdisjoint(used_by_few)
