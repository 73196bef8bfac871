"""What type checkers see of problems; never run."""

from __future__ import annotations

import typing as t

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from flask_toolkit.problems import field_errors
from flask_toolkit.problems import FieldError
from flask_toolkit.problems import Problem
from flask_toolkit.problems import Problems
from flask_toolkit.problems import ProblemsSettings

if t.TYPE_CHECKING:
    from flask_toolkit.errors import RequestError


class OutOfStock(Problem):
    code, slug, title = 409, "out-of-stock", "Out of stock"


class SoldError(Exception): ...


app = Flask(__name__)
problems = Problems(app, policy={"/api": "json"}, type_base="urn:shop:")
Problems(policy={"/api": "xml"})  # type: ignore[dict-item]
t.assert_type(problems.settings_of(app), ProblemsSettings)
t.assert_type(problems.response(app, {}, NotFound()), Response)
t.assert_type(problems.map(SoldError, 409, slug="sold", detail="Sold."), None)
problems.map(SoldError(), 409)  # type: ignore[arg-type]
problems.map(SoldError, 409, "sold")  # type: ignore[call-arg, misc, unused-ignore]
problems.render_html("errors/{code}.html")

error = OutOfStock(
    "Nothing left.",
    headers={"Retry-After": "60"},
    instance="/orders/7",
    errors=[FieldError.at("too many", "items", 0), FieldError("odd", "#/x")],
    sku="ABC",
)
http: HTTPException = error
kernel: RequestError = error
t.assert_type(error.problem(), dict[str, t.Any])
t.assert_type(error.errors, tuple[FieldError, ...])
t.assert_type(error.instance, str | None)
OutOfStock(404)  # type: ignore[arg-type]
OutOfStock("Nothing left.", errors=["too many"])  # type: ignore[list-item]
FieldError.at("too many", 1.5)  # type: ignore[arg-type]
t.assert_type(field_errors({"name": ["required"]}, root="#/form"), list[FieldError])
field_errors({}, "#/form")  # type: ignore[call-arg, misc, unused-ignore]
OutOfStock("Nothing left.", errors=field_errors(object()))
