"""Trust roots: read from files of both forms, refused by the member that is wrong, replaced while we run."""

from __future__ import annotations

import base64
import copy
import json
from importlib import resources
from urllib.parse import quote

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from provider import limits
from provider.errors import ImageError
from provider.observer import NullObserver
from provider.questions.proof_question import HashAlgorithm, TrustRootName
from provider.reasons import Reason
from provider.signatures.trust import document as trust_document
from provider.signatures.trust import trust_root
from provider.signatures.trust.document import TrustRootError
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
def one_log(document):
    """The same with one log of signatures."""
    document["tlogs"] = document["tlogs"][:1]
    return document


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
    assert (
        one == trust_root.read(yaml.safe_dump(named).encode()).digest == trust_document.digest_of(trust_object["spec"])
    )
    trust_object["spec"]["sigstoreKeys"]["tLogs"] = []
    assert trust_root.of_document(trust_object).digest != one


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
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
def test_damaged_member_is_named_and_the_others_are_used(one_log, change, sentence):
    whole = trust_root.of_document(copy.deepcopy(one_log))
    change(one_log)
    found = trust_root.of_document(one_log)
    assert sentence in found.problems[0]
    assert len(found.problems) == 1
    before = (*whole.authorities, *whole.ct_logs, *whole.logs, *whole.timestamp_authorities)
    after = (*found.authorities, *found.ct_logs, *found.logs, *found.timestamp_authorities)
    assert len(after) == len(before) - 1


def test_root_of_sigstores_staging_instance_is_used_without_its_key_of_an_old_type():
    store = resources.files("sigstore").joinpath("_store", quote("https://tuf-repo-cdn.sigstage.dev", safe=""))
    root = trust_root.read_usable(store.joinpath("trusted_root.json").read_bytes(), NOW)
    assert root.problems == ("ctlogs[0].publicKey.keyDetails: PKCS1_RSA_PKCS1V5 is not supported",)
    assert (len(root.authorities), len(root.ct_logs), len(root.logs)) == (1, 3, 4)


@pytest.mark.parametrize("end", [7, "", "never", "2026-01-01T00:00:00", ["2026-01-01T00:00:00Z"], {}])
@pytest.mark.parametrize("name", ["validFor", "valid_for"])
def test_key_whose_end_cannot_be_read_is_no_key_rather_than_one_without_an_end(one_log, end, name):
    one_log["tlogs"][0]["publicKey"].pop("validFor", None)
    one_log["tlogs"][0]["publicKey"][name] = {"start": "2021-01-01T00:00:00Z", "end": end}
    assert trust_root.of_document(one_log).logs == ()


