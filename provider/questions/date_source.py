"""Where the date of an image may stand."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from provider.questions.reading import invalid, unsupported

FIELD: Final = "dates"


class DateSource(StrEnum):
    """A source of dates, by the name that the wire and policies have for it."""

    CONFIG = "config"
    """`created` of the image configuration: always looked at, and the first that counts."""
    ANNOTATION = "annotation"
    """`org.opencontainers.image.created` of the manifest (OCI image specification, `annotations.md`); if asked for."""


FURTHER: Final = (DateSource.ANNOTATION,)


def read(value: Any) -> tuple[DateSource, ...]:  # noqa: ANN401 - any JSON
    """The field `dates` of a question: sources that count where the configuration has no date that can be read.

    Raises:
        QuestionError: `KeyInvalid`: it is no list of names, in order and each once, so that a question is one key;
            `QuestionUnsupported`: it names a source that this release does not know, or none beside the configuration.
    """
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise invalid(f"`{FIELD}` of the question is no list of sources")
    if value != sorted(set(value)):
        raise invalid(f"`{FIELD}` of the question are not in order, or not each once")
    if not set(value) <= set(FURTHER):
        raise unsupported(f"`{FIELD}` but {', '.join(FURTHER)}")
    return tuple(map(DateSource, value))


def write(dates: Sequence[DateSource]) -> list[str]:
    """The field as a template writes it."""
    return sorted(source.value for source in dates)
