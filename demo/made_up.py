"""The story of images that were made up for it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from demo import fridge
from demo.forecast import denied_from
from demo.gatekeeper import Admission
from demo.provider import Connection, UnreachableError
from demo.stage import PLAYGROUND, POLICY, SHOP, Stage, pod
from demo.story import Outcome, Step

SENTENCE: Final = (
    "policy is not compliant for query 'isCompliant = data.sigstore.isCompliant' with errors: "
    "Image exceeds maximum allowed age."
)
_NEXT_MONTH: Final = "+30d"
_DENIED: Final = 1
_ANSWERED: Final = "answered"


def steps(registry: str) -> list[Step]:
    """The steps, with images of a registry (`HOST:PORT`)."""
    story = _Story(registry)
    return [
        Step("No policy yet", story.no_policy),
        Step("A policy", story.policy),
        Step("Translated for Gatekeeper", story.translated),
        Step("A fresh image", story.fresh),
        Step("An old image", story.old),
        Step("Two images, one of them old", story.two_images),
        Step("An image for several platforms, all old", story.all_platforms_old),
        Step("An image for several platforms, one of them fresh", story.one_platform_fresh),
        Step("An image that does not say when it was built", story.undated),
        Step("A namespace that did not opt in", story.other_namespace),
        Step("Only a warning", story.warning),
        Step("The fresh image, next month", story.next_month),
        Step("A stranger asks the provider", story.stranger),
        Step("The provider is stopped", story.stopped),
    ]


@dataclass(frozen=True)
class _Story:
    registry: str

    def no_policy(self, stage: Stage) -> Outcome:
        admission = stage.create("database", self._image(fridge.OLD))
        return Outcome(
            f"{self._created('database', fridge.OLD)}, built {fridge.OLD_DAYS} days ago.",
            admission.lines,
            "admitted: Gatekeeper has no constraint to enforce, so nobody asks about the image",
            admission.admitted and not admission.matched,
        )

    def policy(self, _stage: Stage) -> Outcome:
        text = POLICY.read_text(encoding="utf-8")
        return Outcome(
            "policies/maximum-image-age/cip.yaml, a ClusterImagePolicy as sigstore's policy-controller takes it:",
            text.splitlines(),
            "read: an image must be younger than thirty days",
            "limit = 30 * day" in text,
        )

    def translated(self, stage: Stage) -> Outcome:
        done, objects = stage.translate(POLICY)
        made = [f"{each['kind']} {each['metadata']['name']}" for each in objects]
        return Outcome(
            f"{done.words} | kubectl apply --server-side -f -",
            made or done.errors.splitlines(),
            "a ConstraintTemplate, in which the policy's Rego stands as it was, and a Constraint",
            are_template_and_constraint(objects),
        )

    def fresh(self, stage: Stage) -> Outcome:
        admission = stage.create("web", self._image(fridge.FRESH))
        return Outcome(
            f"{self._created('web', fridge.FRESH)}, built {fridge.FRESH_DAYS} days ago.",
            admission.lines,
            "admitted",
            admission.admitted and bool(admission.matched) and not admission.violations,
        )

    def old(self, stage: Stage) -> Outcome:
        admission = stage.create("database", self._image(fridge.OLD))
        return Outcome(
            f"{self._created('database', fridge.OLD)}, built {fridge.OLD_DAYS} days ago.",
            admission.lines,
            "denied, with the policy's own sentence, the field and the image",
            self._too_old(admission, fridge.OLD, "spec.containers[0].image"),
        )

    def two_images(self, stage: Stage) -> Outcome:
        admission = stage.create("pair", self._image(fridge.FRESH), self._image(fridge.OLD))
        named = self._too_old(admission, fridge.OLD, "spec.containers[1].image")
        return Outcome(
            f"{self._created('pair', fridge.FRESH)} and {self._image(fridge.OLD)}.",
            admission.lines,
            "denied: the old one is named, the fresh one is not",
            named and self._image(fridge.FRESH) not in "".join(admission.denials),
        )

    def all_platforms_old(self, stage: Stage) -> Outcome:
        admission = stage.create("mail", self._image(fridge.ALL_OLD))
        return Outcome(
            f"{self._created('mail', fridge.ALL_OLD)}, for amd64 (40 days) and arm64 (33 days).",
            admission.lines,
            "denied",
            self._too_old(admission, fridge.ALL_OLD, "spec.containers[0].image"),
        )

    def one_platform_fresh(self, stage: Stage) -> Outcome:
        admission = stage.create("search", self._image(fridge.ONE_FRESH))
        return Outcome(
            f"{self._created('search', fridge.ONE_FRESH)}, for amd64 (2 days) and arm64 (90 days).",
            admission.lines,
            "admitted: this policy asks whether some platform is young (`config[_]`)",
            admission.admitted and not admission.violations,
            aside="Whoever wants every platform to be young says so: the policy MaximumImageAge does by default.",
        )

    def undated(self, stage: Stage) -> Outcome:
        admission = stage.create("cart", self._image(fridge.UNDATED))
        return Outcome(
            f"{self._created('cart', fridge.UNDATED)}.",
            admission.lines,
            "denied: what cannot be shown to be young is not admitted",
            not admission.admitted and self._image(fridge.UNDATED) in "".join(admission.denials),
        )

    def other_namespace(self, stage: Stage) -> Outcome:
        admission = stage.create("database", self._image(fridge.OLD), namespace=PLAYGROUND)
        constraint = next(iter(stage.gatekeeper.constraints.values()))
        wanted = constraint["spec"]["match"]["namespaceSelector"]["matchLabels"]
        return Outcome(
            f"{self._created('database', fridge.OLD, PLAYGROUND.name)}, which has no labels.",
            [f"match.namespaceSelector of the Constraint: {wanted}", *admission.lines],
            "left alone: the Constraint does not match",
            admission.admitted and not admission.matched,
            aside="Whom a Constraint matches is decided by Gatekeeper itself, before any template is evaluated; here "
            "that part is played.",
        )

    def warning(self, stage: Stage) -> Outcome:
        softer = stage.folder / "policy-warn.yaml"
        softer.write_text(POLICY.read_text(encoding="utf-8").replace("mode: enforce", "mode: warn"), encoding="utf-8")
        stage.translate(softer)
        admission = stage.create("database", self._image(fridge.OLD))
        stage.translate(POLICY)
        return Outcome(
            f"The policy says `mode: warn` for a moment. {self._created('database', fridge.OLD)}.",
            admission.lines,
            "admitted, and whoever created it is told",
            admission.admitted and SENTENCE in "".join(admission.warnings),
        )

    def next_month(self, stage: Stage) -> Outcome:
        image = self._image(fridge.FRESH)
        done = stage.bestbefore("check", "--policy", str(POLICY), "--image", image, "--now", _NEXT_MONTH)
        now = time.time_ns()
        admission = stage.create("web", image)
        end = denied_from(stage.gatekeeper, pod("web", [image], SHOP), admission, now)
        told = f"{image} would be denied from {end:%Y-%m-%d %H:%M} UTC on" if end else f"{image} would never be denied"
        return Outcome(
            f"{done.words}, the verdict of a cluster without one, by another clock.",
            [*(line.strip() for line in done.output.splitlines()), told],
            "admitted today, denied next month, and the date is known today",
            admission.admitted and done.code == _DENIED and end is not None,
        )

    def stranger(self, stage: Stage) -> Outcome:
        keys = [self._image(fridge.FRESH)]
        known = _answer(stage.gatekeeper.connection, keys)
        unknown = _answer(stage.stranger(), keys)
        return Outcome(
            "POST /validate to the provider, over TLS, with Gatekeeper's certificate, and then without one.",
            [f"with:    {known}", f"without: {unknown}"],
            "refused: only who has a certificate of Gatekeeper's authority may make the provider call registries",
            known == _ANSWERED and unknown != _ANSWERED,
        )

    def stopped(self, stage: Stage) -> Outcome:
        code = stage.provider.stop()
        admission = stage.create("web", self._image(fridge.FRESH))
        said = "".join(admission.denials)
        return Outcome(
            f"kill -TERM of the provider (it ended with {code}); then {self._created('web', fridge.FRESH)}.",
            admission.lines,
            "denied, although the image is fresh: no answer admits nothing, and the message says whom to ask",
            code == 0 and "(ProviderUnavailable, ref " in said,
        )

    def _image(self, name: str) -> str:
        return f"{self.registry}/{name}"

    def _created(self, pod_name: str, image: str, namespace: str = SHOP.name) -> str:
        return f"Create Pod {namespace}/{pod_name} with {self._image(image)}"

    def _too_old(self, admission: Admission, image: str, field: str) -> bool:
        lines: Sequence[str] = [line for line in admission.denials if SENTENCE in line]
        return len(admission.denials) == 1 and any(f"{field} {self._image(image)}" in line for line in lines)


def _answer(connection: Connection, keys: Sequence[str]) -> str:
    try:
        response = connection.ask(keys)
    except UnreachableError as error:
        return str(error)
    return _ANSWERED if response["items"] else response["systemError"]


def are_template_and_constraint(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these are what one policy becomes."""
    match objects:
        case [{"kind": "ConstraintTemplate"}, {"apiVersion": str(version)}]:
            return version.startswith("constraints.gatekeeper.sh/")
        case _:
            return False
