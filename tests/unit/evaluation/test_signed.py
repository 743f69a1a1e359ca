"""Signatures in recorded facts: a person names authorities, a file repeats answers; neither makes one up."""

import json

import pytest

from gatekeeper.evaluation import signed
from gatekeeper.evaluation.facts import FactsFileError, RecordedFacts
from gatekeeper.translation.translate import Translation
from provider.questions.proof_question import Key, Keyless, TrustRootName, Verify, write
from provider.questions.question import FactQuestion, ProofQuestion, key_of, ref

IMAGE = "registry.test/app:1"
ANN, BOB = Verify(key=Key("ANN")), Verify(key=Key("BOB"))
HOUSE = Verify(keyless=Keyless(TrustRootName("house")))
CERTIFIED = {"by": "ci", "subjects": ["ann@example.test"], "issuer": "https://issuer.example.test"}


def translation(policy, *signers):
    named = [{"name": name, "verify": write(verify)} for name, verify in signers]
    return Translation(policy, {}, ({"spec": {"parameters": {"authorities": named}}},))


POLICIES = [translation("shop", ("ann", ANN), ("ci", HOUSE)), translation("other", ("ann", BOB))]


def key(verify):
    return key_of(ProofQuestion(IMAGE, verify))


def answered(fact, verify=ANN):
    """The value, or the reason."""
    recorded = RecordedFacts({IMAGE: fact}).named(POLICIES).answers([key(verify)])
    failures = [each["reason"] for each in recorded.passing().values()]
    failures += [text.partition(":")[0] for text in recorded.errors.values()]
    return recorded.values.get(key(verify)) or failures[0]


def test_image_signed_by_an_authority_has_a_proof_of_it():
    value = answered({"digest": "sha256:1", "signed": [{"by": "shop/ann"}]})
    (proof,) = value["proofs"]
    assert (proof["digest"], proof["subjects"], proof["times"]) == ("sha256:1", [], [])
    assert value["ref"] == ref(key(ANN))


def test_other_authority_s_question_is_not_answered_by_it():
    assert answered({"signed": [{"by": "shop/ann"}]}, BOB) == "SignatureAbsent"
    assert answered({"signed": [{"by": "shop/ann"}]}, HOUSE) == "SignatureAbsent"


def test_name_alone_means_every_policy_s_authority_of_that_name():
    fact = {"signed": [{"by": "ann"}]}
    assert len(answered(fact, ANN)["proofs"]) == len(answered(fact, BOB)["proofs"]) == 1


def test_certificate_names_whom_the_facts_name():
    fact = {"signed": [CERTIFIED, {**CERTIFIED, "subjects": ["bob@example.test"], "githubWorkflowRef": "main"}]}
    first, second = answered(fact, HOUSE)["proofs"]
    assert (first["subjects"], first["issuer"]) == (["ann@example.test"], "https://issuer.example.test")
    assert (second["subjects"], second["githubWorkflowRef"]) == (["bob@example.test"], "main")
    assert first["id"] != second["id"]


def test_empty_list_is_an_unsigned_image():
    assert answered({"signed": []}) == "SignatureAbsent"


def test_facts_that_say_nothing_of_signatures_are_no_answer():
    assert answered({"digest": "sha256:1"}) == "NotFound"


def test_failure_can_be_recorded_of_one_authority():
    fact = {"signed": [{"by": "ann", "reason": "SignatureRejected", "message": "no"}, CERTIFIED]}
    assert answered(fact, ANN) == "SignatureRejected"
    assert len(answered(fact, HOUSE)["proofs"]) == 1


@pytest.mark.parametrize("said", [{}, {"passedOver": 0}, {"passedOver": 3}])
def test_rejection_says_how_many_nobody_looked_at_only_where_the_facts_do(said):
    """By hand or repeated: where it is not said, an image's age is not judged by the others."""
    failed = {"reason": "SignatureRejected", "message": "no", **said}
    expected = {"reason": "SignatureRejected", "message": "no"} | said
    for fact in ({"signed": [{"by": "ann", **failed}]}, {"signatures": [{"ref": ref(key(ANN)), **failed}]}):
        found = RecordedFacts({IMAGE: fact}).named(POLICIES).answers([key(ANN)])
        assert found.passing() == {ref(key(ANN)): expected}


def test_good_signature_is_not_hidden_by_a_failure():
    fact = {"signed": [{"by": "shop/ann", "reason": "SignatureRejected"}, {"by": "ann"}]}
    assert len(answered(fact, ANN)["proofs"]) == 1


def test_image_that_is_not_there_has_no_signatures():
    assert answered({"reason": "Unauthorized", "message": "no"}) == "Unauthorized"


def test_answers_of_a_check_are_repeated_to_the_same_question_only():
    answer = {"proofs": [{"id": "0"}], "ref": ref(key(ANN))}
    assert answered({"signatures": [answer]}, ANN) == answer
    assert answered({"signatures": [answer]}, BOB) == "NotFound"
    failed = {"reason": "SignatureRejected", "message": "no", "ref": ref(key(BOB))}
    assert answered({"signatures": [answer, failed]}, BOB) == "SignatureRejected"