@pytest.mark.parametrize("span", [None, {}, {"end": "2099-01-01T00:00:00Z"}, {"start": None}, "missing"])
@pytest.mark.parametrize("name", ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"])
def test_member_that_does_not_say_from_when_it_counts_is_not_believed(one_log, name, span):
    holder = one_log[name][0].get("publicKey", one_log[name][0])
    del holder["validFor"]
    if span != "missing":
        holder["validFor"] = span
    found = trust_root.of_document(one_log)
    members = {
        "tlogs": found.logs,
        "ctlogs": found.ct_logs,
        "certificateAuthorities": found.authorities,
        "timestampAuthorities": found.timestamp_authorities,
    }
    assert [bool(each) for each in members.values()] == [each != name for each in members]
    assert [problem for problem in found.problems if "validFor: has no start" in problem]
    assert len(found.problems) == 1


def test_object_that_knows_no_times_counts_from_the_epoch(trust_object):
    found = trust_root.of_document(trust_object)
    members = (*found.authorities, *found.ct_logs, *found.logs, *found.timestamp_authorities)
    assert [(one.validity.start.timestamp(), one.validity.end) for one in members] == [(0, None)] * 4


@pytest.mark.parametrize("kind", ["PKCS1_RSA_PKCS1V5", "ML_DSA_65", "PKIX_ED25519_PH", 5])
def test_log_with_a_key_of_another_type_is_passed_over_and_named(document, world, kind):
    document["tlogs"][0]["publicKey"]["keyDetails"] = kind
    found = trust_root.of_document(document)
    assert [log.key_id for log in found.logs] == [world.tiles.key_id]
    assert found.problems == (f"tlogs[0].publicKey.keyDetails: {kind} is not supported",)


@pytest.mark.parametrize(
    ("media_type", "known"),
    [
        ("application/vnd.dev.sigstore.trustedroot+json;version=0.1", True),
        ("application/vnd.dev.sigstore.trustedroot.v0.1+json", True),
        ("application/vnd.dev.sigstore.trustedroot.v0.9+json", False),
        (["application/vnd.dev.sigstore.trustedroot.v0.1+json"], False),
    ],
)
def test_media_type_is_one_of_version_0_1_in_either_spelling(document, media_type, known):
    document["mediaType"] = media_type
    if known:
        assert trust_root.read(canonical(document)).logs
        return
    with pytest.raises(TrustRootError, match="known are"):
        trust_root.read(canonical(document))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_root_in_another_encoding_is_refused(document, encoding):
    for text in (json.dumps(document), yaml.safe_dump(document)):
        assert trust_root.read(text.encode()).logs
        with pytest.raises(TrustRootError, match="neither JSON nor YAML that can be read"):
            trust_root.read(text.encode(encoding))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(document, number):
    body = canonical(document | {"x": "HERE"}).replace(b'"HERE"', number.encode())
    with pytest.raises(TrustRootError, match="neither JSON nor YAML that can be read"):
        trust_root.read(body)


def test_null_stands_for_an_end_that_is_not_set(one_log):
    one_log["tlogs"][0]["publicKey"]["validFor"] = {"start": "2021-01-01T00:00:00Z", "end": None}
    [log] = trust_root.of_document(one_log).logs
    assert log.validity.end is None
    assert log.validity.start is not None


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ('"validFor":{"start":"2021-01-01T00:00:00Z","end":"2022-01-01T00:00:00Z","end":null}', "tlogs[0]"),
        ('"validFor":{"start":"2021-01-01T00:00:00Z","end":"2022-01-01T00:00:00Z"},"validFor":null', "tlogs[0]"),
    ],
)
def test_name_that_stands_twice_makes_a_member_unreadable(one_log, text, twice):
    one_log["tlogs"][0]["publicKey"]["validFor"] = "HERE"
    body = canonical(one_log).replace(b'"validFor":"HERE"', text.encode())
    found = trust_root.read(body)
    assert found.logs == ()
    assert found.problems[0].startswith(twice)


