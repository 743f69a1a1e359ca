"""From a question about attestations to proofs, with a registry in memory."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from provider import limits
from provider.observer import NullObserver
from provider.questions.attestation_question import AttestationWish
from provider.questions.config_paths import ConfigPaths
from provider.questions.proof_question import Format, Key, Keyless, SignatureSource, TrustRootName, Verify
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.content import media_types
from provider.signatures.attestation_list import attestations_of
from provider.signatures.document_work import Division, StatementReading
from provider.signatures.formats import attestation
from provider.signatures.proof_kind import ATTESTATIONS
from tests.simulators.attesting import ENVELOPE, IN_TOTO, TYPE, envelope, statement
from tests.simulators.registry import sha256
from tests.simulators.signing import SIGN, Signer, new_key
from tests.unit.signatures.test_verifier import EMPTY, REPOSITORY, World

NONE = "no matching attestations: "


class AttestationWorld(World):
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
    here = AttestationWorld(world, path)
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


def test_attestation_that_is_taken_away_counts_no_longer_than_a_tag_is_believed(here):
    here.attest(here.said(predicate={"n": 1}), here.said(predicate={"n": 2}))
    wish = here.wish(paths=(("predicate", "n"),))
    assert len(here.prove(wish).proofs) == 2
    here.attest(here.said(predicate={"n": 2}))
    here.clock.advance(31)
    (proof,) = here.prove(wish).proofs
    assert proof.attestation.statement == {"predicate": {"n": 2}}


def test_what_was_worked_out_for_one_question_is_no_answer_to_another(here):
    here.attest(here.said(predicate={"a": 1, "b": 2}))
    one = here.wish(paths=(("predicate", "a"),))
    assert here.prove(one).proofs[0].attestation.statement == {"predicate": {"a": 1}}
    assert here.prove(here.wish(paths=(("predicate", "b"),))).proofs[0].attestation.statement == {"predicate": {"b": 2}}
    assert here.prove(here.wish("other")).proofs[0].attestation.statement is None
    other = replace(one, key=Key(Signer(new_key()).public_pem))
    assert here.refusal(other).reason is Reason.ATTESTATION_REJECTED
    # The same layers beside another image, of which they say nothing.
    second = here.registry.push_image(REPOSITORY, "v2", layers=1)
    manifest = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": EMPTY}
    layers = [here.said(predicate={"a": 1, "b": 2})]
    here.registry.push_manifest(REPOSITORY, f"{second.digest.replace(':', '-')}.att", manifest | {"layers": layers})
    error = here.refusal(one, f"reg.example/{REPOSITORY}:v2")
    assert error.message.endswith("no matching subject digest found")


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


def bound(here, monkeypatch, **bounds):
    """Other bounds than those of the limits."""
    monkeypatch.setattr(here.verifier._attestations._discovery, "_kind", replace(ATTESTATIONS, **bounds))


def blobs(here):
    return sum(asked.kind == "blob" for asked in here.registry.requests)


def test_bytes_are_counted_before_the_first_is_fetched_and_the_smallest_come_first(here, monkeypatch):
    small, large = here.said(predicate={"n": 1}), here.said(predicate={"n": 2, "x": "y" * 900})
    bound(here, monkeypatch, all_bytes=2 * large["size"])
    here.attest(large, large, small)
    found = here.prove(here.wish(paths=(("predicate", "n"),))).proofs
    assert [proof.attestation.statement["predicate"]["n"] for proof in found] == [2, 1]
    bound(here, monkeypatch, all_bytes=10)
    before = blobs(here)
    error = here.refusal(here.wish())
    assert error.reason is Reason.ATTESTATION_REJECTED
    assert "is beyond the 10 bytes of one image that are looked at" in error.message
    assert blobs(here) == before


def test_one_that_is_too_large_is_not_fetched_and_hides_no_good_one(here):
    here.attest({**here.said(), "size": limits.ATTESTATION_BYTES + 1}, here.said(predicate={"n": 1}))
    assert len(here.prove(here.wish()).proofs) == 1


def test_statement_that_an_answer_has_no_room_for_is_named_with_what_to_do(here):
    here.attest(here.said(predicate={"sbom": "x" * limits.ITEM_BYTES, "small": 1}))
    (proof,) = here.prove(here.wish(paths=(("predicate",),))).proofs
    content = proof.attestation
    assert (content.statement, content.reason) == (None, Reason.LIMIT_EXCEEDED)
    assert "let its rule name the fields that it reads" in content.problem
    (proof,) = here.prove(here.wish(paths=(("predicate", "small"),))).proofs
    assert proof.attestation.statement == {"predicate": {"small": 1}}


def test_large_statement_leaves_room_for_small_ones_beside_it(here):
    large = {"sbom": "x" * limits.ITEM_BYTES}
    here.attest(here.said(predicate=large), here.said(predicate={"n": 1}), here.said(predicate=large))
    first, second = here.prove(here.wish(paths=(("predicate",),))).proofs
    assert first.attestation.reason is Reason.LIMIT_EXCEEDED
    assert second.attestation.statement == {"predicate": {"n": 1}}


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
    assert [step.outcome.value for step in good.steps] == ["holds", *["skipped"] * 3, *["holds"] * 3]
    assert [step.outcome.value for step in bad.steps] == ["holds", *["skipped"] * 3, "fails", *["unreached"] * 2]
    assert bad.problem == "accepted signatures do not match threshold, Found: 0, Expected 1"


# Bundles.


def by_key(here, **more):
    return here.wish(format=Format.BUNDLE, paths=(("predicate",),), **more)


def by_certificate(here, **more):
    own = TrustRootName("own")
    return replace(by_key(here, **more), key=None, keyless=Keyless(own))


def bundle(here, signer=None, digest=None, **parts):
    payload = statement(digest or here.digest, **parts.pop("says", {}))
    signer = signer or here.signing.key
    entry = "v1" if signer.certificate else None
    return here.signing.bundle(here.digest, signer, statement=payload, **({"entry": entry} | parts))


def refer(here, *documents, **more):
    # So long a list of referrers is believed.
    here.clock.advance(31)
    here.list_referrers(*(here.refer(document, **more) for document in documents))


def test_bundle_by_a_key_is_proved_in_four_round_trips_and_again_in_none(here):
    document = bundle(here)
    refer(here, document)
    (proof,) = here.prove(by_key(here)).proofs
    assert (proof.format, proof.subjects, proof.attestation.predicate_type) == ("bundle", (), TYPE)
    assert proof.attestation.statement == {"predicate": {"ok": True}}
    envelope_as_go_writes_it = {
        "payload": document["dsseEnvelope"]["payload"],
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": document["dsseEnvelope"]["signatures"][0]["sig"]}],
    }
    text = json.dumps(envelope_as_go_writes_it, separators=(",", ":"))
    assert proof.attestation.digest == sha256(text.encode())
    here.prove(by_key(here))
    assert here.trips[1] == 0


def test_bundle_by_a_certificate_says_who_and_when(here):
    ann = here.signing.signer(subjects=["ann@example.test"])
    refer(here, bundle(here, ann))
    (proof,) = here.prove(by_certificate(here)).proofs
    assert (list(proof.subjects), proof.issuer) == (["ann@example.test"], "https://issuer.example.test")
    assert [time.source.value for time in proof.times] == ["log"]
    assert proof.attestation.statement == {"predicate": {"ok": True}}


def test_bundle_by_a_certificate_needs_a_log_or_a_timestamp(here):
    ann = here.signing.signer()
    refer(here, bundle(here, ann, entry=None))
    assert here.refusal(by_certificate(here)).reason is Reason.ATTESTATION_REJECTED
    stamped = replace(by_certificate(here), timestamp=TrustRootName("own"))
    refer(here, bundle(here, ann, entry=None, stamps=[None]))
    assert here.prove(stamped).proofs
    refer(here, bundle(here, ann))
    assert here.refusal(stamped).reason is Reason.ATTESTATION_REJECTED


def test_bundle_of_something_else_proves_nothing(here):
    stranger = Signer(new_key())
    for document in (
        bundle(here, stranger),
        bundle(here, digest="sha256:" + "c" * 64),
        bundle(here, payload_type="application/json"),
        bundle(here, says={"subject": None}),
        bundle(here, here.signing.signer()),
        {"mediaType": "x"},
    ):
        refer(here, document)
        assert here.refusal(by_key(here)).reason is Reason.ATTESTATION_REJECTED


def test_key_says_nothing_of_a_certificates_bundle_nor_the_reverse(here):
    refer(here, bundle(here))
    assert here.refusal(by_certificate(here)).reason is Reason.ATTESTATION_REJECTED


def test_signature_in_a_bundle_is_no_attestation_whatever_is_wanted(here):
    refer(here, here.signing.bundle(here.digest, here.signing.key, entry=None))
    assert here.refusal(by_key(here)).reason is Reason.ATTESTATION_ABSENT
    assert here.refusal(by_key(here, predicate_type=SIGN)).reason is Reason.ATTESTATION_ABSENT
    assert here.prove(replace(here.key(), format=Format.BUNDLE)).proofs
    refer(here, bundle(here))
    assert here.refusal(replace(here.key(), format=Format.BUNDLE)).reason is Reason.SIGNATURE_ABSENT


def test_other_types_and_other_subjects_beside_a_good_one_are_left_out_or_named(here):
    refer(here, bundle(here, says={"predicateType": "other"}), bundle(here), bundle(here, Signer(new_key())))
    types = [proof.attestation.predicate_type for proof in here.prove(by_key(here)).proofs]
    assert types == ["other", TYPE]


def test_annotations_of_a_referrer_say_nothing_of_the_type(here):
    refer(here, bundle(here), notes={"dev.sigstore.bundle.predicateType": "other"})
    assert here.prove(by_key(here)).proofs[0].attestation.predicate_type == TYPE


def test_bundles_are_counted_and_weighed_before_they_are_fetched(here, monkeypatch):
    refer(here, bundle(here), bundle(here, says={"predicate": 2}))
    bound(here, monkeypatch, all_bytes=100)
    error = here.refusal(by_key(here))
    assert error.reason is Reason.ATTESTATION_REJECTED
    assert "take those away that nobody needs" in error.message
    assert blobs(here) == 0
    bound(here, monkeypatch, most=1)
    assert here.refusal(by_key(here)).message == "number of bundles (2) exceeded the limit (1)"


def test_strangers_large_bundles_hide_no_small_one(here, monkeypatch):
    large = [bundle(here, Signer(new_key()), says={"predicate": "x" * (5000 + number)}) for number in range(3)]
    refer(here, *large, bundle(here))
    bound(here, monkeypatch, all_bytes=12_000)
    assert len(here.prove(by_key(here)).proofs) == 1
    assert blobs(here) == 2


def test_bundle_that_is_too_large_hides_no_good_one(here, monkeypatch):
    refer(here, bundle(here, says={"predicate": "x" * 5000}), bundle(here))
    bound(here, monkeypatch, bundle_bytes=4000)
    assert len(here.prove(by_key(here)).proofs) == 1


def test_large_ones_are_verified_one_after_the_other_so_that_none_holds_half_of_its_work_meanwhile(here, monkeypatch):
    done = []

    class Reader:
        async def result(self, work, _):
            done.append(type(work))
            for _ in range(20):
                await asyncio.sleep(0)
            return work.run()

    monkeypatch.setattr(limits, "READ_AT_ONCE_BYTES", 1000)
    here.verifier._attestations._reader = Reader()
    refer(here, *(bundle(here, says={"predicate": "x" * (2000 + number)}) for number in range(3)))
    assert len(here.prove(by_key(here)).proofs) == 3
    assert done == [Division, StatementReading] * 3


# Legacy ones among the referrers.


def refer_legacy(here, *layers, kind=IN_TOTO, **more):
    """As cosign's libraries do."""
    here.clock.advance(31)
    here.list_referrers(here.refer_layers(list(layers), kind=kind, **more), artifactType=kind)


