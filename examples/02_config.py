"""Typed configuration from several sources, each value traceable.

``Env`` stands last, so ``SHOP_DB__PORT=6000 flask ...`` wins over all.

    $ curl -s http://127.0.0.1:5000/page
    20 on a page, db.internal:5432
    $ curl -s http://127.0.0.1:5000/why/DB.host
    'db.internal'  from object Values
    'localhost'  from default Database
    $ curl -s http://127.0.0.1:5000/why/DB.password
    '********'  from object Values
"""

import typing as t

from flask import Flask

from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import Constraint
from flask_toolkit.config import Env
from flask_toolkit.config import Secret
from flask_toolkit.config import Values


class Database:
    """The table ``DB``; in the environment ``SHOP_DB__HOST`` and so on."""

    host: str = "localhost"
    port: t.Annotated[int, Constraint(lambda n: n in range(1, 65536), "1-65535")] = 5432
    password: t.Annotated[str, Secret]


class Settings:
    """What the application reads; a key without a value is required."""

    DB: Database
    PAGE_SIZE: int = 20


loader = ConfigLoader(
    Values(DB={"host": "db.internal", "password": "for the example only"}),
    Env("SHOP_"),
    schema=Settings,
)

app = Flask(__name__)
settings = loader.init_app(app)


@app.get("/page")
def page() -> str:
    """Show typed values."""
    return f"{settings.PAGE_SIZE} on a page, {settings.DB.host}:{settings.DB.port}\n"


@app.get("/why/<key>")
def why(key: str) -> str:
    """Show where a value came from, and what it overrode."""
    found = loader.loaded(app).explain(key)
    return "".join(f"{value}  from {origin}\n" for origin, value in found)