def paths(value, path=()):
    """The path of everything in a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*path, name)
        yield from paths(child, (*path, name))


def trusted(root):
    """Whom a trust root believes, and when."""
    logs = {(log.key.spki, log.validity) for log in (*root.logs, *root.ct_logs)}
    chains = (*root.authorities, *root.timestamp_authorities)
    return logs | {(tuple(one.public_bytes(DER) for one in each.certificates), each.validity) for each in chains}


@pytest.mark.parametrize("value", [None, True, 7, "", "x", "AAAA", [], [None], {}, {"x": 1}, "\ud800", 10**400])
@pytest.mark.parametrize("form", ["document", "trust_object"])
def test_whatever_is_damaged_trust_gets_no_larger(request, form, value):
    whole = request.getfixturevalue(form)
    ends = {"start": "2021-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"}
    if form == "document":
        for log in (*whole["tlogs"], *whole["ctlogs"]):
            log["publicKey"]["validFor"] = ends
    before = trusted(trust_root.of_document(whole))
    for path in paths(whole):
        damaged = copy.deepcopy(whole)
        *parents, last = path
        place = damaged
        for name in parents:
            place = place[name]
        place[last] = value
        try:
            after = trusted(trust_root.of_document(damaged))
        except TrustRootError:
            continue
        # What is null is not set, in protobuf's words: only there is an end open.
        unset = value is None and last == "end"
        assert after <= before or unset, path


@pytest.mark.parametrize(
    ("listed", "field", "words"),
    [
        ("certificateAuthorities", "subject", "certificateAuthority[0].subject.commonName"),
        ("certificateAuthorities", "uri", "certificateAuthority[0].uri"),
        ("certificateAuthorities", "certChain", "certificateAuthority[0].certchain"),
        ("timestampAuthorities", "subject", "timestampAuthorities[0].subject.commonName"),
        ("timestampAuthorities", "uri", "timestampAuthorities[0].uri"),
        ("ctLogs", "baseURL", "ctLogs[0].baseURL"),
        ("tLogs", "hashAlgorithm", "tLogs[0].hashAlgorithm"),
        ("tLogs", "publicKey", "tLogs[0].publicKey"),
    ],
)
def test_every_member_of_an_object_is_looked_at_in_the_webhooks_words_and_counts_for_itself(
    trust_object, listed, field, words
):
    """Upstream's checks overwrite each other, so that it really looks at the last member of the last list."""
    keys = trust_object["spec"]["sigstoreKeys"]
    bad = copy.deepcopy(keys[listed][0])
    del bad[field]
    keys[listed].insert(0, bad)
    whole = trusted(trust_root.of_document(copy.deepcopy(trust_object)))
    found = trust_root.of_document(trust_object)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{listed}[0]: missing field(s): spec.sigstoreKeys.")
    assert f"spec.sigstoreKeys.{words}" in found.problems[0]
    keys[listed].pop(0)
    assert trusted(found) == trusted(trust_root.of_document(trust_object)) == whole


def test_timestamp_authority_with_two_certificates_that_stamp_is_passed_over(world, trust_object):
    [authority] = trust_object["spec"]["sigstoreKeys"]["timestampAuthorities"]
    leaf = world.tsa.certificate.public_bytes(PEM)
    authority["certChain"] = b64(leaf + base64.b64decode(authority["certChain"]))
    found = trust_root.of_document(trust_object)
    assert found.timestamp_authorities == ()
    sentence = "timestampAuthorities[0]: certificate chain must contain at most one TSA certificate"
    assert found.problems == (sentence,)


@pytest.mark.parametrize("algorithm", ["sha-256", "sha256", "sha-512", "crc32"])
def test_hash_of_a_log_in_an_object_decides_nothing(trust_object, algorithm):
    trust_object["spec"]["sigstoreKeys"]["tLogs"][0]["hashAlgorithm"] = algorithm
    assert len(trust_root.of_document(trust_object).logs) == 1


@pytest.mark.parametrize(
    ("make", "algorithm"),
    [
        (ed25519.Ed25519PrivateKey.generate, HashAlgorithm.SHA256),
        (lambda: rsa.generate_private_key(65537, 2048), HashAlgorithm.SHA256),
        (lambda: ec.generate_private_key(ec.SECP384R1()), HashAlgorithm.SHA384),
    ],
    ids=["Ed25519", "RSA", "P-384"],
)
def test_log_of_an_object_may_have_a_key_of_each_kind(trust_object, make, algorithm):
    pem = make().public_key().public_bytes(PEM, SPKI)
    trust_object["spec"]["sigstoreKeys"]["tLogs"][0]["publicKey"] = b64(pem)
    [log] = trust_root.of_document(trust_object).logs
    assert (log.key.pem, log.key.hash_algorithm) == (pem, algorithm)


def test_base64_may_stand_in_lines(trust_object):
    [log] = trust_object["spec"]["sigstoreKeys"]["tLogs"]
    log["publicKey"] = log["publicKey"][:20] + "\n" + log["publicKey"][20:] + "\r\n"
    assert trust_root.of_document(trust_object).problems == ()


