"""Ask a server whether we may use it, by the first bytes of its protocol.

So the tests need no driver to find a server. One that asks for a password will do
only if its address has one: without, no test could use it.
"""

from __future__ import annotations

import socket
import struct
import typing as t
from urllib.parse import parse_qs
from urllib.parse import unquote
from urllib.parse import urlsplit

if t.TYPE_CHECKING:
    from urllib.parse import SplitResult

_PATIENCE = 2
# What a client of MySQL's protocol can do: use long passwords, the protocol since
# 4.1, a length before the password, a method of login by name.
_MARIADB_CLIENT = 0x1 | 0x200 | 0x8000 | 0x80000
_UTF8 = 45


def ask_redis(url: str) -> bool:
    """Tell whether a Redis or Valkey lets us in.

    :raises OSError: If there is none.
    """
    parts = urlsplit(url)
    file = parts.path if parts.scheme == "unix" else None

    with _connect(parts, 6379, file) as connection, _reader(connection) as reader:
        connection.sendall(b"PING\r\n")
        answer = reader.readline()

    locked = answer.startswith(b"-NOAUTH")
    return answer == b"+PONG\r\n" or (locked and _has_password(parts))


def ask_postgres(url: str) -> bool:
    """Tell whether a PostgreSQL lets us in.

    :param url: As libpq reads it, with the folder of a socket in ``host``.
    :raises OSError: If there is none.
    """
    parts = urlsplit(url)
    folder = _option(parts, "host")
    file = folder and f"{folder}/.s.PGSQL.{parts.port or 5432}"
    user = unquote(parts.username or "postgres")
    database = unquote(parts.path[1:]) or user
    names = f"user\0{user}\0database\0{database}\0\0".encode()

    with _connect(parts, 5432, file) as connection, _reader(connection) as reader:
        connection.sendall(struct.pack("!II", 8 + len(names), 3 << 16) + names)
        # A kind, a length, and what it asks for. While it starts it answers too,
        # with an error.
        answer = reader.read(9)

    if answer[:1] != b"R" or len(answer) < 9:
        return False

    return answer[5:] == bytes(4) or _has_password(parts)


def ask_mariadb(url: str) -> bool:
    """Tell whether a MariaDB lets us in.

    :param url: With the path of a socket in ``unix_socket``.
    :raises OSError: If there is none.
    """
    parts = urlsplit(url)
    file = _option(parts, "unix_socket")
    user = unquote(parts.username or "root").encode()
    login = struct.pack("<IIB23x", _MARIADB_CLIENT, 1 << 24, _UTF8) + user
    login += b"\0\0mysql_native_password\0"

    with _connect(parts, 3306, file) as connection, _reader(connection) as reader:
        greeting = _packet(reader)

        if _has_password(parts):
            return greeting.startswith(b"\x0a")  # the version of the protocol

        connection.sendall(struct.pack("<I", len(login) | 1 << 24) + login)
        return _packet(reader).startswith(b"\0")


def _packet(reader: t.BinaryIO) -> bytes:
    """Return what a packet of MySQL's carries after its length and number."""
    head = reader.read(4)
    return reader.read(int.from_bytes(head[:3], "little"))


def _option(parts: SplitResult, name: str) -> str | None:
    return parse_qs(parts.query).get(name, [None])[0]


def _has_password(parts: SplitResult) -> bool:
    return bool(parts.password or _option(parts, "password"))


def _connect(parts: SplitResult, port: int, file: str | None) -> socket.socket:
    """Connect to the socket in ``file``, else to the host of the address."""
    if not file:
        address = (parts.hostname or "127.0.0.1", parts.port or port)
        return socket.create_connection(address, _PATIENCE)

    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_PATIENCE)

    try:
        connection.connect(file)
    except OSError:
        connection.close()
        raise

    return connection


def _reader(connection: socket.socket) -> t.BinaryIO:
    """Return what waits for all the bytes that are asked for."""
    return connection.makefile("rb")