def test_legacy_attestation_among_the_referrers_counts_where_there_is_none_under_the_tag(here):
    refer_legacy(here, here.said(predicate={"n": 1}), here.said(Signer(new_key())))
    (proof,) = here.prove(here.wish(paths=(("predicate",),))).proofs
    assert (proof.format, proof.attestation.statement) == ("legacy", {"predicate": {"n": 1}})
    here.attest(here.said(predicate={"n": 2}))
    here.clock.advance(31)
    (proof,) = here.prove(here.wish(paths=(("predicate",),))).proofs
    assert proof.attestation.statement == {"predicate": {"n": 2}}


def test_referrer_of_which_a_registry_shows_no_type_is_opened(here):
    empty = "application/vnd.oci.empty.v1+json"
    refer_legacy(here, here.said(), {**here.said(), "mediaType": "application/x"}, kind=empty)
    assert len(here.prove(here.wish()).proofs) == 1


@pytest.mark.parametrize(
    "more", [{"kind": "application/x"}, {"subject": "sha256:" + "c" * 64}], ids=["another type", "another subject"]
)
def test_referrer_with_something_else_is_no_attestation(here, more):
    refer_legacy(here, here.said(), **more)
    error = here.refusal(here.wish())
    assert error.reason is Reason.ATTESTATION_ABSENT
    assert error.detail.endswith("nor a legacy one among the referrers")