END = {"start": "2021-01-01T00:00:00Z", "end": "2022-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda log: log["publicKey"].update(validfor=END), "tlogs[0].publicKey: validfor is not known"),
        (
            lambda log: log["publicKey"].update(validFor={"ends": END["end"]}),
            "tlogs[0].publicKey.validFor: ends is not known",
        ),
        (lambda log: log["publicKey"].update(validFor=None, valid_for=END), "tlogs[0].publicKey: validFor stands"),
        (lambda log: log.update(validFor=END), "tlogs[0]: validFor is not known"),
        (lambda log: log.update(logId={"keyID": "AAAA"}), "tlogs[0].logId: keyID is not known"),
    ],
)
def test_end_under_a_name_that_nobody_knows_is_not_passed_over_alone(one_log, change, problem):
    one_log["tlogs"][0]["publicKey"].pop("validFor", None)
    change(one_log["tlogs"][0])
    found = trust_root.of_document(one_log)
    assert found.logs == ()
    assert found.problems[0].startswith(problem)


@pytest.mark.parametrize(
    ("name", "time"), [("start", "0001-01-01T00:00:00+14:00"), ("end", "9999-12-31T23:59:59-14:00")]
)
def test_time_that_no_calendar_of_utc_has_makes_a_key_unreadable(one_log, name, time):
    one_log["tlogs"][0]["publicKey"]["validFor"][name] = time
    found = trust_root.of_document(one_log)
    assert (found.logs, found.problems) == ((), ("tlogs[0]: a member is missing or cannot be read",))


def test_bytes_may_be_in_either_alphabet_of_base64_with_padding_or_without(world, document):
    def of(change):
        found = copy.deepcopy(document)
        for log in (*found["tlogs"], *found["ctlogs"]):
            log["publicKey"]["rawBytes"] = change(log["publicKey"]["rawBytes"])
            log["logId"]["keyId"] = change(log["logId"]["keyId"])
        for one in (*found["certificateAuthorities"], *found["timestampAuthorities"]):
            for each in one["certChain"]["certificates"]:
                each["rawBytes"] = change(each["rawBytes"])
        return trust_root.of_document(found)

    def urls(text):
        return text.replace("+", "-").replace("/", "_")

    plain = of(str)
    for change in (urls, lambda text: text.rstrip("="), lambda text: urls(text).rstrip("=")):
        found = of(change)
        assert not found.problems
        assert [one.key.spki for one in found.logs] == [one.key.spki for one in plain.logs]
        assert [one.certificates for one in found.authorities] == [one.certificates for one in plain.authorities]
    for text in ("a-+a", "a/_a", "a", "YQ=", "Y Q=="):
        with pytest.raises(ValueError, match=r".+"):
            trust_document.bytes_of(text)


def test_media_type_may_be_in_protobufs_other_spelling(document):
    document["media_type"] = document.pop("mediaType")
    assert trust_root.of_document(document).problems == ()


def test_names_may_be_in_protobufs_other_spelling(one_log):
    whole = trust_root.of_document(copy.deepcopy(one_log))
    [log] = one_log["tlogs"]
    public = log.pop("publicKey")
    log["public_key"] = {"raw_bytes": public["rawBytes"], "key_details": public["keyDetails"], "valid_for": END}
    found = trust_root.of_document(one_log)
    assert found.problems == ()
    assert found.logs[0].key_id == whole.logs[0].key_id
    assert found.logs[0].validity.end.year == 2022


def test_end_of_an_object_that_does_not_know_ends_makes_no_log_without_one(trust_object):
    trust_object["spec"]["sigstoreKeys"]["tLogs"][0]["validFor"] = END
    found = trust_root.of_document(trust_object)
    assert (found.logs, found.problems) == ((), ("tLogs[0]: validFor is not known",))


def test_list_under_a_name_that_nobody_knows_is_passed_over_and_named(one_log, trust_object):
    one_log["tLogs"] = one_log["tlogs"]
    found = trust_root.of_document(one_log)
    assert (len(found.logs), found.problems) == (1, ("the file: tLogs is not known",))
    keys = trust_object["spec"]["sigstoreKeys"]
    keys["tlogs"] = keys.pop("tLogs")
    found = trust_root.of_document(trust_object)
    assert (found.logs, found.problems) == ((), ("spec.sigstoreKeys: tlogs is not known",))


