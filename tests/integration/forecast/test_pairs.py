"""What the two Constraints of a pair say is evaluated once, and is what each of them says alone: by the real opa."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from gatekeeper.cluster.resource import NAMESPACES, WORKLOADS
from gatekeeper.evaluation import case_facts
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.freshness.forecast import unit_judge
from gatekeeper.freshness.forecast.coverage import covered
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.forecast.pairs import pairs
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.inventory.inventory import WorkloadInventory
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Verdict
from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.translation.translate import Translation
from gatekeeper.waivers.terms import WaiverTerms
from gatekeeper.waivers.waiver import Waiver
from tests import quick_yaml
from tests.engine import engine
from tests.programs import ROOT
from tests.simulators.cluster import ClusterSimulator
from tests.unit.freshness.objects import NOW, namespace, owned, pod, spec, workload

pytestmark = pytest.mark.integration

REPOSITORY = "registry.example.com/shop/app"
PLACES = ("shop", "tools")
DAYS = 20
POLICIES, SEED = 4, 0
AGES = ("5d", "12d", "30d", "45d", "60d")


def text(days: float) -> str:
    """A moment, in days from now."""
    return datetime.fromtimestamp(NOW // SECOND + round(days * 86_400), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age_limit(number: int, dice: random.Random) -> Translation:
    """A policy as somebody may write it."""
    cools = dice.random() < 0.3
    schedule = (ScheduleEntry(text(dice.uniform(-5, 6)), dice.choice(AGES)), ScheduleEntry(text(9.5), "30d"))
    until = text(dice.uniform(-2, DAYS))
    made = MaximumImageAge(
        name=f"age-{number}",
        max_age=dice.choice(AGES),
        schedule=schedule if dice.random() < 0.4 else (),
        cooldown=Cooldown("3d", "created") if cools else Cooldown(),
        unknown_age="deny" if cools else dice.choice(("deny", "warn", "allow")),
        platforms=dice.choice(("all", "any")),
        reschedule=dice.choice(("deny", "warn", "allow")),
        grace=dice.choice(("", "4d")),
        injected=(f"{REPOSITORY}1*",) if dice.random() < 0.2 else (),
        images=(f"{REPOSITORY}*",) if dice.random() < 0.2 else ("**",),
        exemptions=(Exemption(f"{REPOSITORY}2*", until, "a vendor's", "team", "shop"),) if dice.random() < 0.3 else (),
        waivers=waivers_of(number, until) if dice.random() < 0.5 else WaiverTerms(),
    )
    constraints = [changed(each, dice) for each in made.constraints()]
    return Translation(made.name, KIND.template(synced_waivers=True), tuple(constraints))


def waivers_of(number: int, until: str) -> WaiverTerms:
    """Terms with an entry."""
    entry = Waiver(
        "written", (f"age-{number}",), ("tools",), (f"{REPOSITORY}3",), until, "a vendor's image", "team", text(-20)
    )
    return WaiverTerms(allowed=True, entries=(entry,))


def changed(constraint: Mapping[str, Any], dice: random.Random) -> Mapping[str, Any]:
    """One of a pair as somebody may have changed it."""
    its = {**constraint["spec"]}
    if dice.random() < 0.15:
        its["enforcementAction"] = dice.choice(("deny", "warn", "dryrun", "scoped"))
        its["scopedEnforcementActions"] = [{"action": "deny", "enforcementPoints": [{"name": "*"}]}]
    if dice.random() < 0.2:
        its["match"] = {**its["match"], "excludedNamespaces": [dice.choice(PLACES)]}
    parameter = dice.choice(("maxAge", "reports", "twin", "unknownAge", "name", "reschedule"))
    if dice.random() < 0.2:
        values = {"maxAge": "20d", "reports": "all", "twin": {"unknownAge": "allow"}, "name": "another"}
        its["parameters"] = {**its["parameters"], parameter: values.get(parameter, "warn")}
    return {**constraint, "spec": its}


def signature_policies() -> Iterator[Translation]:
    """Who must sign, with what becomes of tags and of images that no rule covers."""
    folder = ROOT / "policies" / "signed-images"
    template = quick_yaml.load((folder / "template.yaml").read_text())
    made = list(quick_yaml.load_all((folder / "constraint.yaml").read_text()))
    for digest, unmatched in (("require", "warn"), ("warn", "allow"), ("off", "deny")):
        changes = {"digest": digest, "unmatched": unmatched, "name": f"signed-{digest}"}
        several = [
            {**each, "spec": {**each["spec"], "parameters": {**each["spec"]["parameters"], **changes}}} for each in made
        ]
        yield Translation(f"signed-{digest}", template, tuple(several))


def synced() -> Sequence[Mapping[str, Any]]:
    """A Waiver of the cluster for half of the policies."""
    its = {
        "policies": [f"age-{number}" for number in range(0, 16, 2)],
        "namespaces": ["shop"],
        "images": [f"{REPOSITORY}*"],
        "until": text(7.25),
        "reason": "the vendor builds it anew",
        "owner": "team-shop",
    }
    return [{"metadata": {"name": "shop", "creationTimestamp": text(-1)}, "spec": its}]


def births(dice: random.Random) -> Mapping[str, Mapping[str, Any]]:
    """Facts of images: dated, undated, of two platforms, from the future, gone, and of a registry that is away."""
    odd: list[Mapping[str, Any]] = [
        {"created": None},
        {"created": text(2)},
        {"platforms": {"linux/amd64": {"created": text(-28)}, "linux/arm64": {"created": text(-40)}}},
        {"reason": "NotFound"},
        {"reason": "RegistryUnavailable"},
    ]
    facts = [*odd, *({"created": text(-dice.uniform(0, 65))} for _ in range(5))]
    names = (f"{REPOSITORY}{number}:1" for number in range(len(facts)))
    return {name: case_facts.completed(name, each) for name, each in zip(names, facts, strict=True)}


def inventory(policies: Sequence[Translation], images: Sequence[str]) -> WorkloadInventory:
    """Each image in two namespaces, applied, brought back and running."""
    cluster = ClusterSimulator()
    for place in PLACES:
        cluster.add(NAMESPACES, namespace(place))
        for number, image in enumerate(images):
            name = f"{place}-{number}"
            there = {"namespace": place}
            cluster.add(WORKLOADS["Deployment"], workload("Deployment", name, spec(image), metadata=there, replicas=1))
            maker = owned("Deployment", name)
            made = workload("ReplicaSet", f"{name}-5d4f8c7b94", spec(image), metadata={**there, **maker})
            cluster.add(WORKLOADS["ReplicaSet"], made)
            running = pod(f"{name}-a", spec(image), **owned("ReplicaSet", f"{name}-5d4f8c7b94"), **there)
            cluster.add(WORKLOADS["Pod"], running)
    return WorkloadInventoryReader(cluster, covered(policies), "team").read(NOW)


def test_what_is_evaluated_at_once_is_what_each_constraint_says_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(SEED)
    policies = [*(age_limit(number, dice) for number in range(POLICIES)), *signature_policies()]
    facts = births(dice)
    there = inventory(policies, list(facts))
    shared: list[int] = []

    def counted(rules: Mapping[int, Rule]) -> Mapping[int, int]:
        shared.append(len(pairs(rules)))
        return pairs(rules)

    def foreseen() -> Sequence[Outlook]:
        around = ForecastSurroundings(waivers=synced())
        known = RecordedFacts(facts).named(policies)
        return outlooks(policies, there, known, engine(), NOW, NOW + DAYS * DAY, around)

    monkeypatch.setattr(unit_judge, "pairs", counted)
    together = foreseen()
    monkeypatch.setattr(unit_judge, "pairs", lambda _: {})
    alone = foreseen()
    assert [each for each, other in zip(together, alone, strict=True) if each != other] == []
    verdicts = {turn.verdict for each in together for turn in each.turns}
    sys.stdout.write(f"seed {SEED}: {len(together)} outlooks, {sum(shared)} pairs, {sorted(verdicts)}\n")
    assert verdicts == set(Verdict)
    assert sum(shared) > 4
