r"""Which functions run: after a refusal, a handled error and an unhandled one.

Run ``flask --app examples/28_trace.py run``, then ask:

    $ curl -s http://127.0.0.1:5000/refused
    before_request check (answered)
    teardown_request end
    $ curl -s http://127.0.0.1:5000/handled
    before_request check
    view work (raised KeyError)
    errorhandler missing (got KeyError)
    teardown_request end
    $ curl -s http://127.0.0.1:5000/unhandled
    before_request check
    view work (raised OSError)
    teardown_request end (got OSError)
"""

from flask import Flask
from flask import request

from flask_toolkit.lifecycle import Lifecycle

app, shop = Flask(__name__), Flask("shop")
shop.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
lifecycle = Lifecycle(shop)


@shop.before_request
def check() -> str | None:
    """Refuse, as a guard would."""
    return "refused" if request.path == "/refused" else None


@shop.get("/<case>")
def work(case: str) -> str:
    """Fail, in a way that somebody handles or not."""
    raise KeyError if case == "handled" else OSError


@shop.errorhandler(KeyError)
def missing(error: KeyError) -> tuple[str, int]:
    """Answer what is expected."""
    return "missing", 404


@shop.teardown_request
def end(error: BaseException | None) -> None:
    """Run at the end, with the error that nobody handled."""


@app.get("/<case>")
def show(case: str) -> str:
    """Ask the shop, and show which functions ran; a trace has signals too."""
    with lifecycle.trace(shop) as trace:
        shop.test_client().get(f"/{case}").close()

    return "".join(f"{step}\n" for step in trace.steps if step.where)
