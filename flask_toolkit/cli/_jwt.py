"""``jwt``: keys made and rotated, tokens looked at."""

from __future__ import annotations

import typing as t

from ._group import Entry
from ._group import LazyGroup

_HERE: t.Final = __package__

command: t.Final = LazyGroup(
    "jwt",
    entries={
        "inspect": Entry(f"{_HERE}._jwt_inspect", "Say why a token is good or not."),
        "keygen": Entry(f"{_HERE}._jwt_keygen", "Make a key that signs tokens."),
        "rotate": Entry(f"{_HERE}._jwt_rotate", "Let the next key sign."),
    },
    help="Make and rotate the keys of tokens, and look at tokens.",
)
