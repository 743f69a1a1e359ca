"""What bundles prove. Attacks: `test_attacks`."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import hashlib
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from provider import limits
from provider.questions.answer import SigningTime, TimeSource
from provider.questions.proof_question import HashAlgorithm
from provider.signatures.demands import Demands
from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import trust_root
from tests.simulators.signing import SIGNED_AT, TSA, Signer, new_key
from tests.unit.signatures.world import DIGEST, MANIFEST

STAMP = "2026-11-23T22:40:00Z"


def test_certificate_names_the_signer_at_the_time_of_the_log(case):
    proof = case.verify_bundle(case.bundle())
    assert (list(proof.subjects), proof.issuer, proof.format) == (
        ["ann@example.test"],
        "https://issuer.example.test",
        "bundle",
    )
    assert (proof.digest, proof.times) == (DIGEST, [SigningTime(TimeSource.LOG, STAMP)])


def test_log_with_tiles_gives_no_time_so_a_timestamp_does(case):
    proof = case.verify_bundle(case.bundle(entry="v2", stamps=[None]))
    assert proof.times == [SigningTime(TimeSource.TIMESTAMP, STAMP)]


def test_timestamp_alone_is_enough_where_only_it_is_asked_for(case):
    proof = case.verify_bundle(case.bundle(entry=None, stamps=[None]), case.keyless_stamped)
    assert proof.times == [SigningTime(TimeSource.TIMESTAMP, STAMP)]


def test_issuer_is_the_newer_extension(case):
    signer = case.world.signer(issuer=None, newer_issuer="https://newer.example.test")
    assert case.verify_bundle(case.bundle(signer)).issuer == "https://newer.example.test"


def test_larger_curves_hash_with_longer_hashes(case):
    signer = case.world.signer(key=new_key(ec.SECP384R1()))
    longer = Signer(signer.key, signer.certificate, "SHA384")
    assert case.verify_bundle(case.bundle(longer)).subjects
    with pytest.raises(RejectionError, match="invalid signature"):
        case.verify_bundle(case.bundle(Signer(signer.key, signer.certificate, "SHA512")))


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_older_clients_hash_with_sha_256_whatever_the_curve(case, curve):
    signer = case.world.signer(key=new_key(curve))
    assert case.verify_bundle(case.bundle(signer)).subjects
    assert case.verify_bundle(case.world.message_bundle(DIGEST, MANIFEST, signer)).subjects
    # The newer form of log entries came after that.
    with pytest.raises(RejectionError, match="the log entry is of another signature"):
        case.verify_bundle(case.bundle(signer, entry="v2", stamps=[None]))
    # What a policy says of a key counts.
    key = Signer(new_key(curve))
    longer = Demands(key=case.public(key, HashAlgorithm.SHA384))
    with pytest.raises(RejectionError, match="invalid signature"):
        case.verify_bundle(case.bundle(key, entry=None), longer)


def test_key_proves_its_bundle_without_a_log(case):
    proof = case.verify_bundle(case.bundle(case.world.key, entry=None), case.by_key)
    assert (proof.subjects, proof.issuer, proof.times) == ((), "", [])


@pytest.mark.parametrize("entry", ["v1", "v2"])
def test_key_proves_its_bundle_with_the_log_that_was_asked_for(case, entry):
    proof = case.verify_bundle(case.bundle(case.world.key, entry=entry), case.by_key_logged)
    assert [time.at for time in proof.times] == ([STAMP] if entry == "v1" else [])
    with pytest.raises(RejectionError, match="has 0 log entries"):
        case.verify_bundle(case.bundle(case.world.key, entry=None), case.by_key_logged)


def test_message_signature_is_over_the_image(case):
    assert case.verify_bundle(case.world.message_bundle(DIGEST, MANIFEST, case.ann)).subjects == ("ann@example.test",)
    by_key = case.world.message_bundle(DIGEST, MANIFEST, case.world.key, entry=None)
    assert case.verify_bundle(by_key, case.by_key).digest == DIGEST
    longer = Demands(key=case.public(case.world.key, HashAlgorithm.SHA512))
    with pytest.raises(RejectionError, match="does not sign SHA-256 digests"):
        case.verify_bundle(by_key, longer)


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_older_bundles_bring_a_chain_of_which_only_the_leaf_counts(case, version):
    document = case.bundle()
    material = document["verificationMaterial"]
    document["mediaType"] = f"application/vnd.dev.sigstore.bundle+json;version={version}"
    material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    assert case.verify_bundle(document).subjects == ("ann@example.test",)


def test_oldest_bundles_may_have_a_promise_alone(case):
    document = case.bundle()
    material = document["verificationMaterial"]
    material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    del material["tlogEntries"][0]["inclusionProof"]
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    assert case.verify_bundle(document).times
    del material["tlogEntries"][0]["inclusionPromise"]
    with pytest.raises(RejectionError, match="has no inclusion proof"):
        case.verify_bundle(document)


def test_first_entry_of_a_log_has_members_that_are_left_out(case):
    """Protobuf's JSON leaves out what is zero."""
    document = case.bundle(entry="v2", stamps=[None])
    entry = document["verificationMaterial"]["tlogEntries"][0]
    root = hashlib.sha256(b"\0" + base64.b64decode(entry["canonicalizedBody"])).digest()
    del entry["logIndex"]
    entry["inclusionProof"] = {
        "treeSize": "1",
        "rootHash": base64.b64encode(root).decode(),
        "checkpoint": {"envelope": case.world.tiles.checkpoint(1, root)},
    }
    assert case.verify_bundle(document).subjects == ("ann@example.test",)


