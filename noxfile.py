"""Run the tests of the built wheel on each Python and both ends of dependencies.

``python3 dev.py matrix`` runs it; ``nox -s "tests-3.12(lowest)"`` runs one.
"""

import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PYTHONS = ["3.11", "3.12", "3.13"]

nox.options.error_on_missing_interpreters = True
nox.options.default_venv_backend = "venv"


@nox.session(python=PYTHONS)
@nox.parametrize("dependencies", ["latest", "lowest"], ids=["latest", "lowest"])
def tests(session: nox.Session, dependencies: str) -> None:
    """Test the wheel, not the checkout, with newest or oldest dependencies."""
    built = Path(session.create_tmp()).resolve()
    # The environment that runs nox has the build tools; the session's has none.
    build = [sys.executable, "-m", "build", "--outdir", str(built), str(ROOT)]
    session.run(*build, external=True, silent=True)
    wheel = max(built.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    constraints = ["-c", "constraints/tools.txt"]

    if dependencies == "lowest":
        constraints += ["-c", "constraints/lowest.txt"]

    session.install("pip>=25.1")
    session.install("--group", "tests", f"{wheel}[all]", *constraints)
    # The program, not "python -m pytest": that would put the checkout on the path.
    session.run("pytest", "-q", "tests", "docs", "README.md", *session.posargs)
