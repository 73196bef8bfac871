"""What all tests share: the servers that some of them need."""

import pytest
from hypothesis import settings

from tests.services import fixtures

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("toolkit", deadline=None)
settings.load_profile("toolkit")


def pytest_configure(config: pytest.Config) -> None:
    """Take the fixtures, markers and header lines of the services."""
    config.pluginmanager.register(fixtures)