def test_timestamps_of_other_authorities_do_not_count_beside_a_known_one(case):
    document = case.bundle(entry="v2", stamps=[None])
    stamps = document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    signature = base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"])
    stamps.insert(0, {"signedTimestamp": base64.b64encode(TSA().stamp(signature)).decode()})
    assert len(case.verify_bundle(document).times) == 1


def test_trust_root_without_timestamp_authorities_leaves_timestamps_out(case):
    root = trust_root.of_document(case.world.trust_root | {"timestampAuthorities": []})
    proof = case.verify_bundle(case.bundle(stamps=[None]), Demands(trust_root=root, logs=root))
    assert [time.source for time in proof.times] == [TimeSource.LOG]
    with pytest.raises(RejectionError, match="has no time of signing"):
        case.verify_bundle(case.bundle(entry="v2", stamps=[None]), Demands(trust_root=root, logs=root))


def test_certificate_is_judged_at_every_proved_time(case):
    late = case.bundle(when=SIGNED_AT + dt.timedelta(minutes=30), stamps=[None])
    with pytest.raises(RejectionError, match=r"^certificate expired before observed time"):
        case.verify_bundle(late)


def test_attestation_is_no_signature(case):
    statement = case.world.statement(DIGEST, predicateType="https://slsa.dev/provenance/v1")
    with pytest.raises(NoSignatureError):
        case.verify_bundle(case.bundle(statement=statement))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'"x"', b"{}", b'{"mediaType":1}', b"\xff", b"[" * 100_000])
def test_what_is_no_bundle_is_refused(case, raw):
    with pytest.raises(RejectionError, match=r"^the bundle"):
        case.verify_bundle(raw)


def test_promise_counts_only_with_a_time_in_a_form_that_has_one(case):
    """Logs with tiles promise nothing: a time that one of them signed so would be of nobody's making."""
    document = case.bundle(entry="v2", stamps=[None])
    entry = document["verificationMaterial"]["tlogEntries"][0]
    seconds = int(SIGNED_AT.timestamp())
    promise = case.world.tiles.promise(
        {
            "body": entry["canonicalizedBody"],
            "integratedTime": seconds,
            "logIndex": int(entry["logIndex"]),
            "logID": case.world.tiles.key_id.hex(),
        }
    )
    entry["inclusionPromise"] = {"signedEntryTimestamp": base64.b64encode(promise).decode()}
    for time in (str(seconds), "0"):
        entry["integratedTime"] = time
        with pytest.raises(RejectionError, match=r"^the log entry has a promise but no time that it could be of$"):
            case.verify_bundle(document)


