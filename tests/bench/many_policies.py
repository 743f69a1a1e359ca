"""Twenty policies over one cluster: limits of age, rules of somebody's own, signatures, configurations, Waivers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

import yaml

from gatekeeper.evaluation import opa
from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import Translation, translate
from gatekeeper.waivers.terms import WaiverTerms
from tests.programs import ROOT

# Who signs, in the folders of `policies/`.
SIGNERS: Final = ("ci", "release")
WAIVERS: Final = 20
_LIMITS: Final = ("20d", "25d", "30d", "35d", "40d", "45d", "60d")
_RULE_DAYS: Final = (30, 45, 60)


def policies() -> list[Translation]:
    """All of them, as a cluster that syncs Waivers has them."""
    template = KIND.template(synced_waivers=True)
    own = [Translation(each.name, template, each.constraints()) for each in (*_plain(), *_waivable())]
    stream = io.BytesIO("---\n".join(map(yaml.safe_dump, _image_policies())).encode())
    loaded = load_policies(["-"], stream)
    return [*own, *translate(loaded.policies, parser=opa.find(), synced_waivers=True)]


def waivers(created: str, until: str) -> Iterator[dict[str, Any]]:
    """Waivers for images of a few namespaces each.

    Args:
        created: when, RFC 3339.
        until: their end.
    """
    for number in range(WAIVERS):
        spec = {
            "policies": [f"waivable-{number % 2}"],
            "namespaces": [f"team-{number}", f"team-{number + 50}"],
            "images": ["registry.example.com/billing/**", f"registry.example.com/shop/app{number}"],
            "until": until,
            "reason": "the vendor builds it anew",
            "owner": "team-one",
        }
        metadata = {"name": f"waiver-{number}", "creationTimestamp": created}
        yield {"metadata": metadata, "spec": spec}


def _plain() -> Iterator[MaximumImageAge]:
    """Limits of age; the last one has a cooldown, too."""
    for number, limit in enumerate(_LIMITS):
        yield MaximumImageAge(name=f"age-{number}", max_age=limit, reschedule="deny" if number % 2 else "warn")
    yield MaximumImageAge(name="age-and-cooldown", max_age="50d", grace="5d", cooldown=Cooldown("3d", "created"))


def _waivable() -> Iterator[MaximumImageAge]:
    """With a schedule, and Waivers."""
    for number in range(2):
        entries = (ScheduleEntry("2026-12-10T08:00:00Z", "40d"), ScheduleEntry("2026-12-20", "30d"))
        waived = WaiverTerms(allowed=True)
        yield MaximumImageAge(name=f"waivable-{number}", max_age="60d", schedule=entries, waivers=waived)


def _image_policies() -> Iterator[dict[str, Any]]:
    """ClusterImagePolicies: four whose rules read the clock, four about signatures, two that read configurations."""
    (aged,) = _of("maximum-image-age")
    for days in _RULE_DAYS:
        text = str(aged["spec"]["policy"]["data"]).replace("30 * day", f"{days} * day")
        yield _named(aged, f"rule-{days}", policy={**aged["spec"]["policy"], "data": text})
    yield from _of("image-cooldown")
    yield from _of("signed-images")
    release = _of("signed-images")[2]
    yield _named(release, "signed-billing", images=[{"glob": "registry.example.com/billing/**"}])
    yield from _of("not-root")
    yield from _of("required-labels")


def _of(folder: str) -> Sequence[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "policies" / folder / "cip.yaml").read_text()))


def _named(document: dict[str, Any], name: str, **spec: Any) -> dict[str, Any]:
    return {**document, "metadata": {"name": name}, "spec": {**document["spec"], **spec}}
