"""A month of 200 workloads, with what changes in it, and what Gatekeeper would say at any of its moments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gatekeeper.cluster.resource import NAMESPACES, WORKLOADS
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.forecast.coverage import covered
from gatekeeper.freshness.inventory.inventory import WorkloadInventory
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader
from gatekeeper.freshness.outlook import DAY, SECOND, Question
from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.translation.translate import Translation
from gatekeeper.waivers.terms import WaiverTerms
from tests.engine import engine
from tests.simulators.cluster import ClusterSimulator
from tests.unit.freshness.objects import NOW, BirthFacts, namespace, owned, pod, spec, workload

WORKLOADS_IN_ALL = 200
IMAGES = 20
# Those of the last images come later.
IMAGES_AT_FIRST = 18
# The days on which something changes: what people deploy, a Waiver, the schedule of a policy.
DEPLOYED, WAIVED, SCHEDULED = 9, 12, 15
CHANGES = (0, DEPLOYED, WAIVED, SCHEDULED)
END = NOW + 37 * DAY
CONTROLLER = "system:serviceaccount:kube-system:replicaset-controller"
OPERATOR = "cnpg-system/cnpg-manager"
WAIVER = {
    "apiVersion": "bestbefore.dev/v1alpha1",
    "kind": "Waiver",
    "metadata": {"name": "vendor", "creationTimestamp": "2026-12-13T12:00:00Z"},
    "spec": {
        "policies": ["strict"],
        "namespaces": ["team-1"],
        "images": ["registry.example.com/**"],
        "until": "2026-12-27T06:30:15Z",
        "reason": "the vendor builds it anew",
        "owner": "team-one",
    },
}

Key = tuple[str, str, Question]
"""Policy, image, question: workloads with one image are judged alike here, and each image is in one namespace."""


def policies(day: int) -> list[Translation]:
    """Those in force on a day."""
    entries = [ScheduleEntry("2026-12-10T08:00:00Z", "30d")]
    if day >= SCHEDULED:
        entries.append(ScheduleEntry("2026-12-24", "25d"))
    strict = MaximumImageAge(
        name="strict",
        max_age="45d",
        schedule=tuple(entries),
        reschedule="warn",
        grace="4d",
        controllers=(OPERATOR,),
        exemptions=(Exemption("registry.example.com/app-1*", "2026-12-20", "a vendor's", "team-two", "team-2"),),
        waivers=WaiverTerms(allowed=True),
    )
    plain = MaximumImageAge(name="plain", max_age="40d", reschedule="deny", cooldown=Cooldown("3d", "created"))
    template = KIND.template(synced_waivers=True)
    return [Translation(each.name, template, each.constraints()) for each in (strict, plain)]


def waivers(day: int) -> Sequence[dict[str, Any]]:
    """Those of a day."""
    return (WAIVER,) if day >= WAIVED else ()


def image(number: int) -> str:
    """Of a workload."""
    return f"registry.example.com/app-{number % IMAGES}:1"


def place(number: int) -> str:
    """The namespace of a workload."""
    return f"team-{number % 4}"


def facts() -> BirthFacts:
    """Images from an hour to 45 days old, at odd fractions of seconds."""
    return BirthFacts({image(number): NOW - (3600 + number * 197_531) * SECOND - number for number in range(IMAGES)})


def inventory(day: int) -> WorkloadInventory:
    """What runs on a day; every image whose number ends in 5 is a database's, which an operator runs."""
    cluster = ClusterSimulator()
    for number in range(4):
        cluster.add(NAMESPACES, namespace(place(number)))
    for each in _objects(day):
        cluster.add(WORKLOADS[each["kind"]], each)
    return WorkloadInventoryReader(cluster, covered(policies(day)), "team").read(NOW + day * DAY)


def _objects(day: int) -> Iterator[dict[str, Any]]:
    for number in range(WORKLOADS_IN_ALL):
        if number % IMAGES >= IMAGES_AT_FIRST and day < DEPLOYED:
            continue
        metadata = {"name": f"app{number}", "namespace": place(number)}
        if _is_database(number):
            made = pod(
                f"app{number}-1", spec(image(number)), **owned("Cluster", f"app{number}", "postgresql.cnpg.io/v1")
            )
            yield {**made, "metadata": {**made["metadata"], "namespace": place(number)}}
        else:
            yield workload("Deployment", metadata["name"], spec(image(number)), replicas=1, metadata=metadata)


def _is_database(number: int) -> bool:
    return number % 10 == 5


@dataclass(frozen=True)
class Moment:
    """A question about an image to Gatekeeper.

    Attributes:
        key: what is asked.
        at: when; nanoseconds since 1970.
        day: the day of the last change before: what is in force.
    """

    key: Key
    at: int
    day: int


def denied(moments: Sequence[Moment]) -> list[bool]:
    """What the templates say of whole reviews at these moments, each by itself."""
    answers = facts()
    found: dict[Moment, bool] = {}
    for day in CHANGES:
        its = list(dict.fromkeys(each for each in moments if each.day == day))
        evaluator = Evaluator(replace(engine(), seconds=120.0), waivers=waivers(day))
        in_force = {each.policy: each for each in policies(day)}
        for first in range(0, len(its), 200):
            some = its[first : first + 200]
            said = evaluator.evaluate([_case(each, in_force) for each in some], answers.answers)
            found |= {each: bool(one) for each, one in zip(some, said.violations, strict=True)}
    return [found[each] for each in moments]


def _case(moment: Moment, in_force: dict[str, Translation]) -> ConstraintReview:
    policy, name, question = moment.key
    number = int(name.removeprefix("registry.example.com/app-").removesuffix(":1"))
    pod_of_it = {"apiVersion": "v1", "kind": "Pod", "spec": spec(name)}
    metadata = {"name": "app", "namespace": place(number)}
    kind, user, operation = {"group": "", "version": "v1", "kind": "Pod"}, "", ""
    made: dict[str, Any] = {**pod_of_it, "metadata": metadata}
    if question is Question.RESCHEDULE:
        user = f"system:serviceaccount:{OPERATOR.replace('/', ':')}" if _is_database(number) else CONTROLLER
        operation, made = "CREATE", {**pod_of_it, "metadata": {"generateName": "app-", "namespace": place(number)}}
    elif question is Question.APPLY:
        user, operation = "somebody", "CREATE"
        kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
        made = workload("Deployment", "app", spec(name), replicas=1, metadata=metadata)
    review = {
        "kind": kind,
        "operation": operation,
        "name": "app",
        "namespace": place(number),
        "object": made,
        "oldObject": None,
        "userInfo": {"username": user},
    }
    translation = in_force[policy]
    parameters = translation.constraints[0]["spec"]["parameters"]
    return ConstraintReview(Template.of(translation.template), parameters, review, moment.at)
