"""What a lifecycle keeps for one application."""

from __future__ import annotations

import dataclasses

from flask_toolkit._extension import State

from ._places import Places
from ._run import Run
from ._settings import LifecycleSettings


@dataclasses.dataclass(frozen=True)
class LifecycleState(State[LifecycleSettings]):
    """The settings, what has run, and where the hooks belong."""

    run: Run = dataclasses.field(repr=False)
    places: Places = dataclasses.field(repr=False)
