"""Hooks in pairs, once a process, on the record; and work beside a request."""

from ._context import bind_context
from ._context import ContextExecutor
from ._errors import NotStartedError
from ._extension import Lifecycle
from ._hooks import HookInfo
from ._settings import LifecycleSettings
from ._trace import Step
from ._trace import Trace

__all__ = [
    "ContextExecutor",
    "HookInfo",
    "Lifecycle",
    "LifecycleSettings",
    "NotStartedError",
    "Step",
    "Trace",
    "bind_context",
]
