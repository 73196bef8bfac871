"""Sign what leaves the application and comes back: tokens and addresses.

All keys are derived from ``SECRET_KEY``, one for each purpose, and
``SECRET_KEY_FALLBACKS`` still verify::

    reset = SignedTokens[User]("reset", max_age=3600, state=lambda user: user.password)
    token = reset.issue(user.id, user)
    user, claims = reset.consume(token, load_user)
"""

from ._codec import TokenClaims
from ._keys import signing_keys
from ._tokens import SignedTokens
from ._urls import sign_url
from ._urls import SIGNATURE
from ._urls import verify_url

__all__ = [
    "SIGNATURE",
    "SignedTokens",
    "TokenClaims",
    "sign_url",
    "signing_keys",
    "verify_url",
]
