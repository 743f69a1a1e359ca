"""A story is a list of steps; each does something and says what it should come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from demo.provider import ProviderError
from demo.stage import DemoError, Stage
from demo.teller import Teller
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError


@dataclass(frozen=True)
class Outcome:
    """What came of a step.

    Attributes:
        did: what was done, a sentence.
        said: what came out, line by line.
        told: what should come out.
        holds: whether it did.
        aside: what a reader may wonder about.
        failure: what to say where it did not.
    """

    did: str
    said: Sequence[str]
    told: str
    holds: bool
    aside: str = field(default="", kw_only=True)
    failure: str = field(default="", kw_only=True)

    @property
    def verdict(self) -> str:
        """Its last line."""
        return self.told if self.holds else self.failure or f"not as told: {self.told}"


@dataclass(frozen=True)
class Step:
    """One thing that is shown.

    Attributes:
        title: a few words.
        show: does it.
    """

    title: str
    show: Callable[[Stage], Outcome]


def tell(steps: Sequence[Step], stage: Stage, teller: Teller) -> bool:
    """Tell a story; says whether every step came out as told."""
    good = 0
    teller.said(stage.props)
    for number, step in enumerate(steps, 1):
        teller.step(number, step.title)
        try:
            outcome = step.show(stage)
        except (DemoError, ProviderError, EvaluationError, NoVerdictError) as error:
            outcome = Outcome("", str(error).splitlines(), "", holds=False, failure="this step could not be shown")
        _print(outcome, teller)
        good += outcome.holds
    _summary(good, len(steps), teller)
    return good == len(steps)


def _print(outcome: Outcome, teller: Teller) -> None:
    if outcome.did:
        teller.did(outcome.did)
    teller.said(outcome.said)
    if outcome.aside:
        teller.did(outcome.aside)
    teller.verdict(outcome.verdict, good=outcome.holds)


def _summary(good: int, steps: int, teller: Teller) -> None:
    teller.plain("")
    if good == steps:
        teller.verdict(f"all {steps} steps came out as told", good=True)
    else:
        teller.verdict(f"{steps - good} of {steps} steps did not come out as told", good=False)