def test_list_in_both_of_protobufs_spellings_means_the_first(one_log):
    one_log["certificate_authorities"] = one_log["certificateAuthorities"] * 2
    found = trust_root.of_document(one_log)
    assert len(found.authorities) == len(one_log["certificateAuthorities"])
    assert found.problems == ("the file: certificateAuthorities stands twice",)
    one_log["certificate_authorities"] = one_log.pop("certificateAuthorities")
    assert trust_root.of_document(one_log).authorities


@pytest.mark.parametrize(
    ("one", "twice"),
    [
        (b'"sigstoreKeys":', b'"sigstoreKeys":{"tLogs":[]},"sigstoreKeys":'),
        (b'"tLogs":', b'"tLogs":[],"tLogs":'),
    ],
)
def test_object_in_which_a_name_stands_twice_is_refused_as_nobody_knows_which_it_means(trust_object, one, twice):
    body = canonical(trust_object).replace(one, twice)
    with pytest.raises(TrustRootError, match="spec: a name stands twice in it"):
        trust_root.read(body)


@pytest.mark.parametrize(
    ("one", "twice"),
    [
        (b'"certificates":', b'"certificates":[],"certificates":'),
        (b'{"certificates":[{"rawBytes":', b'{"certificates":[{"rawBytes":"","rawBytes":'),
        (b'"certificates":', b'"certs":[],"certificates":'),
    ],
)
def test_authority_whose_chain_may_be_read_in_two_ways_is_passed_over(one_log, one, twice):
    del one_log["timestampAuthorities"]
    body = canonical(one_log)
    assert one in body
    found = trust_root.read(body.replace(one, twice))
    assert found.authorities == ()
    assert found.problems[0].startswith("certificateAuthorities[0]")
    assert len(found.logs) == 1


def test_yaml_is_read_as_json_is(one_log):
    public = one_log["tlogs"][0]["publicKey"]
    public["validFor"] = "HERE"
    text = yaml.safe_dump(one_log)
    whole = "start: 2021-01-01T00:00:00Z, end: 2022-01-01T00:00:00Z"
    [log] = trust_root.read(text.replace("HERE", f"{{{whole}}}").encode()).logs
    assert log.validity.end.year == 2022
    for twice in (f"{{{whole}, end: null}}", f"{{{whole}}}\n    validFor: null"):
        found = trust_root.read(text.replace("HERE", twice).encode())
        assert (found.logs, len(found.problems)) == ((), 1)


