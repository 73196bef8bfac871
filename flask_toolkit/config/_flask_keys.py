"""The types of Flask's own keys, so that they are right without a schema."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from flask_toolkit.typing import Secret

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
