"""From a question to proofs, with a registry in memory."""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import replace

import pytest

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.images.assembly import assemble
from provider.observer import NullObserver
from provider.pace import Pace
from provider.questions.answer import TimeSource
from provider.questions.proof_question import (
    Format,
    HashAlgorithm,
    Key,
    Keyless,
    LogName,
    SignatureSource,
    TrustRootName,
    Verify,
)
from provider.questions.question import ProofQuestion, key_of, parse
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.content import media_types
from provider.registry.credentials.credential import ANONYMOUS, Credential
from provider.registry.settings import RegistrySettings
from provider.registry.store import Store
from provider.registry.turns.claim import Claim
from provider.signatures.document_reader import ReaderHere
from provider.signatures.formats import bundle, simple_signing
from provider.signatures.formats.bundle_format import MEDIA_TYPE_PREFIX
from provider.signatures.verifier import build_verifier
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop
from tests.simulators.registry import RegistrySimulator, canonical, sha256
from tests.simulators.signing import NOW, SIGN, Signer, new_key

REPOSITORY = "team/app"
IMAGE = f"reg.example/{REPOSITORY}:v1"
COSIGN_SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"
EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha256(b"{}"), "size": 2}
BUNDLE = f"{MEDIA_TYPE_PREFIX}.v0.3+json"


class Credentials:
    """Who we are; a test changes it."""

    def __init__(self):
        self.now = ANONYMOUS

    async def prepare(self, registry, repository):
        pass

    def of(self, registry, repository):
        return self.now