def test_yaml_that_stands_for_more_than_it_says_is_refused_before_it_is_written_out():
    lines = [f"a{number}: &a{number} [{','.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 30)]
    body = "\n".join(["mediaType: application/vnd.dev.sigstore.trustedroot+json;version=0.1", "a0: &a0 [x]", *lines])
    with pytest.raises(TrustRootError, match="with its aliases written out it has more than"):
        trust_root.read(body.encode())


@pytest.mark.parametrize("other", ["remote", "repository"])
def test_object_with_two_sources_is_refused_as_nobody_knows_which_it_means(trust_object, other):
    trust_object["spec"][other] = None
    assert trust_root.of_document(trust_object).logs
    trust_object["spec"][other] = {"root": "AAAA"}
    with pytest.raises(TrustRootError, match="only sigstoreKeys is supported, alone"):
        trust_root.of_document(trust_object)


def test_log_with_a_tree_of_another_hash_is_not_believed(one_log):
    one_log["tlogs"][0]["hashAlgorithm"] = "SHA2_512"
    found = trust_root.of_document(one_log)
    assert (found.logs, found.problems) == ((), ("tlogs[0].hashAlgorithm: SHA2_512 is not supported",))


def test_id_that_stands_for_two_keys_means_the_first_and_for_one_key_at_two_times_both(document):
    first = document["tlogs"][0]
    first["logId"] = {"keyId": b64(b"\x01" * 32)}
    later = copy.deepcopy(first)
    later["publicKey"]["validFor"] = {"start": "2030-01-01T00:00:00Z"}
    other = copy.deepcopy(document["ctlogs"][0]) | {"logId": first["logId"]}
    document["tlogs"] = [first, later, other]
    found = trust_root.of_document(document)
    assert [log.validity.start is not None and log.validity.start.year == 2030 for log in found.logs] == [False, True]
    assert len(found.problems) == 1
    assert "stands for two keys" in found.problems[0]


def test_root_of_which_nothing_can_be_used_says_why(document):
    for name in ("certificateAuthorities", "ctlogs", "tlogs", "timestampAuthorities"):
        document[name] = [{}]
    with pytest.raises(TrustRootError, match=r"nothing in it can be used: certificateAuthorities\[0\]"):
        trust_root.read_usable(canonical(document), NOW)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "exactly one trust root"),
        (b"{", "neither JSON nor YAML"),
        (b"a: [", "neither JSON nor YAML"),
        (b"[]", "exactly one trust root"),
        (b"a: 1\n---\nb: 2\n", "exactly one trust root"),
        (b'{"mediaType": "x"}', "it is x; known are"),
        (b'{"a": 1, "a": 2}', "a name stands twice"),
        (b"kind: TrustRoot\n", "it is TrustRoot; known are"),
        (
            b"apiVersion: policy.sigstore.dev/v1alpha1\nkind: TrustRoot\nspec: {remote: {}}\n",
            "spec: holds remote; only sigstoreKeys is supported, alone",
        ),
        (b"{" * 100_000, "neither JSON nor YAML"),
        (b"a: " + b"[" * 100_000, "neither JSON nor YAML"),
        (b"a: 1" + b":59" * 1000, "neither JSON nor YAML"),
        (b"a: 1" + b":59" * 1000 + b".5", "neither JSON nor YAML"),
        (b"a: !!int '1:59'", "neither JSON nor YAML"),
        (b"a: 0x10", "neither JSON nor YAML"),
        (b"a: &a [*a]", "neither JSON nor YAML"),
        (b"a: !!int [1]", "neither JSON nor YAML"),
        (b"a: !!float {b: 1}", "neither JSON nor YAML"),
        (b"a: !!bool maybe", "neither JSON nor YAML"),
        (b"a: !!timestamp soon", "neither JSON nor YAML"),
        (b"a: !!map [1]", "neither JSON nor YAML"),
    ],
)
def test_what_is_no_trust_root_is_refused(body, sentence):
    with pytest.raises(TrustRootError, match=sentence):
        trust_root.read(body)


def test_expired_root_is_refused(document):
    for authority in document["certificateAuthorities"]:
        authority["validFor"]["end"] = "2020-01-01T00:00:00Z"
    for authority in document["timestampAuthorities"]:
        authority["validFor"]["end"] = "2020-01-01T00:00:00Z"
    for log in document["tlogs"]:
        log["publicKey"]["validFor"]["end"] = "2020-01-01T00:00:00Z"
    with pytest.raises(TrustRootError, match="all that it names has expired"):
        trust_root.read_usable(canonical(document), NOW)


@pytest.mark.parametrize("lists", [{}, {"tlogs": []}, {"tlogs": None, "certificateAuthorities": None}])
def test_root_that_names_nobody_is_not_called_expired(lists):
    body = canonical({"mediaType": trust_root.MEDIA_TYPE} | lists)
    with pytest.raises(TrustRootError, match="it names no authority and no log of signatures"):
        trust_root.read_usable(body, NOW)


# In force.


def test_large_and_missing_files_are_refused(tmp_path):
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (limits.FILE_BYTES + 1))
    problems = TrustRoots({"large": large, "none": tmp_path / "none"}, FakeClock()).problems
    assert problems == [
        f"trust_root: large={large}: it has more than {limits.FILE_BYTES} bytes",
        f"trust_root: none={tmp_path / 'none'}: cannot read it: No such file or directory",
    ]


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
    assert roots.find(OWN).digest == trust_document.digest_of(document)


