"""Trust roots: read from files of both forms, refused by the member that is wrong, replaced while we run."""

from __future__ import annotations

import base64
import copy
import json
import logging

import pytest
import yaml

from provider import limits
from provider.errors import ImageError, SettingsError
from provider.questions.proof_question import TrustRootName
from provider.reasons import Reason
from provider.signatures.trust import trust_root
from provider.signatures.trust.trust_root import TrustRootError
from provider.signatures.trust.trust_roots import TrustRoots
from tests.simulators.clock import FakeClock
from tests.simulators.signing import DER, NOW, PEM, SPKI, canonical

OWN = TrustRootName("own")


def b64(raw):
    return base64.b64encode(raw).decode()


@pytest.fixture
def document(world):
    return copy.deepcopy(world.trust_root)


@pytest.fixture
def trust_object(world):
    """The same as a TrustRoot object of policy-controller."""
    chain = world.ca.certificate.public_bytes(PEM) + world.ca.root.public_bytes(PEM)
    stamps = b"".join(
        one.public_bytes(PEM) for one in (world.tsa.certificate, world.tsa.ca.certificate, world.tsa.ca.root)
    )

    def log(one):
        pem = one.key.public_key().public_bytes(PEM, SPKI)
        return {"baseURL": "https://log.example.test", "hashAlgorithm": "sha-256", "publicKey": b64(pem)}

    subject = {"organization": "rig", "commonName": "rig"}
    keys = {
        "certificateAuthorities": [{"subject": subject, "uri": "https://ca", "certChain": b64(chain)}],
        "tLogs": [log(world.log)],
        "ctLogs": [log(world.ct_log)],
        "timestampAuthorities": [{"subject": subject, "uri": "https://tsa", "certChain": b64(stamps)}],
    }
    return {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "TrustRoot",
        "metadata": {"name": "own"},
        "spec": {"sigstoreKeys": keys},
    }


def test_both_forms_say_the_same(world, document, trust_object):
    one, other = trust_root.read(canonical(document)), trust_root.read(yaml.safe_dump(trust_object).encode())
    assert [log.key_id for log in other.logs] == [one.logs[0].key_id] == [world.log.key_id]
    assert other.ct_logs[0].key.spki == one.ct_logs[0].key.spki
    for each in (one, other):
        assert [certificate.public_bytes(DER) for certificate in each.authorities[0].certificates] == [
            world.ca.certificate.public_bytes(DER),
            world.ca.root.public_bytes(DER),
        ]
        assert len(each.timestamp_authorities[0].certificates) == 3


def test_digest_is_of_the_specification_however_it_is_written(trust_object):
    one = trust_root.read(json.dumps(trust_object, indent=3).encode()).digest
    named = trust_object | {"metadata": {"name": "other"}}
    assert one == trust_root.read(yaml.safe_dump(named).encode()).digest == trust_root.digest_of(trust_object["spec"])
    trust_object["spec"]["sigstoreKeys"]["tLogs"] = []
    assert trust_root.of_document(trust_object).digest != one


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda doc: doc.update(mediaType="x"), "it is x; known are"),
        (lambda doc: doc.update(tlogs={}), "tlogs: must be a list"),
        (lambda doc: doc.update(tlogs=[1]), "tlogs[0]: a member is missing or cannot be read"),
        (lambda doc: doc["tlogs"][0].pop("publicKey"), "tlogs[0]: a member is missing"),
        (lambda doc: doc["tlogs"][0]["publicKey"].update(rawBytes="AAAA"), "tlogs[0]: a member is missing or cannot"),
        (lambda doc: doc["tlogs"][0]["publicKey"].update(keyDetails="LMS_SHA256"), "keyDetails: LMS_SHA256 is not"),
        (lambda doc: doc["tlogs"][0]["publicKey"].update(validFor={"start": "soon"}), "tlogs[0]: a member is"),
        (lambda doc: doc["tlogs"][0]["publicKey"].update(validFor={"start": "2026-01-01T00:00:00"}), "tlogs[0]: a"),
        (lambda doc: doc["certificateAuthorities"][0].update(certChain={"certificates": []}), "1 to 10 certificates"),
        (
            lambda doc: doc["certificateAuthorities"][0]["certChain"]["certificates"][0].update(rawBytes="AAAA"),
            "certificateAuthorities[0]: a member is missing or cannot be read",
        ),
    ],
)
def test_damaged_member_is_named(document, change, sentence):
    change(document)
    with pytest.raises(TrustRootError) as refused:
        trust_root.of_document(document)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "exactly one trust root"),
        (b"{", "neither JSON nor YAML"),
        (b"a: [", "neither JSON nor YAML"),
        (b"[]", "exactly one trust root"),
        (b"a: 1\n---\nb: 2\n", "exactly one trust root"),
        (b"kind: TrustRoot\n", "it is TrustRoot; known are"),
        (
            b"apiVersion: policy.sigstore.dev/v1alpha1\nkind: TrustRoot\nspec: {remote: {}}\n",
            "spec: holds remote; only sigstoreKeys is supported",
        ),
        (b"{" * 100_000, "neither JSON nor YAML"),
    ],
)
def test_what_is_no_trust_root_is_refused(body, sentence):
    with pytest.raises(TrustRootError, match=sentence):
        trust_root.read(body)