def test_signatures_are_no_facts_of_the_image():
    recorded = RecordedFacts({IMAGE: {"digest": "sha256:1", "signed": []}, "registry.test/b:1": {"signed": []}})
    asked = [key_of(FactQuestion(image)) for image in (IMAGE, "registry.test/b:1")]
    found = recorded.answers(asked)
    assert found.values == {asked[0]: {"digest": "sha256:1", "ref": ref(asked[0])}}
    assert found.passing()[ref(asked[1])]["reason"] == "NotFound"


def test_signers_are_found_wherever_parameters_hold_them():
    rules = {"rules": [{"signers": [{"name": "ann", "verify": write(ANN)}]}]}
    names = signed.names_of([Translation("signed-images", {}, ({"spec": {"parameters": rules}},))])
    assert names == {ANN: {"ann", "signed-images/ann"}}


def test_signer_whose_question_is_none_is_nobody():
    parameters = {"authorities": [{"name": "x", "verify": {"later": 1}}, {"name": "y", "verify": {}}]}
    assert signed.names_of([Translation("p", {}, ({"spec": {"parameters": parameters}},))]) == {}


def test_earliest_of_the_times_is_beside_the_proofs():
    later, earlier = (
        {"source": source, "at": f"2026-01-0{day}T00:00:00Z"} for source, day in (("log", 2), ("timestamp", 1))
    )
    value = answered({"signed": [{**CERTIFIED, "times": [later]}, {**CERTIFIED, "times": [later, earlier]}]}, HOUSE)
    assert [each["times"] for each in value["proofs"]] == [[later], [later, earlier]]
    assert value["earliest"] == earlier
    assert "earliest" not in answered({"signed": [CERTIFIED]}, HOUSE)


def test_name_that_no_policy_has_is_told():
    names = signed.names_of(POLICIES)
    assert signed.unknown({"signed": [{"by": "eve"}, {"by": "ann"}, {"by": "shop/ci"}]}, names) == ["eve"]
    assert signed.unknown({}, names) == []


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("ann", "signed"),
        (["ann"], "signed[0]"),
        ([{"subjects": []}], "signed[0]"),
        ([{"by": "a"}, {"by": 1}], "signed[1]"),
        ([{"by": "a", "subjects": "x"}], "signed[0].subjects"),
        ([{"by": "a", "subjects": [1]}], "signed[0].subjects"),
        ([{"by": "a", "issuer": 1}], "signed[0].issuer"),
        ([{"by": "a", "times": {}}], "signed[0].times"),
        ([{"by": "a", "times": ["2026-01-01T00:00:00Z"]}], "signed[0].times"),
        ([{"by": "a", "times": [{"source": "none", "at": "2026-01-01T00:00:00Z"}]}], "signed[0].times"),
        ([{"by": "a", "times": [{"source": "log", "at": "2026-01-01"}]}], "signed[0].times"),
        ([{"by": "a", "times": [{"source": "log", "at": 1}]}], "signed[0].times"),
        ([{"by": "a", "times": [{"source": "log"}]}], "signed[0].times"),
        ([{"by": "a", "reason": "Nope"}], "signed[0].reason"),
        ([{"by": "a", "reason": "SignatureRejected", "passedOver": "0"}], "signed[0].passedOver"),
        ([{"by": "a", "reason": "SignatureRejected", "passedOver": -1}], "signed[0].passedOver"),
        ([{"by": "a", "reason": "SignatureRejected", "passedOver": True}], "signed[0].passedOver"),
        ([{"by": "a", "reason": "Timeout", "subjects": []}], "signed[0].subjects"),
    ],
)
def test_fault_is_told_with_its_place(tmp_path, value, place):
    ((found, _),) = signed.problems_in({"signed": value})
    assert found == place
    file = tmp_path / "facts.json"
    file.write_text(json.dumps({"version": 1, "images": {IMAGE: {"signed": value}}}))
    with pytest.raises(FactsFileError, match="signed"):
        RecordedFacts.read(file)


def test_output_of_a_check_is_a_file_of_facts(tmp_path):
    file = tmp_path / "facts.json"
    answer = {"proofs": [{"id": "0"}], "ref": ref(key(ANN))}
    document = {"allowed": True, "errors": [], "warnings": [], "images": {IMAGE: {"signatures": [answer]}}}
    file.write_text(json.dumps(document))
    assert RecordedFacts.read(file).answers([key(ANN)]).values == {key(ANN): answer}


@pytest.mark.parametrize("signatures", ["x", [1], [{"reason": "Nope"}]])
def test_recorded_answers_of_another_shape_are_refused(tmp_path, signatures):
    file = tmp_path / "facts.json"
    file.write_text(json.dumps({"version": 1, "images": {IMAGE: {"signatures": signatures}}}))
    with pytest.raises(FactsFileError, match="signatures: expected a list of answers"):
        RecordedFacts.read(file)
