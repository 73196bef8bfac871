"""Read and write the compact form of a signed token, strictly (RFC 7515).

There is one way to write a token down: what base64, UTF-8 or JSON could say in
two ways is refused, so that nobody else reads another token than we do.
"""

from __future__ import annotations

import json
import math
import re
import string
import typing as t
from binascii import a2b_base64
from binascii import b2a_base64
from types import MappingProxyType

from ._errors import TokenInvalidError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_ALPHABET = (string.ascii_letters + string.digits + "-_").encode()
_PADDING = (b"", b"===", b"==", b"=")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")
# The last character of a segment that does not fill its bytes: its unused bits
# are zero, else several texts would mean the same token (RFC 4648 section 3.5).
_LAST: tuple[frozenset[int], ...] = (
    frozenset(),
    frozenset(),
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)
_WHITE = " \t\n\r"  # what JSON takes for white space (RFC 8259 section 2)
_MAX_KID = 128
_MAX_KNOWN = 64


class Header(t.NamedTuple):
    """The header of a token, with the members that decide."""

    members: Mapping[str, t.Any]
    alg: str
    kid: str | None
    typ: str | None
    """In one spelling; None if there is none that is text."""


class Parsed(t.NamedTuple):
    """A token that is well-formed; nothing in it is verified."""

    header: Header
    claims: dict[str, t.Any]
    signed: bytes
    signature: bytes
    segment: bytes
    """The header as it was sent."""


def parse(token: object, max_size: int, known: Mapping[bytes, Header]) -> Parsed:
    """Split and read a token.

    :param known: Headers of earlier tokens that verified, by their segment.
    :raises TokenInvalidError: If it is not exactly one compact signed token.
    """
    if not isinstance(token, str) or len(token) > max_size:
        raise TokenInvalidError("size" if isinstance(token, str) else "malformed")

    data = token.encode("ascii", "replace")

    # Three segments of the alphabet leave two dots: faster than a pattern.
    if data.translate(None, _ALPHABET) != b"..":
        raise TokenInvalidError("malformed")

    segment, payload, last = data.split(b".")

    if not (segment and payload and last):
        raise TokenInvalidError("malformed")

    header = known.get(segment) or read_header(segment)
    claims = read_object(decode(payload))
    return Parsed(header, claims, data[: -len(last) - 1], decode(last), segment)


def remember(known: dict[bytes, Header], parsed: Parsed) -> None:
    """Keep the header of a token whose signature was good.

    Only then: before, the memory would belong to whoever sends rubbish. Headers
    with nested members stay out, since tokens would share them.
    """
    if all(isinstance(value, str) for value in parsed.header.members.values()):
        if len(known) >= _MAX_KNOWN:
            known.clear()

        known[parsed.segment] = parsed.header


def normal_typ(typ: object) -> str | None:
    """Return a media type in one spelling (RFC 7515 section 4.1.9).

    >>> normal_typ("application/AT+JWT")
    'at+jwt'
    """
    # Not only lower(): the Kelvin sign would become a plain k.
    if isinstance(typ, str) and typ.isascii():
        return typ.lower().removeprefix("application/")

    return None


def decode(segment: bytes) -> bytes:
    """Return the bytes of a base64url segment.

    :raises TokenInvalidError: If it is not the one way to write them.

    >>> decode(b"YWI")
    b'ab'
    """
    rest = len(segment) & 3

    if rest and segment[-1] not in _LAST[rest]:
        raise TokenInvalidError("encoding")

    standard = segment.translate(_TO_STANDARD) + _PADDING[rest]
    return a2b_base64(standard, strict_mode=True)


def decode_member(text: object) -> bytes:
    r"""Return the bytes of a base64url member of a key.

    :raises ValueError: If it is not such a text.

    >>> decode_member("AQAB")
    b'\x01\x00\x01'
    """
    if isinstance(text, str) and _SEGMENT.fullmatch(text):
        try:
            return decode(text.encode("ascii"))
        except TokenInvalidError:
            pass

    raise ValueError("not base64url")


def encode(data: bytes) -> str:
    """Return ``data`` as base64url without padding (RFC 7515 section 2).

    >>> encode(b"ab")
    'YWI'
    """
    text = b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")
    return text.decode("ascii")


def write_object(value: Mapping[str, t.Any]) -> bytes:
    """Return a JSON object as UTF-8.

    :raises TypeError: If something in it is not JSON.
    :raises ValueError: If a number or character in it is none.
    """
    return _encode_json(value).encode("utf-8")


def read_object(data: bytes) -> dict[str, t.Any]:
    """Return a JSON object, by the strict reading of RFC 8259.

    :raises TokenInvalidError: If it is none, a name occurs twice, a number is
        not finite, or text holds half a surrogate pair.
    """
    value: dict[str, t.Any]

    try:
        text = data.decode("utf-8").strip(_WHITE)
        value, end = _decoder.raw_decode(text)

        if "\\u" in text:
            _encode_json(value).encode("utf-8")
    except (ValueError, RecursionError):
        raise TokenInvalidError("json") from None

    # What begins with a brace is an object, or no JSON.
    if not text.startswith("{") or end != len(text):
        raise TokenInvalidError("json")

    return value


def read_header(segment: bytes) -> Header:
    """Return what the first segment of a token says.

    :raises TokenInvalidError: If it is no header that we understand.
    """
    members = read_object(decode(segment))
    alg, kid = members.get("alg"), members.get("kid")

    # We understand no extension, so none may be critical (RFC 7515 4.1.11).
    if "crit" in members or "b64" in members:
        raise TokenInvalidError("crit")

    if not isinstance(alg, str):
        raise TokenInvalidError("alg")

    if "kid" in members and not (isinstance(kid, str) and 0 < len(kid) <= _MAX_KID):
        raise TokenInvalidError("kid")

    return Header(MappingProxyType(members), alg, kid, normal_typ(members.get("typ")))


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    found = dict(pairs)

    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")

    return found


def _finite(text: str) -> float:
    number = float(text)

    if not math.isfinite(number):
        raise ValueError("a number is not finite")

    return number


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(constant)


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refuse
)
_encode_json = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
