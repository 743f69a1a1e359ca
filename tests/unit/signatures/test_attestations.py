"""From a question about attestations to proofs, with a registry in memory."""

from __future__ import annotations

import json

import pytest

from provider import limits
from provider.questions.attestation_question import AttestationWish
from provider.questions.config_paths import ConfigPaths
from provider.questions.proof_question import Key, SignatureSource, Verify
from provider.reasons import Reason
from provider.registry.content import media_types
from tests.simulators.attesting import ENVELOPE, TYPE, envelope, statement
from tests.simulators.signing import Signer, new_key
from tests.unit.signatures.test_verifier import EMPTY, REPOSITORY, World

NONE = "no matching attestations: "


class Attested(World):
    """An image with attestations."""

    def wish(self, predicate_type=TYPE, paths=(), **more):
        wish = AttestationWish(predicate_type, statement=ConfigPaths(paths))
        return Verify(Key(self.signing.key.public_pem), attestation=wish, **more)

    def said(self, signer=None, digest=None, **changes):
        payload = statement(digest or self.digest, **changes)
        return self.envelope(envelope(signer or self.signing.key, payload=payload))

    def envelope(self, body, size=None):
        digest = self.registry.push_blob(REPOSITORY, body)
        notes = {"dev.cosignproject.cosign/signature": ""}
        return {"mediaType": ENVELOPE, "digest": digest, "size": size or len(body), "annotations": notes}

    def attest(self, *layers, suffix="att", prefix=""):
        manifest = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": EMPTY, "layers": list(layers)}
        tag = f"{prefix}{self.digest.replace(':', '-')}.{suffix}"
        return self.registry.push_manifest(REPOSITORY, tag, manifest)


@pytest.fixture
def here(world, tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(world.trust_root))
    here = Attested(world, path)
    yield here
    here.loop.finish()


def test_attestation_is_proved_in_three_round_trips_and_again_in_none(here):
    here.attest(here.said())
    (proof,) = here.prove(here.wish(paths=(("predicate", "ok"),))).proofs
    assert proof.attestation.statement == {"predicate": {"ok": True}}
    here.prove(here.wish(paths=(("predicate", "ok"),)))
    assert here.trips == [3, 0]


def test_answer_holds_no_more_of_a_statement_than_is_asked_for(here):
    here.attest(here.said(predicate={"wanted": 1, "large": "x" * 1000}))
    value = here.prove(here.wish(paths=(("predicate", "wanted"),))).to_json("ref")
    assert "large" not in json.dumps(value)
    assert here.prove(here.wish()).proofs[0].attestation.statement == {}


def test_several_of_a_type_are_all_told_in_the_order_of_the_layers(here):
    here.attest(*(here.said(predicate={"n": number}) for number in (3, 1, 2)), here.said(predicate={"n": 3}))
    proofs = here.prove(here.wish(paths=(("predicate",),))).proofs
    assert [proof.attestation.statement["predicate"]["n"] for proof in proofs] == [3, 1, 2, 3]


def test_of_other_types_each_is_told_once(here):
    here.attest(
        *(here.said(predicateType="other", predicate=number) for number in range(5)), here.said(predicateType="b")
    )
    proofs = here.prove(here.wish()).proofs
    assert [proof.attestation.predicate_type for proof in proofs] == ["other", "b"]


def test_strangers_beside_a_good_one_are_left_out(here):
    here.attest(here.said(Signer(new_key())), here.said(digest="sha256:" + "c" * 64), here.said())
    assert len(here.prove(here.wish()).proofs) == 1


def test_image_without_attestations_has_none_even_if_it_is_signed(here):
    here.attach(here.signed(here.signing.key))
    error = here.refusal(here.wish())
    assert (error.reason, error.message) == (Reason.ATTESTATION_ABSENT, NONE)
    assert error.detail.startswith("no attestation under the tag sha256-")
    assert not error.reason.durable


