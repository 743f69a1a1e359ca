"""What of the attestations that are proved fits into an answer."""

from __future__ import annotations

import pytest

from provider import limits
from provider.errors import ImageError
from provider.questions import protocol
from provider.questions.answer import AttestationContent, Proof
from provider.reasons import Reason
from provider.signatures.attestation_proofs import proved
from provider.signatures.verdict import Verdict, Verdicts, VerificationResult

KIB = 1024


def proof(signer, kib=0, kind="scan"):
    statement = {"predicate": "x" * (kib * KIB)} if kind == "scan" else None
    return Proof("id", "sha256:1", "legacy", [signer], "issuer", attestation=AttestationContent("d", kind, statement))


def verdicts(*results):
    return Verdicts([Verdict("legacy", "", None, each) for each in results], 0.0, None)


def told(*proofs):
    found = proved(verdicts(*map(VerificationResult, proofs)))
    assert len(protocol.answer_item("k" * limits.KEY_BYTES, [each.to_json() for each in found])) <= limits.ITEM_BYTES
    return [
        (each.subjects[0], "large" if each.attestation.reason else len(each.attestation.statement["predicate"]) // KIB)
        for each in found
        if each.attestation.predicate_type == "scan"
    ]


def test_what_fits_is_told_whole_and_in_its_order():
    assert told(proof("ann", 100), proof("bob", 100), proof("ann", 30)) == [("ann", 100), ("bob", 100), ("ann", 30)]


def test_stranger_with_a_large_statement_hides_nobody_elses():
    assert told(proof("eve", 250), proof("ann", 100)) == [("eve", "large"), ("ann", 100)]


def test_stranger_with_many_statements_hides_nobody_elses_first():
    many = [proof("eve", 10) for _ in range(100)]
    found = told(*many, proof("ann", 100))
    assert found[-1] == ("ann", 100)
    assert found.count(("eve", 10)) == 13
    assert found.count(("eve", "large")) == 1


def test_smaller_statements_come_first_whoever_made_them():
    assert told(proof("ann", 200), proof("bob", 100), proof("ann", 90)) == [("ann", "large"), ("bob", 100), ("ann", 90)]


def test_other_types_take_their_room_first_and_each_signer_once():
    others = [proof(f"eve-{number % 100}", kind=f"t{number % 3}") for number in range(900)]
    assert told(*others, proof("ann", 180)) == [("ann", 180)]
    assert told(*others, proof("ann", 230)) == [("ann", "large")]


def test_one_that_cannot_be_had_leaves_no_answer():
    away = ImageError(Reason.TIMEOUT, "slow")
    with pytest.raises(ImageError) as refused:
        proved(verdicts(VerificationResult(proof("ann", 1)), VerificationResult(None, "slow", error=away)))
    assert refused.value is away


def test_first_of_a_signer_is_its_smallest():
    found = told(proof("eve", 100), proof("eve", 10), proof("ann", 150))
    assert found == [("eve", "large"), ("eve", 10), ("ann", 150)]
