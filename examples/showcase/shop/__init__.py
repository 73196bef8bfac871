"""Tinker Street Cycles: a small shop that shows Flask-Toolkit at work.

::

    flask --app examples/showcase/shop run

The first start draws the demo users' password; it stands in
``examples/showcase/instance/secrets.toml``.
"""

from __future__ import annotations

import typing as t

from flask import Flask

from . import audit
from . import config
from . import db
from . import pages
from .extensions import toolkit
from .views import BLUEPRINTS

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["create_app"]


def create_app(
    overrides: Mapping[str, t.Any] | None = None, *, instance: Path | None = None
) -> Flask:
    """Return the application.

    :param overrides: Configuration that wins over every other source.
    :param instance: Folder for the secrets and the database.
    :raises ConfigError: If the configuration or the folder does not do.
    """
    folder = config.prepare(instance)
    app = Flask(__name__, instance_path=str(folder), instance_relative_config=True)

    # First the toolkit: routes below use its converters and its guard.
    toolkit.init_app(app, overrides)
    db.init_app(app, config.loader.settings_of(app).DEMO_PASSWORD)
    audit.init_app(app)
    pages.init_app(app)

    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

    return app
