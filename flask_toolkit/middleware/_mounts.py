"""Other applications below a prefix, and whether their sessions stay apart."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.utils import redirect

from flask_toolkit.errors import SetupError

from ._fused import Link
from ._steps import as_sent

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

__all__ = ["Mount", "check_sessions", "name_of"]

_FAR: t.Final = 50


class Mount:
    """A plain WSGI middleware: what lies below a prefix is another application's.

    :param share_session: The application is meant to read the sessions of others.
    """

    def __init__(
        self, prefix: str, app: WSGIApplication, *, share_session: bool
    ) -> None:
        self.prefix: str = prefix
        self.app: WSGIApplication = app
        self.flask: Flask | None = _flask_of(app)
        """Whose sessions it has, if that is known."""
        self.share_session: bool = share_session

    def __call__(self, inner: WSGIApplication) -> WSGIApplication:
        """Return ``inner`` with the other application in it."""
        dispatch = DispatcherMiddleware(inner, {as_sent(self.prefix): self._serve})

        def mount(
            environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            # A copy: to the layers around it the path stays what was asked for.
            return dispatch({**environ}, start_response)

        return mount

    def _serve(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"]:
            return self.app(environ, start_response)

        # Without the slash relative links of the page would miss the prefix. Two in
        # front, as a proxy may let them pass, would name another host.
        name = "/" + environ["SCRIPT_NAME"].lstrip("/")
        path = quote(name.encode("latin-1"), safe="/")
        query = environ.get("QUERY_STRING")
        target = f"{path}/?{query}" if query else f"{path}/"
        return redirect(target, 308)(environ, start_response)


def name_of(prefix: str) -> str:
    """Return what ``remove()`` and ``describe()`` call a mount."""
    return f"mount {prefix}"


def check_sessions(app: Flask, mounts: Sequence[Mount]) -> None:
    """Check that no application reads or overwrites the sessions of another one.

    An application without a SECRET_KEY has no sessions.

    :raises SetupError: If two share a key, or cookie name and path.
    """
    known = [app]

    for prefix, mount in _all_below(mounts, "", (app,)):
        flask = mount.flask

        if flask is None:
            continue

        for other in () if mount.share_session else known:
            problem = _clash(other, flask)

            if problem:
                raise SetupError(
                    f"{flask.name!r} is mounted at {prefix!r} beside"
                    f" {other.name!r}, and {problem} Or, if they are meant to have"
                    " their sessions in common, pass share_session=True to mount()."
                )

        known.append(flask)


def _flask_of(app: t.Any) -> Flask | None:
    """Return the Flask application, which many pass by its ``wsgi_app``.

    A stack of its own puts a link there, and others put middlewares around, which
    mostly keep what they wrap as ``app`` or ``wsgi_app``.
    """
    here = app

    for _ in range(_FAR):
        here = getattr(here, "__self__", here)
        here = here.app if isinstance(here, Link) else here

        if here is None or isinstance(here, Flask):
            return here

        inside = getattr(here, "app", None)
        here = getattr(here, "wsgi_app", None) if inside is None else inside

    return None


def _all_below(
    mounts: Iterable[Mount], above: str, inside: tuple[Flask, ...]
) -> Iterator[tuple[str, Mount]]:
    """Yield the mounts, and those in the applications that they mount."""
    for mount in mounts:
        prefix = above + mount.prefix
        yield prefix, mount
        flask = mount.flask
        state = None if flask is None else flask.extensions.get("toolkit.middleware")

        if flask is not None and state is not None and flask not in inside:
            yield from _all_below(state.mounts(), prefix, (*inside, flask))


def _clash(one: Flask, other: Flask) -> str | None:
    ours, theirs = _keys(one), _keys(other)

    if not ours or not theirs:
        return None

    if ours & theirs:
        # Another name of the cookie does not help: who has it can rename it.
        return "what one signs the other accepts: give each its own SECRET_KEY."

    if _cookie(one) == _cookie(other):
        return (
            "each would overwrite the session cookie of the other: set"
            " SESSION_COOKIE_NAME or SESSION_COOKIE_PATH of one."
        )

    return None


def _keys(app: Flask) -> set[bytes]:
    config: t.Any = app.config
    keys: list[t.Any] = [app.secret_key, *(config.get("SECRET_KEY_FALLBACKS") or ())]
    return {key.encode() if isinstance(key, str) else bytes(key) for key in keys if key}


def _cookie(app: Flask) -> tuple[str, str]:
    interface = app.session_interface
    return interface.get_cookie_name(app), interface.get_cookie_path(app)