def test_registry_that_refuses_the_list_of_referrers_hides_nothing_and_one_that_is_away_may(here):
    here.registry.fail("referrer", 403)
    assert here.refusal(here.wish()).reason is Reason.ATTESTATION_ABSENT
    here.registry.heal()
    here.registry.fail("referrer", 503)
    here.clock.advance(31)
    assert here.refusal(here.wish()).reason is Reason.REGISTRY_UNAVAILABLE


def test_absence_of_bundles_is_told(here):
    error = here.refusal(by_key(here))
    assert (error.reason, error.message) == (Reason.ATTESTATION_ABSENT, NONE)
    assert error.detail == "no attestation in a bundle that refers to it"


def test_examination_tells_each_step_of_a_bundle(here):
    refer(here, bundle(here), bundle(here, digest="sha256:" + "c" * 64))
    good, bad = here.examine(by_key(here)).signatures
    assert [step.outcome.value for step in good.steps] == ["holds", "skipped", "skipped", "skipped", "holds", "holds"]
    assert [step.outcome.value for step in bad.steps] == ["holds", "skipped", "skipped", "skipped", "holds", "fails"]
    assert bad.problem == "no matching subject digest found"


# The list for people.


def listed(here):
    image = reference.parse(f"reg.example/{REPOSITORY}:v1")
    work = attestations_of(image, here.store, here.clock.now, NullObserver(), here.call())
    return [(each.form, each.predicate_type, each.problem) for each in here.loop.run(work).entries]