def test_attestations_that_prove_nothing_are_told_with_each_problem(here):
    here.attest(here.said(Signer(new_key())), here.said(digest="sha256:" + "c" * 64))
    error = here.refusal(here.wish())
    assert error.reason is Reason.ATTESTATION_REJECTED
    assert error.message == (
        NONE + "accepted signatures do not match threshold, Found: 0, Expected 1 no matching subject digest found"
    )


def test_new_attestation_is_seen_at_once_where_there_was_none_of_the_type(here):
    here.attest(here.said(predicateType="other"))
    assert here.prove(here.wish()).proofs[0].attestation.statement is None
    here.attest(here.said(predicateType="other"), here.said())
    here.clock.advance(limits.PASSING_SECONDS + 0.1)
    assert here.prove(here.wish()).proofs[-1].attestation.statement == {}


def test_attestation_that_cannot_be_had_leaves_no_answer_because_it_may_be_the_one(here):
    here.attest(here.said(), here.said(predicate={"n": 2}))
    here.registry.fail("blob", 503)
    assert here.refusal(here.wish()).reason is Reason.REGISTRY_UNAVAILABLE


def test_a_thousand_are_looked_at_and_more_are_refused_before_the_first_is_fetched(here):
    layers = [here.said()] * (limits.ATTESTATIONS + 1)
    here.attest(*layers)
    error = here.refusal(here.wish())
    assert error.message == "number of layers (1001) exceeded the limit (1000)"
    assert "blob" not in [asked.kind for asked in here.registry.requests]


def test_bytes_are_counted_before_the_first_is_fetched(here):
    one = here.said()
    here.attest(*({**one, "size": limits.ATTESTATION_BYTES} for _ in range(5)))
    error = here.refusal(here.wish())
    assert error.reason is Reason.ATTESTATION_REJECTED
    assert f"more than the {limits.ATTESTATIONS_BYTES} of one image" in error.message
    assert "blob" not in [asked.kind for asked in here.registry.requests]


def test_one_that_is_too_large_is_not_fetched_and_hides_no_good_one(here):
    here.attest({**here.said(), "size": limits.ATTESTATION_BYTES + 1}, here.said(predicate={"n": 1}))
    assert len(here.prove(here.wish()).proofs) == 1


def test_more_than_an_answer_holds_is_refused_with_what_to_do(here):
    here.attest(here.said(predicate={"sbom": "x" * limits.ITEM_BYTES, "small": 1}))
    error = here.refusal(here.wish(paths=(("predicate",),)))
    assert error.reason is Reason.LIMIT_EXCEEDED
    assert "let its rule name the fields that it reads" in error.message
    assert here.prove(here.wish(paths=(("predicate", "small"),))).proofs


def test_attestations_may_lie_elsewhere_under_a_prefix(here):
    here.attest(here.said(), prefix="release-")
    source = SignatureSource(f"reg.example/{REPOSITORY}", "release-")
    assert here.prove(here.wish(source=source)).proofs
    assert here.refusal(here.wish()).reason is Reason.ATTESTATION_ABSENT


def test_signature_is_no_attestation_whatever_tag_it_lies_under(here):
    here.attest(*here.signed(here.signing.key))
    assert here.refusal(here.wish()).reason is Reason.ATTESTATION_REJECTED
    here.attest(here.said(), suffix="sig")
    assert here.refusal(here.key()).reason is Reason.SIGNATURE_REJECTED


def test_registry_that_is_away_is_no_absence(here):
    here.registry.fail("any", how="unreachable")
    assert here.refusal(here.wish()).reason is Reason.REGISTRY_UNAVAILABLE


def test_examination_tells_each_step(here):
    here.attest(here.said(), here.said(Signer(new_key())))
    good, bad = here.examine(here.wish()).signatures
    assert [step.outcome.value for step in good.steps] == ["holds", "skipped", "holds", "holds"]
    assert [step.outcome.value for step in bad.steps] == ["holds", "skipped", "fails", "unreached"]
    assert bad.problem == "accepted signatures do not match threshold, Found: 0, Expected 1"
