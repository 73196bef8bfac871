"""Servers and a browser for the tests: found, started for us, or else skipped.

A variable wins; then comes a private process of an installed program; then a
server on the standard port. ``TOOLKIT_REQUIRE_SERVICES=1`` makes a missing one a
failure. A test asks for a fixture (`fixtures.py`) and gets its marker by that.
"""

from ._browser import Browser as Browser
from ._browser import Page as Page
from ._finding import SERVICES as SERVICES
from ._http import served as served
from ._servers import PrivateMariaDB as PrivateMariaDB
from ._servers import PrivatePostgres as PrivatePostgres
from ._servers import PrivateRedis as PrivateRedis