class World:
    """A registry with one image, and the verifier that asks it."""

    def __init__(self, signing, root_file):
        self.signing = signing
        self.clock = FakeClock()
        self.loop = VirtualLoop(self.clock)
        self.registry = RegistrySimulator()
        self.image = self.registry.push_image(REPOSITORY, "v1")
        self.trips = []
        self.stale = False
        self.credentials = Credentials()
        observer = NullObserver()
        client = RegistryClient(RegistrySettings(), self.registry, self.clock, observer)
        self.store = store = Store(client, self.clock, observer, memory_bytes=2**20, tag_ttl=30, stale_seconds=3600)
        self.verifier = build_verifier(store, Pace(), self.clock, observer, {"own": root_file}, ReaderHere())

    @property
    def digest(self):
        return self.image.digest

    def key(self, signer=None):
        return Verify(key=Key((signer or self.signing.key).public_pem))

    def call(self, seconds=30):
        return Call(Deadline.after(self.clock, seconds), Claim(object()), self.credentials, "ref")

    def prove(self, verify, image=IMAGE, seconds=30):
        call = self.call(seconds)
        try:
            return self.loop.run(self.verifier.prove(reference.parse(image), verify, call))
        finally:
            self.trips.append(call.round_trips)
            self.stale = call.stale

    def refusal(self, verify, image=IMAGE, seconds=30):
        with pytest.raises(ImageError) as refused:
            self.prove(verify, image, seconds)
        return refused.value

    def examine(self, verify, image=IMAGE):
        return self.loop.run(self.verifier.examine(reference.parse(image), verify, self.call()))

    def layer(self, payload, notes, repository=REPOSITORY):
        digest = self.registry.push_blob(repository, payload)
        kind = "application/vnd.dev.cosign.simplesigning.v1+json"
        return {"mediaType": kind, "digest": digest, "size": len(payload), "annotations": notes}

    def signed(self, *signers, digest=None, notes=None):
        payload = self.signing.payload(digest or self.digest)
        return [self.layer(payload, self.signing.annotations(payload, signer, **(notes or {}))) for signer in signers]

    def unlike(self, count, signer=None):
        """Signatures of the image with payloads of their own, which must be fetched."""
        payloads = [self.signing.payload(self.digest, number=number) for number in range(count)]
        signer = signer or self.signing.key
        return [self.layer(payload, self.signing.annotations(payload, signer)) for payload in payloads]

    @staticmethod
    def steps(monkeypatch, form, before):
        """What was said before each verification of a signature, which goes on as ever."""
        steps = []
        verify = form.verify

        def step(*arguments):
            steps.append(before())
            return verify(*arguments)

        monkeypatch.setattr(form, "verify", step)
        return steps

    def attach(self, layers, repository=REPOSITORY, prefix="", digest=None):
        """Put signatures under the image's tag."""
        manifest = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": EMPTY, "layers": layers}
        tag = f"{prefix}{(digest or self.digest).replace(':', '-')}.sig"
        return self.registry.push_manifest(repository, tag, manifest)

    def refer(self, document, *, subject=None, kind=BUNDLE, repository=REPOSITORY, notes=None, layers=1, size=None):
        """Put a bundle beside the image."""
        body = document if isinstance(document, bytes) else canonical(document)
        digest = self.registry.push_blob(repository, body)
        layer = {"mediaType": BUNDLE, "digest": digest, "size": len(body) if size is None else size}
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_MANIFEST,
            "artifactType": kind,
            "config": EMPTY,
            "layers": [layer] * layers,
            "subject": {"mediaType": media_types.OCI_MANIFEST, "digest": subject or self.digest, "size": 1},
            "annotations": notes or {},
        }
        return self.registry.push_manifest(repository, None, manifest)

    def refer_layers(self, layers, *, subject=None, kind=COSIGN_SIGNATURE, repository=REPOSITORY):
        """Put simple signings beside the image, as cosign does with `--registry-referrers-mode=oci-1-1`."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_MANIFEST,
            "artifactType": kind,
            "config": {**EMPTY, "mediaType": kind},
            "layers": layers,
            "subject": {"mediaType": media_types.OCI_MANIFEST, "digest": subject or self.digest, "size": 1},
        }
        return self.registry.push_manifest(repository, None, manifest)

    def list_referrers(self, *pushed, **more):
        """The tag that stands for the referrers interface."""
        entries = [{"mediaType": one.media_type, "digest": one.digest, "size": one.size} | more for one in pushed]
        index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": entries}
        tag = self.digest.replace(":", "-")
        return self.registry.push_manifest(REPOSITORY, tag, index, media_types.OCI_INDEX)


@pytest.fixture(scope="module")
def root_file(world, tmp_path_factory):
    path = tmp_path_factory.mktemp("roots") / "own.json"
    path.write_text(json.dumps(world.trust_root))
    return path


@pytest.fixture
def here(world, root_file):
    here = World(world, root_file)
    yield here
    here.loop.finish()


def bundles(verify):
    return replace(verify, format=Format.BUNDLE)


# Legacy.


def test_signed_image_is_proved_in_three_round_trips_and_again_in_none(here):
    here.attach(here.signed(here.signing.key))
    proofs = here.prove(here.key())
    assert (proofs.image, proofs.digest) == (IMAGE, here.digest)
    assert proofs.reference == f"reg.example/{REPOSITORY}@{here.digest}"
    assert [proof.format for proof in proofs.proofs] == ["legacy"]
    assert proofs.observed_at == "2026-11-24T22:40:00Z"
    here.prove(here.key())
    assert here.trips == [3, 0]


@pytest.mark.parametrize("form", ["legacy", "bundle"])
def test_signature_that_was_seen_is_proved_while_its_registry_is_away(here, form):
    verify = here.key()
    if form == "legacy":
        here.attach(here.signed(here.signing.key))
    else:
        verify = bundles(verify)
        here.registry.referrers_page = 10
        here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    first = here.prove(verify)
    assert not here.stale
    here.clock.advance(31)
    here.registry.fail("any", how="unreachable")
    assert here.prove(verify) == first
    assert here.stale


def test_answer_has_the_form_that_templates_read(here):
    signer = here.signing.signer(subjects=["ann@example.test", "https://example.test/ann"])
    payload = here.signing.payload(here.digest)
    signature = signer.sign(payload)
    notes = here.signing.annotations(payload, signer)
    notes["dev.cosignproject.cosign/signature"] = base64.b64encode(signature).decode()
    notes["dev.sigstore.cosign/bundle"] = here.signing.rekor_bundle(payload, signature, signer)
    here.attach([here.layer(payload, notes)])
    own = TrustRootName("own")
    value = here.prove(Verify(keyless=Keyless(own), log=LogName(trust_root=own))).to_json("abc")
    (proof,) = value.pop("proofs")
    assert len(proof.pop("id")) == 64
    assert proof == {
        "subjects": ["ann@example.test", "https://example.test/ann"],
        "issuer": "https://issuer.example.test",
        "times": [{"source": "log", "at": "2026-11-23T22:40:00Z"}],
        "format": "legacy",
        "digest": here.digest,
    }
    assert value == {
        "image": IMAGE,
        "digest": here.digest,
        "reference": f"reg.example/{REPOSITORY}@{here.digest}",
        "observedAt": "2026-11-24T22:40:00Z",
        "ref": "abc",
        "earliest": {"source": "log", "at": "2026-11-23T22:40:00Z"},
    }


def test_digest_is_not_resolved_so_that_two_round_trips_are_enough(here):
    here.attach(here.signed(here.signing.key))
    here.prove(here.key(), f"reg.example/{REPOSITORY}:gone@{here.digest}")
    assert here.trips == [2]


def test_every_good_signature_is_told_once_and_the_bad_ones_hide_none(here):
    other = Signer(new_key())
    twice = here.signed(here.signing.key)
    here.attach([*here.signed(other), *twice, *twice, *here.signed(here.signing.key, notes={"run": "2"})])
    assert len(here.prove(here.key()).proofs) == 2


def test_image_without_signatures_has_none(here):
    error = here.refusal(here.key())
    assert (error.reason, error.message) == (Reason.SIGNATURE_ABSENT, "no signatures found")
    assert not error.reason.durable


@pytest.mark.parametrize("form", ["legacy", "bundle"])
def test_signing_is_seen_on_the_next_try_for_an_absence_that_denies_is_looked_at_again(here, form):
    here.registry.referrers_page = 10
    verify = here.key() if form == "legacy" else bundles(here.key())
    here.refusal(verify)
    if form == "legacy":
        here.attach(here.signed(here.signing.key))
    else:
        here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    here.clock.advance(limits.PASSING_SECONDS + 0.1)
    assert here.prove(verify).proofs


def test_absence_that_denies_nothing_is_asked_once_in_its_time(here):
    here.registry.referrers_page = 10
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    verify = replace(here.key(), format=Format.ANY)
    first = here.prove(verify)
    here.registry.requests.clear()
    here.clock.advance(20)
    assert here.prove(verify) == first
    assert here.registry.requests == []


@pytest.mark.parametrize("form", ["legacy", "bundle"])
def test_unsigned_image_is_unsigned_while_its_registry_is_away_and_says_since_when(here, form):
    here.registry.referrers_page = 10
    verify = here.key() if form == "legacy" else bundles(here.key())
    here.refusal(verify)
    here.clock.advance(31)
    here.registry.fail("any", how="unreachable")
    error = here.refusal(verify)
    assert (error.reason, here.stale) == (Reason.SIGNATURE_ABSENT, True)
    assert "its registry is away, and this is what was seen at 2026-11-24T22:40:00Z" in error.detail
    here.clock.advance(3600)
    assert here.refusal(verify).reason is not Reason.SIGNATURE_ABSENT


def test_silent_registry_of_an_unsigned_image_is_waited_for_once(here):
    here.refusal(here.key())
    here.clock.advance(31)
    here.registry.fail("any", how="silent")
    began = here.clock.monotonic()
    assert here.refusal(here.key(), f"reg.example/{REPOSITORY}@{here.digest}").reason is Reason.SIGNATURE_ABSENT
    assert here.clock.monotonic() - began == pytest.approx(limits.STALE_WAIT_SECONDS, abs=0.01)


def test_signature_that_was_taken_away_proves_nothing_while_its_registry_is_away_after_it(here):
    here.attach(here.signed(here.signing.key))
    here.prove(here.key())
    here.registry.forget(REPOSITORY, f"{here.digest.replace(':', '-')}.sig")
    here.clock.advance(31)
    here.refusal(here.key())
    here.registry.fail("any", how="unreachable")
    here.clock.advance(31)
    assert here.refusal(here.key()).reason is Reason.SIGNATURE_ABSENT


def test_signing_again_is_seen_at_once_for_what_proves_nothing_is_looked_for_again(here):
    here.attach(here.signed(Signer(new_key())))
    here.refusal(here.key())
    here.attach([*here.signed(Signer(new_key())), *here.signed(here.signing.key)])
    here.clock.advance(2)
    assert here.prove(here.key()).proofs


def test_signatures_by_others_are_rejected_with_each_problem(here):
    here.attach([*here.signed(Signer(new_key())), *here.signed(here.signing.key, digest="sha256:" + "c" * 64)])
    error = here.refusal(here.key())
    assert error.reason is Reason.SIGNATURE_REJECTED
    assert error.message == (
        "no matching signatures: invalid signature when validating ASN.1 encoded signature "
        f"invalid or missing digest in claim: sha256:{'c' * 64}"
    )


def test_only_some_problems_of_many_are_told(here):
    here.attach(here.signed(*[Signer(new_key()) for _ in range(8)]))
    assert here.refusal(here.key()).message.endswith("signature and 3 more")


def test_signatures_may_lie_elsewhere_under_a_prefix(here):
    payload = here.signing.payload(here.digest)
    layer = here.layer(payload, here.signing.annotations(payload, here.signing.key), "signatures/app")
    here.attach([layer], "signatures/app", "release-")
    source = SignatureSource("reg.example/signatures/app", "release-")
    assert here.prove(replace(here.key(), source=source)).proofs
    assert here.refusal(here.key()).reason is Reason.SIGNATURE_ABSENT
    assert here.refusal(replace(here.key(), source=SignatureSource("http://x"))).reason is Reason.REFERENCE_INVALID


def test_image_that_is_not_there_is_told_in_upstreams_words(here):
    error = here.refusal(here.key(), "reg.example/missing:none")
    assert (error.reason, error.message) == (
        Reason.NOT_FOUND,
        "image tag not found: GET https://reg.example/v2/missing/manifests/none: MANIFEST_UNKNOWN: manifest unknown",
    )


def test_refused_connection_is_told_in_upstreams_words(here):
    here.registry.fail("any", how="unreachable")
    error = here.refusal(here.key())
    assert (error.reason, error.message) == (
        Reason.REGISTRY_UNAVAILABLE,
        'Get "https://reg.example/v2/": dial tcp: connect: connection refused',
    )


@pytest.mark.parametrize(("status", "reason"), [(500, Reason.REGISTRY_UNAVAILABLE), (401, Reason.UNAUTHORIZED)])
def test_registry_that_fails_is_no_absence(here, status, reason):
    here.attach(here.signed(here.signing.key))
    here.registry.fail("manifest", status, match=".sig")
    assert here.refusal(here.key()).reason is reason
    here.registry.heal()
    here.registry.fail("blob", status)
    assert here.refusal(here.key()).reason is reason


def test_lost_payload_is_a_bad_signature_and_hides_no_good_one(here):
    lost, *_ = here.signed(here.signing.key, digest="sha256:" + "d" * 64)
    here.registry.forget(REPOSITORY, lost["digest"])
    here.attach([lost, *here.signed(here.signing.key)])
    assert len(here.prove(here.key()).proofs) == 1
    here.attach([lost])
    here.clock.advance(31)
    assert here.refusal(here.key()).reason is Reason.SIGNATURE_REJECTED


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"layers":1}', b'{"layers":[{}]}', b'{"manifests":[]}', b'{"layers":[],"Layers":[]}'],
)
def test_tag_with_something_else_is_rejected_for_now(here, body):
    here.registry.push_manifest(REPOSITORY, f"{here.digest.replace(':', '-')}.sig", body)
    error = here.refusal(here.key())
    assert error.reason is Reason.SIGNATURE_REJECTED
    assert not error.reason.durable


BAD_LAYERS = [
    None,
    {"mediaType": "x", "digest": "sha384:" + "a" * 96, "size": 1},
    {"mediaType": "x", "digest": "sha256:" + "a" * 64, "size": 1, "annotations": {"a": 1}},
    {"mediaType": "x", "digest": "sha256:" + "a" * 64},
    {"mediaType": "x", "digest": "sha256:" + "a" * 64, "size": 10**30},
]


@pytest.mark.parametrize("bad", BAD_LAYERS)
def test_layer_that_cannot_be_used_hides_no_good_one(here, bad):
    here.attach([bad, *here.signed(here.signing.key)])
    assert len(here.prove(here.key()).proofs) == 1


def test_hundreds_of_layers_that_cannot_be_used_hide_no_good_one(here):
    here.attach([BAD_LAYERS[1]] * 500 + here.signed(here.signing.key))
    assert here.prove(here.key()).proofs
    here.attach([BAD_LAYERS[1]] * limits.REFERRERS + here.signed(here.signing.key))
    here.clock.advance(31)
    assert "number of layers (1001) exceeded the limit (1000)" in here.refusal(here.key()).message


def test_layer_that_cannot_be_used_is_a_rejected_signature(here):
    here.attach([BAD_LAYERS[1]])
    error = here.refusal(here.key())
    assert error.reason is Reason.SIGNATURE_REJECTED
    assert error.message.startswith("no matching signatures: layers[0]: its digest is not sha256:")


def test_examination_says_of_a_signature_that_cannot_be_read_that_it_fails_at_the_first_step(here):
    here.attach([BAD_LAYERS[1]])
    [seen] = here.examine(here.key()).signatures
    assert [step.outcome for step in seen.steps][:1] == ["fails"]
    assert seen.problem.startswith("layers[0]: ")


def test_index_is_signed_as_a_whole(here):
    child = here.registry.push_image(REPOSITORY)
    index = here.registry.push_index(REPOSITORY, "multi", [child])
    here.attach(here.signed(here.signing.key, digest=child.digest), digest=child.digest)
    multi = f"reg.example/{REPOSITORY}:multi"
    assert here.refusal(here.key(), multi).reason is Reason.SIGNATURE_ABSENT
    here.attach(here.signed(here.signing.key, digest=child.digest), digest=index.digest)
    here.clock.advance(2)
    assert "invalid or missing digest in claim" in here.refusal(here.key(), multi).message
    here.attach(here.signed(here.signing.key, digest=index.digest), digest=index.digest)
    here.clock.advance(31)
    assert here.prove(here.key(), multi).digest == index.digest


def test_signature_that_nobody_expected_hides_no_good_one(here, monkeypatch, caplog):
    verify = simple_signing.verify
    calls = []

    def failing(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return verify(*arguments)

    monkeypatch.setattr(simple_signing, "verify", failing)
    here.attach(here.signed(here.signing.key) + here.signed(here.signing.key, notes={"run": "2"}))
    assert len(here.prove(here.key()).proofs) == 1
    assert "could not be verified" in caplog.text


def test_registry_that_does_not_tell_of_one_signature_hides_no_good_one_beside_it(here):
    away, good = here.unlike(2)
    here.attach([away, good])
    here.registry.fail("blob", 500, match=away["digest"])
    proofs = here.prove(here.key())
    assert (len(proofs.proofs), proofs.complete) == (1, False)
    here.registry.heal()
    assert here.prove(here.key()).complete


@pytest.mark.parametrize("order", [1, -1])
def test_signature_that_cannot_be_had_is_no_rejection_where_nothing_is_proved(here, order):
    (away,) = here.unlike(1)
    here.attach([away, *here.signed(Signer(new_key()))][::order])
    here.registry.fail("blob", 500, match=away["digest"])
    error = here.refusal(here.key())
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert away["digest"] in error.message


def test_silent_registry_of_one_signature_ends_with_the_calls_time(here):
    away, *_ = here.unlike(1)
    here.attach([away, *here.signed(here.signing.key)])
    here.registry.fail("blob", how="silent", match=away["digest"])
    began = here.clock.monotonic()
    assert len(here.prove(here.key(), seconds=1.2).proofs) == 1
    assert here.clock.monotonic() - began < 1.3


# Sizes that lie.


@pytest.mark.parametrize(("off", "sentence"), [(-1, "sends more than"), (1, "its descriptor says")])
def test_payload_of_another_size_is_a_bad_signature_and_hides_no_good_one(here, off, sentence):
    lying, good = here.unlike(2)
    lying["size"] += off
    here.attach([lying])
    error = here.refusal(here.key())
    assert (error.reason, sentence in error.message) == (Reason.SIGNATURE_REJECTED, True)
    here.attach([lying, good])
    here.clock.advance(31)
    assert len(here.prove(here.key()).proofs) == 1


@pytest.mark.parametrize("size", [1, limits.BUNDLE_BYTES, limits.BUNDLE_BYTES + 1])
def test_bundle_of_another_size_is_rejected_and_hides_no_good_one(here, size):
    here.registry.referrers_page = 10
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None), size=size)
    assert here.refusal(bundles(here.key())).reason is Reason.SIGNATURE_REJECTED
    [seen] = here.examine(bundles(here.key())).signatures
    assert seen.problem.startswith("blob sha256:")
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    here.clock.advance(31)
    assert len(here.prove(bundles(here.key())).proofs) == 1


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"annotations":{"a":1}}', b'{"layers":[{"digest":"sha512:x"}]}', b'{"subject":{"digest":"x"}}'],
)
@pytest.mark.parametrize("kind", [BUNDLE, "application/spdx+json"])
def test_referrer_that_cannot_be_read_hides_no_good_one(here, body, kind):
    bad = here.registry.push_manifest(REPOSITORY, None, body)
    good = here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    here.list_referrers(bad, good, artifactType=kind)
    found = here.refusal(bundles(here.key())).reason if kind != BUNDLE else None
    assert found in {None, Reason.SIGNATURE_ABSENT}
    if kind == BUNDLE:
        assert len(here.prove(bundles(here.key())).proofs) == 1


# What it costs others.


def test_signatures_are_verified_one_in_a_turn_of_the_loop(here, monkeypatch):
    def long():
        here.clock.advance(2 * limits.PACE_SECONDS)
        return here.loop.turns

    here.attach(here.unlike(10))
    here.registry.delay = 0.1
    steps = here.steps(monkeypatch, simple_signing, long)
    assert len(here.prove(here.key()).proofs) == 10
    # All payloads came at the same moment.
    assert len(steps) == len(set(steps)) == 10


def test_verification_ends_with_the_calls_time(here, monkeypatch):
    def slow():
        here.clock.advance(0.1)

    here.attach(here.unlike(50, Signer(new_key())))
    steps = here.steps(monkeypatch, simple_signing, slow)
    error = here.refusal(here.key(), seconds=1)
    assert error.reason is Reason.TIMEOUT
    assert len(steps) <= 11


def test_one_long_verification_ends_with_the_calls_time_and_is_no_rejection(here, monkeypatch):
    def slow():
        here.clock.advance(2)

    here.attach(here.signed(here.signing.key))
    steps = here.steps(monkeypatch, simple_signing, slow)
    assert here.refusal(here.key(), seconds=1).reason is Reason.TIMEOUT
    assert here.prove(here.key()).proofs
    assert len(steps) == 2


def test_one_long_verification_of_a_bundle_ends_with_the_calls_time_and_is_no_rejection(here, monkeypatch):
    def slow():
        here.clock.advance(2)

    here.registry.referrers_page = 10
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    steps = here.steps(monkeypatch, bundle, slow)
    assert here.refusal(bundles(here.key()), seconds=1).reason is Reason.TIMEOUT
    assert here.prove(bundles(here.key())).proofs
    assert len(steps) == 2


# Attacks by way of the registry; `docs/attacks.md` names them.


def test_ten_thousand_layers_are_not_looked_at(here):
    here.attach(here.signed(here.signing.key) * 10_000)
    error = here.refusal(here.key())
    assert (error.reason, error.message) == (
        Reason.SIGNATURE_REJECTED,
        f"number of layers (10000) exceeded the limit ({limits.SIGNATURES})",
    )
    assert here.registry.counts["blob"] == 0


def test_ten_thousand_referrers_are_not_looked_at(here):
    here.list_referrers(*[here.refer(b"{}")] * 10_000)
    assert "more than 1000" in here.refusal(bundles(here.key())).message
    here.list_referrers(*[here.refer(b"{}")] * 200)
    assert "number of bundles (200) exceeded the limit" in here.refusal(bundles(here.key())).message
    assert here.registry.counts["blob"] == 0


def test_endless_pages_of_referrers_are_not_followed(here):
    here.registry.referrers_page = 1
    for number in range(limits.REFERRER_PAGES + 5):
        here.refer(b"%d" % number)
    assert "more than 20 pages" in here.refusal(bundles(here.key())).message


def test_page_of_referrers_elsewhere_is_not_followed(here):
    link = {"Link": '<https://evil.example/v2/x/referrers/y>; rel="next"', "Content-Type": media_types.OCI_INDEX}
    here.registry.fail("referrer", 200, headers=link, body=b'{"manifests":[]}')
    error = here.refusal(bundles(here.key()))
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert "leads elsewhere" in error.message


def test_large_payload_is_not_read(here):
    payload = b" " * (limits.SIGNATURE_BYTES + 1)
    here.attach([here.layer(payload, {"dev.cosignproject.cosign/signature": "AAAA"})])
    assert "65537 bytes, more than 65536" in here.refusal(here.key()).message
    assert here.registry.counts["blob"] == 0


def test_older_image_that_was_signed_is_proved_as_it_was(here):
    """Whoever may move a tag may move it back: that an image is the newest one is not what a signature says."""
    here.attach(here.signed(here.signing.key))
    before = here.digest
    newer = here.registry.push_image(REPOSITORY, "v1", created="2026-11-20T00:00:00Z")
    assert newer.digest != before
    here.attach(here.signed(here.signing.key, digest=newer.digest), digest=newer.digest)
    assert here.prove(here.key(), f"reg.example/{REPOSITORY}@{before}").digest == before


def test_referrer_of_another_subject_is_left_out(here):
    good = here.signing.bundle(here.digest, here.signing.key, entry=None)
    here.list_referrers(here.refer(good, subject="sha256:" + "e" * 64))
    assert here.refusal(bundles(here.key())).reason is Reason.SIGNATURE_ABSENT


def test_signature_of_another_repositorys_image_counts_for_the_same_digest(here):
    """As in cosign: images are copied with their signatures, and what is signed is the digest."""
    payload = here.signing.payload(here.digest, identity={"docker-reference": "other.example/not/this"})
    here.attach([here.layer(payload, here.signing.annotations(payload, here.signing.key))])
    assert here.prove(here.key()).proofs


def test_signature_of_a_platform_is_none_of_its_index(here):
    child = here.registry.push_image(REPOSITORY)
    index = here.registry.push_index(REPOSITORY, "multi", [child])
    here.attach(here.signed(here.signing.key, digest=child.digest), digest=index.digest)
    assert "invalid or missing digest in claim" in here.refusal(here.key(), f"reg.example/{REPOSITORY}:multi").message


def test_registry_that_shows_others_something_else_changes_no_proof(here):
    here.attach(here.signed(here.signing.key))
    assert here.prove(here.key()).proofs
    here.attach(here.signed(Signer(new_key())))
    here.clock.advance(31)
    assert here.refusal(here.key()).reason is Reason.SIGNATURE_REJECTED
    here.attach(here.signed(here.signing.key))
    here.clock.advance(31)
    assert here.prove(here.key()).proofs


def test_blob_with_other_content_is_refused(here):
    (layer,) = here.signed(here.signing.key)
    here.attach([layer])
    here.registry.tamper(REPOSITORY, layer["digest"], here.signing.payload("sha256:" + "f" * 64))
    assert "does not match its digest" in here.refusal(here.key()).message


def test_signature_fetched_by_one_tenant_is_not_shown_to_another(here):
    here.attach(here.signed(here.signing.key))
    here.credentials.now = Credential("a", "s")
    assert here.prove(here.key()).proofs
    here.registry.fail("any", 401)
    here.credentials.now = Credential("b", "s")
    assert here.refusal(here.key(), f"reg.example/{REPOSITORY}@{here.digest}").reason is Reason.UNAUTHORIZED


class TestLegacyReferrers:
    """Simple signings that refer to the image, where there are none under its tag."""

    @pytest.mark.parametrize("form", [Format.LEGACY, Format.ANY])
    def test_signature_is_proved_as_under_the_tag(self, here, form):
        here.registry.referrers_page = 10
        layers = here.signed(here.signing.key)
        here.refer_layers(layers)
        verify = replace(here.key(), format=form)
        [proof] = here.prove(verify).proofs
        here.attach(layers)
        assert here.prove(verify).proofs == [proof]
        assert proof.format == "legacy"

    def test_registry_without_the_interface_lists_it_under_the_tag_of_the_specification(self, here):
        here.list_referrers(here.refer_layers(here.signed(here.signing.key)), artifactType=COSIGN_SIGNATURE)
        assert here.prove(here.key()).proofs

    def test_image_that_is_signed_by_tag_costs_no_request_more(self, here):
        here.registry.referrers_page = 10
        here.attach(here.signed(here.signing.key))
        here.refer_layers(here.signed(Signer(new_key())))
        here.prove(here.key())
        assert not any("referrers" in asked.path for asked in here.registry.requests)

    def test_signing_is_seen_at_once_for_what_proves_nothing_is_looked_for_again(self, here):
        here.registry.referrers_page = 10
        here.refer(b"{}", kind="application/spdx+json")
        here.refusal(here.key())
        here.clock.advance(2)
        here.refer_layers(here.signed(here.signing.key))
        assert here.prove(here.key()).proofs

    def test_image_that_is_not_signed_costs_one_request_more_and_that_is_remembered(self, here):
        here.registry.referrers_page = 10
        here.refer(b"{}", kind="application/spdx+json")
        image, counts = reference.parse(f"reg.example/{REPOSITORY}@{here.digest}"), []
        for _ in range(2):
            here.registry.requests.clear()
            with pytest.raises(ImageError):
                here.loop.run(here.verifier.prove(image, here.key(), here.call(), explained=False))
            counts.append(len(here.registry.requests))
        assert counts == [2, 0]

    def test_list_is_kept_as_long_as_a_tag_is_believed(self, here):
        here.registry.referrers_page = 10
        here.refer_layers(here.signed(here.signing.key))
        here.prove(here.key())
        here.registry.requests.clear()
        here.prove(here.key())
        assert here.registry.requests == []

    def test_either_form_reads_them_beside_those_under_the_tag_and_lists_once(self, here):
        here.registry.referrers_page = 10
        here.attach(here.signed(here.signing.key))
        here.refer_layers(here.signed(here.signing.key, notes={"run": "2"}))
        here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
        found = here.prove(replace(here.key(), format=Format.ANY)).proofs
        assert [proof.format for proof in found] == ["legacy", "legacy", "bundle"]
        assert sum("referrers" in asked.path for asked in here.registry.requests) == 1

    def test_policy_that_reads_bundles_reads_none(self, here):
        here.registry.referrers_page = 10
        here.refer_layers(here.signed(here.signing.key))
        assert here.refusal(bundles(here.key())).reason is Reason.SIGNATURE_ABSENT

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"subject": "sha256:" + "e" * 64}, Reason.SIGNATURE_ABSENT),
            ({"kind": "application/vnd.dev.cosign.artifact.att.v1+json"}, Reason.SIGNATURE_ABSENT),
        ],
        ids=["another image", "another kind"],
    )
    def test_what_is_no_signature_of_the_image_counts_for_nothing(self, here, fields, reason):
        pushed = here.refer_layers(here.signed(here.signing.key), **fields)
        here.list_referrers(pushed, artifactType=fields.get("kind", COSIGN_SIGNATURE))
        assert here.refusal(here.key()).reason is reason

    def test_signature_of_another_digest_is_rejected(self, here):
        here.registry.referrers_page = 10
        here.refer_layers(here.signed(here.signing.key, digest="sha256:" + "c" * 64))
        error = here.refusal(here.key())
        assert error.reason is Reason.SIGNATURE_REJECTED
        assert "invalid or missing digest in claim" in error.message

    @pytest.mark.parametrize("layers", [["x"], [{}], [{"mediaType": 7}], [None]], ids=repr)
    def test_layer_that_cannot_be_read_hides_no_good_one(self, here, layers):
        here.registry.referrers_page = 10
        here.refer_layers(layers)
        assert here.refusal(here.key()).reason is Reason.SIGNATURE_REJECTED
        here.clock.advance(31)
        here.refer_layers([*layers, *here.signed(here.signing.key)])
        assert here.prove(here.key()).proofs

    def test_one_that_cannot_be_had_hides_no_good_one_and_is_no_absence(self, here):
        here.registry.referrers_page = 10
        lost = here.refer_layers(here.signed(here.signing.key))
        here.registry.fail("manifest", 503, match=lost.digest)
        assert here.refusal(here.key()).reason is Reason.REGISTRY_UNAVAILABLE
        here.refer_layers(here.signed(here.signing.key, notes={"run": "2"}))
        here.clock.advance(120)
        assert here.prove(here.key()).proofs

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ({"how": "silent"}, Reason.TIMEOUT),
            ({"how": "unreachable"}, Reason.REGISTRY_UNAVAILABLE),
            ({"status": 503}, Reason.REGISTRY_UNAVAILABLE),
            ({"status": 403}, Reason.SIGNATURE_ABSENT),
            ({"status": 401}, Reason.SIGNATURE_ABSENT),
            ({"status": 404}, Reason.SIGNATURE_ABSENT),
        ],
        ids=str,
    )
    def test_list_that_is_not_answered_is_no_absence_and_one_that_is_refused_is(self, here, fault, reason):
        here.registry.fail("referrer", **fault)
        assert here.refusal(here.key()).reason is reason

    def test_too_many_are_not_looked_at(self, here):
        here.registry.referrers_page = 1000
        for number in range(limits.SIGNATURES + 1):
            here.refer_layers(here.signed(here.signing.key, notes={"run": str(number)}))
        error = here.refusal(here.key())
        assert error.reason is Reason.SIGNATURE_REJECTED
        assert "exceeded the limit" in error.message

    def test_signature_that_was_seen_is_proved_while_its_registry_is_away(self, here):
        here.registry.referrers_page = 10
        here.refer_layers(here.signed(here.signing.key))
        first = here.prove(here.key())
        here.clock.advance(31)
        here.registry.fail("any", how="unreachable")
        assert here.prove(here.key()) == first
        assert here.stale


# Bundles.


@pytest.mark.parametrize(("page", "trips"), [(None, 5), (10, 4)])
def test_bundle_is_found_by_the_interface_or_by_the_tag(here, page, trips):
    here.registry.referrers_page = page
    pushed = here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    here.list_referrers(pushed)
    assert [proof.format for proof in here.prove(bundles(here.key())).proofs] == ["bundle"]
    here.prove(bundles(here.key()))
    assert here.trips == [trips, 0]


def test_bundles_stand_on_several_pages(here):
    here.registry.referrers_page = 2
    for signer in (Signer(new_key()), Signer(new_key()), Signer(new_key()), here.signing.key):
        here.refer(here.signing.bundle(here.digest, signer, entry=None))
    assert len(here.prove(bundles(here.key())).proofs) == 1


def test_registry_without_referrers_and_without_the_tag_has_no_bundles(here):
    assert here.refusal(bundles(here.key())).message == "no signatures found"


@pytest.mark.parametrize("status", [400, 404, 405, 406, 410, 501])
def test_registry_that_does_not_know_the_interface_is_asked_for_the_tag(here, status):
    here.registry.fail("referrer", status)
    here.list_referrers(here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None)))
    assert here.prove(bundles(here.key())).proofs


def test_interface_that_fails_is_no_absence(here):
    here.registry.fail("referrer", 500)
    assert here.refusal(bundles(here.key())).reason is Reason.REGISTRY_UNAVAILABLE


def test_attestations_alone_are_no_signature_and_are_not_fetched(here):
    here.registry.referrers_page = 10
    statement = here.signing.statement(here.digest, predicateType="https://spdx.dev/Document")
    document = here.signing.bundle(here.digest, here.signing.key, statement=statement, entry=None)
    here.refer(document, notes={"dev.sigstore.bundle.predicateType": "https://spdx.dev/Document"})
    here.refer(document, notes={"dev.sigstore.bundle.predicateType": SIGN})
    assert here.refusal(bundles(here.key())).reason is Reason.SIGNATURE_ABSENT
    assert here.registry.counts["blob"] == 1


def test_what_refers_to_the_image_but_is_no_bundle_is_left_out(here):
    here.registry.referrers_page = 10
    here.refer(b"sbom", kind="application/spdx+json")
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None), layers=2)
    here.refer(b"no bundle")
    error = here.refusal(bundles(here.key()))
    assert (error.reason, "it is no JSON" in error.message) == (Reason.SIGNATURE_REJECTED, True)
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None), kind=EMPTY["mediaType"])
    here.clock.advance(31)
    assert here.prove(bundles(here.key())).proofs


def test_strangers_bundle_does_not_hide_a_good_legacy_signature(here):
    here.registry.referrers_page = 10
    here.refer(here.signing.bundle(here.digest, Signer(new_key()), entry=None))
    here.attach(here.signed(here.signing.key))
    assert [proof.format for proof in here.prove(here.key()).proofs] == ["legacy"]
    either = replace(here.key(), format=Format.ANY)
    assert [proof.format for proof in here.prove(either).proofs] == ["legacy"]
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    here.clock.advance(31)
    assert [proof.format for proof in here.prove(either).proofs] == ["legacy", "bundle"]


@pytest.mark.parametrize("status", [200, 412, 500])
def test_list_that_cannot_be_had_hides_no_good_signature_in_the_other(here, status):
    either = replace(here.key(), format=Format.ANY)
    here.registry.fail("referrer", status, headers={"Content-Type": media_types.OCI_INDEX}, body=b"[" * 200)
    alone = here.refusal(either)
    here.attach(here.signed(here.signing.key))
    here.clock.advance(31)
    proofs = here.prove(either)
    assert [proof.format for proof in proofs.proofs] == ["legacy"]
    assert not proofs.complete
    assert alone.reason in {Reason.SIGNATURE_REJECTED, Reason.PULL_REFUSED, Reason.REGISTRY_UNAVAILABLE}


def test_tag_that_holds_too_many_hides_no_good_bundle(here):
    here.attach(here.signed(here.signing.key) * (limits.SIGNATURES + 1))
    here.registry.referrers_page = 10
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    proofs = here.prove(replace(here.key(), format=Format.ANY))
    assert [proof.format for proof in proofs.proofs] == ["bundle"]


def test_list_of_the_interface_that_cannot_be_read_leads_to_the_tag_and_is_named_where_there_is_none(here):
    bodies = (b"\x1f\x8b\x08 packed", b"[]", b"[" * 200, b" " * (limits.MANIFEST_BYTES + 1))
    for body in bodies:
        here.registry.fail("referrer", 200, headers={"Content-Type": media_types.OCI_INDEX}, body=body)
        error = here.refusal(bundles(here.key()))
        assert error.reason is Reason.SIGNATURE_REJECTED
        assert not error.reason.durable
        assert error.message.startswith("referrers of reg.example/team/app@sha256:")
        here.registry.heal()
    here.list_referrers(here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None)))
    here.clock.advance(31)
    for body in bodies:
        here.registry.fail("referrer", 200, headers={"Content-Type": media_types.OCI_INDEX}, body=body)
        assert here.prove(bundles(here.key())).proofs
        here.registry.heal()
        here.clock.advance(31)


def test_annotation_that_is_no_utf8_spoils_its_own_signature_only(here):
    [bad, good] = [here.signed(signer, notes={})[0] for signer in (here.signing.key, here.signing.key)]
    bad["annotations"] = bad["annotations"] | {"author": "HERE"}
    manifest = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": EMPTY, "layers": [bad, good]}
    body = canonical(manifest).replace(b"HERE", b"Andr\xe9")
    here.registry.push_manifest(REPOSITORY, f"{here.digest.replace(':', '-')}.sig", body)
    assert here.prove(here.key()).proofs


def test_certificates_of_bundles_want_a_log_unless_a_timestamp_is_asked_for(here):
    here.registry.referrers_page = 10
    signer = here.signing.signer()
    here.refer(here.signing.bundle(here.digest, signer, entry=None, stamps=[None]))
    own = TrustRootName("own")
    keyless = Verify(keyless=Keyless(own), format=Format.BUNDLE)
    assert "has 0 log entries" in here.refusal(keyless).message
    (proof,) = here.prove(replace(keyless, timestamp=own)).proofs
    assert [time.source for time in proof.times] == [TimeSource.TIMESTAMP]


# Keys and trust roots.


@pytest.mark.parametrize("data", ["no pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_bad_key_is_the_policys_fault_for_good(here, data):
    error = here.refusal(Verify(key=Key(data)))
    assert error.reason is Reason.KEY_INVALID
    assert here.registry.requests == []


def test_private_key_is_never_told(here):
    pem = "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END EC PRIVATE KEY-----\n"
    error = here.refusal(Verify(key=Key(pem)))
    assert "private key" in error.message
    assert "c2Vj" not in error.message


def test_unknown_trust_root_and_another_version_of_one_are_stale(here):
    unknown = here.refusal(Verify(keyless=Keyless(TrustRootName("none"))))
    assert (unknown.reason, "trustRootRef none not found" in unknown.message) == (Reason.TRUST_ROOT_STALE, True)
    other = here.refusal(Verify(keyless=Keyless(TrustRootName("own", "sha256:" + "0" * 64))))
    assert (other.reason, "the policy was made for" in other.message) == (Reason.TRUST_ROOT_STALE, True)


def test_public_good_instance_wants_its_log(here):
    here.attach(here.signed(here.signing.signer()))
    error = here.refusal(Verify(keyless=Keyless(TrustRootName())))
    assert error.message == "no matching signatures: offline verification failed"
    assert error.detail.startswith(
        "no log entry came with it (annotation dev.sigstore.cosign/bundle), and the policy asks"
    )


def test_damaged_trust_root_is_told_when_the_provider_starts_and_stops_nothing_else(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assembly = assemble(RegistrySettings(), FakeClock(), None, {"own": broken})
    [problem] = assembly.problems
    assert problem.startswith("trust_root: own=")


# What is remembered.


def test_results_are_kept_by_key_and_hash_algorithm(here):
    signer = Signer(here.signing.key.key, hash_name="SHA512")
    here.attach(here.signed(signer))
    assert here.refusal(here.key()).reason is Reason.SIGNATURE_REJECTED
    longer = Verify(key=Key(here.signing.key.public_pem, HashAlgorithm.SHA512))
    assert here.prove(longer).proofs
    assert here.refusal(here.key()).reason is Reason.SIGNATURE_REJECTED


def test_proofs_are_not_worked_out_again(here, monkeypatch):
    here.attach(here.signed(here.signing.key))
    steps = here.steps(monkeypatch, simple_signing, lambda: None)
    assert here.prove(here.key()).proofs == here.prove(here.key()).proofs
    here.clock.advance(100)
    assert here.prove(here.key()).proofs
    assert len(steps) == 1


def test_rejection_that_lasts_is_not_worked_out_again(here, monkeypatch):
    here.attach(here.signed(Signer(new_key())))
    steps = here.steps(monkeypatch, simple_signing, lambda: None)
    first = here.refusal(here.key())
    here.clock.advance(100)
    again = here.refusal(here.key())
    assert (again.reason, again.message) == (first.reason, first.message)
    assert len(steps) == 1


def test_rejection_of_a_bundle_is_not_worked_out_again(here, monkeypatch):
    here.registry.referrers_page = 10
    here.refer(here.signing.bundle(here.digest, Signer(new_key()), entry=None))
    steps = here.steps(monkeypatch, bundle, lambda: None)
    first = here.refusal(bundles(here.key()))
    here.clock.advance(100)
    assert here.refusal(bundles(here.key())).message == first.message
    assert len(steps) == 1


def test_certificate_judged_by_the_time_of_day_is_judged_each_time(here, monkeypatch):
    start, end = NOW - dt.timedelta(hours=1), NOW + dt.timedelta(minutes=1)
    here.attach(here.signed(here.signing.signer(start=start, end=end)))
    keyless = Verify(keyless=Keyless(TrustRootName("own")))
    steps = here.steps(monkeypatch, simple_signing, lambda: None)
    here.prove(keyless)
    here.prove(keyless)
    assert len(steps) == 2
    here.clock.advance(120)
    here.refusal(keyless)
    here.refusal(keyless)
    assert len(steps) == 4


def test_payload_that_comes_back_is_a_good_signature_again(here):
    (layer,) = here.unlike(1)
    body = here.registry._blobs[REPOSITORY, layer["digest"]]
    here.registry.forget(REPOSITORY, layer["digest"])
    here.attach([layer])
    assert here.refusal(here.key()).reason is Reason.SIGNATURE_REJECTED
    here.registry.push_blob(REPOSITORY, body)
    assert here.prove(here.key()).proofs


def test_certificate_that_expires_between_two_questions_is_refused_at_the_second(here):
    signer = here.signing.signer(start=NOW - dt.timedelta(hours=1), end=NOW + dt.timedelta(minutes=1))
    here.attach(here.signed(signer))
    keyless = Verify(keyless=Keyless(TrustRootName("own")))
    assert here.prove(keyless).proofs
    here.clock.advance(120)
    assert here.refusal(keyless).message.endswith("expected a signed timestamp to verify an expired certificate")


# Examinations.


def test_examination_tells_how_far_each_signature_came(here):
    here.registry.referrers_page = 10
    here.attach([*here.signed(Signer(new_key())), *here.signed(here.signing.key)])
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    found = here.examine(replace(here.key(), format=Format.ANY))
    assert (found.image, found.digest) == (IMAGE, here.digest)
    assert [(one.form, one.proof is not None) for one in found.signatures] == [
        ("legacy", False),
        ("legacy", True),
        ("bundle", True),
    ]
    assert [step.outcome.value for step in found.signatures[0].steps][4:] == ["fails", "unreached", "unreached"]
    assert "invalid signature" in found.signatures[0].problem


def test_examination_of_an_image_without_signatures_is_empty(here):
    assert here.examine(here.key()).signatures == []


def test_examination_shows_a_signature_that_cannot_be_had_beside_a_good_one_as_the_answer_is_given(here):
    away, good = here.unlike(2)
    here.attach([away, good])
    here.registry.fail("blob", 500, match=away["digest"])
    first, second = here.examine(here.key()).signatures
    assert first.proof is None
    assert "error of its own (status 500)" in first.problem
    assert {step.outcome.value for step in first.steps} == {"unreached", "skipped"}
    assert second.proof is not None
    assert here.prove(here.key()).proofs


def test_examination_tells_no_half_of_the_truth_where_nothing_is_proved(here):
    away, other = (*here.unlike(1), *here.unlike(1, Signer(new_key())))
    here.attach([away, other])
    here.registry.fail("blob", 500, match=away["digest"])
    here.clock.advance(31)
    with pytest.raises(ImageError) as caught:
        here.examine(here.key())
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


# Keys of questions.


def test_questions_are_read_back_from_their_keys(here):
    own = TrustRootName("own", "sha256:" + "1" * 64)
    for verify in (
        here.key(),
        Verify(key=Key("pem", HashAlgorithm.SHA512), source=SignatureSource("r/x", "p-"), format=Format.ANY),
        Verify(keyless=Keyless(own, ignore_sct=True), log=LogName("https://log", own), timestamp=own),
        Verify(keyless=Keyless(TrustRootName()), log=LogName(), timestamp=TrustRootName()),
    ):
        question = ProofQuestion(IMAGE, verify)
        assert parse(key_of(question)) == question


# What need not be fetched.


def test_end_ends_the_process_that_reads_large_documents(here, root_file):
    ended = []

    class Reader(ReaderHere):
        def close(self):
            ended.append(True)

    build_verifier(here.store, Pace(), here.clock, NullObserver(), {"own": root_file}, Reader()).close()
    assert ended == [True]


def test_usual_payload_is_known_by_its_digest_and_not_fetched(here):
    critical = {
        "identity": {"docker-reference": f"reg.example/{REPOSITORY}"},
        "image": {"docker-manifest-digest": here.digest},
        "type": "cosign container image signature",
    }
    payload = json.dumps({"critical": critical, "optional": None}, separators=(",", ":")).encode()
    layer = here.layer(payload, here.signing.annotations(payload, here.signing.key))
    here.registry.forget(REPOSITORY, layer["digest"])
    here.attach([layer])
    assert here.prove(here.key()).proofs
    assert here.trips == [2]


def test_many_signatures_are_fetched_side_by_side(here):
    here.attach(here.unlike(20))
    assert len(here.prove(here.key()).proofs) == 20
    assert here.trips == [3]


def test_bundle_that_calls_itself_an_attestation_is_not_fetched_and_named(here):
    notes = {"dev.sigstore.bundle.predicateType": "https://example.test/scan/v1"}
    here.list_referrers(here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None), notes=notes))
    error = here.refusal(Verify(key=Key(here.signing.key.public_pem), format=Format.BUNDLE))
    assert error.reason is Reason.SIGNATURE_ABSENT
    assert "but an attestation" in error.detail
    assert not any(asked.kind == "blob" for asked in here.registry.requests)
