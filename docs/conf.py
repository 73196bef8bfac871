"""How Sphinx builds this documentation, without a network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from inventory import aliases

import flask_toolkit

project = "Flask-Toolkit"
author = "The Flask-Toolkit maintainers"
release = version = flask_toolkit.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "package_reference",
    "settings_table",
    "config_reference",
]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"Flask-Toolkit {release}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

myst_heading_anchors = 3

autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "show-inheritance": True,
    "undoc-members": True,
}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True

# The inventories of other projects would have to be fetched, so what their names
# refer to is shown without a link. A name of ours that leads nowhere is an error.
_STRANGERS = (
    "blinker click collections concurrent contextlib contextvars datetime decimal"
    " enum flask http logging os pathlib redis t time types typing uuid werkzeug"
    " wsgiref"
)
nitpick_ignore_regex = [
    (r"py:.*", rf"({_STRANGERS.replace(' ', '|')})\..+"),
    # Private classes and aliases that stand in signatures, such as an overload's.
    (r"py:.*", r"flask_toolkit\.(.+\.)?_\w+\..+"),
    # Type variables describe no object.
    (r"py:.*", r"(flask_toolkit\..+\.)?[A-Z]"),
]
# Annotations that Python cannot evaluate, of a NamedTuple above all, stay text.
nitpick_ignore = [
    *(("py:class", name) for name in aliases()),
    ("py:class", "Level"),
    ("py:class", "Path"),
    ("py:class", "ResponseReturnValue"),
    ("py:class", "datetime"),
    ("py:exc", "ValidationError"),  # Werkzeug's, in a docstring
    ("py:meth", "setup"),  # for those who write an extension
]
