"""Run the code of the README, the documentation and the docstrings as tests."""

import typing as t
from doctest import ELLIPSIS
from doctest import NORMALIZE_WHITESPACE

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser


def _as_program(namespace: dict[str, t.Any]) -> None:
    """Let a block say ``Flask(__name__)``, as a pasted program would."""
    namespace["__name__"] = "__main__"


documents = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    setup=_as_program,
)
docstrings = Sybil(
    parsers=[DocTestParser(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)],
    patterns=["flask_toolkit/**/*.py"],
)
pytest_collect_file = (documents + docstrings).pytest()
