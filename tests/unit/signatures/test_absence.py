"""Why there is no signature: where was looked, and what the image has instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provider import limits
from provider.errors import ImageError
from provider.questions.proof_question import Format, SignatureSource
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.content import media_types
from tests.simulators.signing import Signer, new_key
from tests.unit.signatures.test_verifier import BUNDLE, IMAGE, REPOSITORY, bundles, here, root_file

__all__ = ["here", "root_file"]

NOTATION = "application/vnd.cncf.notary.signature"
PREDICATE = "dev.sigstore.bundle.predicateType"


def either(verify):
    return replace(verify, format=Format.ANY)


@pytest.fixture
def tag(here):
    """As messages write it."""
    return f"sha256-{here.digest[7:19]}….sig"


def bundle(here, **more):
    document = here.signing.bundle(here.digest, here.signing.key, entry=None)
    return here.refer(document, **more)


def push_tag(here, suffix, digest=None):
    name = f"{(digest or here.digest).replace(':', '-')}.{suffix}"
    manifest = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "layers": []}
    return here.registry.push_manifest(REPOSITORY, name, manifest)


def test_image_without_anything_says_where_was_looked(here, tag):
    error = here.refusal(here.key())
    assert (error.reason, error.message) == (Reason.SIGNATURE_ABSENT, "no signatures found")
    assert error.detail == f"no legacy signature; looked under the tag {tag} and among the referrers"
    assert here.refusal(bundles(here.key())).detail == "no bundle with a signature; looked among the referrers"
    detail = here.refusal(either(here.key())).detail
    assert detail == f"no signature in either format; looked under the tag {tag} and among the referrers"


@pytest.mark.parametrize(("form", "requests"), [(Format.LEGACY, 3), (Format.BUNDLE, 2), (Format.ANY, 3)])
def test_reason_that_nobody_reads_costs_no_requests(here, form, requests):
    verify = replace(here.key(), format=form)
    here.registry.requests.clear()
    with pytest.raises(ImageError) as refused:
        here.loop.run(here.verifier.prove(reference.parse(IMAGE).at(here.digest), verify, here.call(), explained=False))
    assert (refused.value.reason, refused.value.detail) == (Reason.SIGNATURE_ABSENT, "")
    assert len(here.registry.requests) == requests


@pytest.mark.parametrize("page", [10, None])
def test_bundle_under_a_policy_that_reads_legacy_signatures(here, tag, page):
    here.registry.referrers_page = page
    here.list_referrers(bundle(here), artifactType=BUNDLE)
    detail = here.refusal(here.key()).detail
    assert detail == (
        f"no legacy signature, but a bundle; looked under the tag {tag} and among the referrers; "
        "with `signatureFormat: bundle` a policy reads bundles"
    )


def test_legacy_signature_under_a_policy_that_reads_bundles(here):
    here.attach(here.signed(here.signing.key))
    detail = here.refusal(bundles(here.key())).detail
    assert detail == (
        "no bundle with a signature, but a legacy signature; looked among the referrers; "
        "without `signatureFormat` a policy reads legacy signatures"
    )


@pytest.mark.parametrize("form", list(Format))
def test_attestation_alone_is_named_whichever_way_it_is_attached(here, form):
    verify = replace(here.key(), format=form)
    push_tag(here, "att")
    assert "but an attestation; " in here.refusal(verify).detail
    here.registry.referrers_page = 10
    bundle(here, notes={PREDICATE: "https://slsa.dev/provenance/v1"})
    assert "but an attestation; " in here.refusal(verify).detail


def test_attestation_that_only_its_bundle_tells_of_is_named(here):
    here.registry.referrers_page = 10
    statement = here.signing.statement(here.digest, predicateType="https://slsa.dev/provenance/v1")
    here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None, statement=statement))
    assert "but an attestation; " in here.refusal(bundles(here.key())).detail


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (NOTATION, "but a Notation signature; "),
        ("application/vnd.dev.cosign.artifact.sig.v1+json", "but a legacy signature among the referrers; "),
        ("application/vnd.dev.cosign.artifact.att.v1+json", "but an attestation; "),
    ],
)
@pytest.mark.parametrize("form", list(Format))
def test_other_referrers_that_sign_are_named(here, kind, named, form):
    here.registry.referrers_page = 10
    here.refer(b"{}", kind=kind)
    here.refer(b"{}", kind="application/spdx+json")
    if "artifact.sig" in kind and form is not Format.BUNDLE:
        # It was looked at.
        assert here.refusal(replace(here.key(), format=form)).reason is Reason.SIGNATURE_REJECTED
    else:
        assert named in here.refusal(replace(here.key(), format=form)).detail


def test_bundle_that_was_made_a_moment_ago_is_named(here):
    here.registry.referrers_page = 10
    here.refer(b"{}", kind=NOTATION)
    here.refusal(here.key())
    bundle(here)
    assert "but a bundle and a Notation signature; " in here.refusal(here.key()).detail


def test_several_are_all_named(here, tag):
    here.registry.referrers_page = 10
    bundle(here)
    here.refer(b"{}", kind=NOTATION)
    push_tag(here, "att")
    first = here.refusal(here.key()).detail.partition(";")[0]
    assert first == "no legacy signature, but a bundle and an attestation and a Notation signature"


def test_nothing_that_a_registry_wrote_is_repeated(here):
    here.registry.referrers_page = 10
    here.refer(b"{}", kind=f"{NOTATION}; evil words", notes={"evil": "words"})
    bundle(here, notes={PREDICATE: "evil words"})
    assert "evil" not in here.refusal(here.key()).detail


def test_repository_of_the_source_is_named_and_looked_at(here):
    verify = replace(here.key(), source=SignatureSource(oci="reg.example/team/signatures", tag_prefix="x-"))
    detail = here.refusal(verify).detail
    tag = f"x-sha256-{here.digest[7:19]}….sig"
    where = f"under the tag {tag} and among the referrers of reg.example/team/signatures"
    assert detail == f"no legacy signature; looked {where}"


def test_signed_image_costs_no_further_look(here):
    here.attach(here.signed(here.signing.key))
    here.prove(here.key())
    assert not any("referrers" in asked.path or asked.path.endswith(".att") for asked in here.registry.requests)


def test_rejected_signature_costs_no_further_look(here):
    here.attach(here.signed(Signer(new_key())))
    assert here.refusal(here.key()).detail == ""
    assert not any("referrers" in asked.path for asked in here.registry.requests)


@pytest.mark.parametrize("form", list(Format))
def test_look_is_bounded_in_requests(here, form):
    here.registry.referrers_page = 10
    here.refusal(replace(here.key(), format=form))
    looks = {Format.LEGACY: 2, Format.BUNDLE: 2, Format.ANY: 1}[form]
    found = {Format.LEGACY: 1, Format.BUNDLE: 1, Format.ANY: 2}[form]
    assert len(here.registry.requests) == 1 + found + looks


@pytest.mark.parametrize("how", ["silent", "unreachable"])
def test_look_that_fails_or_lasts_changes_nothing_but_the_detail(here, how, tag):
    here.registry.fail("manifest", how=how, match=".att")
    began = here.clock.monotonic()
    error = here.refusal(here.key())
    assert error.reason is Reason.SIGNATURE_ABSENT
    assert error.detail == f"no legacy signature; looked under the tag {tag} and among the referrers"
    assert here.clock.monotonic() - began <= limits.ABSENCE_SECONDS + 0.1


def test_source_with_a_tag_has_bundles_and_no_other_place_and_their_absence_is_passing(here):
    source = SignatureSource(f"reg.example/{REPOSITORY}:v1")
    error = here.refusal(replace(bundles(here.key()), source=source))
    assert error.reason is Reason.SIGNATURE_ABSENT
    assert error.detail.startswith("no bundle with a signature; looked among the referrers of ")


def test_person_is_shown_that_only_a_platform_is_signed(here):
    child = here.registry.push_image(REPOSITORY)
    index = here.registry.push_index(REPOSITORY, "multi", [child])
    here.attach(here.signed(here.signing.key, digest=child.digest), digest=child.digest)
    found = here.examine(here.key(), f"reg.example/{REPOSITORY}:multi")
    assert found.digest == index.digest
    assert found.absence.startswith("no legacy signature, but a signature of one platform; ")
    assert "sign the index" in found.absence


def test_person_is_shown_nothing_of_the_kind_where_there_are_signatures(here):
    here.attach(here.signed(Signer(new_key())))
    assert here.examine(here.key()).absence == ""
