"""What a person reads before they switch: differences, counts, and what was not compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gatekeeper.comparison import fate
from gatekeeper.comparison.constraints import GeneratedConstraints
from gatekeeper.comparison.fate import Fate, ShadowDenial
from gatekeeper.comparison.judgements import RunningJudgement
from gatekeeper.comparison.objects import ObjectReader
from gatekeeper.comparison.rejections import POLICY_CONTROLLER, RejectionCount
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.violation import Action
from gatekeeper.denials.reports.summary import DenialEntry


@dataclass(frozen=True)
class Comparison:
    """What we would do, beside what is done.

    Attributes:
        denials: what policies in the shadow would have denied, or warned of, the newest last.
        denied: how many violations in the log were denied by us, because their Constraint is not in the shadow.
        running: what runs, judged.
        rejections: what the API server counts; None where it may not be read.
        notes: what was not compared without hiding a difference, a sentence each.
        gaps: what was not compared, so that a difference may be missing, a sentence each.
    """

    denials: Sequence[ShadowDenial]
    denied: int
    running: RunningJudgement
    rejections: Sequence[RejectionCount] | None
    notes: Sequence[str] = ()
    gaps: Sequence[str] = field(default_factory=tuple)

    def of(self, *fates: Fate) -> list[ShadowDenial]:
        """What would have been denied, or perhaps, and became that."""
        return [each for each in self.denials if each.fate in fates and each.would in ("", Action.DENY)]

    @property
    def differs(self) -> bool:
        """Whether we would deny what is admitted, or runs."""
        return bool(self.of(Fate.ADMITTED) or self.running.denials)

    @property
    def complete(self) -> bool:
        """Whether no difference can be missing, as far as what was read says."""
        return not self.gaps and not self.of(Fate.UNCLEAR, Fate.UNSEEN)


def shadow_denials(
    entries: Sequence[DenialEntry], constraints: GeneratedConstraints, reader: ObjectReader
) -> tuple[list[ShadowDenial], list[str]]:
    """What became of the denials of Constraints in the shadow; and a sentence about those of others."""
    quiet = [each for each in entries if Action.DRYRUN in each.denial.violation.actions and not each.denial.dry_run]
    of_ours = [each for each in quiet if constraints.problems or _would(each, constraints) is not None]
    found = [
        ShadowDenial(each, _would(each, constraints) or "", *fate.of(each, seen))
        for each, seen in zip(of_ours, reader.sightings(of_ours), strict=True)
    ]
    return found, list(_left_out(entries, len(quiet) - len(of_ours)))


def unexplained(denials: Sequence[ShadowDenial], rejections: Sequence[RejectionCount] | None) -> Iterator[str]:
    """A sentence, where what is absent cannot all have been refused by policy-controller: some of it was admitted.

    Args:
        denials: in the shadow.
        rejections: what the API server counts; None where it may not be read.
    """
    requests: dict[WorkloadName, int] = {}
    for each in denials:
        if each.fate is Fate.ABSENT and each.would in {"", Action.DENY}:
            # A request has a line for each image and policy: so many requests there were at least.
            workload = each.entry.denial.workload
            requests[workload] = max(requests.get(workload, 0), each.entry.count)
    least = sum(requests.values())
    if rejections is None and least:
        yield f"whether {least} requests whose object is not there now were refused by policy-controller is not known"
        return
    refused = sum(each.refused + each.failed for each in rejections or () if each.webhook == POLICY_CONTROLLER)
    if refused < least:
        yield (
            f"{least} requests that we would deny left nothing that is there now, and policy-controller refused "
            f"{refused} since this API server began: others may have been admitted, and have ended"
        )


def _would(entry: DenialEntry, constraints: GeneratedConstraints) -> str | None:
    """What the Constraint would do; None of one that is not in the shadow, or of somebody else."""
    found = constraints.of(entry.denial.violation.constraint)
    return found.would if found is not None and found.shadow else None


def _left_out(entries: Sequence[DenialEntry], foreign: int) -> Iterator[str]:
    if foreign:
        yield (
            f"{foreign} kinds of dryrun lines in the log are of Constraints that are not in the shadow now: of other "
            "people's, or of policies that have changed since"
        )
    if tried := sum(each.denial.dry_run for each in entries):
        yield f"{tried} kinds of lines are of requests that change nothing (dry runs)"
