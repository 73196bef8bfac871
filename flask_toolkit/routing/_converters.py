"""The regex converter, base of all others."""

from __future__ import annotations

import logging
import re
import typing as t
from urllib.parse import quote

from werkzeug.routing import BaseConverter
from werkzeug.routing import ValidationError

from ._patterns import check_pattern
from ._patterns import PatternError
from ._places import NOWHERE
from ._places import place_of
from ._privates import converters_of
from ._refusals import refusal
from ._refusals import slash_refusal

if t.TYPE_CHECKING:
    from werkzeug.routing import Map

    from ._places import Place

_log = logging.getLogger("flask_toolkit.routing")

# https://url.spec.whatwg.org/#url-path-segment-string, without the slash
_SAFE = "!$&'()*+,:;=@"
GUARD_SLACK = 64  # what literals and neighbours in the same segment may need
_ISOLATING = 75  # after int (50), before string (100)
_SPANNING = 150  # before path (200)
_SHOWN = 80
_FITS_ANYWHERE = re.compile("[a-z0-9]{1,30}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_CAST_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError)
FORMAT_ERRORS = (*_CAST_ERRORS, AttributeError)


class RegexConverter(BaseConverter):
    r"""Accept the values that match a pattern: ``<regex("[a-z]+"):word>``.

    The pattern is checked when the rule is added, matches whole values only and is
    ASCII by default. It spans slashes if one is written in it. A value that does
    not match is no URL in either direction: 404 for a request,
    :class:`~werkzeug.routing.BuildError` for ``url_for``.

    Register it by hand, or let :class:`Converters` do so::

        app.url_map.converters["regex"] = RegexConverter

    A subclass may bring the pattern instead: ``pattern = r"[A-Z]{3}-\d{4}"``.

    :param pattern: The expression. Anchors around it are dropped, groups do not
        capture.
    :param slashes: Whether a value may hold slashes; decided by the pattern if
        unset.
    :param maxlength: The longest value, in characters; 255 if unset.
    :param unicode: Let ``\d``, ``\w`` and ``\s`` mean all of Unicode.
    :param ignorecase: Let letters match in either case.
    :param empty: Allow the empty value.
    :param weight: Place among the converters of a segment, lower is tried first;
        75 if unset, 150 with slashes (``int`` 50, ``string`` 100, ``path`` 200).
    :raises PatternError: If the pattern is missing or cannot work.
    """

    name: t.ClassVar[str] = "regex"
    """What it is called in a rule."""

    pattern: str | None = None
    """The pattern as it was written."""

    examples: tuple[str, ...] = ()
    """Texts that match."""

    maxlength: int = 255
    unicode: bool = False
    guarded: t.ClassVar[bool] = True
    """Whether the length guard is needed, as the pattern may backtrack badly. It
    counts to the end of the segment, so it limits the neighbours as well."""

    def __init__(
        self,
        map: Map,
        pattern: str | None = None,
        *,
        slashes: bool | None = None,
        maxlength: int | None = None,
        unicode: bool | None = None,
        ignorecase: bool = False,
        empty: bool = False,
        weight: int | None = None,
    ) -> None:
        super().__init__(map)
        self.pattern = self._own_pattern(pattern)
        self.maxlength = self._number("maxlength", maxlength, self.maxlength, least=1)
        self.unicode = self._switch("unicode", unicode, self.unicode)
        self._checked = check_pattern(
            self.pattern,
            unicode=self.unicode,
            ignorecase=self._switch("ignorecase", ignorecase),
            empty=self._switch("empty", empty),
        )
        self.slashes: bool = self._switch("slashes", slashes, self._checked.slashes)
        self.part_isolating: bool = not self.slashes
        default = _SPANNING if self.slashes else _ISOLATING
        self.weight: int = self._number("weight", weight, default)
        # A guard in front of the body: what is too long is refused before a
        # pattern that backtracks badly gets to see it.
        guard = f"(?!(?s:.{{{self.maxlength + GUARD_SLACK + 1}}}))"
        self.regex: str = f"{guard if self.guarded else ''}{self._checked.body}"
        self._safe = f"{_SAFE}/" if self.slashes else _SAFE
        self._place: Place | None = None
        self._looked_in = -1  # so many rules, in vain
        self._plain: bool = self._checked.plain and not self._checked.context
        self._casts: bool = type(self).cast is not RegexConverter.cast

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pattern!r}>"

    def to_python(self, value: str) -> t.Any:
        """Return what the view gets for a matching text.

        :raises ValidationError: If the text is too long, has a control character
            or a dot segment, or cannot be cast. It becomes a 404; Werkzeug does
            not try the next rule.
        """
        if not self._plain or len(value) > self.maxlength:
            reason = self._refusal(value)

            if reason is not None:
                raise ValidationError(f"{self._names(value)}: {reason}")

        if not self._casts:
            return value

        try:
            return self.cast(value)
        except ValidationError:
            raise
        except _CAST_ERRORS as error:
            kind = type(error).__name__
            raise ValidationError(f"{self._names(value)}: {kind}") from None

    def to_url(self, value: t.Any) -> str:
        """Return the percent-encoded text of a value.

        :raises ValidationError: If the text would not match, or would change the
            structure of the URL. It becomes a ``BuildError``.
        """
        try:
            text = self.format(value)
            matches = self.matches(text)
        except FORMAT_ERRORS as error:
            # Werkzeug drops the cause on its way to the BuildError.
            kind = type(error).__name__
            _log.debug("%s: %s: %.80s", self._names(value), kind, error)
            raise ValidationError(f"{self._names(value)}: no text for it") from None

        reason = self._unbuildable(text) if matches else "it does not match"

        if reason is not None:
            raise ValidationError(f"{self._names(value)}: {reason}")

        # A URL that to_python would refuse must not be built.
        self.to_python(text)
        return quote(text, safe=self._safe)

    def cast(self, text: str) -> t.Any:
        """Return the Python value of a text that matches; a subclass may convert.

        A ``ValueError``, ``TypeError``, ``LookupError`` or ``ArithmeticError``
        from here is a 404.
        """
        return text

    def format(self, value: t.Any) -> str:
        """Return the text of a Python value: what :meth:`cast` would read."""
        return str(value)

    def matches(self, text: str) -> bool:
        """Tell whether the whole text matches, and is not too long to try."""
        return (
            len(text) <= self.maxlength
            and self._checked.full.fullmatch(text) is not None
        )

    def belong_to_a_list(self) -> None:
        """Look for no rule: what an item may be in its place, the list asks."""
        self._place = NOWHERE

    def _unbuildable(self, text: str) -> str | None:
        """Return why no URL may have this text where the converter stands."""
        reason = slash_refusal(text)

        # In a path only an empty text depends on what stands around it.
        if reason is None and (not text or self._where(text).in_host):
            reason = self._where(text).refusal(text)

        return reason

    def _where(self, text: str) -> Place:
        """Return where the converter stands, if that matters to a text."""
        # A rule that is just being added is in no map, so that is not asked twice.
        if self._place is None and not _FITS_ANYWHERE.fullmatch(text):
            rules = sum(1 for _ in self.map.iter_rules())

            # Inside of another's converter it stands in no rule, and never will.
            if rules != self._looked_in:
                self._looked_in = rules
                _find_places(self.map)

        return self._place or NOWHERE

    def _refusal(self, text: str) -> str | None:
        reason = refusal(text, maxlength=self.maxlength, slashes=self.slashes)

        # To build what cannot be built would be a 500.
        if reason is None and self._where(text).redirects:
            reason = self._unbuildable(text)

        if reason is None and self._checked.context and not self.matches(text):
            return "it matches only between its neighbours"

        return reason

    def _names(self, value: t.Any) -> str:
        try:
            shown = repr(value)
        except Exception:  # noqa: BLE001  # as of an int of 5000 digits
            shown = f"a {type(value).__name__}"

        short = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."
        return f"{short} is no value of <{self.name}> {self.pattern!r}"

    def _own_pattern(self, given: t.Any) -> str:
        own = type(self).pattern

        if own is not None and given is not None:
            raise PatternError(
                f"<{self.name}> takes no pattern, it brings its own", pattern=own
            )

        if own is None and not isinstance(given, str):
            raise PatternError(
                f"<{self.name}> got no pattern",
                pattern=None,
                hint='Quote the pattern, as in <regex("[a-z]+"):x>, or use pattern().',
            )

        return t.cast("str", given if own is None else own)

    def _switch(self, option: str, value: t.Any, default: bool = False) -> bool:
        given = default if value is None else value

        # A rule hands over unicode=false as the text "false", which is true.
        if not isinstance(given, bool):
            raise PatternError(
                f"{option} must be True or False, got {given!r}", pattern=self.pattern
            )

        return given

    def _number(
        self, option: str, value: t.Any, default: int, *, least: int | None = None
    ) -> int:
        """Return a number, also from text: Werkzeug cannot parse ``min=-5``."""
        if value is None:
            return default

        text = str(value)

        if _INTEGER.fullmatch(text) is None or (
            least is not None and int(text) < least
        ):
            above = "" if least is None else f" of at least {least}"
            raise PatternError(
                f"{option} must be a whole number{above}, got {value!r}",
                pattern=self.pattern,
            )

        return int(text)


def _find_places(map: Map) -> None:
    """Tell the converters of all rules where they stand: none knows by itself."""
    for rule in map.iter_rules():
        ours = {
            name: each
            for name, each in converters_of(rule).items()
            if isinstance(each, RegexConverter)
        }
        texts = {name: "" for name, each in ours.items() if each.matches("")}

        for name, converter in ours.items():
            place = place_of(rule, name, texts)
            converter._place = place  # noqa: SLF001  # none can find it by itself
