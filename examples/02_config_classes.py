"""Config classes, files and the instance folder: each source in its place.

``SHOP_ENV=development flask ...`` chooses another class.

    $ curl -s http://127.0.0.1:5000/why/PAGE_SIZE
    50  from config.json:1
    30  from object Values
    20  from object Production
    20  from default Config
    $ curl -s http://127.0.0.1:5000/why/DATABASE
    'sqlite:////srv/shop.db'  from object Production
    'sqlite:///shop.db'  from default Config
"""

from pathlib import Path
from tempfile import mkdtemp

from flask import Flask

from flask_toolkit import config


class Config:
    """What all share, and their types; secrets belong elsewhere."""

    PAGE_SIZE: int = 20
    DATABASE: str = "sqlite:///shop.db"


class Production(Config):
    """What differs there; below, two like it in a line each."""

    SESSION_COOKIE_SECURE = True
    DATABASE = "sqlite:////srv/shop.db"


Development = type("Development", (Config,), {"DEBUG": True})
Testing = type("Testing", (Config,), {"TESTING": True})
CLASSES = {"production": Production, "development": Development, "testing": Testing}

loader = config.ConfigLoader(
    config.by_environment(CLASSES, variable="SHOP_ENV"),  # from_object
    config.Values(PAGE_SIZE=30),  # from_mapping
    config.File("config.json", optional=True),  # from_json, from_pyfile
    config.FileFromEnv("SHOP_SETTINGS", optional=True),  # from_envvar
    config.Env("SHOP_"),  # from_prefixed_env
    schema=Config,
)
# In real life Flask's own instance folder, with a file of the operator.
instance = Path(mkdtemp())
(instance / "config.json").write_text('{"PAGE_SIZE": 50}')
app = Flask(__name__, instance_path=str(instance), instance_relative_config=True)
loader.init_app(app)


@app.get("/why/<key>")
def why(key: str) -> str:
    """Show where a value came from, and what it overrode."""
    found = loader.loaded(app).explain(key)
    return "".join(f"{value}  from {origin}\n" for origin, value in found)
