"""The types of Flask's own keys, so that they are right without a schema."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from flask_toolkit.typing import Secret

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_BOOL = (
    "DEBUG TESTING TRAP_HTTP_EXCEPTIONS EXPLAIN_TEMPLATE_LOADING"
    " PROVIDE_AUTOMATIC_OPTIONS USE_X_SENDFILE SESSION_REFRESH_EACH_REQUEST"
    " SESSION_COOKIE_HTTPONLY SESSION_COOKIE_SECURE SESSION_COOKIE_PARTITIONED"
)
_MAYBE_BOOL = "PROPAGATE_EXCEPTIONS TRAP_BAD_REQUEST_ERRORS TEMPLATES_AUTO_RELOAD"
_MAYBE_INT = "MAX_CONTENT_LENGTH MAX_FORM_MEMORY_SIZE MAX_FORM_PARTS"
_MAYBE_STR = "SERVER_NAME SESSION_COOKIE_DOMAIN SESSION_COOKIE_PATH"

FLASK_TYPES: t.Final[dict[str, t.Any]] = {
    **dict.fromkeys(_BOOL.split(), bool),
    **dict.fromkeys(_MAYBE_BOOL.split(), bool | None),
    **dict.fromkeys(_MAYBE_INT.split(), int | None),
    **dict.fromkeys(_MAYBE_STR.split(), str | None),
    "SECRET_KEY": t.Annotated[str | bytes | None, Secret],
    # A bare text here is taken letter by letter by Flask, and each letter signs.
    "SECRET_KEY_FALLBACKS": t.Annotated[list[str | bytes] | None, Secret],
    "PERMANENT_SESSION_LIFETIME": timedelta,
    "SEND_FILE_MAX_AGE_DEFAULT": timedelta | None,
    "MAX_COOKIE_SIZE": int,
    "SESSION_COOKIE_NAME": str,
    "APPLICATION_ROOT": str,
    "TRUSTED_HOSTS": list[str] | None,
    "SESSION_COOKIE_SAMESITE": t.Literal["Strict", "Lax", "None"] | None,
    "PREFERRED_URL_SCHEME": t.Literal["http", "https"],
}
"""Flask 3.1's 29 keys."""


def is_default(defaults: Mapping[str, t.Any], key: str, value: t.Any) -> bool:
    """Tell whether a value is what Flask itself puts into ``app.config``.

    >>> is_default({"DEBUG": None}, "DEBUG", False)
    True
    """
    # Flask sets DEBUG to a bool whether or not anybody asked.
    return key in defaults and (
        value == defaults[key] or (key == "DEBUG" and not value)
    )
