"""What a rule of SignedImages may require to be attested, and what is refused of it."""

from dataclasses import replace

import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.own.attesting_rule import AttestingRule, RequiredAttestation, StatementAge, StatementValue
from gatekeeper.own.attesting_rule_schema import GLOB, MOST_ATTESTATIONS, MOST_VALUES, PREDICATE_TYPE
from gatekeeper.own.signed_images import SignedImages
from gatekeeper.own.signer import Signer
from gatekeeper.translation import library
from provider.questions.proof_question import Keyless, TrustRootName, Verify
from tests.unit.own.test_signed_images import ANN, IDENTITY, PEM

VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
SCAN = RequiredAttestation("scan", VULN, (ANN,), age=StatementAge(("predicate", "metadata", "scanFinishedOn"), "7d"))
BUILD = RequiredAttestation(
    "build",
    "https://slsa.dev/provenance/v1",
    (Signer("ci", Verify(keyless=Keyless(TrustRootName("house"))), (IDENTITY,)),),
    values=(StatementValue(("predicate", "runDetails", "builder", "id"), ("https://builder.test/**",)),),
)
RULE = AttestingRule(("registry.test/**",), (SCAN, BUILD))


def problems(rule):
    with pytest.raises(PolicyError) as caught:
        SignedImages((rule,)).constraints()
    return [str(each) for each in caught.value.problems]


def problem(**fields):
    (found,) = problems(AttestingRule(("**",), (replace(SCAN, **fields),)))
    return found


def test_attestations_reach_the_parameters_as_the_library_reads_them():
    deny, _ = SignedImages((RULE,)).constraints()
    assert deny["spec"]["parameters"]["rules"] == [
        {
            "images": [{"glob": "registry.test/**"}],
            "attestations": [
                {
                    "name": "scan",
                    "predicateType": VULN,
                    "signers": [{"name": "ann", "attestor": {"key": {"data": PEM, "hashAlgorithm": "sha256"}}}],
                    "quorum": 1,
                    "age": {"at": ["predicate", "metadata", "scanFinishedOn"], "max": "7d"},
                },
                {
                    "name": "build",
                    "predicateType": "https://slsa.dev/provenance/v1",
                    "signers": [
                        {
                            "name": "ci",
                            "attestor": {
                                "keyless": {"trustRoot": "house", "trustRootDigest": "", "insecureIgnoreSCT": False}
                            },
                            "identities": [{"issuer": "https://issuer.example.test", "subjectRegExp": "^ann@"}],
                        }
                    ],
                    "quorum": 1,
                    "values": [
                        {"at": ["predicate", "runDetails", "builder", "id"], "globs": ["https://builder.test/**"]}
                    ],
                },
            ],
        }
    ]


def test_definition_of_an_earlier_release_is_left_with_a_rule_that_it_refuses():
    """It leaves out what it does not know, and has always wanted `signers` of a rule."""
    deny, _ = SignedImages((RULE,)).constraints()
    (rule,) = deny["spec"]["parameters"]["rules"]
    assert "signers" not in rule
    assert all("verify" not in signer for entry in rule["attestations"] for signer in entry["signers"])


def test_wanted_timestamp_stands_in_the_attestor():
    stamped = replace(ANN, verify=replace(ANN.verify, timestamp=TrustRootName("house")))
    assert "timestamp" in stamped.attestor_json()["attestor"]


@pytest.mark.parametrize("kind", ["vuln", "", "https://a b", "slsaprovenance"])
def test_type_that_is_no_uri_is_refused(kind):
    assert problem(predicate_type=kind).startswith(f"rules[0].attestations[0].predicateType: {kind!r} is no URI")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "name: is empty"),
        ({"signers": ()}, "signers: expected 1 to 10, got 0"),
        ({"quorum": 2}, "quorum: 2 of 1 signers can never be"),
        ({"signers": (replace(ANN, name=""),)}, "signers[0].name: is empty"),
        ({"age": StatementAge((), "7d")}, "age.at: expected names from the statement on"),
        ({"age": StatementAge(("predicate", ""), "7d")}, "age.at: expected names from the statement on"),
        ({"age": StatementAge(("a",), "0d")}, "age.max: '0d' is no duration of 1m to 36500d"),
        ({"age": StatementAge(("a",), "week")}, "age.max: 'week' is no duration of 1m to 36500d"),
        ({"values": (StatementValue((), ("x",)),)}, "values[0].at: expected names from the statement on"),
        ({"values": (StatementValue(("a",), ()),)}, "values[0].globs: expected a glob at least"),
        ({"values": (StatementValue(("a",), ("x y",)),)}, "values[0].globs[0]: 'x y' is no glob"),
        ({"values": (StatementValue(("a",), ("x",)),) * (MOST_VALUES + 1)}, f"values: expected at most {MOST_VALUES}"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fault_of_an_attestation_is_told_with_its_path(fields, said):
    assert problem(**fields).startswith(f"rules[0].attestations[0].{said}")


def test_rule_without_images_or_attestations_is_refused():
    assert problems(AttestingRule((), ())) == [
        "rules[0].images: expected a glob at least",
        f"rules[0].attestations: expected 1 to {MOST_ATTESTATIONS}, got 0",
    ]


def test_two_attestations_of_one_name_are_refused():
    assert problems(AttestingRule(("**",), (SCAN, SCAN))) == ["rules[0].attestations: two are called scan"]


def test_bounds_of_the_schema_are_those_of_the_library():
    parameters, bounds = library.module("attestation_parameters").text, library.module("statement_bounds").text
    assert f"_most := {MOST_ATTESTATIONS}\n" in parameters
    assert f"_most_values := {MOST_VALUES}\n" in parameters
    assert f"`{PREDICATE_TYPE}`" in parameters
    assert f"`{GLOB}`" in bounds


def test_schema_has_the_fields_that_the_library_knows():
    entry = SignedImages.KIND.parameters["rules"]["items"]["properties"]["attestations"]["items"]["properties"]
    known = library.module("attestation_parameters").text.partition("_fields := {")[2].partition("}")[0]
    assert {each.strip(' "') for each in known.split(",")} == set(entry)
