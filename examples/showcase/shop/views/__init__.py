"""The pages and the API, one blueprint a module."""

from __future__ import annotations

from .admin import admin
from .api import api
from .auth import auth
from .catalogue import catalogue
from .devices import devices
from .main import main
from .passwords import passwords

BLUEPRINTS = (main, catalogue, auth, passwords, devices, admin, api)