def test_expired_and_large_and_missing_files_are_refused(document, tmp_path):
    path = tmp_path / "root.json"
    with pytest.raises(TrustRootError, match="No such file"):
        trust_root.read_file(path, NOW)
    for authority in document["certificateAuthorities"]:
        authority["validFor"]["end"] = "2020-01-01T00:00:00Z"
    for authority in document["timestampAuthorities"]:
        authority["validFor"]["end"] = "2020-01-01T00:00:00Z"
    for log in document["tlogs"]:
        log["publicKey"]["validFor"]["end"] = "2020-01-01T00:00:00Z"
    path.write_bytes(canonical(document))
    with pytest.raises(TrustRootError, match="has expired"):
        trust_root.read_file(path, NOW)
    path.write_bytes(b" " * (limits.FILE_BYTES + 1))
    with pytest.raises(TrustRootError, match="larger than"):
        trust_root.read_file(path, NOW)


# In force.


@pytest.fixture
def path(document, tmp_path):
    path = tmp_path / "own.json"
    path.write_bytes(canonical(document))
    return path


def replace(path, body):
    """As a Secret is replaced: another file under the same name."""
    new = path.with_suffix(".new")
    new.write_bytes(body)
    new.replace(path)


def test_file_that_is_replaced_comes_into_force(document, path):
    clock = FakeClock()
    roots = TrustRoots({"own": path}, clock)
    before = roots.find(OWN).digest
    document["tlogs"] = []
    replace(path, canonical(document))
    assert roots.find(OWN).digest == before
    clock.advance(limits.TRUST_ROOT_SECONDS + 1)
    assert roots.find(OWN).digest == trust_root.digest_of(document)


@pytest.mark.parametrize("damage", ["damaged", "gone"])
def test_file_that_cannot_be_used_keeps_the_old_one_and_says_so_once(path, caplog, damage):
    clock = FakeClock()
    roots = TrustRoots({"own": path}, clock)
    before = roots.find(OWN).digest
    if damage == "gone":
        path.unlink()
    else:
        replace(path, b"{")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            clock.advance(limits.TRUST_ROOT_SECONDS + 1)
            assert roots.find(OWN).digest == before
    assert [record.getMessage().endswith("the old one stays in force") for record in caplog.records] == [True]


def test_bad_files_are_all_told_at_the_start(tmp_path):
    files = {name: tmp_path / name for name in ("one", "two")}
    with pytest.raises(SettingsError) as refused:
        TrustRoots(files, FakeClock())
    assert [problem.partition("=")[0] for problem in refused.value.problems] == ["trust_root: one", "trust_root: two"]


def test_name_that_nobody_gave_is_stale_but_the_empty_one_is_the_public_good_instance():
    roots = TrustRoots({}, FakeClock())
    with pytest.raises(ImageError) as refused:
        roots.find(OWN)
    assert refused.value.reason is Reason.TRUST_ROOT_STALE
    assert roots.find(TrustRootName()) is roots.find(TrustRootName())