def test_sct_is_not_asked_for_where_it_is_waived(case):
    waived = Demands(trust_root=case.root, logs=case.root, ignore_sct=True)
    assert case.verify_bundle(case.bundle(case.world.signer(scts=0)), waived).subjects == ("ann@example.test",)


def test_timestamp_that_is_asked_of_a_key_is_told(case):
    proof = case.verify_bundle(case.bundle(case.world.key, entry=None, stamps=[None]), case.by_key_stamped)
    assert proof.times == [SigningTime(TimeSource.TIMESTAMP, STAMP)]


def test_certificate_proves_nothing_where_nobody_is_trusted(case):
    nobody = Demands(logs=case.root)
    with pytest.raises(RejectionError, match=r"^there is no trust root$"):
        case.verify_bundle(case.bundle(), nobody)
    with pytest.raises(RejectionError, match=r"^there is no trust root$"):
        case.verify(case.legacy(case.ann, logged=True), nobody)


def test_envelope_may_be_logged_in_the_older_form(case):
    proof = case.verify_bundle(case.bundle(entry="intoto"))
    assert proof.times == [SigningTime(TimeSource.LOG, STAMP)]


# Protobuf's JSON may be written in several ways.


def snake(value):
    """The same with its names as protobuf's definitions spell them."""
    if isinstance(value, dict):
        return {re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name): snake(one) for name, one in value.items()}
    return [snake(one) for one in value] if isinstance(value, list) else value


def test_names_may_be_spelled_as_in_protobufs_definitions(case):
    document = case.bundle(stamps=[None])
    spelled = snake(document)
    assert "rfc3161_timestamps" in spelled["verification_material"]["timestamp_verification_data"]
    assert case.verify_bundle(spelled) == case.verify_bundle(document)
    spelled["mediaType"] = document["mediaType"]
    with pytest.raises(RejectionError, match="a name stands twice in it, in two spellings"):
        case.verify_bundle(spelled)


def test_bytes_may_be_in_either_alphabet_and_without_padding(case):
    document = case.bundle(stamps=[None])
    url_safe = document_with(document, lambda text: text.replace("+", "-").replace("/", "_"))
    unpadded = document_with(document, lambda text: text.rstrip("="))
    both = document_with(url_safe, lambda text: text.rstrip("="))
    for one in (url_safe, unpadded, both):
        assert one != document
        assert case.verify_bundle(one) == case.verify_bundle(document)


@pytest.mark.parametrize("text", ["+_==", "AAA=A", "A", "AAAAA", "AA=", "AA AA"])
def test_bytes_in_no_alphabet_are_refused(case, text):
    document = case.bundle()
    document["dsseEnvelope"]["signatures"][0]["sig"] = text
    with pytest.raises(RejectionError, match="base64 data"):
        case.verify_bundle(document)


def document_with(document, change):
    """The same with its bytes written otherwise."""
    document = copy.deepcopy(document)
    material, envelope = document["verificationMaterial"], document["dsseEnvelope"]
    (entry,) = material["tlogEntries"]
    places = [(entry["logId"], "keyId"), (entry, "canonicalizedBody"), (entry["inclusionProof"], "rootHash")]
    places += [(entry["inclusionPromise"], "signedEntryTimestamp"), (material["certificate"], "rawBytes")]
    places += [(envelope, "payload"), (envelope["signatures"][0], "sig")]
    places += [(one, "signedTimestamp") for one in material["timestampVerificationData"]["rfc3161Timestamps"]]
    for holder, name in places:
        holder[name] = change(holder[name])
    hashes = entry["inclusionProof"]["hashes"]
    hashes[:] = map(change, hashes)
    return document


