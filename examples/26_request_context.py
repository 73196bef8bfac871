r"""From a server to a view: WSGI by hand, and what Flask makes of it.

Run ``flask --app examples/26_request_context.py run``, then ask:

    $ curl -s http://127.0.0.1:5000/plain/bread
    /bread, without Flask
    $ curl -s http://127.0.0.1:5000/view
    /view, with a context
    $ curl -s http://127.0.0.1:5000/push
    appcontext_pushed
    open_session
    url_match view
    request_tearing_down
    appcontext_tearing_down
    appcontext_popped
"""

from flask import Flask
from flask import request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from flask_toolkit.lifecycle import Lifecycle

app, shop = Flask(__name__), Flask("shop")
shop.testing = True  # a trace is for tests and debug mode
lifecycle = Lifecycle(shop)


@Request.application
def plain(request: Request) -> Response:
    """Answer without contexts: the request is an argument."""
    return Response(f"{request.path}, without Flask\n")


@app.get("/view")
@shop.get("/view")
def view() -> str:
    """Answer in a context, where ``request`` is that of this thread."""
    return f"{request.path}, with a context\n"


@app.get("/push")
def push() -> str:
    """Push the context of another request, and pop it."""
    with lifecycle.trace(shop) as trace, shop.test_request_context("/view"):
        pass

    return f"{trace}\n"


app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/plain": plain})  # type: ignore[method-assign]  # as Flask's docs do
