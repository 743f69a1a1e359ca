"""When the images of workloads were built, as the facts say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.freshness.outlook import OutlookSubject
from provider.errors import BestbeforeError
from provider.questions.question import FactQuestion, key_of
from provider.registry import reference


def births(subjects: Iterable[OutlookSubject], facts: FactSource) -> Mapping[WorkloadName, int]:
    """When the oldest image of each workload was built, nanoseconds since 1970; without those that have no date.

    Args:
        subjects: the images; each is asked about as it runs where that is known, and as its tag is written.
        facts: answers.
    """
    asked = {(each.workload, key) for each in subjects for key in _keys(each)}
    values = facts.answers(sorted({key for _, key in asked})).values
    found: dict[WorkloadName, int] = {}
    for workload, key in asked:
        text = str(values.get(key, {}).get("createdNs") or "")
        # What says that it was built in 1970 or before does not know.
        if text.isdecimal() and int(text) > 0:
            found[workload] = min(int(text), found.get(workload, int(text)))
    return found


def _keys(subject: OutlookSubject) -> Iterable[str]:
    images = [subject.image]
    if subject.digest and not subject.by_tag:
        try:
            images.append(f"{reference.parse(subject.image).context}@{subject.digest}")
        except BestbeforeError:
            images = []
    return [key_of(FactQuestion(image)) for image in images]
