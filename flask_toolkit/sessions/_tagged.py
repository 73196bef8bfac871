"""Values of a session as bytes: Flask's tagged JSON, and no second format."""

from __future__ import annotations

import json
import logging
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.json.tag import TaggedJSONSerializer

_log = logging.getLogger("flask_toolkit.sessions")
_PLAIN: t.Final = frozenset({str, int, bool, type(None)})


class Tagged:
    """Writes and reads the values of sessions, each by itself.

    :param serializer: Flask's, to which an application may register types.
    """

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self._serializer = serializer

    def encode(self, key: str, value: t.Any) -> bytes:
        """Return a value as it is stored.

        :raises TypeError: If it cannot be; the message names the key.
        """
        try:
            # What no tag takes, in the way that every provider of JSON reads:
            # by way of the application's it costs at least twice as much.
            if type(value) in _PLAIN and self._serializer.tag(value) is value:
                return json.dumps(value).encode()

            return self._serializer.dumps(value).encode()
        except Exception as error:  # whatever a value's own methods raise
            raise TypeError(
                f"The session cannot keep {key!r}, which is or holds something that"
                " JSON and Flask's tags do not know. What was stored before is kept."
            ) from error

    def decode(self, fields: Mapping[str, bytes]) -> dict[str, t.Any] | None:
        """Return the values, or ``None`` if one is not readable.

        What cannot be read is never tried by another decoder: planted bytes
        stay bytes. The log gets the kind of the failure only.
        """
        # As one list: each call looks for the application's JSON provider.
        text = b"[%b]" % b",".join(fields.values())

        try:
            values = self._serializer.loads(text.decode())
            return dict(zip(fields, values, strict=True))
        except Exception as error:  # noqa: BLE001  # stored bytes may be anything
            unreadable(error)
            return None


def unreadable(error: Exception) -> None:
    """Log that a stored session cannot be read, without a word of it."""
    _log.error("A stored session cannot be read: %s", type(error).__name__)
