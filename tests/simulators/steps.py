"""Remembers the steps of an answer."""

from __future__ import annotations

from provider.steps import AnswerStep


class StepList:
    """A recorder whose steps a test looks at, in the order in which they were done."""

    def __init__(self) -> None:
        self.steps: list[AnswerStep] = []

    def record(self, step: AnswerStep) -> None:
        """See `StepRecorder`."""
        self.steps.append(step)

    def told(self, *names: str) -> list[tuple[object, ...]]:
        """These fields of each."""
        return [tuple(step.to_json()[name] for name in names) for step in self.steps]
