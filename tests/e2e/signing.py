"""Policies about signatures in the spellings that tests need, and the judge that puts them into force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.e2e.rig import objects, verdicts
from tests.e2e.rig.kubernetes import Answer, KubernetesClient, Object
from tests.e2e.rig.policies import Policies, translate, until
from tests.e2e.rig.registry import PushedImage, Registry, days_ago
from tests.e2e.rig.verdicts import Verdict

Authority = dict[str, Any]

# What upstream says where there is no signature, and where a key does not fit one.
ABSENT: Final = "no signatures found"
INVALID: Final = "no matching signatures: invalid signature when validating ASN.1 encoded signature"


def policy(name: str, glob: str, *authorities: Authority, mode: str = "enforce", rule: Object | None = None) -> str:
    """The text of a ClusterImagePolicy."""
    spec: Object = {"images": [{"glob": glob}], "authorities": list(authorities), "mode": mode}
    if rule is not None:
        spec["policy"] = rule
    kind = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy"}
    return yaml.safe_dump({**kind, "metadata": {"name": name}, "spec": spec})


def by_key(pem: str, name: str = "release", **more: Any) -> Authority:
    """An authority that is a public key."""
    return {"name": name, "key": {"data": pem}, **more}


def keyless(root: str, name: str = "release", *, identity: Mapping[str, str], **more: Any) -> Authority:
    """An authority that is somebody whom a trust root's authorities certify."""
    certified = {"url": "https://fulcio.rig.test", "identities": [dict(identity)], "trustRootRef": root}
    return {"name": name, "keyless": certified, **more}


@dataclass
class Judge:
    """Puts policies about one team's images into force, and asks both the cluster and `bestbefore check`.

    Attributes:
        client: of the API server.
        registry: where the images are.
        policies: takes them away again.
        folder: scratch space.
        trust_roots: files by the names that policies use, as the provider has them.
        space: a namespace that asks for policies.
        team: the first part of its images' repositories; nobody else's policies cover them.
        documents: what is in force.
    """

    client: KubernetesClient
    registry: Registry
    policies: Policies
    folder: Path
    trust_roots: Mapping[str, Path]
    space: str
    team: str = field(default_factory=lambda: objects.unique("team"))
    documents: list[Object] = field(default_factory=list)
    _files: list[Path] = field(default_factory=list)

    @property
    def glob(self) -> str:
        """Covers the team's images."""
        return f"{self.registry.host}/{self.team}/**"

    def image(self, name: str = "app", days: float = 1) -> PushedImage:
        """Push an image of the team's, built so many days ago."""
        return self.registry.push(f"{self.team}/{name}", days_ago(days))

    def enforce(self, *authorities: Authority, mode: str = "enforce", rule: Object | None = None) -> str:
        """Put a policy about the team's images into force, and return its name.

        An image that nobody has signed shows when it is.
        """
        name = objects.unique("signed")
        text = policy(name, self.glob, *authorities, mode=mode, rule=rule)
        self._files.append(self.folder / f"{name}.yaml")
        self._files[-1].write_text(text)
        documents = translate(text, self.folder)
        self.policies.install(documents)
        self.documents += documents
        control = objects.pod(self.space, self.image("control").pinned)
        until(lambda: self.client.create(control, dry_run=True), lambda answer: _speaks(answer, name), "denial")
        return name

    def verdict(self, image: str, **spec: Any) -> Verdict:
        """What both the cluster and `check` say of a new Pod with this image; they never differ."""
        pod = objects.pod(self.space, image, **spec)
        in_cluster = verdicts.of_cluster(self.client.create(pod, dry_run=True))
        assert in_cluster == self.check(pod)
        return in_cluster

    def check(self, pod: Object) -> Verdict:
        """What `check` says of an object."""
        return verdicts.of_check(self._files, pod, self.folder, self.trust_roots)

    def refusal(self, image: str, **spec: Any) -> str:
        """The one sentence that denies a new Pod with this image."""
        (sentence,) = self.verdict(image, **spec).errors
        return sentence


def refused(kind: str, authority: str, image: PushedImage, why: str) -> str:
    """What policy-controller says where an authority does not vouch for an image."""
    return f"signature {kind} validation failed for authority {authority} for {image.pinned}: {why}"


def _speaks(answer: Answer, name: str) -> bool:
    said: Sequence[str] = (answer.message, *answer.warnings)
    return any(f"[{name}] " in text for text in said)
