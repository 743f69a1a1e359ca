"""The attestations that are proved, as an answer holds them: what of them fits into one.

All of the wanted type are in it, because a policy is content with any of them; of those of other types one a signer and
type, because a denial names the types that were seen. Who made them is for the template to judge, so where statements
are too large together each signer has its turn: somebody who may push and is named by nobody can make the answer long,
and takes no more of it than those who are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from provider import limits
from provider.questions import protocol
from provider.questions.answer import AttestationContent, Proof
from provider.reasons import Reason
from provider.signatures.document_work import no_room
from provider.signatures.verdict import Verdicts, nothing_proved, raise_first

NONE_MATCHES: Final = "no matching attestations: "


def proved(found: Verdicts) -> Sequence[Proof]:
    """The attestations that are proved, of which there is one at least.

    One that could not be had may be the one that a policy is content with, so without it there is no answer.

    Raises:
        ImageError: `AttestationRejected`; what keeps us from one of them.
    """
    raise_first(found.results)
    proofs = [result.proof for result in found.results if result.proof is not None]
    if not proofs:
        raise nothing_proved(Reason.ATTESTATION_REJECTED, NONE_MATCHES, found)
    return list(_without_repetition(_fitting(proofs)))


def _fitting(proofs: Sequence[Proof]) -> Sequence[Proof]:
    """The same, but with a problem in place of each statement for which an answer has no room.

    In the first round every signer has its smallest statement, in the second its next, and in each round the smaller
    ones come first.
    """
    sizes = [len(protocol.item("", proof.to_json())) for proof in proofs]
    if sum(sizes) <= limits.PROOFS_BYTES:
        return proofs
    bare = [_unread(proof, size) if _has_statement(proof) else proof for proof, size in zip(proofs, sizes, strict=True)]
    rounds: dict[object, int] = {}
    turns = []
    for place in sorted(range(len(proofs)), key=sizes.__getitem__):
        if _has_statement(proofs[place]):
            turn = rounds[_signer(proofs[place])] = rounds.get(_signer(proofs[place]), 0) + 1
            turns.append((turn, sizes[place], place))
    left = limits.PROOFS_BYTES - sum(len(protocol.item("", each.to_json())) for each in _without_repetition(bare))
    told = set()
    for _, size, place in sorted(turns):
        if size <= left:
            left -= size
            told.add(place)
    return [proof if place in told else bare[place] for place, proof in enumerate(proofs)]


def _unread(proof: Proof, size: int) -> Proof:
    said = proof.attestation or AttestationContent("", "")
    return replace(
        proof, attestation=replace(said, statement=None, problem=no_room(size), reason=Reason.LIMIT_EXCEEDED)
    )


def _has_statement(proof: Proof) -> bool:
    return proof.attestation is not None and proof.attestation.statement is not None


def _signer(proof: Proof) -> object:
    return (proof.issuer, tuple(proof.subjects))


def _without_repetition(proofs: Iterable[Proof]) -> Iterable[Proof]:
    seen = set()
    for proof in proofs:
        said = proof.attestation or AttestationContent("", "")
        if said.statement is None and (not said.problem or said.reason is Reason.LIMIT_EXCEEDED):
            other = (said.predicate_type, _signer(proof), said.reason)
            if other in seen:
                continue
            seen.add(other)
        yield proof
