"""What is judged once for all that are alike is judged as each is by itself: by the real opa, whole objects beside."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.evaluation import case_facts
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.freshness.forecast import clue, rule_search
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.forecast.scope import Scope
from gatekeeper.freshness.outlook import DAY, SECOND, Question
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import Translation, translate
from gatekeeper.waivers.terms import WaiverTerms
from tests import quick_yaml
from tests.engine import engine
from tests.programs import ROOT
from tests.unit.freshness.forecast.test_outlooks import inventory
from tests.unit.freshness.objects import NOW, digest, owned, pod, spec, workload

pytestmark = pytest.mark.integration

HOUR = 3600 * SECOND
END = NOW + 5 * HOUR
YOUNG, OLD = "registry.example.com/payments/young:1", "registry.example.com/shop/old:1"
PINNED = f"registry.example.com/shop/pinned@{digest(3)}"
OPERATOR = "cnpg-system/cnpg-manager"
WAIVER = {
    "metadata": {"name": "shop", "creationTimestamp": "2026-11-30T12:00:00Z"},
    "spec": {
        "policies": ["waivable"],
        "namespaces": ["shop"],
        "images": ["registry.example.com/shop/*"],
        "until": "2026-12-01T14:30:00Z",
        "reason": "the vendor builds it anew",
        "owner": "team-shop",
    },
}


def own_policies() -> Iterator[Translation]:
    """Limits of age: as controllers are let through, as some namespaces are exempt, and as Waivers hold."""
    exempt = Exemption("registry.example.com/shop/old*", "2026-12-01T15:00:00Z", "a vendor's", "team", "shop")
    several = (
        MaximumImageAge(name="denied", reschedule="deny"),
        MaximumImageAge(name="let-through", reschedule="warn", grace="2h", controllers=(OPERATOR,)),
        MaximumImageAge(name="injected", reschedule="allow", injected=("registry.example.com/shop/*",)),
        MaximumImageAge(name="exempt", reschedule="deny", exemptions=(exempt,), cooldown=Cooldown("2d", "created")),
        MaximumImageAge(name="waivable", reschedule="warn", waivers=WaiverTerms(allowed=True)),
    )
    template = KIND.template(synced_waivers=True)
    for each in several:
        yield Translation(each.name, template, each.constraints())


def signature_policies() -> Iterator[Translation]:
    """Who must sign, with what becomes of tags."""
    folder = ROOT / "policies" / "signed-images"
    template = quick_yaml.load((folder / "template.yaml").read_text())
    made = list(quick_yaml.load_all((folder / "constraint.yaml").read_text()))
    for setting in ("require", "warn", "off"):
        changed = []
        for each in made:
            signers = [one for rule in each["spec"]["parameters"]["rules"] for one in rule.get("signers", ())]
            (release,) = [one for one in signers if one["name"] == "release"]
            rules = [{"images": [{"glob": "registry.example.com/**"}], "signers": [release], "quorum": 1}]
            parameters = {**each["spec"]["parameters"], "digest": setting, "rules": rules, "name": f"signed-{setting}"}
            metadata = {"name": each["metadata"]["name"].replace("signed-images", f"signed-{setting}")}
            changed.append({**each, "metadata": metadata, "spec": {**each["spec"], "parameters": parameters}})
        yield Translation(f"signed-{setting}", template, tuple(changed))


def image_policies() -> Sequence[Translation]:
    """ClusterImagePolicies: with a rule that reads the clock, with signatures, and one that chooses kinds."""
    (aged,) = quick_yaml.load_all((ROOT / "policies" / "maximum-image-age" / "cip.yaml").read_text())
    others = quick_yaml.load_all((ROOT / "policies" / "signed-images" / "cip.yaml").read_text())
    (signed,) = [each for each in others if each["metadata"]["name"] == "signed-payments-release"]
    chosen = {"match": [{"resource": "pods", "version": "v1"}]}
    documents = [
        aged,
        {**aged, "metadata": {"name": "chosen"}, "spec": {**aged["spec"], **chosen}},
        signed,
        {**signed, "metadata": {"name": "signed-warn", "annotations": {"bestbefore.dev/digest": "warn"}}},
        {**signed, "metadata": {"name": "signed-off", "annotations": {"bestbefore.dev/digest": "off"}}},
    ]
    text = "---\n".join(map(yaml.safe_dump, documents))
    return translate(load_policies(["-"], io.BytesIO(text.encode())).policies)


def objects() -> Iterator[dict[str, Any]]:
    """Each kind that brings Pods, in two namespaces, with each image."""
    images = (YOUNG, OLD, PINNED)
    for place in ("shop", "tools"):
        there = {"metadata": {"namespace": place}}
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"):
            more = {"schedule": "0 3 * * *"} if kind == "CronJob" else {}
            yield workload(kind, f"{kind.lower()}-{place}", spec(*images), **there, **more)
        yield _pod(f"bare-{place}", place, images)
        yield _pod(f"db-{place}", place, images, **owned("Cluster", f"db-{place}", "postgresql.cnpg.io/v1"))
        yield _pod(f"odd-{place}", place, images, **owned("Widget", f"odd-{place}", "example.com/v1"))
        yield _pod(f"set-{place}", place, images, **owned("StatefulSet", f"statefulset-{place}"))


def _pod(name: str, place: str, images: Sequence[str], **more: Any) -> dict[str, Any]:
    ids = [f"{each.partition('@')[0].removesuffix(':1')}@{digest(n + 1)}" for n, each in enumerate(images)]
    made = pod(name, spec(*images, initContainers=[{"name": "init", "image": images[0]}]), ids, **more)
    return {**made, "metadata": {**made["metadata"], "namespace": place}}


def facts(policies: Sequence[Translation]) -> RecordedFacts:
    """Two images turn within the hours that are looked at, one is old; one is signed."""
    ages = {YOUNG: 30 * DAY - 2 * HOUR - 5, OLD: 80 * DAY, PINNED: 30 * DAY - 3 * HOUR + 7}
    digests = {YOUNG: digest(1), OLD: digest(2), PINNED: digest(3)}
    found: dict[str, dict[str, Any]] = {}
    for name, age in ages.items():
        signed = [{"by": "release"}] if name == PINNED else []
        fact = {"digest": digests[name], "created": _text((NOW - age) // SECOND), "signed": signed}
        found[name] = fact
        found[f"{name.partition('@')[0].removesuffix(':1')}@{digests[name]}"] = fact
    return RecordedFacts({name: case_facts.completed(name, each) for name, each in found.items()}).named(policies)


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Verdicts = dict[tuple[str, Question, WorkloadName, str, str], list[tuple[int, str, str]]]


def foreseen(policies: Sequence[Translation]) -> Verdicts:
    """What becomes of each image, by policy, question and object."""
    around = ForecastSurroundings(waivers=(WAIVER,), actors={"Cluster": OPERATOR})
    found = outlooks(policies, inventory(policies, *objects()), facts(policies), engine(), NOW, END, around)
    return {
        (each.policy, each.question, each.subject.workload, each.subject.path, each.subject.image): [
            (turn.since, turn.verdict.value, turn.reason) for turn in each.turns
        ]
        for each in found
    }


@pytest.mark.parametrize("policies", [own_policies, signature_policies, image_policies])
def test_what_is_judged_for_all_alike_is_as_whole_objects_are(
    policies: Callable[[], Sequence[Translation]], monkeypatch: pytest.MonkeyPatch
) -> None:
    several = list(policies())
    shared = foreseen(several)
    monkeypatch.setattr(Scope, "of", lambda *_: Scope(by_image=False))
    # Nothing is taken for granted of when they turn, either.
    for module in (clue, rule_search):
        monkeypatch.setattr(module, "is_known", lambda _: False)
    whole = foreseen(several)
    differing = {key: (each, whole.get(key)) for key, each in shared.items() if whole.get(key) != each}
    assert differing == {}
    assert shared.keys() == whole.keys()
    sys.stdout.write(f"judged alike: {len(shared)} of {len(whole)}\n")
    assert len({verdict for each in shared.values() for _, verdict, _ in each}) > 1
