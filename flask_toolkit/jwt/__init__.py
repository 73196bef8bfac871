"""Signed tokens: strict to read, short to use, rotated and revocable.

:class:`JWT` attaches them to an application. An algorithm belongs to its key,
access and refresh tokens are different kinds, and issuer and audience must fit
exactly. What a token says is in :class:`Claims`, only after it was verified.
"""

from ._authenticator import JWTAuthenticator
from ._claims import Claims
from ._claims import TokenPair
from ._errors import CSRFError
from ._errors import InsufficientScopeError
from ._errors import InvalidRequestError
from ._errors import JWTError
from ._errors import StepUpError
from ._errors import TokenExpiredError
from ._errors import TokenInvalidError
from ._errors import TokenMissingError
from ._errors import TokenReusedError
from ._errors import TokenRevokedError
from ._extension import JWT
from ._functions import create_access_token
from ._functions import get_claims
from ._functions import jwt_required
from ._issuers import Issuer
from ._keys import Key
from ._keys import KeySet
from ._locations import header
from ._locations import Location
from ._sessions import TokenStore
from ._settings import JWTSettings
from ._signals import token_issued
from ._signals import token_rejected
from ._signals import token_reused
from ._signals import token_revoked

__all__ = [
    "JWT",
    "CSRFError",
    "Claims",
    "InsufficientScopeError",
    "InvalidRequestError",
    "Issuer",
    "JWTAuthenticator",
    "JWTError",
    "JWTSettings",
    "Key",
    "KeySet",
    "Location",
    "StepUpError",
    "TokenExpiredError",
    "TokenInvalidError",
    "TokenMissingError",
    "TokenPair",
    "TokenReusedError",
    "TokenRevokedError",
    "TokenStore",
    "create_access_token",
    "get_claims",
    "header",
    "jwt_required",
    "token_issued",
    "token_rejected",
    "token_reused",
    "token_revoked",
]
