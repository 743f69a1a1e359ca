"""What one request is for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from provider.observer import Operation
from provider.reasons import Reason
from provider.registry.transport.transport import Response
from provider.steps import StepSource


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        code: label of the metric: HTTP status as text, or what went wrong.
        reason: code of what went wrong; None with an answer.
        answered: whether the registry said anything.
        response: the answer, where it is whole.
        failure: why it was of no use, where that is the registry's own failure: no answer, or an error of its own.
    """

    code: str = "connection"
    reason: Reason | None = None
    answered: bool = False
    response: Response | None = None
    failure: Reason | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """What a request is for, as messages and metrics name it.

    Attributes:
        operation: label of the metric.
        what: how a message names it, `manifest of reg.io/app:v1`.
        subject: the repository, by which heavy images are distinguished from silent registries.
        limit: bytes that the body of a good answer may have.
        size: bytes that it is said to have; 0 where nobody says.
        source: whom it goes to, as steps name it.
    """

    operation: Operation
    what: str
    subject: str
    limit: int
    size: int = 0
    source: StepSource = StepSource.REGISTRY
