"""Every date of an image, of what it states and of what was proved about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.evaluation.dates.image_date import DateWorth, ImageDate, lies_about, worth_of
from provider.images.stated_dates import StatedDate, StatedDates, StatementSource
from provider.questions.answer import TimeSource
from provider.reasons import Reason
from provider.signatures import provenance

# That nobody whose word counts said anything is an answer.
_NOTHING: Final = frozenset({Reason.SIGNATURE_ABSENT, Reason.ATTESTATION_ABSENT})
_REJECTED: Final = frozenset({Reason.SIGNATURE_REJECTED, Reason.ATTESTATION_REJECTED})


@dataclass(frozen=True)
class ProofAnswer:
    """The answer to one question about an image.

    Attributes:
        by: whose proofs it is about.
        fact: the value as the wire has it, or `{"reason", "message"}`.
    """

    by: str
    fact: Mapping[str, Any]


@dataclass(frozen=True)
class ImageDates:
    """All of them.

    Attributes:
        dates: what the image states, then what is attested, then the earliest proved time.
        earliest: the earliest time that a log or a timestamp authority proves; None where none does.
        passed_over: how many signatures and attestations nobody looked at, of the question with most of them.
        notes: what a person should know beside them; a sentence each.
        failures: why some of it is not known; a sentence each.
    """

    dates: Sequence[ImageDate]
    earliest: ImageDate | None = None
    passed_over: int = 0
    notes: Sequence[str] = ()
    failures: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """As commands print it."""
        found: dict[str, Any] = {"dates": [each.to_json() for each in self.dates]}
        if self.earliest is not None:
            found["earliest"] = {"source": self.earliest.source, "at": self.earliest.at}
        if self.passed_over:
            found["passedOver"] = self.passed_over
        named = {"notes": list(self.notes), "failures": list(self.failures)}
        return found | {name: sentences for name, sentences in named.items() if sentences}


def image_dates(stated: StatedDates, answers: Sequence[ProofAnswer], now: float) -> ImageDates:
    """Judge the dates of an image.

    Args:
        stated: what it says of itself.
        answers: what is proved about it.
        now: seconds since 1970.
    """
    earliest = _earliest(answers, now)
    existed = earliest.at if earliest is not None else ""
    attested = dict(_attested(answers, existed, now))
    proved_layers = {layer for layer, *_ in attested}
    said = [each for each in stated.dates if each.layer not in proved_layers]
    dates = [*_stated(said, existed, now), *attested.values(), *([earliest] if earliest is not None else [])]
    failures = [*([stated.failure] if stated.failure else ()), *_failures(answers)]
    return ImageDates(
        dates,
        earliest,
        max((int(each.fact.get("passedOver", 0)) for each in answers), default=0),
        [*stated.problems, *_rejections(answers)],
        failures,
    )


def _earliest(answers: Sequence[ProofAnswer], now: float) -> ImageDate | None:
    """The earliest of all answers, whoever signed: a log's word is about the signature, and not about its signer.

    One of a clock that was never set, or that is ahead, is it only where there is no other, as the templates have it.
    """
    dates = {_vouched(time, now) for answer in answers for time in _times(answer.fact)}
    return min(dates, key=lambda each: (each.worth is DateWorth.NO_DATE or bool(each.lies), each.at), default=None)


def _times(fact: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What somebody proves: the earliest of all that was found, and each of the proofs shown."""
    if "earliest" in fact:
        yield fact["earliest"]
        for proof in fact.get("proofs", ()):
            yield from (time for time in proof["times"] if time["source"] != TimeSource.NONE)


def _vouched(time: Mapping[str, Any], now: float) -> ImageDate:
    at = str(time["at"])
    return ImageDate(str(time["source"]), "", at, worth_of(at, DateWorth.NO_LATER), lies=lies_about(at, now))


def _stated(said: Sequence[StatedDate], existed: str, now: float) -> Iterator[ImageDate]:
    starts = {each.layer: each.at for each in reversed(said) if each.source is StatementSource.PROVENANCE}
    for each in said:
        of_build = each.source is StatementSource.PROVENANCE
        worth = worth_of(each.at, DateWorth.UNPROVED if of_build else DateWorth.PUBLISHER)
        started = starts.get(each.layer, "") if of_build else ""
        lies = lies_about(each.at, now, existed, started)
        yield ImageDate(each.source.value, each.field, each.at, worth, each.platform, each.builder, lies=lies)


def _attested(
    answers: Sequence[ProofAnswer], existed: str, now: float
) -> Iterator[tuple[tuple[str, str, str], ImageDate]]:
    """Dates of proved provenance by its layer, who attested it, and the name of the date."""
    for answer in answers:
        for proof in answer.fact.get("proofs", ()):
            content = proof.get("attestation", {})
            statement = content.get("statement")
            said = provenance.read(content.get("predicateType", ""), (statement or {}).get("predicate"))
            if said is None or statement is None:
                continue
            who, logged = _who(proof, answer.by), min([*_proved(proof), *filter(None, [existed])], default="")
            for name, at in said.times.items():
                lies = lies_about(at, now, logged, said.started)
                worth = worth_of(at, DateWorth.NO_EARLIER)
                date = ImageDate("provenance", name, at, worth, "", said.builder, who, lies)
                yield (content["digest"], who, name), date


def _proved(proof: Mapping[str, Any]) -> Iterator[str]:
    return (str(time["at"]) for time in proof["times"] if time["source"] != TimeSource.NONE)


def _who(proof: Mapping[str, Any], by: str) -> str:
    names = ", ".join(map(str, proof.get("subjects", ())))
    return f"{names} (issuer {proof.get('issuer', '')})" if names else by


def _failures(answers: Sequence[ProofAnswer]) -> Sequence[str]:
    """What kept us from an answer, each once."""
    told = (each for each in answers if each.fact.get("reason") not in {None, *_NOTHING, *_REJECTED})
    return list(dict.fromkeys(f"{each.fact['reason']}: {each.fact['message']}" for each in told))


def _rejections(answers: Sequence[ProofAnswer]) -> Sequence[str]:
    """Where there are signatures, or attestations, and nobody whose word counts made any: the first problem."""
    found = {}
    for each in reversed(answers):
        reason = each.fact.get("reason")
        if reason in _REJECTED:
            found[each.by, reason] = f"{each.by}: {each.fact['message']}"
    return [
        sentence
        for (by, reason), sentence in reversed(found.items())
        if not any(_proves(each, reason) for each in answers if each.by == by)
    ]


def _proves(answer: ProofAnswer, reason: Reason) -> bool:
    """Whether an answer proves something of the kind that another one rejects."""
    proofs = answer.fact.get("proofs", ())
    return any(("attestation" in proof) == (reason == Reason.ATTESTATION_REJECTED) for proof in proofs)
