"""What all tests share: the servers that some of them need."""

import pytest

from tests import services


def pytest_configure(config: pytest.Config) -> None:
    """Take the fixtures and the header line of the servers."""
    config.pluginmanager.register(services)
