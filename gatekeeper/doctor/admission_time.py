"""How long one admission may take for the policies in force; see docs/explanation/time.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.doctor import limits
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error, warning
from gatekeeper.doctor.installed_policy import InstalledConstraint
from gatekeeper.doctor.matches import looking_at
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged
from gatekeeper.doctor.webhook import VALIDATION, Webhook


@dataclass(frozen=True)
class TimeBound:
    """The longest that an admission takes.

    Attributes:
        sets: sets of images that no Constraint shares; each may be waited for.
        constraints: how many are evaluated.
        wait: seconds for one set.
    """

    sets: int
    constraints: int
    wait: float

    @property
    def seconds(self) -> float:
        """All waits, and the evaluation of an object with `limits.OBJECT_IMAGES` images."""
        return self.sets * self.wait + self.constraints * limits.OBJECT_IMAGES * limits.EVALUATION_SECONDS


def bound(constraints: Sequence[InstalledConstraint], wait: float) -> TimeBound:
    """The bound for an object that all of these Constraints look at.

    A set of images is one list of globs. A Constraint that does not say its images may be about others than all of
    those: it is a set of its own, one for each kind.
    """
    asking = [each for each in constraints if each.asks]
    sets = {each.images if each.images is not None else each.kind for each in asking}
    return TimeBound(len(sets), len(asking), wait)


def judge(
    constraints: Reading[Sequence[InstalledConstraint]],
    namespaces: Reading[Mapping[str, Mapping[str, str]]],
    webhooks: Reading[Sequence[Webhook]],
    wait: float,
) -> Iterator[DoctorFinding]:
    """Whether the bound of the namespace with most policies fits into the webhook's timeout."""
    check = Check.ADMISSION_TIME
    unread = [each for each in (constraints, namespaces, webhooks) if isinstance(each, ReadFailure)]
    yield from (not_judged(check, each) for each in unread)
    if isinstance(constraints, ReadFailure) or isinstance(namespaces, ReadFailure) or isinstance(webhooks, ReadFailure):
        return
    judging = next((each for each in webhooks if each.name == VALIDATION), None)
    bounds = {name: bound(found, wait) for name, found in looking_at(constraints, namespaces)}
    if judging is None or not bounds:
        return
    name = max(bounds, key=lambda each: (bounds[each].seconds, each))
    most = bounds[name]
    if most.seconds >= judging.seconds:
        what = "admitted unchecked" if judging.ignores else "refused without a reason"
        message = (
            f"an admission may take {most.seconds:.1f} s, and the webhook's timeout is {judging.seconds} s: "
            f"{most.constraints} Constraints ask about {most.sets} sets of images, each may wait {most.wait:g} s for "
            f"silent registries. What takes longer is {what}"
        )
        yield (error if judging.ignores else warning)(check, f"Namespace {name}", message)
