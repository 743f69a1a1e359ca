"""Attestations in recorded facts: a person names who attested what; the rest is made as the provider makes it."""

import json

import pytest

from gatekeeper.evaluation import attested
from gatekeeper.evaluation.facts import FactsFileError, RecordedFacts
from gatekeeper.translation.translate import Translation
from provider.questions.attestation_question import AttestationWish, PredicateForm
from provider.questions.config_paths import ConfigPaths
from provider.questions.proof_question import Key, Keyless, TrustRootName, Verify, write
from provider.questions.question import ProofQuestion, key_of

IMAGE = "registry.test/app:1"
KEY, HOUSE = Verify(key=Key("ANN")), Verify(keyless=Keyless(TrustRootName("house")))
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
ALL = AttestationWish("https://example.test/scan/v1", statement=True)
SCAN = {"by": "scanner", "type": "https://example.test/scan/v1", "predicate": {"ok": True}}
PARAMETERS = {
    "authorities": [
        {"name": "release", "verify": write(KEY)},
        {"name": "scanner", "attestor": write(KEY), "attestations": []},
        {"name": "ci", "attestor": write(HOUSE), "attestations": []},
    ]
}
POLICIES = [Translation("shop", {}, ({"spec": {"parameters": PARAMETERS}},))]


def facts(*entries):
    return RecordedFacts({IMAGE: {"attested": list(entries)}}).named(POLICIES)


def answered(*entries, wish=ALL, verify=KEY):
    """The contents of the attestations, or the reason."""
    key = key_of(ProofQuestion(IMAGE, Verify(verify.key, verify.keyless, attestation=wish)))
    found = facts(*entries).answers([key])
    if key in found.values:
        return [(proof["subjects"], proof["attestation"]) for proof in found.values[key]["proofs"]]
    return next(each["reason"] for each in found.passing().values())


def test_statement_is_what_the_facts_say_of_it():
    ((subjects, content),) = answered(SCAN)
    assert subjects == []
    assert content["statement"]["predicate"] == {"ok": True}
    assert content["predicateType"] == "https://example.test/scan/v1"


def test_answer_holds_no_more_than_is_asked_for():
    wish = AttestationWish("https://example.test/scan/v1", statement=ConfigPaths((("predicate", "a"),)))
    ((_, content),) = answered({**SCAN, "predicate": {"a": 1, "b": 2}}, wish=wish)
    assert content["statement"] == {"predicate": {"a": 1}}


def test_short_name_means_its_type_and_a_typed_predicate_its_fields():
    wish = AttestationWish(VULN, PredicateForm.VULN, statement=True)
    scan = {"by": "scanner", "type": "vuln", "predicate": {"metadata": {"scanFinishedOn": "2026-01-01T00:00:00Z"}}}
    ((_, content),) = answered(scan, wish=wish)
    assert content["statement"]["predicate"]["metadata"]["scanStartedOn"] == "0001-01-01T00:00:00Z"
    ((_, content),) = answered({**scan, "predicate": 1}, wish=wish)
    assert content["problem"].startswith("unmarshaling CosignVulnStatement: ")


def test_another_type_is_named_without_its_statement():
    ((_, content),) = answered({**SCAN, "type": "other"})
    assert content["predicateType"] == "other"
    assert "statement" not in content


def test_certificate_names_whom_the_facts_name():
    ((subjects, _),) = answered({**SCAN, "by": "shop/ci", "subjects": ["ann"], "issuer": "x"}, verify=HOUSE)
    assert subjects == ["ann"]
    assert answered(SCAN, verify=HOUSE) == "AttestationAbsent"


def test_silence_is_absence_and_a_reason_is_a_reason():
    assert answered() == "AttestationAbsent"
    assert answered({"by": "scanner", "reason": "AttestationRejected"}) == "AttestationRejected"
    assert answered({"by": "scanner", "reason": "AttestationRejected"}, SCAN) != "AttestationRejected"


def test_rejection_in_the_facts_says_how_many_nobody_looked_at():
    facts = {"attested": [{"by": "scanner", "reason": "AttestationRejected", "passedOver": 4}]}
    asked = key_of(ProofQuestion(IMAGE, Verify(KEY.key, attestation=ALL)))
    (failure,) = RecordedFacts({IMAGE: facts}).named(POLICIES).answers([asked]).passing().values()
    assert failure["passedOver"] == 4


def test_signature_is_no_attestation_nor_the_reverse():
    key = key_of(ProofQuestion(IMAGE, KEY))
    both = RecordedFacts({IMAGE: {"attested": [SCAN], "signed": []}}).named(POLICIES)
    assert not both.answers([key]).values
    signed = RecordedFacts({IMAGE: {"signed": [{"by": "release"}]}}).named(POLICIES)
    asked = key_of(ProofQuestion(IMAGE, Verify(KEY.key, attestation=ALL)))
    assert not signed.answers([asked]).values
    assert "is attested as this policy asks" in signed.answers([asked]).system_error


def test_name_of_nobody_who_attests_is_named():
    sentences = list(facts({**SCAN, "by": "release"}, SCAN).unknown_signers([IMAGE]))
    assert sentences == [
        f"facts of {IMAGE}: attested by release, but no policy asks such an authority for attestations"
    ]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("x", "attested"),
        ([1], "attested[0]"),
        ([{"type": "a"}], "attested[0]"),
        ([{"by": "a"}], "attested[0].type"),
        ([{"by": "a", "type": ""}], "attested[0].type"),
        ([{"by": "a", "type": "t", "predikate": 1}], "attested[0].predikate"),
        ([{"by": "a", "type": "t", "subjects": "x"}], "attested[0].subjects"),
        ([{"by": "a", "reason": "Nonsense"}], "attested[0].reason"),
        ([{"by": "a", "reason": "Timeout", "type": "t"}], "attested[0].type"),
    ],
    ids=["text", "number", "nobody", "no type", "empty type", "misspelt", "subjects", "reason", "beside a reason"],
)
def test_what_is_misspelt_is_refused_with_its_path(tmp_path, given, path):
    assert [place for place, _ in attested.problems_in({"attested": given})] == [path]
    file = tmp_path / "facts.json"
    file.write_text(json.dumps({"version": 1, "images": {IMAGE: {"attested": given}}}))
    with pytest.raises(FactsFileError, match="attested"):
        RecordedFacts.read(file)
