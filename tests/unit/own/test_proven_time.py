from dataclasses import replace

import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.own.proven_time import MOST_BUILDERS, MOST_SIGNERS, LogSource, ProvenanceSource
from gatekeeper.own.signer import Signer
from gatekeeper.policy.model import Identity
from gatekeeper.translation import library
from provider.questions.proof_question import Format, Key, Keyless, LogName, TrustRootName, Verify
from tests.simulators.signing import Signer as Pair
from tests.simulators.signing import new_key

ANN = Identity(issuer="https://issuer.test", subject="ann@example.test")
ROOT = TrustRootName("ours")
BUNDLES = Verify(keyless=Keyless(ROOT), format=Format.BUNDLE)
LEGACY = Verify(keyless=Keyless(ROOT))
PROVENANCE = ProvenanceSource((Signer("builder", LEGACY, (ANN,)),), ("https://builder.example.com/*",))
LOG = LogSource((Signer("anybody", BUNDLES),))


def problems(**settings):
    with pytest.raises(PolicyError) as caught:
        MaximumImageAge(**settings).constraints()
    return [str(each) for each in caught.value.problems]


def test_sources_reach_the_parameters_as_they_were_given():
    deny, _ = MaximumImageAge(dates=("config", "provenance", "log"), provenance=PROVENANCE, log=LOG).constraints()
    attestor = {"keyless": {"trustRoot": "ours", "trustRootDigest": "", "insecureIgnoreSCT": False}}
    assert deny["spec"]["parameters"]["provenance"] == {
        "signers": [
            {
                "name": "builder",
                "attestor": attestor,
                "identities": [{"issuer": "https://issuer.test", "subject": "ann@example.test"}],
            }
        ],
        "builders": ["https://builder.example.com/*"],
    }
    assert deny["spec"]["parameters"]["log"] == {
        "signers": [{"name": "anybody", "verify": {**attestor, "format": "bundle"}}]
    }


@pytest.mark.parametrize("source", ["provenance", "log"])
def test_source_is_needed_where_it_is_named_and_refused_elsewhere(source):
    given = {"provenance": PROVENANCE, "log": LOG}[source]
    missing = "is missing, and `{}` names it (it says whose word counts)"
    assert problems(dates=("config", source)) == [f"{source}: {missing.format('dates')}"]
    assert problems(cooldown=Cooldown("7d", source)) == [f"{source}: {missing.format('minAgeProof')}"]
    sentence = "is named neither by `dates` nor by `minAgeProof`, so nobody would look at it"
    assert problems(**{source: given}) == [f"{source}: {sentence}"]
    for named in ({"dates": ("config", source)}, {"cooldown": Cooldown("7d", source)}):
        assert list(MaximumImageAge(**named, **{source: given}).own_problems()) == []


def test_log_alone_makes_no_image_young():
    (problem,) = problems(dates=("log",), log=LOG)
    assert problem.startswith("dates: `log` alone makes no image young")
    assert list(MaximumImageAge(dates=("log",), log=LOG, unknown_age="allow").own_problems()) == []


def test_log_alone_gives_no_date_that_a_cooldown_could_count_from():
    given = {"max_age": "", "dates": ("log",), "log": LOG}
    (problem,) = problems(**given, cooldown=Cooldown("7d", "created"))
    assert problem.startswith("dates: `minAgeProof: created` asks for a date, and `log` gives none")
    assert list(MaximumImageAge(**given, cooldown=Cooldown("7d", "log")).own_problems()) == []


@pytest.mark.parametrize(
    "verify",
    [LEGACY, Verify(key=Key(Pair(new_key()).public_pem))],
    ids=["certificates in annotations", "key"],
)
def test_signer_of_the_log_has_to_ask_for_a_time(verify):
    (problem,) = problems(dates=("config", "log"), log=LogSource((Signer("ann", verify),)))
    assert problem.startswith("log.signers[0].verify: proves no time (ask for a transparency log")
    for one in (replace(verify, log=LogName("https://log.test")), replace(verify, timestamp=ROOT)):
        given = LogSource((Signer("ann", one),))
        assert list(MaximumImageAge(dates=("config", "log"), log=given).own_problems()) == []


def test_paths_of_an_attestor_are_its_own():
    nobody = replace(PROVENANCE, signers=(Signer("builder", LEGACY), Signer("builder", Verify())))
    found = problems(dates=("provenance",), provenance=nobody)
    assert found == [
        "provenance.signers: two are called builder",
        "provenance.signers[0].identities: without them anybody with a certificate would do",
        "provenance.signers[1].attestor: expected exactly one of key and keyless",
    ]
    (problem,) = problems(dates=("config", "log"), log=LogSource(attestors=(Signer("builder", LEGACY),)))
    assert problem.startswith("log.signers[0].attestor: proves no time")


@pytest.mark.parametrize("builder", ["", "a b", "https://b.test/?x", "x" * 501, "b\n"])
def test_builder_that_is_none_is_refused(builder):
    (problem,) = problems(dates=("provenance",), provenance=replace(PROVENANCE, builders=("https://b.test", builder)))
    assert problem.startswith("provenance.builders[1]: ")


def test_numbers_are_bounded():
    many = tuple(Signer(f"b{number}", LEGACY, (ANN,)) for number in range(MOST_SIGNERS + 1))
    assert problems(dates=("provenance",), provenance=replace(PROVENANCE, signers=many)) == [
        "provenance.signers: expected 1 to 10, got 11"
    ]
    for builders in ((), ("https://b.test",) * (MOST_BUILDERS + 1)):
        (problem,) = problems(dates=("provenance",), provenance=replace(PROVENANCE, builders=builders))
        assert problem.startswith("provenance.builders: expected 1 to 20")


def test_template_has_the_same_bounds():
    text = library.module("bound_parameters").text
    assert f"_most_signers := {MOST_SIGNERS}\n" in text
    assert f"_most_builders := {MOST_BUILDERS}\n" in text
