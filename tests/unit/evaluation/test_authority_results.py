"""Who vouches for an image: what is told of an authority follows from its signatures, and from nothing else."""

import json
from dataclasses import dataclass, field, replace

import pytest

from gatekeeper.evaluation.authority_results import AuthorityResult, AuthoritySignature, authority_results
from gatekeeper.policy.model import Authority, ClusterImagePolicy, KeyRef, StaticRef
from provider.errors import ImageError
from provider.questions.answer import Proof
from provider.questions.proof_question import Key, Verify
from provider.reasons import Reason
from provider.signatures.examination import Examination, SignatureSteps
from tests.engine import printout

BY_KEY = Verify(key=Key("PEM"))
DIGEST = "sha256:" + "0" * 64
PROVED = SignatureSteps("legacy", "a", (), Proof("1", DIGEST, "legacy"))
REFUSED = SignatureSteps("legacy", "b", (), problem="no")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (AuthorityResult("a", static="pass"), ""),
        (AuthorityResult("a", static="fail"), Reason.STATIC_DENY),
        (AuthorityResult("a", BY_KEY), Reason.SIGNATURE_ABSENT),
        (AuthorityResult("a", BY_KEY, signatures=[AuthoritySignature(REFUSED)]), Reason.SIGNATURE_REJECTED),
        (
            AuthorityResult("a", BY_KEY, signatures=[AuthoritySignature(REFUSED), AuthoritySignature(PROVED)]),
            Reason.IDENTITY_MISMATCH,
        ),
        (
            AuthorityResult(
                "a", BY_KEY, signatures=[AuthoritySignature(REFUSED), AuthoritySignature(PROVED, identified=True)]
            ),
            "",
        ),
        (AuthorityResult("a", BY_KEY, error=ImageError(Reason.TIMEOUT, "late")), Reason.TIMEOUT),
    ],
)
def test_authority_vouches_or_has_a_reason(found, reason):
    assert found.reason == reason
    assert found.vouches is (reason == "")


@dataclass
class Judge:
    """An engine that finds the proofs good whose image it is told."""

    good: tuple[str, ...] = ()
    cases: list[dict] = field(default_factory=list)

    def evaluate(self, folder, query):
        data = json.loads((folder / "data.json").read_text())
        self.cases = data["cases"]
        self.values = data["books"][0]["values"]
        images = [case["input"]["review"]["object"]["spec"]["containers"][0]["image"] for case in self.cases]
        return printout({index: [] if image in self.good else [{"msg": "no"}] for index, image in enumerate(images)})

    def check(self, folder):
        return ()


def policy(name, *authorities):
    made = ClusterImagePolicy()
    metadata, spec = replace(made.metadata, name=name), replace(made.spec, authorities=authorities)
    return replace(made, metadata=metadata, spec=spec)


ANN = Authority(name="ann", key=KeyRef(data="PEM"))
BOB = Authority(name="bob", key=KeyRef(data="OTHER"))


def test_each_proof_is_judged_by_itself_for_its_authority_alone():
    engine = Judge(good=("proof.invalid/signature:1",))
    found = Examination("reg.io/app", DIGEST, [PROVED, REFUSED, PROVED])
    ((shop,),) = [authority_results([policy("shop", ANN)], "reg.io/app", lambda _: found, engine, 0)]
    assert [seen.identified for seen in shop.authorities[0].signatures] == [False, False, True]
    assert [case["input"]["parameters"]["authorities"] for case in engine.cases] == [
        [{"name": "ann", "verify": {"key": {"data": "PEM", "hashAlgorithm": "sha256"}}}]
    ] * 2
    assert [len(value["proofs"]) for value in engine.values.values()] == [1, 1]


def test_two_authorities_of_one_question_are_two():
    engine = Judge(good=("proof.invalid/signature:0",))
    found = Examination("reg.io/app", DIGEST, [PROVED])
    shop, other = authority_results(
        [policy("shop", ANN, BOB), policy("other", ANN)], "reg.io/app", lambda _: found, engine, 0
    )
    assert [each.vouches for each in (*shop.authorities, *other.authorities)] == [True, False, False]


def test_error_is_the_authority_s_own():
    def examine(question):
        if question.verify.key.data == "PEM":
            raise ImageError(Reason.TIMEOUT, "late")
        return Examination("reg.io/app", DIGEST, [])

    (shop,) = authority_results([policy("shop", ANN, BOB)], "reg.io/app", examine, Judge(), 0)
    assert [each.reason for each in shop.authorities] == [Reason.TIMEOUT, Reason.SIGNATURE_ABSENT]


def test_static_authority_asks_nobody():
    static = Authority(name="never", static=StaticRef(action="fail"))
    (shop,) = authority_results([policy("shop", static)], "reg.io/app", pytest.fail, Judge(), 0)
    assert [(each.static, each.reason) for each in shop.authorities] == [("fail", Reason.STATIC_DENY)]
