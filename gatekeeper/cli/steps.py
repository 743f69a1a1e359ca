"""The steps of answers, as `facts --steps` shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import click

from gatekeeper.cli import output
from gatekeeper.cli.quotation import visible
from provider.questions import question
from provider.questions.question import Question
from provider.steps import AnswerStep, StepPurpose, StepRecorder, StepTarget

_HEADING: Final = ("trip", "asked for", "from", "host", "status", "bytes", "ms", "credential", "left")
_NAMES: Final[Mapping[tuple[StepTarget, StepPurpose], str]] = {
    (StepTarget.MANIFEST, StepPurpose.PLATFORM): "manifest of a platform",
    (StepTarget.INDEX, StepPurpose.PLATFORM): "index in the index",
    (StepTarget.BLOB, StepPurpose.CONFIGURATION): "configuration",
    (StepTarget.TAG, StepPurpose.SIGNATURE): "tag of signatures",
    (StepTarget.MANIFEST, StepPurpose.SIGNATURE): "manifest of signatures",
    (StepTarget.INDEX, StepPurpose.SIGNATURE): "index of signatures",
    (StepTarget.BLOB, StepPurpose.SIGNATURE): "signature",
}


class StepJournal:
    """The steps of each question of a command."""

    def __init__(self) -> None:
        self._questions: dict[str, StepList] = {}

    def recorder(self, asked: Question) -> StepRecorder:
        """Gets the steps of a question."""
        return self._questions.setdefault(question.ref(question.key_of(asked)), StepList())

    def of(self, key: str) -> Sequence[AnswerStep]:
        """The steps of the question that a key asks."""
        found = self._questions.get(question.ref(key))
        return tuple(found.steps) if found is not None else ()


class StepList:
    """The steps of one question, in the order in which they were done."""

    def __init__(self) -> None:
        self.steps: list[AnswerStep] = []

    def record(self, step: AnswerStep) -> None:
        """See `StepRecorder`."""
        self.steps.append(step)


def show(steps: Sequence[AnswerStep], what: str) -> None:
    """Print steps as a table, and what they took together.

    Args:
        steps: of one question.
        what: the question, as a heading says it.
    """
    click.echo(f"  {what}: {_sum(steps)}")
    if steps:
        output.table([_HEADING, *map(_row, steps)])


def _sum(steps: Sequence[AnswerStep]) -> str:
    requests = [step for step in steps if step.trip]
    if not requests:
        return "no request" if steps else "nothing was asked"
    longest, size = max(step.trip for step in requests), sum(step.bytes for step in requests)
    if len(requests) == 1:
        return f"1 request, {size} bytes"
    order = "one after the other" if longest == len(requests) else f"{longest} of them one after the other"
    return f"{len(requests)} requests, {order}, {size} bytes"


def _row(step: AnswerStep) -> tuple[str, ...]:
    return (
        str(step.trip or "-"),
        _name(step),
        _source(step),
        visible(step.host) or "-",
        _outcome(step),
        str(step.bytes),
        f"{step.ms:g}",
        visible(step.account) or "-",
        "-" if step.remaining is None else str(step.remaining),
    )


def _name(step: AnswerStep) -> str:
    name = _NAMES.get((step.asked, step.purpose), step.asked.value)
    return f"{step.method} {name}" if step.method == "HEAD" else name


def _source(step: AnswerStep) -> str:
    return "another caller" if step.source == "flight" else step.source.value


def _outcome(step: AnswerStep) -> str:
    words = [str(step.status)] if step.status is not None else []
    if step.reason:
        words.append(step.reason)
    return " ".join(words) or "-"
