r"""Error pages: HTML for browsers, problem documents (RFC 9457) for programs.

Run ``flask --app examples/15_error_pages.py run``, then ask:

    $ curl -s http://127.0.0.1:5000/nowhere -H 'Accept: text/html'
    <!doctype html>
    <html lang=en>
    <title>404 Not Found</title>
    ...
    $ curl -s http://127.0.0.1:5000/books/8 -H 'Accept: application/json'
    {"detail":"Withdrawn.","status":410,"title":"Gone","type":"urn:lib:withdrawn"}
    $ curl -s -i http://127.0.0.1:5000/api/books/7
    HTTP/1.1 409 CONFLICT
    Content-Type: application/problem+json
    Retry-After: 3600
    {"copies":0,"detail":"Lent out.","status":409,"title":"Lent","type":"urn:lib:lent"}
    $ curl -s http://127.0.0.1:5000/api/nowhere -o /dev/null -w '%{http_code}\n'
    404
"""

from flask import Flask

from flask_toolkit.problems import Problem
from flask_toolkit.problems import Problems

app = Flask(__name__)
# Below /api programs call, whatever their Accept header says.
problems = Problems(app, policy={"/api": "json"}, type_base="urn:lib:")


class BookLent(Problem):
    """A book that cannot be had."""

    code, slug, title = 409, "lent", "Lent"


class WithdrawnError(Exception):
    """An error of the library's own code, which knows nothing of HTTP."""


problems.map(WithdrawnError, 410, slug="withdrawn", detail="Withdrawn.")


@app.get("/books/<int:number>")
@app.get("/api/books/<int:number>")
def book(number: int) -> str:
    """Fail in two ways."""
    if number == 7:  # noqa: PLR2004  # a number to type
        raise BookLent("Lent out.", headers={"Retry-After": "3600"}, copies=0)

    if number == 8:  # noqa: PLR2004  # a number to type
        raise WithdrawnError("row 8 in table withdrawn")

    return f"book {number}\n"
