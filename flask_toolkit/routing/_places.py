"""Where a variable stands in its rule, and what its text would do there.

A converter is made without knowing its rule, but what a text means depends on it:
``@`` is harmless in a path and names another authority in a host, and an empty text
is nothing in the middle of a path and makes ``//evil`` of its beginning.
"""

from __future__ import annotations

import re
import typing as t

from ._refusals import host_refusal
from ._refusals import path_refusal

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.routing import Rule

VARIABLE: t.Final = re.compile(
    r"<(?:[a-zA-Z_]\w*(?:\((?P<arguments>.*?)\))?:)?(?P<name>[a-zA-Z_]\w*)>", re.ASCII
)
"""One variable in the text of a rule, in Werkzeug's grammar."""


class Place(t.NamedTuple):
    """What stands before and behind a variable, in its path or in its host."""

    before: str
    behind: str
    in_host: bool = False
    port: bool = False
    """Whether the host may end with a port: a subdomain cannot."""

    redirects: bool = False
    """Whether Werkzeug builds a URL of what it matched, to redirect there."""

    def refusal(self, text: str) -> str | None:
        """Return why the text cannot stand here, or ``None``."""
        whole = f"{self.before}{text}{self.behind}"

        if not self.in_host:
            return path_refusal(whole)

        # A subdomain that is empty is the site itself.
        empty = not whole and not self.port
        return None if empty else host_refusal(whole, port=self.port)


NOWHERE: t.Final = Place("/", "")
"""The place of what is in no rule, as the items of a list."""


def place_of(rule: Rule, name: str, texts: Mapping[str, str]) -> Place | None:
    """Return the place of a variable, ``None`` if the rule does not write it.

    :param texts: What the other variables are taken for.
    """
    host = rule.map.host_matching
    domain = (rule.host if host else rule.subdomain) or ""
    redirects = (
        rule.alias
        or rule.redirect_to is not None
        or any(other.defaults for other in rule.map.iter_rules(rule.endpoint))
    )

    for written, in_host in ((domain, True), (rule.rule, False)):
        for found in VARIABLE.finditer(written):
            if found["name"] == name:
                return Place(
                    _filled(written[: found.start()], texts),
                    _filled(written[found.end() :], texts),
                    in_host=in_host,
                    port=in_host and host,
                    redirects=redirects,
                )

    return None


def _filled(written: str, texts: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: texts.get(found["name"], "x"), written)
