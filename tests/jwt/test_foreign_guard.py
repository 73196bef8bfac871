"""Subjects of other issuers are no users of ours."""

import typing as t
from collections.abc import Callable

from flask import Flask

from flask_toolkit import LoginGuard
from flask_toolkit.identity import current_identity
from flask_toolkit.jwt import Issuer
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import JWTAuthenticator
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet

THEIRS = Key.load(bytes(range(1, 33)), kid="theirs")


def test_a_guard_by_hand_takes_no_foreign_subject(
    app: Flask, key: Key, clock: t.Any, raw: Callable[..., str]
) -> None:
    """Sub 7 of another issuer is not our user 7 (RFC 8725 section 3.8)."""
    them = Issuer(keys=KeySet(THEIRS))
    app.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {"them": them}
    jwt: JWT[str] = JWT(app, keys=KeySet(key), clock=clock)
    jwt.user_loader(lambda claims: {"7": "Ann"}.get(claims.sub))
    LoginGuard(app, authenticators=[JWTAuthenticator(jwt)])

    @app.get("/who")
    def who() -> str:
        caller = current_identity()
        assert caller is not None
        return caller.id

    def ask(token: str) -> tuple[int, bool]:
        header = {"Authorization": f"Bearer {token}"}
        answer = app.test_client().get("/who", headers=header)
        return answer.status_code, answer.text == "7"

    assert ask(raw(iss="them", signer=THEIRS)) == (401, False)
    assert ask(raw()) == (200, True)


def test_the_user_loader_is_not_asked_for_foreign_subjects(
    app: Flask, key: Key, clock: t.Any, raw: Callable[..., str]
) -> None:
    """Unless the entry says that it knows them (RFC 8725 section 3.8)."""
    app.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {
        "them": Issuer(keys=KeySet(THEIRS)),
        "known": Issuer(keys=KeySet(THEIRS), users=True),
    }
    jwt: JWT[str] = JWT(app, keys=KeySet(key), clock=clock)
    jwt.user_loader(lambda claims: {"7": "Ann"}.get(claims.sub))
    app.get("/me")(jwt.required(lambda: str(jwt.user_or_none)))

    def ask(token: str) -> str:
        header = {"Authorization": f"Bearer {token}"}
        return app.test_client().get("/me", headers=header).text

    assert ask(raw(iss="them", signer=THEIRS)) == "None"
    assert ask(raw(iss="known", signer=THEIRS)) == "Ann"
    assert ask(raw()) == "Ann"
