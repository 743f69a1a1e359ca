"""Registries: whether images that were named can be asked about from here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, warning
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged
from provider.foreign_text import shown


@dataclass(frozen=True)
class ImageAnswer:
    """What became of the question about an image.

    Attributes:
        image: as it was named.
        reason: why there is no answer; empty where there is one.
        message: the same in a sentence.
    """

    image: str
    reason: str = ""
    message: str = ""


def judge(answers: Reading[Sequence[ImageAnswer]]) -> Iterator[DoctorFinding]:
    """Whether each image could be asked about."""
    if isinstance(answers, ReadFailure):
        yield not_judged(Check.REGISTRIES, answers)
        return
    for each in answers:
        if each.reason:
            message = f"{each.reason}: {shown(each.message)}"
            remedy = f"`bestbefore explain {each.reason}` says what to do."
            yield warning(Check.REGISTRIES, shown(each.image), message, remedy)
