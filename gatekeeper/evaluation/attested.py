"""Attestations in recorded facts: who attested what of an image, in the words of the policies.

A person who writes facts by hand names an authority, a type as the policy has it, and the predicate:
`attested: [{by: scanner, type: vuln, predicate: {metadata: {scanFinishedOn: 2026-01-01T00:00:00Z}}}]`. What a question
asks for of it is made as the provider makes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from gatekeeper.evaluation import signed
from gatekeeper.evaluation.signed import Names
from gatekeeper.policy import predicate_types
from provider.errors import BestbeforeError, ImageError
from provider.questions.attestation_question import AttestationWish
from provider.questions.proof_question import Verify
from provider.questions.question import ProofQuestion
from provider.reasons import Reason

_BY: Final = "by"
_PROVED: Final = frozenset({"subjects", "issuer", *signed.GITHUB, "times"})
_KNOWN: Final = (_BY, "type", "predicate", "subjects", "issuer", *signed.GITHUB, "times", "reason", "message")
_EXPECTED: Final = "expected {by: NAME of an authority, type: TYPE, predicate: …}, beside it subjects, issuer"


def problems_in(fact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with `attested` of an image: paths below the image, and what is expected there."""
    attested = fact.get("attested", [])
    if not isinstance(attested, list):
        yield "attested", "expected a list of {by: NAME, type: TYPE, predicate: …}"
        return
    for index, entry in enumerate(attested):
        path = f"attested[{index}]"
        if not isinstance(entry, dict) or not isinstance(entry.get(_BY), str):
            yield path, _EXPECTED
        elif "reason" in entry:
            yield from signed.failure_problems(entry, path)
        elif not isinstance(entry.get("type"), str) or not entry["type"]:
            yield f"{path}.type", "expected a type of predicate, as a policy writes it"
        else:
            yield from signed.field_problems(entry, path, _KNOWN)


def unknown(fact: Mapping[str, Any], names: Names) -> list[str]:
    """Names in `attested` that no policy has."""
    known = {name for each in names.values() for name in each}
    return sorted({entry[_BY] for entry in fact.get("attested", ())} - known)


def answer(
    asked: ProofQuestion, wish: AttestationWish, fact: Mapping[str, Any], names: Names, ref: str
) -> Mapping[str, Any] | BestbeforeError:
    """What the provider would answer to a question about attestations, by `attested`; none is found where it is silent.

    Args:
        asked: the question.
        wish: what it wants of attestations.
        fact: of its image.
        names: who attests, by what is to be proved without a wish.
        ref: short name of the question.
    """
    known = names.get(of_anything(asked.verify), frozenset())
    entries = [entry for entry in fact.get("attested", ()) if entry[_BY] in known]
    failed = next((entry for entry in entries if "reason" in entry), None)
    try:
        proofs = [_proof(asked, wish, entry, fact) for entry in entries if "reason" not in entry]
    except BestbeforeError as error:
        return error
    if proofs:
        return signed.answered(asked, fact, proofs, ref)
    if failed is not None:
        return signed.failure(failed)
    return BestbeforeError(Reason.ATTESTATION_ABSENT, "no matching attestations: ")


def of_anything(verify: Verify) -> Verify:
    """What is to be proved, whatever is attested."""
    return replace(verify, attestation=None)


def _proof(asked: ProofQuestion, wish: AttestationWish, entry: Mapping[str, Any], fact: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    # Most facts hold no attestation.
    from provider.signatures.document_work import StatementReading  # noqa: PLC0415
    from provider.signatures.rejection import RejectionError  # noqa: PLC0415

    digest = signed.digest_of(fact)
    algorithm, _, hexadecimal = digest.partition(":")
    kind, _form = predicate_types.meaning(entry["type"])
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": kind,
        "subject": [{"name": "", "digest": {algorithm: hexadecimal}}],
        "predicate": entry.get("predicate"),
    }
    payload = json.dumps(statement, sort_keys=True).encode()
    layer = f"sha256:{hashlib.sha256(payload).hexdigest()}"
    try:
        content = StatementReading(payload, digest, layer, wish).run()
    except RejectionError as error:
        sentence = f"no matching attestations: {error}"
        raise ImageError(Reason.ATTESTATION_REJECTED, sentence, passed_over=0) from error
    fields = {name: value for name, value in entry.items() if name in _PROVED}
    return {**signed.proof(asked, fields, fact), "attestation": content.to_json()}
