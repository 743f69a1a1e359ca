"""Policies in CUE on the real Gatekeeper: what CUE holds against an image or a statement is denied, in its words."""

from __future__ import annotations

from tests.e2e.rig.sigstore import Sigstore
from tests.e2e.signing import Judge, by_key

REVIEW = "https://example.test/review/v1"
# What a review has to say; who is allowed is a list, and a level below 3 needs a second reader.
REVIEWED = """import "list"

let readers = ["ann", "ben"]
#Review: {
	by:      string
	level:   int & >=1
	second?: string
	...
}
predicate: #Review & {
	approved: true
	by:       by
	if !list.Contains(readers, by) {
		by: "a reader who is known"
	}
	...
}
"""
# No Pod on its node's network, and no image that nobody signed; who may stand beside is open.
RULE = """#Container: {
	image: !~"/control[@:]"
	securityContext?: privileged?: false
	...
}
spec: {
	hostNetwork: false
	containers: [...#Container]
}
authorityMatches: release: static: true
"""
CUE = "failed evaluating cue policy for"
CONFLICT = "failed to evaluate the policy with error:"


def test_statement_that_conflicts_with_cue_is_denied_in_its_words(judge: Judge, instance: Sigstore) -> None:
    good, rejected, stranger = (judge.image(name) for name in ("good", "rejected", "stranger"))
    instance.attest_legacy_by_key(good.pinned, REVIEW, {"approved": True, "by": "ann", "level": 2, "note": "fine"})
    instance.attest_legacy_by_key(rejected.pinned, REVIEW, {"approved": False, "by": "ann", "level": 2})
    instance.attest_legacy_by_key(stranger.pinned, REVIEW, {"approved": True, "by": "eve", "level": 2})
    entry = {"name": "reviewed", "predicateType": REVIEW, "policy": {"type": "cue", "data": REVIEWED}}
    judge.enforce(by_key(instance.key, attestations=[entry]))
    assert judge.verdict(good.pinned).admitted
    why = "predicate.approved: conflicting values false and true"
    assert f"{CUE} reviewed: {CONFLICT} {why}" in judge.refusal(rejected.pinned)
    why = 'predicate.by: conflicting values "a reader who is known" and "eve"'
    assert f"{CUE} reviewed: {CONFLICT} {why}" in judge.refusal(stranger.pinned)


def test_pod_that_conflicts_with_cue_is_denied_in_its_words(judge: Judge) -> None:
    image = judge.image()
    authority = {"name": "release", "static": {"action": "pass"}}
    judge.enforce(authority, rule={"type": "cue", "includeSpec": True, "data": RULE})
    assert judge.verdict(image.pinned).admitted
    assert judge.verdict(image.pinned, hostNetwork=False).admitted
    why = "spec.hostNetwork: conflicting values true and false"
    assert f"{CUE} ClusterImagePolicy: {CONFLICT} {why}" in judge.refusal(image.pinned, hostNetwork=True)
    control = judge.refusal(judge.image("control").pinned)
    assert f"{CUE} ClusterImagePolicy: {CONFLICT} spec.containers.0.image: invalid value " in control
