"""Signatures in recorded facts: who signed an image, in the words of the policies.

A person who writes facts by hand knows the policies' authorities and signers by name, and not the questions that
templates ask: `signed: [{by: release-key}, {by: ci, subjects: [ann@example.test], issuer: https://issuer.example.test}]`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, Final

from gatekeeper.translation.translate import Translation
from provider.errors import BestbeforeError, ImageError, QuestionError
from provider.foreign_text import shown
from provider.golang import rfc3339
from provider.questions import proof_question
from provider.questions.answer import TimeSource
from provider.questions.proof_question import Verify
from provider.questions.question import ProofQuestion
from provider.reasons import Reason

_BY: Final = "by"
_FAILURE: Final = frozenset({_BY, "reason", "message", "passedOver"})
# What a certificate of a GitHub workflow says, in the words of policy-controller.
GITHUB: Final = tuple(f"githubWorkflow{name}" for name in ("Trigger", "Sha", "Name", "Repo", "Ref"))
_PROOF: Final = (_BY, "subjects", "issuer", *GITHUB, "id", "digest", "format", "times", "reason", "message")
_TIME_SOURCES: Final = (TimeSource.LOG.value, TimeSource.TIMESTAMP.value)
_NO_DIGEST: Final = "sha256:" + "0" * 64

Names = Mapping[Verify, AbstractSet[str]]
"""What authorities and signers are called that ask the same: `NAME`, and `POLICY/NAME` for one policy's."""


def names_of(translations: Sequence[Translation], members: Sequence[str] = ("verify", "stamped")) -> Names:
    """Who can be named: of the authorities and signers that say in one of these members what is to be proved."""
    found: dict[Verify, set[str]] = {}
    for each in translations:
        for made in each.constraints:
            for name, verify in _signers(made["spec"]["parameters"], members):
                found.setdefault(verify, set()).update({name, f"{each.policy}/{name}"})
    return found


def _signers(value: Any, members: Sequence[str]) -> Iterator[tuple[str, Verify]]:  # noqa: ANN401 - any JSON
    """Whatever has a name and says what is to be proved, wherever it stands in parameters."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _signers(child, members)
    for member in members if isinstance(value, dict) and isinstance(value.get("name"), str) else ():
        # What is no question is never answered.
        with suppress(QuestionError):
            if isinstance(value.get(member), dict):
                yield value["name"], proof_question.read(value[member])


def problems_in(fact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with `signed` of an image: paths below the image, and what is expected there."""
    signed = fact.get("signed", [])
    if not isinstance(signed, list):
        yield "signed", "expected a list of {by: NAME}"
        return
    for index, entry in enumerate(signed):
        path = f"signed[{index}]"
        if not isinstance(entry, dict) or not isinstance(entry.get(_BY), str):
            yield path, "expected {by: NAME of an authority or signer}, with subjects and issuer of a certificate"
        elif "reason" in entry:
            yield from failure_problems(entry, path)
        else:
            yield from field_problems(entry, path, _PROOF)


def failure_problems(entry: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry that says why nothing is proved."""
    yield from (
        (f"{path}.{name}", "has no place beside a reason") for name in sorted(map(str, entry.keys() - _FAILURE))
    )
    if entry["reason"] not in list(Reason):
        yield f"{path}.reason", f"{shown(str(entry['reason']))!r} is no reason code"
    passed_over = entry.get("passedOver", 0)
    if type(passed_over) is not int or passed_over < 0:
        yield f"{path}.passedOver", "expected how many of them nobody looked at, a number from 0"


def failure(entry: Mapping[str, Any]) -> ImageError:
    """What an entry says of why nothing is proved."""
    message = str(entry.get("message", "as recorded"))
    return ImageError(Reason(entry["reason"]), message, passed_over=entry.get("passedOver"))


def field_problems(entry: Mapping[str, Any], path: str, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the fields of an entry that says what is proved."""
    if misspelt := sorted(map(str, entry.keys() - set(known))):
        there = ", ".join(known)
        yield from ((f"{path}.{name}", f"there is no such field; there are {there}") for name in misspelt)
    elif not _are_texts(entry.get("subjects", [])):
        yield f"{path}.subjects", "expected a list of texts"
    elif not isinstance(entry.get("issuer", ""), str):
        yield f"{path}.issuer", "expected a text"
    elif not _are_times(entry.get("times", [])):
        sources = " or ".join(_TIME_SOURCES)
        yield f"{path}.times", f"expected a list of {{source: {sources}, at: TIME}}, each time by RFC 3339"


def _are_texts(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _are_times(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, list) and all(
        isinstance(each, dict)
        and each.keys() == {"source", "at"}
        and each["source"] in _TIME_SOURCES
        and isinstance(each["at"], str)
        and rfc3339.created_ns(each["at"]) is not None
        for each in value
    )


def unknown(fact: Mapping[str, Any], names: Names) -> list[str]:
    """Names in `signed` that no policy has."""
    known = {name for each in names.values() for name in each}
    return sorted({entry[_BY] for entry in fact.get("signed", ())} - known)


def answer(
    asked: ProofQuestion, fact: Mapping[str, Any], names: Names, ref: str
) -> Mapping[str, Any] | BestbeforeError:
    """What the provider would answer to a question about signatures, by `signed`; none is found where it is silent."""
    known = names.get(asked.verify, frozenset())
    entries = [entry for entry in fact.get("signed", ()) if entry[_BY] in known]
    failed = next((entry for entry in entries if "reason" in entry), None)
    proofs = [proof(asked, entry, fact) for entry in entries if "reason" not in entry]
    if proofs:
        return answered(asked, fact, proofs, ref)
    if failed is not None:
        return failure(failed)
    return BestbeforeError(Reason.SIGNATURE_ABSENT, "no signatures found")


def answered(
    asked: ProofQuestion, fact: Mapping[str, Any], proofs: Sequence[Mapping[str, Any]], ref: str
) -> Mapping[str, Any]:
    """An answer with these proofs."""
    image, reference = fact.get("image", asked.image), fact.get("reference", "")
    common = {"image": image, "digest": digest_of(fact), "reference": reference}
    times = [each for proof in proofs for each in proof["times"] if each["source"] in _TIME_SOURCES]
    earliest = {"earliest": min(times, key=lambda each: rfc3339.created_ns(each["at"]) or 0)} if times else {}
    return {**common, "proofs": list(proofs), **earliest, "observedAt": "", "ref": ref}


def digest_of(fact: Mapping[str, Any]) -> str:
    """What is signed; an invented one where the facts do not say."""
    return str(fact.get("digest", _NO_DIGEST))


def proof(asked: ProofQuestion, entry: Mapping[str, Any], fact: Mapping[str, Any]) -> dict[str, Any]:
    """A proof with the fields of an entry."""
    fields = {name: value for name, value in entry.items() if name != _BY}
    name = hashlib.sha256(repr((asked.image, sorted(entry.items()))).encode()).hexdigest()
    common = {"id": name, "digest": digest_of(fact), "format": asked.verify.format.value}
    return {**common, "times": [], "subjects": [], **fields}
