"""Signatures that are dear to look at and prove nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.attack import bounds, images
from tests.attack.assault import in_time
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Caller, proof
from tests.attack.images import Document
from tests.attack.neighbour import beside
from tests.attack.provider import Provider
from tests.attack.registries import answering
from tests.attack.stage import Stage
from tests.simulators.signing import TSA, SigningWorld, canonical

_BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
_BUNDLES: Final = 99
_STAMPS: Final = 32
_AUTHORITIES: Final = 4
_REPOSITORY: Final = "app"
# Processor time for a question, and for the same one again: seconds.
_FIRST_SECONDS: Final = 1.5
_AGAIN_SECONDS: Final = 0.15
# After which nobody remembers a failed question as such.
_FORGOTTEN_SECONDS: Final = 2.0
_ROUNDS: Final = 2


@cache
def _world() -> SigningWorld:
    return SigningWorld()


@cache
def _trust_root() -> dict[str, Any]:
    """With as many authorities as a root has that has seen some years."""
    authorities = [TSA(f"stamps {number}").trusted() for number in range(1, _AUTHORITIES)]
    document = dict(_world().trust_root)
    return document | {"timestampAuthorities": [*document["timestampAuthorities"], *authorities]}


def _stranger(digest: str, foreign: SigningWorld) -> dict[str, Any]:
    """A bundle by a key that nobody asked for, stamped again and again by an authority that nobody trusts."""
    return foreign.bundle(digest, foreign.key, entry=None, stamps=[None] * _STAMPS)


@cache
def _shelf(image: images.Image) -> Mapping[str, Document]:
    """The image and what refers to it."""
    foreign = SigningWorld()
    shelf = dict(images.shelf(_REPOSITORY, image.documents))
    entries = []
    for _ in range(_BUNDLES):
        bundle = Document(_BUNDLE, canonical(_stranger(image.manifest.digest, foreign)))
        empty = Document("application/vnd.oci.empty.v1+json", b"{}")
        manifest = {
            "schemaVersion": 2,
            "mediaType": images.MANIFEST,
            "artifactType": _BUNDLE,
            "config": empty.descriptor(),
            "layers": [bundle.descriptor()],
            "subject": image.manifest.descriptor(),
        }
        artifact = Document(images.MANIFEST, canonical(manifest))
        entries.append(artifact.descriptor(artifactType=_BUNDLE))
        shelf |= images.shelf(_REPOSITORY, [artifact, bundle, empty], artifact.digest)
    listed = {"schemaVersion": 2, "mediaType": images.INDEX, "manifests": entries}
    shelf[f"/v2/{_REPOSITORY}/referrers/{image.manifest.digest}"] = Document(images.INDEX, canonical(listed))
    return shelf


@dataclass(frozen=True)
class _Question:
    """One that is dear, and a provider that has not been asked yet."""

    provider: Provider
    caller: Caller
    key: str


def _asked(stage: Stage) -> _Question:
    image = images.image(images.configuration(_REPOSITORY))
    registry = stage.registry(answering(_shelf(image)))
    root = stage.folder / "trusted_root.json"
    root.write_text(json.dumps(_trust_root()))
    provider = stage.provider(registry, flags=[f"--trust-root=ours={root}"])
    caller = stage.caller(provider)
    verify = {
        "key": {"data": _world().key.public_pem, "hashAlgorithm": "sha256"},
        "format": "bundle",
        "timestamp": {"trustRoot": "ours"},
    }
    # What is imported with the first question about signatures is not what is asked about here.
    caller.ask(proof(f"{stage.healthy}/single/other:1", verify), path="/audit")
    return _Question(provider, caller, proof(f"{registry.host}/{_REPOSITORY}@{image.manifest.digest}", verify))


def _processor(stage: Stage) -> Outcome:
    asked = _asked(stage)
    costs, reasons, seconds = [], [], []
    for _ in range(_ROUNDS):
        before = asked.provider.meter.processor_seconds()
        reply = asked.caller.ask(asked.key, path="/audit")
        asked.provider.await_idle(20)
        costs.append(asked.provider.meter.processor_seconds() - before)
        reasons.append(reply.reason(asked.key) or "a value")
        seconds.append(reply.seconds)
        time.sleep(_FORGOTTEN_SECONDS)
    again = max(costs[1:])
    return outcome(
        Check(f"{costs[0]:.1f} s of processor", costs[0] <= _FIRST_SECONDS),
        Check(f"again {again:.2f} s", again <= _AGAIN_SECONDS),
        Check(f"`{reasons[-1]}` after {seconds[0]:.2f} s", set(reasons) == {"SignatureRejected"}),
    )


def _neighbours(stage: Stage) -> Outcome:
    asked = _asked(stage)
    neighbour = stage.neighbour(asked.provider)
    alone, begun = neighbour.alone(), time.monotonic()
    replies = []
    while time.monotonic() < begun + bounds.ATTACK_SECONDS:
        replies.append(asked.caller.ask(asked.key))
        time.sleep(_FORGOTTEN_SECONDS / 2)
    return outcome(*beside(alone, neighbour.during(begun, time.monotonic())), in_time(replies))


SCENE: Final = Scene(
    "proofs",
    "signatures that are dear to look at",
    (
        Attack(
            f"{_BUNDLES} bundles with {_STAMPS} timestamps each, of an authority that is none of the trust root's "
            f"{_AUTHORITIES}; asked twice",
            f"`SignatureRejected`, {_FIRST_SECONDS} s of processor at most, again {_AGAIN_SECONDS} s",
            _processor,
        ),
        Attack("The same again and again", "own answers in time; a neighbour's p99 at most doubles", _neighbours),
    ),
)
