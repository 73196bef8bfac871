"""``python -m flask_toolkit.cli``: the program where scripts are not on PATH."""

from ._programs import main

main()