def test_list_has_both_forms_and_says_what_cannot_be_read(here):
    here.attest(here.said(Signer(new_key())), here.said(digest="sha256:" + "c" * 64), here.envelope(b"{}"))
    refer(here, bundle(here), here.signing.bundle(here.digest, here.signing.key, entry=None), {"mediaType": "x"})
    assert listed(here) == [
        ("legacy", TYPE, ""),
        ("legacy", TYPE, "no matching subject digest found"),
        ("legacy", "", "the envelope has a member that is missing or of a wrong type"),
        ("bundle", TYPE, ""),
        ("bundle", "", "the bundle cannot be read: x is not supported"),
    ]


def test_list_of_nothing_is_empty(here):
    assert listed(here) == []


def test_large_ones_are_remembered_by_what_an_answer_holds_of_them(here, monkeypatch):
    """They are dear to verify: four of them, which were larger together than what is remembered, were verified anew."""
    large = "x" * (limits.ATTESTATION_RESULTS_BYTES // 3)
    here.attest(*(here.said(predicate={"n": number, "sbom": large}) for number in range(4)))
    steps = here.steps(monkeypatch, attestation, lambda: None)
    wish = here.wish(paths=(("predicate", "n"),))
    first = here.prove(wish)
    assert [proof.attestation.statement["predicate"]["n"] for proof in first.proofs] == [0, 1, 2, 3]
    assert here.prove(wish) == first
    assert len(steps) == 4
