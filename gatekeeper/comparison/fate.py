"""What became of a request that we would have denied: pure, from what the cluster shows now.

Nobody says whether a request that we only watched was let through. An object that was made by it, or written at that
moment, says so. That nothing is there does not say the contrary: the object may have ended since.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.cluster.times import whole_time
from gatekeeper.comparison.limits import APART_SECONDS
from gatekeeper.comparison.sighting import ChildPod, ObjectSighting, StoredObject
from gatekeeper.denials.lines.violation import AdmissionRequest
from gatekeeper.denials.reports.summary import DenialEntry
from gatekeeper.documents import workloads


class Fate(StrEnum):
    """What became of it.

    `admitted`   the object that it made, or a Pod of its workload made since, is there
    `unclear`    something is there that may be of another request
    `absent`     nothing of it is there now: somebody else refused it, or it has ended
    `unseen`     nobody looked
    """

    ADMITTED = "admitted"
    UNCLEAR = "unclear"
    ABSENT = "absent"
    UNSEEN = "unseen"


@dataclass(frozen=True)
class ShadowDenial:
    """Requests of one workload that one policy would have denied because of one image.

    Attributes:
        entry: the requests.
        would: what the policy would do, `deny` or `warn`; empty where nobody can say.
        fate: what became of them.
        why: how that is known, or why not: a part of a sentence.
    """

    entry: DenialEntry
    would: str
    fate: Fate
    why: str


def of(entry: DenialEntry, seen: ObjectSighting) -> tuple[Fate, str]:
    """What became of the requests of an entry, and how that is known."""
    if seen.problem:
        return Fate.UNSEEN, seen.problem
    if since := [pod for pod in seen.pods if _made_since(entry, pod)]:
        owner = since[0]
        return Fate.ADMITTED, f"{owner.kind} {owner.owner} has a Pod that was made since"
    if seen.object is None:
        return Fate.ABSENT, "nothing of it is there now: something else refused it, or it has ended"
    return _there(entry, seen.object)


def same_image(one: str, other: str) -> bool:
    """Whether two texts may be of one image: a webhook writes the digest behind the tag."""
    return one.partition("@")[0] == other.partition("@")[0]


def _there(entry: DenialEntry, found: StoredObject) -> tuple[Fate, str]:
    request = entry.denial.violation.request or AdmissionRequest()
    if _during(entry, found.created):
        return Fate.ADMITTED, f"it is there, made at {whole_time(found.created)}"
    if request.operation != "CREATE" and (times := [each for each in found.written if _during(entry, each)]):
        return Fate.ADMITTED, f"it is there, written at {whole_time(times[0])}"
    when = "before" if found.created < entry.first else "later"
    return Fate.UNCLEAR, f"one of this name is there, made {when}, at {whole_time(found.created)}"


def _made_since(entry: DenialEntry, pod: ChildPod) -> bool:
    image = entry.denial.violation.image
    fits = pod.kind not in workloads.CHANGING or any(same_image(image, each) for each in pod.images)
    return fits and pod.created >= entry.first - APART_SECONDS


def _during(entry: DenialEntry, time: float) -> bool:
    return bool(time) and entry.first - APART_SECONDS <= time <= entry.last + APART_SECONDS
