"""The commands: ``flask toolkit ...``, ``flask-toolkit ...`` and ``manage.py``.

Flask loads this package for every ``flask`` command, so it imports nothing
until a name is asked for, and a command's module only when that command runs.
"""

import typing as t

if t.TYPE_CHECKING:
    from ._manage import manage as manage
    from ._programs import main as main
    from ._programs import toolkit as toolkit

__all__ = ["main", "manage", "toolkit"]

_HOME = {"main": "._programs", "manage": "._manage", "toolkit": "._programs"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOME[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
