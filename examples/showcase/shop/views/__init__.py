"""The pages and the API, one blueprint a module."""

from __future__ import annotations

from .admin import admin
from .api import api
from .auth import auth
from .catalogue import catalogue
from .main import main

BLUEPRINTS = (main, catalogue, auth, admin, api)
