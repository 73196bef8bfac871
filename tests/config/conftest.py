"""What the tests of the configuration share."""

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit.config import ConfigError
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Flask:
    return Flask("shop", root_path=str(tmp_path))


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        return path

    return write


@pytest.fixture(name="problems")
def _problems(app: Flask) -> Problems:
    """Return the problems of a loader, after checking that it changed nothing."""

    def problems(loader: ConfigLoader[t.Any]) -> list[ConfigProblem]:
        before = dict(app.config)

        with pytest.raises(ConfigError) as info:
            loader.init_app(app)

        assert app.config == before
        assert not {"toolkit.config", "toolkit.origins"} & set(app.extensions)
        assert info.value.__cause__ is None
        assert info.value.__context__ is None
        return list(info.value.problems)

    return problems
