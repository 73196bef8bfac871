"""A page for those who are signed in by session, and one that is open."""

from __future__ import annotations

import functools
import typing as t

from flask import abort
from flask import Blueprint
from flask import Flask
from flask import session

from benchmarks.keys import SECRET
from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import module
from benchmarks.model import Subject
from benchmarks.wsgi import ask
from benchmarks.wsgi import served
from flask_toolkit import Toolkit
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.sessions import CookieSession

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from benchmarks.model import Role

    _Way: t.TypeAlias = tuple[str, Role, Callable[[], "Site"], Mapping[str, str]]

__all__ = ["CASES"]

BODY = b"hello"


class Site(t.NamedTuple):
    """An application with ``/``, ``/open`` and, to sign in, ``/login``."""

    app: Flask
    guarded: bool = True


class User:
    """Somebody who may sign in; the attributes are those Flask-Login asks for."""

    is_authenticated = True
    is_active = True
    roles = ("editor",)

    def __init__(self, id: str) -> None:
        self.id = id

    def get_id(self) -> str:
        """Return what the session keeps."""
        return self.id


USERS = {"7": User("7")}


def _page() -> bytes:
    return BODY


def _site(
    view: Callable[[], object],
    log_in: Callable[[], object],
    *,
    mark: Callable[[t.Any], t.Any] = lambda view: view,
) -> Flask:
    app = Flask("shop")
    app.secret_key = SECRET
    app.add_url_rule("/", "page", t.cast("t.Any", view))
    app.add_url_rule("/open", "open", mark(lambda: BODY))

    def login() -> str:
        log_in()
        return "welcome"

    app.add_url_rule("/login", "login", mark(login))
    return app


def _remember() -> None:
    session["user"] = "7"


def bare() -> Site:
    """Let everybody in; Flask opens the session cookie all the same."""
    return Site(_site(_page, _remember), guarded=False)


def limit() -> Site:
    """Read the session in the view."""

    def page() -> object:
        return BODY if session.get("user") in USERS else ("", 401)

    return Site(_site(page, _remember))


def by_hand() -> Site:
    """Ask in a hook before each request, as tutorials do."""
    from flask import g
    from flask import request

    app = _site(_page, _remember)

    def load() -> None:
        if request.endpoint in {"open", "login"}:
            return

        g.user = USERS.get(session.get("user", ""))

        if g.user is None:
            abort(401)

    app.before_request(load)
    return Site(app)


def flask_login() -> Site:
    """Put ``login_required`` of Flask-Login around the view."""
    library = module("flask_login")
    app = _site(library.login_required(_page), lambda: library.login_user(USERS["7"]))
    manager = library.LoginManager(app)
    manager.user_loader(USERS.get)
    return Site(app)


def _ours(view: Callable[[], object] = _page) -> tuple[Flask, LoginGuard[User]]:
    guard: LoginGuard[User] = LoginGuard()
    guard.user_loader(USERS.get)
    guard.id_of(lambda user: user.id)
    return _site(view, lambda: guard.login(USERS["7"]), mark=public), guard


def ours() -> Site:
    """Guard everything but what is marked."""
    app, guard = _ours()
    guard.init_app(app)
    return Site(app)


def ours_with_a_role() -> Site:
    """Ask for a role."""
    app, guard = _ours(require(role("editor"))(lambda: BODY))
    guard.init_app(app)
    return Site(app)


def ours_beside_another() -> Site:
    """Let a second guard decide for a blueprint."""
    app, guard = _ours()
    guard.init_app(app)
    staff = Blueprint("staff", __name__, url_prefix="/staff")
    staff.add_url_rule("/", "page", _page)
    LoginGuard[User](staff, name="staff")
    app.register_blueprint(staff)
    return Site(app)


def ours_with_cookie_session() -> Site:
    """Open the session by the cheaper way to the same cookie."""
    app, guard = _ours()
    CookieSession(app)
    guard.init_app(app)
    return Site(app)


def ours_in_a_toolkit() -> Site:
    """Ask for a token in the header first, as the guard of a Toolkit does."""
    app, guard = _ours()
    Toolkit(app, guard=guard)
    return Site(app)


def _signed_in(app: Flask) -> dict[str, str]:
    answer = ask(app, "/login")
    cookies = [v.partition(";")[0] for k, v in answer.headers if k == "Set-Cookie"]
    return {"Cookie": "; ".join(cookies)}


def _guarded(make: Callable[[], Site]) -> Subject:
    app, guarded = make()
    strangers = [{}, {"Cookie": "session=eyJ1c2VyIjoiNyJ9.aSWq1g.forged"}]
    refuses = strangers if guarded else []
    return served(app, headers=_signed_in(app), body=BODY, refuses=refuses)


def _open(make: Callable[[], Site]) -> Subject:
    return served(make().app, "/open", body=BODY)


def _open_signed_in(make: Callable[[], Site]) -> Subject:
    app, _ = make()
    return served(app, "/open", headers=_signed_in(app), body=BODY)


_SITES: tuple[_Way, ...] = (
    ("bare Flask", "base", bare, {}),
    ("session in the view", "limit", limit, {}),
    ("hook by hand", "peer", by_hand, {}),
    ("Flask-Login", "peer", flask_login, {"flask_login": "flask-login"}),
    ("ours", "ours", ours, {}),
)
_MORE: tuple[_Way, ...] = (
    ("ours, a role", "ours", ours_with_a_role, {}),
    ("ours, two guards", "ours", ours_beside_another, {}),
    ("ours, CookieSession", "ours", ours_with_cookie_session, {}),
    ("ours, in a Toolkit", "ours", ours_in_a_toolkit, {}),
)


def _case(
    name: str,
    subject_of: Callable[[Callable[[], Site]], Subject],
    *without: str,
    sites: Sequence[_Way] = _SITES,
) -> Case:
    return Case(
        suite="guard",
        name=name,
        contestants=tuple(
            Contestant(
                name=title,
                role=part,
                make=functools.partial(subject_of, make),
                needs=needs,
            )
            for title, part, make, needs in sites
            if title not in without
        ),
    )


CASES = [
    _case("guarded page", _guarded, sites=(*_SITES, *_MORE)),
    _case("public page", _open, "session in the view"),
    _case("public page, signed in", _open_signed_in, "session in the view"),
]
