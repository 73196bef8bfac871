"""Markers show themselves in messages."""

from flask_toolkit.typing import Constraint
from flask_toolkit.typing import Secret


def test_markers_have_a_readable_repr() -> None:
    """What is attached to a type can be read in a debugger."""
    assert repr(Secret) == "Secret"
    assert repr(Constraint(bool, "not empty")) == "Constraint('not empty')"
