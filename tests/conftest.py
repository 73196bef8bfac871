"""What all tests share: the servers that some of them need."""

import pytest

from tests.services import fixtures


def pytest_configure(config: pytest.Config) -> None:
    """Take the fixtures, markers and header lines of the services."""
    config.pluginmanager.register(fixtures)
