"""Tell which values are secret and mask them, the same way everywhere."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Collection
from collections.abc import Mapping
from datetime import timedelta

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask_toolkit.errors import Origin

MASK: t.Final = "********"
"""What stands for a secret: no length and no digest, both narrow guesses."""

_PARTS = frozenset(
    {
        "APIKEY", "CREDENTIAL", "CREDENTIALS", "DSN", "PASS", "PASSWD", "PASSWORD",
        "PASSWORDS", "PRIVATE", "PWD", "SALT", "SECRET", "SECRETS", "SIGNATURE",
        "TOKEN", "TOKENS",
    }
)  # fmt: skip
_LAST = frozenset({"KEY", "KEYS"})
# Patterns are compiled by the first value that is looked at, not by the import.
_JWT_OR_PEM = r"eyJ[\w-]+\.[\w-]+\.[\w-]*|-----BEGIN [A-Z ]+-----"
# The password part of an address with a user (RFC 3986 section 3.2.1). It reaches
# to the last "@": people forget to encode a "/" or "@" in a password.
_USERINFO = r"(?P<before>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^/?#@:\s]*:)\S*@"
# A password in the query of an address, in the words of a driver, in JSON.
_NAMED = (
    r"(?i)(?P<before>(?:password|passwd|pwd|secret|token|api_?key)[\"']?\s*[=:]\s*)"
    r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s&;,\"']+)"
)
_LONG = 2000
_SHOWN = 60
_DEPTH = 20


def is_secret_name(
    key: str, *, more: Collection[str] = (), public: Collection[str] = ()
) -> bool:
    """Tell whether the name of a key says that its value is secret.

    :param more: Further keys, or parts of keys between underscores.
    :param public: Keys that are shown despite their name.

    >>> is_secret_name("DB_PASSWORD"), is_secret_name("KEYCLOAK_URL")
    (True, False)
    >>> is_secret_name("CACHE_KEY_PREFIX"), is_secret_name("JWT_PUBLIC_KEY")
    (False, False)
    """
    name = key.upper()

    if name in public or key in public:
        return False

    parts = name.replace(".", "_").replace("-", "_").split("_")

    if "[" in name:
        parts = [part.partition("[")[0] for part in parts]  # the number of an item

    if name in more or not _PARTS.isdisjoint(parts) or not set(more).isdisjoint(parts):
        return True

    return parts[-1] in _LAST and parts[-2:-1] != ["PUBLIC"]


def is_secret(
    key: str,
    value: t.Any,
    *,
    marked: bool = False,
    origin: Origin | None = None,
    more: Collection[str] = (),
    public: Collection[str] = (),
) -> bool:
    """Tell whether a value must be masked: by marker, origin, name or shape.

    :param marked: Whether its type carries ``Secret``; nothing lifts that.
    :param origin: A secret file makes its value secret, whatever its name.

    >>> is_secret("URL", "-----BEGIN PRIVATE KEY-----")
    True
    """
    if marked or (origin is not None and origin.kind == "secret"):
        return True

    if isinstance(value, str) and re.search(_JWT_OR_PEM, value):
        return True

    return is_secret_name(key, more=more, public=public)


def mask(
    key: str,
    value: t.Any,
    *,
    secret: bool | None = None,
    more: Collection[str] = (),
    public: Collection[str] = (),
) -> t.Any:
    """Return ``value`` for display: secrets as :data:`MASK`, inside tables too.

    :param secret: Marked as secret (True) or as shown (False); ``None`` goes by
        the name of the key.

    >>> mask("DB", {"host": "db", "password": "x"})
    {'host': 'db', 'password': '********'}
    >>> mask("URL", "redis://app:hunter2@cache:6379/0")
    'redis://app:********@cache:6379/0'
    """
    return _mask(key, value, secret, (more, public), _DEPTH)


def _mask(
    key: str,
    value: t.Any,
    secret: bool | None,
    names: tuple[Collection[str], Collection[str]],
    depth: int,
) -> t.Any:
    if secret is None:
        secret = is_secret_name(key, more=names[0], public=names[1])

    if secret or not depth:
        # These tell nothing.
        return value if value is None or isinstance(value, (bool, timedelta)) else MASK

    def below(name: t.Any, item: t.Any) -> t.Any:
        return _mask(str(name), item, None, names, depth - 1)

    if _is_table(value):
        return {
            masked_text(name) if isinstance(name, str) else name: below(name, item)
            for name, item in value.items()
        }

    if hasattr(value, "__dataclass_fields__") or hasattr(value, "_fields"):
        return _masked_object(value, below)

    for kind in (list, tuple, set, frozenset):
        # Not type(value)(...): a named tuple takes its items one by one.
        if isinstance(value, kind):
            items = t.cast("Collection[t.Any]", value)
            return t.cast("t.Any", kind)(
                _mask("", item, False, names, depth - 1) for item in items
            )  # noqa: FBT003, RUF100  # one flag of five

    return _masked_single(value)


def _masked_single(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return masked_text(value)

    if isinstance(value, (bytes, bytearray)):
        return masked_text(value.decode("latin-1")).encode("latin-1")

    return value


def _masked_object(value: t.Any, below: Callable[[str, t.Any], t.Any]) -> t.Any:
    """Mask a value with named fields, whose names tell what is secret."""
    if isinstance(value, tuple):
        items = t.cast("t.Any", value)
        return tuple(map(below, items._fields, items))

    if isinstance(value, type) or not hasattr(value, "__dataclass_fields__"):
        return value

    from dataclasses import fields

    # As text: it may stand in a set, where no table can.
    parts = [
        f"{field.name}={below(field.name, getattr(value, field.name, None))!r}"
        for field in fields(value)
        if field.repr
    ]
    return f"{type(value).__name__}({', '.join(parts)})"


def _is_table(value: t.Any) -> t.TypeGuard[Mapping[t.Any, t.Any]]:
    return isinstance(value, Mapping)


def masked_text(value: str) -> str:
    """Return a text without what its shape tells to be secret.

    >>> masked_text("cannot use redis://app:hunter2@cache")
    'cannot use redis://app:********@cache'
    """
    if re.search(_JWT_OR_PEM, value):
        return MASK

    if len(value) > _LONG:
        # Too long to look through for an address.
        return MASK if "://" in value or re.search(_NAMED, value) else value

    value = re.sub(_NAMED, rf"\g<before>{MASK}", value)
    return re.sub(_USERINFO, rf"\g<before>{MASK}@", value)


def spellings(value: t.Any) -> t.Iterator[str]:
    """Yield how the parts of a value may stand in a text: as they are, and quoted.

    >>> sorted(spellings(["it's"]))
    ["it's"]
    """
    if _is_table(value):
        value = [*value.values()]

    if isinstance(value, (list, tuple, set, frozenset)):
        for item in t.cast("Collection[t.Any]", value):
            yield from spellings(item)

        return

    if isinstance(value, (bytes, bytearray)):
        text, quoted = value.decode("utf-8", "replace"), repr(bytes(value))[2:-1]
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        text = str(value)
        quoted = repr(text)[1:-1]
    else:
        return

    # One digit stands in most messages.
    if len(text) > 1:
        yield from (text, quoted)


def got(
    key: str,
    value: t.Any,
    *,
    more: Collection[str] = (),
    public: Collection[str] = (),
) -> str:
    """Return what a message tells of a value that stands where it does not fit.

    Of a table only that it is one: no schema tells which of its values are secret.

    >>> got("PAGE_SIZE", "x"), got("PAGE_SIZE", {"pin": "1234"})
    ("'x'", 'a table')
    """
    if _is_table(value):
        return "a table"

    if isinstance(value, (list, tuple)):
        items = t.cast("Collection[t.Any]", value)

        if any(_is_table(item) or isinstance(item, (list, tuple)) for item in items):
            return "a list of tables or lists"

    return shown(key, value, more=more, public=public)


def shown(
    key: str,
    value: t.Any,
    *,
    secret: bool | None = None,
    more: Collection[str] = (),
    public: Collection[str] = (),
) -> str:
    """Return the masked value as text of at most 60 characters."""
    try:
        text = repr(mask(key, value, secret=secret, more=more, public=public))
    except Exception:  # noqa: BLE001  # a foreign __repr__ must not hide the problem
        text = f"<{type(value).__name__}>"

    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
