"""Lets autodoc show a package as its users see it.

Every public name is defined in a private module and exported by its package.
Three things follow, and this extension does them: annotations use names that are
imported for type checkers only, references lead to the private module, and the
docstring under an exported constant stands in another file.
"""

from __future__ import annotations

import ast
import functools
import re
import typing as t

from inventory import constant_docs
from inventory import home_of
from inventory import modules
from inventory import public_modules
from inventory import source_of

if t.TYPE_CHECKING:
    import types

    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def resolve_guarded_imports() -> None:
    """Import what stands under ``if t.TYPE_CHECKING:``, now that nothing circles.

    Such a block may need a name of another one, so what fails is tried again.
    """
    left = [(module, each) for module in modules() for each in _guarded(module)]

    while left:
        failed = []

        for module, statement in left:
            try:
                exec(ast.unparse(statement), vars(module))  # noqa: S102  # our source
            except ImportError:
                failed.append((module, statement))

        if len(failed) == len(left):
            names = [f"{module.__name__}: {ast.unparse(each)}" for module, each in left]
            raise ImportError(f"These cannot be imported: {'; '.join(names)}")

        left = failed


def _guarded(module: types.ModuleType) -> list[ast.stmt]:
    return [
        statement
        for node in source_of(module).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "t.TYPE_CHECKING"
        for statement in node.body
    ]


@functools.cache
def _public_paths() -> dict[str, str]:
    """Return the public path of each public name, by private path and by name."""
    paths: dict[str, str] = {}

    for module in public_modules().values():
        for name in module.__all__:
            if home_of(module, name) == module.__name__:
                value = getattr(module, name)
                path = f"{module.__name__}.{name}"
                private = getattr(value, "__module__", module.__name__)
                paths[f"{private}.{getattr(value, '__qualname__', name)}"] = path
                paths.setdefault(name, path)

    return paths


def _find_public(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Lead a reference to a private path, or to a bare name, to the public one."""
    target = node.get("reftarget", "")
    owner, _, member = target.rpartition(".")
    paths = _public_paths()
    path = paths.get(target)

    if path is None and owner in paths:
        path = f"{paths[owner]}.{member}"

    if node.get("refdomain") != "py" or path is None:
        return None

    domain = env.domains.python_domain
    entry = domain.objects.get(path)

    if entry is None:
        return None

    role = domain.role_for_objtype(entry.objtype) or "obj"
    return domain.resolve_xref(
        env, node["refdoc"], app.builder, role, path, node, content
    )


def _insert_constant_doc(  # noqa: PLR0917  # Sphinx calls it
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    module, _, attribute = name.rpartition(".")

    if doc := constant_docs().get((module, attribute)):
        lines[:] = doc.splitlines()


def _plain_signature(  # noqa: PLR0917  # Sphinx calls it
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Write what no reader of Python knows in words of Python.

    A ``<factory>`` also keeps Sphinx from reading the rest of the signature.
    """
    if signature is not None:
        signature = signature.replace("<factory>", "...")
        signature = re.sub(r"\bt\.(?=[A-Z])", "", signature)

    return signature, returns


def _skip_hooks(  # noqa: PLR0917  # Sphinx calls it
    app: Sphinx, what: str, name: str, obj: t.Any, skip: bool, options: object
) -> bool | None:
    """Leave out what an extension overrides for its base class to call."""
    overrides = getattr(obj, "__qualname__", "").endswith(".setup")
    return True if name == "setup" and overrides else None


def setup(app: Sphinx) -> dict[str, t.Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", lambda app: resolve_guarded_imports())
    app.connect("autodoc-process-docstring", _insert_constant_doc)
    app.connect("autodoc-process-signature", _plain_signature)
    app.connect("autodoc-skip-member", _skip_hooks)
    app.connect("missing-reference", _find_public)
    return {"parallel_read_safe": True}
