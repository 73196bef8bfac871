"""The error that an application raises."""

from __future__ import annotations

import dataclasses
import http
import json
import logging
import re
import typing as t

from flask_toolkit.errors import RequestError
from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from wsgiref.types import WSGIEnvironment

    from ._codec import FieldError

_OURS = frozenset({"type", "title", "status"})
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")

_log = logging.getLogger("flask_toolkit.problems")


class Problem(RequestError):  # noqa: N818  # the word of RFC 9457
    """An error of the application that answers as a problem document.

    A subclass says what kind of problem it is, for all its occurrences::

        class OutOfStock(Problem):
            code, slug, title = 409, "out-of-stock", "Out of stock"

        raise OutOfStock("Nothing left.", sku="ABC-42")

    :param detail: What happened this time, for the person who asked.
    :param headers: Further headers of the answer, such as ``Retry-After``.
    :param instance: A URI of this occurrence (RFC 9457 section 3.1.5).
    :param errors: What is wrong with single fields of what was sent.
    :param extensions: Further members of the document.
    :raises TypeError: If the class has no ``code``, or an extension would take
        the place of ``type``, ``title`` or ``status``.
    """

    slug: t.ClassVar[str | None] = None
    """What ``type`` ends with, after the setting ``TYPE_BASE``."""

    title: t.ClassVar[str | None] = None
    """What the kind of problem is called; never what a user wrote."""

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)

        if cls.code is not None and not is_error_code(cls.code):
            raise SetupError(f"{cls.__name__}.code must be an error, 400 to 599.")

        if cls.slug is not None and not _SLUG.fullmatch(cls.slug):
            raise SetupError(
                f"{cls.__name__}.slug must be letters, digits and '-', '_', '.' or"
                f" '~', as it ends a URI; got {cls.slug!r}."
            )

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        instance: str | None = None,
        errors: Sequence[FieldError] = (),
        **extensions: t.Any,
    ) -> None:
        taken = sorted(_OURS & extensions.keys())

        if taken:
            raise TypeError(
                f"{taken[0]!r} cannot be an extension: the class of the problem sets"
                " it for all its occurrences."
            )

        if self.code is None:
            raise TypeError(
                f"{type(self).__name__} has no code: derive a class from it and set"
                " one, such as 409."
            )

        super().__init__(detail, headers=headers, members=extensions)
        self.instance: str | None = instance
        self.errors: tuple[FieldError, ...] = tuple(errors)

    def problem(self) -> dict[str, t.Any]:
        """Return the members of the problem document (RFC 9457 section 3.1)."""
        document = super().problem()

        if self.instance is not None:
            document["instance"] = self.instance

        if self.errors:
            document["errors"] = [dataclasses.asdict(error) for error in self.errors]

        return document

    def get_body(
        self,
        environ: WSGIEnvironment | None = None,
        scope: dict[str, t.Any] | None = None,
    ) -> str:
        """Return the problem document as JSON text."""
        return written(self.problem(), json.dumps)


def is_error_code(code: int) -> bool:
    """Tell whether ``code`` is a status that an error may have."""
    return http.HTTPStatus.BAD_REQUEST <= code < 600  # noqa: PLR2004  # RFC 9110 15


def written(document: Mapping[str, t.Any], dumps: Callable[[t.Any], str]) -> str:
    """Return ``document`` as JSON, without the members that JSON cannot hold.

    An answer without a member beats a failure while answering a failure.
    """
    try:
        return _strict(dumps(document))
    except (TypeError, ValueError, RecursionError):
        return dumps({k: v for k, v in document.items() if _fits(k, v, dumps)})


def _strict(text: str) -> str:
    """Return JSON text unless it holds NaN or Infinity.

    Python writes them; JSON has neither (RFC 8259 section 6), and a browser would
    not read the document at all.

    :raises ValueError: If it does.
    """
    if "NaN" in text or "Infinity" in text:
        json.loads(text, parse_constant=_refuse)

    return text


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _fits(name: str, value: t.Any, dumps: Callable[[t.Any], str]) -> bool:
    try:
        _strict(dumps(value))
    except (TypeError, ValueError, RecursionError):
        # Its name and type only: the value may be a secret.
        _log.warning(
            "Problem member %r left out: %s is no JSON", name, type(value).__name__
        )
        return False

    return True
