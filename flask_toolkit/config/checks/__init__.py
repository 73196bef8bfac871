"""Look for what works and should not be left like this.

::

    $ flask toolkit check --deploy

The same from a test::

    assert run_checks(create_app(production), deploy=True) == []

Parts bring their own checks; an application adds some with :func:`check`.
"""

from flask_toolkit._findings import CheckInfo
from flask_toolkit._findings import Finding
from flask_toolkit._findings import Level

from ._run import check
from ._run import known_checks
from ._run import run_checks

__all__ = ["CheckInfo", "Finding", "Level", "check", "known_checks", "run_checks"]
