"""Which token is good, for what, and when: all decisions, no Flask.

The order of the checks is fixed, and the first failure decides.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from ._claims import check_types
from ._claims import Claims
from ._claims import is_number
from ._claims import started_at
from ._errors import InsufficientScopeError
from ._errors import StepUpError
from ._errors import TokenExpiredError
from ._errors import TokenInvalidError
from ._issuers import Issuer
from ._jws import Header
from ._jws import normal_typ
from ._jws import parse
from ._jws import Parsed
from ._jws import remember

_SKEW = 120  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what the tokens of one application are judged."""

    issuers: Mapping[str | None, Issuer]
    own: str | None
    """Our own ``iss``; ``None`` if our tokens have none."""

    leeway: float
    session: float
    """Seconds that a session, and so any token, may last."""

    max_size: int
    known: dict[bytes, Header] = field(default_factory=dict[bytes, Header], repr=False)


def verify(
    token: object,
    rules: Rules,
    now: float,
    *,
    typ: str | None = None,
    location: str | None = None,
    lapsed: bool = False,
) -> Claims:
    """Return the claims of a token that is good now.

    :param typ: The kind it must be. None: an access token of its issuer.
    :param lapsed: Take one that has expired as well.
    :raises TokenInvalidError: If it is not.
    """
    parsed = judged(token, rules, now, typ=typ, lapsed=lapsed)
    return Claims(parsed.claims, parsed.header.members, location)


def judged(
    token: object,
    rules: Rules,
    now: float,
    *,
    typ: str | None = None,
    lapsed: bool = False,
) -> Parsed:
    """Return a token that is good now, as :func:`verify`, for further checks.

    :raises TokenInvalidError: If it is not.
    """
    parsed = parse(token, rules.max_size, rules.known)
    claims = parsed.claims

    try:
        issuer = _issuer(claims, rules)
        issuer.keys.check(parsed)

        if parsed.segment not in rules.known:
            remember(rules.known, parsed)

        kind, found = issuer.typ if typ is None else typ, parsed.header.typ

        # Nearly always written in the one spelling already. No kind is none, even
        # where what is asked for has no such spelling.
        if found != kind and (found is None or found != normal_typ(kind)):
            raise TokenInvalidError("typ")  # noqa: TRY301  # the handler adds ids

        _check_time(claims, rules, now, lapsed=lapsed)

        if "aud" in claims or issuer.audience is not None:
            _check_audience(claims.get("aud"), issuer.audience)

        check_types(claims)

        # It is only good together with a key that we cannot ask for (RFC 9449, 8705).
        if "cnf" in claims:
            raise TokenInvalidError("bound")  # noqa: TRY301  # the handler adds ids

        if not lapsed and claims.get("iss") == rules.own:
            _check_session(claims, rules, now)
    except TokenInvalidError as error:
        error.kid = parsed.header.kid
        jti = claims.get("jti")
        error.jti = jti if isinstance(jti, str) else None
        raise

    return parsed


def is_own(claims: Mapping[str, t.Any], rules: Rules) -> bool:
    """Tell whether we issued a token."""
    return claims.get("iss") == rules.own


def session_start(claims: Mapping[str, t.Any], rules: Rules) -> int | None:
    """Return the start of our session in milliseconds, if the token has one."""
    return started_at(claims.get("sid")) if is_own(claims, rules) else None


# Compared by identity: each view has its own.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Requirement:
    """What a view asks of the token."""

    optional: bool = False
    scope: tuple[str, ...] = ()
    max_age: float | None = None
    typ: str | None = None
    locations: tuple[t.Any, ...] | None = None
    check: Callable[[Claims], bool] | None = None

    def judge(self, claims: Claims, now: float) -> None:
        """Return if a verified token is enough.

        :raises InsufficientScopeError: If it lacks a scope, or ``check`` says no.
        :raises StepUpError: If the sign-in is too old, or its time unknown.
        :raises TypeError: If ``check`` returns no bool.
        """
        if self.scope and not claims.scope.issuperset(self.scope):
            raise InsufficientScopeError(
                "scope-missing", parameters=[("scope", " ".join(self.scope))]
            )

        if self.max_age is not None and not _is_fresh(claims, self.max_age, now):
            raise StepUpError(
                "not-fresh", parameters=[("max_age", str(int(self.max_age)))]
            )

        if self.check is not None:
            verdict = t.cast("object", self.check(claims))

            # A coroutine, for one, would count as true.
            if not isinstance(verdict, bool):
                raise TypeError("check= must be a plain function that returns a bool")

            if not verdict:
                raise InsufficientScopeError("check-failed")


def _is_fresh(claims: Claims, max_age: float, now: float) -> bool:
    proved: float | None = claims.get("auth_time")
    # Nobody signs in tomorrow; two clocks differ by what LEEWAY allows at most.
    return proved is not None and -_SKEW <= now - proved <= max_age


def _issuer(claims: Mapping[str, t.Any], rules: Rules) -> Issuer:
    iss = claims.get("iss")

    # Only a key of the table: no fall-back, nothing is fetched.
    if isinstance(iss, str) or "iss" not in claims:
        found = rules.issuers.get(iss)

        if found is not None:
            return found

    raise TokenInvalidError("issuer")


def _check_time(
    claims: Mapping[str, t.Any], rules: Rules, now: float, *, lapsed: bool
) -> None:
    exp: t.Any = claims.get("exp")

    if not is_number(exp) or exp > now + rules.session + rules.leeway:
        raise TokenInvalidError("exp")

    if exp <= now - rules.leeway and not lapsed:
        raise TokenExpiredError("expired")

    if "nbf" in claims:
        nbf = claims["nbf"]

        if not is_number(nbf) or (nbf > now + rules.leeway and not lapsed):
            raise TokenInvalidError("nbf")


def _check_audience(found: object, audience: str | None) -> None:
    # Nearly always one text: ours.
    if found == audience and audience is not None:
        return

    listed = t.cast("list[object]", found) if isinstance(found, list) else [found]

    # All of them text: null names nobody, and a list of it is no audience.
    if audience not in listed or not all(isinstance(one, str) for one in listed):
        raise TokenInvalidError("audience")


def _check_session(claims: Mapping[str, t.Any], rules: Rules, now: float) -> None:
    start = started_at(claims.get("sid"))

    if start is not None and start / 1000 + rules.session <= now - rules.leeway:
        raise TokenExpiredError("session-over")
