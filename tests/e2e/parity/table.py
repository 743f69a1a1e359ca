"""Reads the table: cases, the policies that they need, and the objects to try.

A case has a `name`, a sentence (`checks`), its policies and its probes, in the short forms that its file explains:

    policies    specs of ClusterImagePolicies; what is left out covers everything and passes
    globs       short for one policy that refuses what these globs cover, with `covers` and `leaves` as its probes
    rule        short for one policy with a Rego rule behind `package sigstore`; `mode`, `authorities` and `policy` are
                beside it; without probes, a Pod with the image `registry.test/app:1` is tried
    noMatch     allow, warn or deny: what the cluster does with images that no policy covers
    probes      objects: `kind`, `image` or `images`, `init`, `volume`, `labels`; `verdict`, and what it `says`
    sameText    false where cluster and check may word the refusal otherwise
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import Object

FOLDER = Path(__file__).parent
DIGEST = "sha256:" + "0123456789abcdef" * 4
_IMAGE = "registry.test/app:1"


@dataclass(frozen=True)
class Probe:
    """An object to try.

    Attributes:
        images: of its containers.
        kind: of the object.
        init: image of an init container, or empty.
        volume: image of a volume, or empty.
        labels: of the object.
        verdict: `allowed`, `warned` or `denied`.
        says: a part of one message.
    """

    images: tuple[str, ...]
    verdict: str
    says: str = ""
    kind: str = "Pod"
    init: str = ""
    volume: str = ""
    labels: Mapping[str, str] | None = None

    def build(self, space: str, resolve: Callable[[str], str]) -> Object:
        """The object in a namespace; `resolve` turns the names of images into references."""
        images = [resolve(image) for image in self.images]
        made = objects.pod(space) if self.kind == "Pod" else workload(self.kind, space)
        if self.labels is not None:
            made["metadata"]["labels"] = dict(self.labels)
        spec = pod_spec(made)
        spec["containers"] = objects.containers(*images)
        if self.init:
            spec["initContainers"] = objects.containers(resolve(self.init), prefix="i")
        if self.volume:
            spec["volumes"] = [objects.image_volume(resolve(self.volume))]
        return made


@dataclass(frozen=True)
class ParityCase:
    """Policies in force together, and what they make of objects.

    Attributes:
        file: name of the file that it stands in.
        name: its own, and the beginning of its policies' names.
        policies: specs of ClusterImagePolicies.
        no_match: allow, warn or deny.
        probes: what to try.
        same_text: whether cluster and check say the same words.
    """

    file: str
    name: str
    policies: tuple[Mapping[str, Any], ...]
    no_match: str
    probes: tuple[Probe, ...]
    same_text: bool

    def documents(self) -> list[Object]:
        """Its ClusterImagePolicies."""
        return [_cip(f"{self.name}-{number}", spec) for number, spec in enumerate(self.policies)]


def cases() -> list[ParityCase]:
    """Every case of every file."""
    return [
        _case(path.stem, entry)
        for path in sorted(FOLDER.glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text("utf-8"))
    ]


def workload(kind: str, space: str) -> Object:
    """An object of the kind, without containers yet."""
    if kind != "ReplicationController":
        return objects.workload(kind, space)
    template = {"metadata": {"labels": {"app": "rig"}}, "spec": {}}
    metadata = {"name": objects.unique("rc"), "namespace": space}
    spec = {"selector": {"app": "rig"}, "template": template}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}


def pod_spec(made: Object) -> Object:
    """The part of an object that has the containers."""
    spec: Object = made["spec"]
    if made["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return dict_of(spec["template"]["spec"]) if made["kind"] != "Pod" else spec


def dict_of(value: Any) -> Object:
    """The value, which must be a mapping."""
    assert isinstance(value, dict)
    return value


def _case(file: str, entry: Mapping[str, Any]) -> ParityCase:
    assert entry["checks"], "a case says what it checks"
    return ParityCase(
        file,
        entry["name"],
        tuple(_specs(entry)),
        entry.get("noMatch", "allow"),
        tuple(_probes(entry)),
        entry.get("sameText", True),
    )


def _specs(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "globs" in entry:
        refuse = [{"static": {"action": "fail", "message": "covered"}}]
        yield {"images": [{"glob": glob} for glob in entry["globs"]], "authorities": refuse}
    elif "rule" in entry:
        policy = {**entry.get("policy", {}), "data": f"package sigstore\n{entry['rule']}"}
        yield {"policy": policy, **{name: entry[name] for name in ("mode", "authorities") if name in entry}}
    else:
        yield from entry["policies"]


def _cip(name: str, spec: Mapping[str, Any]) -> Object:
    whole = {"images": [{"glob": "**"}], "authorities": [{"static": {"action": "pass"}}], **spec}
    if "policy" in whole:
        whole["policy"] = {"type": "rego", **whole["policy"]}
    return {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": name},
        "spec": whole,
    }


def _probes(entry: Mapping[str, Any]) -> Iterator[Probe]:
    for image in entry.get("covers", ()):
        yield Probe((image,), "denied")
    for image in entry.get("leaves", ()):
        yield Probe((image,), "allowed")
    if "verdict" in entry:
        yield Probe((_IMAGE,), entry["verdict"], entry.get("says", ""))
    for probe in entry.get("probes", ()):
        rest = {name: value for name, value in probe.items() if name not in {"image", "images"}}
        yield Probe(tuple(probe.get("images") or [probe["image"]]), **rest)
