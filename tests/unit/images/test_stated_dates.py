"""The dates that an image and what lies beside it say of themselves, with a registry in memory."""

from __future__ import annotations

import json

import pytest

from provider.errors import ImageError
from provider.images.stated_dates import StatementSource, stated_dates
from provider.observer import NullObserver
from provider.questions.attestation_question import AttestationWish
from provider.questions.proof_question import Format, Keyless, TrustRootName, Verify
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.content import media_types
from tests.simulators.attesting import IN_TOTO, statement
from tests.simulators.signing import SigningWorld
from tests.unit.signatures.test_attestations import AttestationWorld
from tests.unit.signatures.test_verifier import EMPTY, REPOSITORY

V02 = "https://slsa.dev/provenance/v0.2"
SAID = {"builder": {"id": "b"}, "metadata": {"buildStartedOn": "2026-01-01T00:00:00Z"}}
IMAGE = f"reg.example/{REPOSITORY}:multi"


@pytest.fixture(scope="module")
def signing():
    return SigningWorld()


@pytest.fixture
def here(signing, tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(signing.trust_root))
    here = AttestationWorld(signing, path)
    yield here
    here.loop.finish()


def look(here, image=IMAGE, seconds=30):
    work = stated_dates(reference.parse(image), here.store, here.clock.now, NullObserver(), here.call(seconds))
    return here.loop.run(work)


def build(here, *statements, about=None, annotation=V02):
    """An index with a platform, and what BuildKit says of it."""
    layers = [
        {
            "mediaType": IN_TOTO,
            "digest": here.registry.push_blob(REPOSITORY, body),
            "size": len(body),
            "annotations": {"in-toto.io/predicate-type": annotation},
        }
        for body in statements
    ]
    manifest = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": EMPTY, "layers": layers}
    child = here.registry.push_manifest(REPOSITORY, None, manifest)
    notes = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about or here.digest}
    children = [
        entry(here.image, {"os": "linux", "architecture": "arm64"}),
        entry(child, {"os": "unknown", "architecture": "unknown"}) | {"annotations": notes},
    ]
    index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": children}
    here.registry.push_manifest(REPOSITORY, "multi", index, media_types.OCI_INDEX)
    return child


def entry(pushed, platform):
    kind = media_types.OCI_MANIFEST
    return {"mediaType": kind, "digest": pushed.digest, "size": pushed.size, "platform": platform}


def provenance(found):
    return [each for each in found.dates if each.source is StatementSource.PROVENANCE]


def test_provenance_in_an_index_is_of_its_platform(here):
    build(here, statement(here.digest, predicateType=V02, predicate=SAID))
    found = look(here)
    (date,) = provenance(found)
    assert (date.field, date.at, date.platform, date.builder) == (
        "buildStartedOn",
        "2026-01-01T00:00:00Z",
        "linux/arm64",
        "b",
    )
    assert found.problems == []
    assert found.reference.startswith(f"reg.example/{REPOSITORY}@sha256:")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (lambda _: statement("sha256:" + "c" * 64, predicateType=V02, predicate=SAID), "no matching subject digest"),
        (lambda _: b"{", "the statement is no JSON"),
        (lambda here: statement(here.digest, predicateType="https://other.test"), "its type is not the one"),
    ],
    ids=["another-digest", "no-json", "another-type"],
)
def test_provenance_that_is_not_what_it_claims_is_named_and_hides_none(here, body, problem):
    build(here, body(here), statement(here.digest, predicateType=V02, predicate=SAID))
    found = look(here)
    assert len(provenance(found)) == 1
    (said,) = found.problems
    assert problem in said


def test_child_that_is_not_there_is_named(here):
    child = build(here)
    here.registry.forget(REPOSITORY, child.digest)
    found = look(here)
    assert provenance(found) == []
    assert child.digest in found.problems[0]


def test_statements_of_other_types_are_not_fetched(here):
    sbom = statement(here.digest, predicateType="https://spdx.dev/Document")
    build(here, sbom, annotation="https://spdx.dev/Document")
    assert provenance(look(here)) == []
    fetched = {asked.path.rpartition("/")[2] for asked in here.registry.requests if asked.kind == "blob"}
    assert len(fetched) == 1


def test_attested_provenance_beside_the_image_is_read_where_it_is_about_it(here):
    other = "sha256:" + "c" * 64
    layers = [here.said(predicateType=V02, predicate=SAID), here.said(digest=other, predicateType=V02, predicate=SAID)]
    here.attest(*layers)
    found = look(here, f"reg.example/{REPOSITORY}:v1")
    assert [date.layer for date in provenance(found)] == [layers[0]["digest"]]
    assert found.problems == [f"attestation {layers[1]['digest']}: no matching subject digest found"]


def test_registry_that_does_not_tell_what_is_attested_leaves_the_other_dates(here):
    here.registry.fail("manifest", 500, match=".att")
    found = look(here, f"reg.example/{REPOSITORY}:v1")
    assert found.failure.startswith("RegistryUnavailable: ")
    assert provenance(found) == []


def test_image_that_is_not_there_has_no_dates(here):
    with pytest.raises(ImageError) as refused:
        look(here, f"reg.example/{REPOSITORY}:gone")
    assert refused.value.reason is Reason.NOT_FOUND


def test_attestation_in_a_bundle_has_the_name_that_an_answer_has_for_it(here):
    """So who has both knows that it is the same one."""
    said = statement(here.digest, predicateType=V02, predicate=SAID)
    here.list_referrers(here.refer(here.signing.bundle(here.digest, here.signing.signer(), statement=said)))
    (date,) = provenance(look(here, f"reg.example/{REPOSITORY}:v1"))
    wish = AttestationWish(V02, statement=True)
    asked = Verify(keyless=Keyless(TrustRootName("own")), format=Format.BUNDLE, attestation=wish)
    (proof,) = here.prove(asked).proofs
    assert proof.attestation.digest == date.layer