def test_numbers_may_be_numbers_and_zero_may_be_null(case):
    document = case.bundle(entry="v2", stamps=[None])
    entry = document["verificationMaterial"]["tlogEntries"][0]
    entry["logIndex"] = int(entry["logIndex"])
    entry["integratedTime"] = None
    assert case.verify_bundle(document).subjects
    for number in (True, 3.0, -3, 2**63, [3]):
        entry["logIndex"] = number
        with pytest.raises(RejectionError, match="missing or of a wrong type"):
            case.verify_bundle(document)


def test_values_of_enumerations_are_taken_by_name_only(case):
    document = case.world.message_bundle(DIGEST, MANIFEST, case.ann)
    document["messageSignature"]["messageDigest"]["algorithm"] = 1
    with pytest.raises(RejectionError, match="missing or of a wrong type"):
        case.verify_bundle(document)


MATERIAL = ("verificationMaterial",)
PLACES_OF_MEMBERS = {
    "bundle": (),
    "material": MATERIAL,
    "certificate": (*MATERIAL, "certificate"),
    "timestamps": (*MATERIAL, "timestampVerificationData"),
    "envelope": ("dsseEnvelope",),
}


@pytest.mark.parametrize("place", PLACES_OF_MEMBERS)
def test_member_that_nobody_knows_is_refused(case, place):
    document = case.bundle(stamps=[None])
    holder = document
    for name in PLACES_OF_MEMBERS[place]:
        holder = holder[name]
    holder["x"] = 1
    with pytest.raises(RejectionError, match=r"^the bundle cannot be read: x is not known$"):
        case.verify_bundle(document)


def test_member_that_nobody_knows_is_refused_beside_a_message_and_a_key_too(case):
    document = case.world.message_bundle(DIGEST, MANIFEST, case.world.key)
    document["messageSignature"]["x"] = 1
    with pytest.raises(RejectionError, match="x is not known"):
        case.verify_bundle(document, case.by_key)
    document = case.bundle(case.world.key)
    document["verificationMaterial"]["publicKey"]["x"] = 1
    with pytest.raises(RejectionError, match="x is not known"):
        case.verify_bundle(document, case.by_key)


def test_chain_is_for_older_bundles_and_not_empty(case):
    document = case.bundle()
    material = document["verificationMaterial"]
    material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    with pytest.raises(RejectionError, match="x509CertificateChain is not for bundles of this version"):
        case.verify_bundle(document)
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2"
    material["x509CertificateChain"]["certificates"] *= limits.CERTIFICATES
    assert case.verify_bundle(document)
    material["x509CertificateChain"]["certificates"] *= 2
    with pytest.raises(RejectionError, match="certificates has 20 members, more than 10"):
        case.verify_bundle(document)
    material["x509CertificateChain"]["certificates"] = []
    with pytest.raises(RejectionError, match="x509CertificateChain is empty"):
        case.verify_bundle(document)


def test_message_says_the_hash_that_images_have(case):
    document = case.world.message_bundle(DIGEST, MANIFEST, case.ann)
    document["messageSignature"]["messageDigest"]["algorithm"] = "SHA2_512"
    with pytest.raises(RejectionError, match="only SHA2_256 is an image's"):
        case.verify_bundle(document)


def test_inclusion_proof_is_no_longer_than_a_tree_is_high(case):
    document = case.bundle()
    proof = document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    proof["hashes"] = [base64.b64encode(hashlib.sha256(b"%d" % number).digest()).decode() for number in range(65)]
    with pytest.raises(RejectionError, match="an inclusion proof is too long"):
        case.verify_bundle(document)
    proof["hashes"].pop()
    with pytest.raises(RejectionError, match="is not in the tree that its log has signed"):
        case.verify_bundle(document)


def test_promise_without_a_time_is_refused(case):
    document = case.bundle()
    del document["verificationMaterial"]["tlogEntries"][0]["integratedTime"]
    with pytest.raises(RejectionError, match=r"^the log entry has a promise but no time that it could be of$"):
        case.verify_bundle(document)