@pytest.fixture
def observer():
    return RecordingObserver()


class RecordingObserver(NullObserver):
    def __init__(self):
        self.rejected = []
        self.in_force = []

    def file_rejected(self, setting, name, problem):
        self.rejected.append((str(setting), name, problem))

    def file_in_force(self, setting, name, problems):
        self.in_force.append((str(setting), name, *problems))


@pytest.mark.parametrize("damage", ["damaged", "gone"])
def test_file_that_cannot_be_used_keeps_the_old_one_and_says_so_once(path, observer, damage):
    clock = FakeClock()
    roots = TrustRoots({"own": path}, clock, observer)
    before = roots.find(OWN).digest
    if damage == "gone":
        path.unlink()
    else:
        replace(path, b"{")
    for _ in range(3):
        clock.advance(limits.TRUST_ROOT_SECONDS + 1)
        assert roots.find(OWN).digest == before
    [(setting, name, problem)] = observer.rejected
    assert (setting, name) == ("trust_root", "own")
    assert problem.startswith(f"trust_root: own={path}: ")


def test_member_that_is_passed_over_is_told_when_the_file_comes_into_force(document, path, observer):
    roots = TrustRoots({"own": path}, FakeClock(), observer)
    document["ctlogs"][0]["publicKey"]["keyDetails"] = "LMS_SHA256"
    replace(path, canonical(document))
    roots.look()
    assert [len(told) for told in observer.in_force] == [2, 3]
    assert "ctlogs[0].publicKey.keyDetails" in observer.in_force[1][2]


def test_files_that_cannot_be_read_at_the_start_spoil_only_what_names_them(path, tmp_path, observer):
    files = {"one": tmp_path / "one", "own": path, "two": tmp_path / "two"}
    files["two"].write_bytes(b"{")
    roots = TrustRoots(files, FakeClock(), observer)
    assert [problem.partition("=")[0] for problem in roots.problems] == ["trust_root: one", "trust_root: two"]
    assert [name for _, name, _ in observer.rejected] == ["one", "two"]
    assert roots.find(OWN).digest
    with pytest.raises(ImageError, match="trust root two cannot be used: it is neither JSON nor YAML") as refused:
        roots.find(TrustRootName("two"))
    assert refused.value.reason is Reason.TRUST_ROOT_STALE


def test_file_that_could_not_be_read_at_the_start_comes_into_force_when_it_is_good(document, tmp_path):
    late = tmp_path / "late.json"
    roots = TrustRoots({"own": late}, FakeClock())
    with pytest.raises(ImageError):
        roots.find(OWN)
    late.write_bytes(canonical(document))
    roots.look()
    assert roots.find(OWN).digest == trust_document.digest_of(document)
    assert not roots.problems


def test_name_that_nobody_gave_is_stale_but_the_empty_one_is_the_public_good_instance():
    roots = TrustRoots({}, FakeClock())
    with pytest.raises(ImageError) as refused:
        roots.find(OWN)
    assert refused.value.reason is Reason.TRUST_ROOT_STALE
    assert roots.find(TrustRootName()) is roots.find(TrustRootName())


def test_timestamp_authority_whose_chain_ends_in_no_root_is_passed_over_with_what_to_do(one_log, trust_object, world):
    chain = one_log["timestampAuthorities"][0]["certChain"]["certificates"]
    chain.pop()
    keys = trust_object["spec"]["sigstoreKeys"]["timestampAuthorities"]
    keys[0]["certChain"] = b64(world.tsa.certificate.public_bytes(PEM) + world.tsa.ca.certificate.public_bytes(PEM))
    for found in (trust_root.of_document(one_log), trust_root.of_document(trust_object)):
        assert found.timestamp_authorities == ()
        sentence = "its chain ends in no root, so none of its timestamps can be verified: add it"
        assert found.problems == (f"timestampAuthorities[0]: {sentence}",)
