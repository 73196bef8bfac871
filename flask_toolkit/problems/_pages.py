"""The plain HTML pages, in the manner of Werkzeug's own."""

from __future__ import annotations

import typing as t

from markupsafe import Markup

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE = Markup(
    "<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n"
    "<h1>{title}</h1>\n<p>{detail}</p>\n"
)
_ERRORS = Markup("<ul>\n{items}</ul>\n")
_ITEM = Markup("<li><code>{pointer}</code> {detail}</li>\n")
_ID = Markup("<p>Error id: <code>{error_id}</code></p>\n")
_TRACE = Markup("<pre>{text}</pre>\n")


def page(document: Mapping[str, t.Any]) -> str:
    """Return a page for a problem document; every value is escaped.

    >>> "<script>" in page({"status": 409, "title": "Taken", "detail": "<script>"})
    False
    """
    body = _PAGE.format(
        status=document["status"],
        title=document["title"],
        detail=document.get("detail", ""),
    )
    items = Markup("").join(_ITEM.format(**item) for item in document.get("errors", ()))
    return body + (_ERRORS.format(items=items) if items else "") + footer(document)


def footer(document: Mapping[str, t.Any]) -> str:
    """Return what follows for a failure: its id and, in debug, the traceback."""
    text = Markup("")

    if "error_id" in document:
        text += _ID.format(error_id=document["error_id"])

    if "traceback" in document:
        text += _TRACE.format(text="\n".join(document["traceback"]))

    return text
