"""How a server is asked whether we may use it."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.services._finding import MARIADB
from tests.services._finding import POSTGRES
from tests.services._finding import REDIS
from tests.services._finding import Service


@contextmanager
def _speaking(*packets: bytes) -> Iterator[int]:
    """Take one connection and say all of it, as nobody waits for the question."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()

            with connection:
                connection.sendall(b"".join(packets))
                connection.shutdown(socket.SHUT_WR)

                while connection.recv(1024):
                    pass

        thread = threading.Thread(target=speak)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def _mysql(number: int, body: bytes) -> bytes:
    return struct.pack("<I", len(body) | number << 24) + body


GREETING = _mysql(0, b"\x0a11.4.2-MariaDB\0" + bytes(60))
REFUSED = _mysql(2, b"\xff\x15\x04#28000Access denied")
SASL = struct.pack("!cII", b"R", 23, 10) + b"SCRAM-SHA-256\0\0"


@pytest.mark.parametrize(
    ("service", "login", "packets", "answers"),
    [
        pytest.param(REDIS, "", [b"+PONG\r\n"], True, id="redis"),
        pytest.param(REDIS, "", [b"-NOAUTH no\r\n"], False, id="redis-locked"),
        pytest.param(REDIS, ":pw@", [b"-NOAUTH no\r\n"], True, id="redis-password"),
        pytest.param(REDIS, ":pw@", [b"-LOADING\r\n"], False, id="redis-starts"),
        pytest.param(REDIS, "", [b""], False, id="redis-silent"),
        pytest.param(
            POSTGRES, "", [struct.pack("!cII", b"R", 8, 0)], True, id="postgres"
        ),
        pytest.param(POSTGRES, "", [SASL], False, id="postgres-locked"),
        pytest.param(POSTGRES, "me:pw@", [SASL], True, id="postgres-password"),
        pytest.param(
            POSTGRES,
            "me:pw@",
            [struct.pack("!cI", b"E", 100), b"SFATAL\0C57P03\0"],
            False,
            id="postgres-starts",
        ),
        pytest.param(POSTGRES, "me:pw@", [b"R"], False, id="postgres-cut"),
        pytest.param(POSTGRES, "", [b""], False, id="postgres-silent"),
        pytest.param(MARIADB, "", [GREETING, _mysql(2, b"\0" * 7)], True, id="mariadb"),
        pytest.param(MARIADB, "", [GREETING, REFUSED], False, id="mariadb-locked"),
        pytest.param(MARIADB, "me:pw@", [GREETING], True, id="mariadb-password"),
        pytest.param(MARIADB, "me:pw@", [REFUSED], False, id="mariadb-blocked"),
        pytest.param(MARIADB, "", [b""], False, id="mariadb-silent"),
    ],
)
def test_a_server_answers_if_it_lets_us_in(
    service: Service, login: str, packets: list[bytes], answers: bool
) -> None:
    """One that asks for a password does only if the address has one."""
    with _speaking(*packets) as port:
        assert service.answers(f"any://{login}127.0.0.1:{port}/") is answers


@pytest.mark.parametrize(
    ("service", "address"),
    [
        pytest.param(REDIS, "unix:///run/no?password=pw", id="redis"),
        pytest.param(POSTGRES, "postgresql:///no?host=/run/no", id="postgres"),
        pytest.param(MARIADB, "mariadb:///?unix_socket=/run/no", id="mariadb"),
    ],
)
def test_a_socket_without_a_server_does_not_answer(
    service: Service, address: str
) -> None:
    """Nothing stays open that a warning would tell of."""
    assert not service.answers(address)
