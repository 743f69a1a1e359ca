"""Where the answers come from when there is no cluster: registries, or a file of recorded facts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from gatekeeper.evaluation import attested, fact_fields, facts_json, foresight, recorded_config, signed
from gatekeeper.evaluation.evaluator import ConstraintReview
from gatekeeper.evaluation.program import NOTHING, StubAnswers
from gatekeeper.evaluation.signed import Names
from gatekeeper.translation.translate import Translation
from provider import limits
from provider.errors import BestbeforeError, ImageError
from provider.foreign_text import shown
from provider.questions import protocol, question
from provider.questions.answer import Answer
from provider.questions.question import FactQuestion, ProofQuestion, Question, key_of
from provider.reasons import Reason
from provider.registry import reference

FILE_VERSION: Final = 1
FILE_BYTES: Final = 64 * 1024 * 1024

_SIDE_BY_SIDE: Final = 16


class FactsFileError(Exception):
    """A file of recorded facts that cannot be used; the message names it."""


class FactsAbsentError(BestbeforeError):
    """Recorded facts do not say what is asked: nothing is known of the image, good or bad."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.NOT_FOUND, message)


class ProofsAbsentError(FactsAbsentError):
    """Recorded facts say something of an image, and not whether it is signed."""


class FactSource(Protocol):
    """Answers questions as the provider does."""

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        """What is known about each key: a value, a durable error, or a passing one."""
        ...

    def at_hand(self, cases: Sequence[ConstraintReview], images: Sequence[str]) -> StubAnswers:
        """Answers that cost nothing, to what cases are likely to ask about images; none that may pass."""
        ...


@dataclass(frozen=True)
class LiveFacts:
    """Asks the registries.

    Attributes:
        inspect: answers one question; raises `BestbeforeError`.
    """

    inspect: Callable[[Question], Answer]

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        """See `FactSource.answers`; keys are worked on side by side."""
        return recorded(self._asked(keys)) if keys else NOTHING

    def recordable(self, keys: Sequence[str]) -> StubAnswers:
        """The same, however large an answer is.

        Whoever reads the record may ask for less of it: the provider's limit holds for what is asked for.
        """
        return recorded(self._asked(keys), FILE_BYTES)

    def _asked(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any] | BestbeforeError]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - recorded facts need no threads

        pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
        try:
            return dict(zip(keys, pool.map(self._answer, keys), strict=True))
        finally:
            # Without waiting: whoever interrupts does not want to.
            pool.shutdown(wait=False, cancel_futures=True)

    def at_hand(self, cases: Sequence[ConstraintReview], images: Sequence[str]) -> StubAnswers:  # noqa: ARG002
        """See `FactSource.at_hand`; a registry is asked for what is certainly needed, and for nothing else."""
        return NOTHING

    def digest(self, image: str) -> str:
        """The digest that a tag names now; empty where it cannot be had."""
        fact = self._answer(key_of(FactQuestion(image)))
        return "" if isinstance(fact, BestbeforeError) else str(fact.get("digest", ""))

    def _answer(self, key: str) -> Mapping[str, Any] | BestbeforeError:
        try:
            return self.inspect(question.parse(key)).to_json(question.ref(key))
        except BestbeforeError as error:
            return error


@dataclass(frozen=True)
class RecordedFacts:
    """Answers from a file that `facts --output json` or `check --output json` wrote.

    Attributes:
        images: value, or `{"reason", "message"}`, by image as written. Beside it what is known of signatures:
            `signatures`, answers by the `ref` of their question, as `check` records them; or `signed` and `attested`,
            as a person writes them.
        names: whom `signed` can name.
        attestors: whom `attested` can name.
        file: where they stand, for messages.
    """

    images: Mapping[str, Mapping[str, Any]]
    names: Names = field(default_factory=dict)
    attestors: Names = field(default_factory=dict)
    file: str = ""

    @classmethod
    def read(cls, path: Path) -> RecordedFacts:
        """Read a file.

        Raises:
            FactsFileError: not there, too large, no JSON, of another version, or with a field that nobody knows.
        """
        try:
            with path.open("rb") as source:
                content = source.read(FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            raise FactsFileError(f"{path}: {getattr(error, 'strerror', None) or 'is no file name'}") from error
        if len(content) > FILE_BYTES:
            raise FactsFileError(f"{path}: larger than {FILE_BYTES} bytes")
        return cls(_images(path, _json(path, content)), file=str(path))

    def named(self, translations: Sequence[Translation]) -> RecordedFacts:
        """The same, knowing the authorities and signers of these policies by name."""
        return replace(
            self,
            names=signed.names_of(translations),
            attestors=signed.names_of(translations, ["attestor"]),
        )

    def unknown_signers(self, images: Iterable[str]) -> Iterator[str]:
        """Of these images, who is named in `signed` or `attested` and by no policy: a sentence each."""
        for image in images:
            for name in signed.unknown(self.images.get(image, {}), self.names):
                yield f"facts of {image}: signed by {name}, but no policy has such an authority or signer"
            for name in attested.unknown(self.images.get(image, {}), self.attestors):
                yield f"facts of {image}: attested by {name}, but no policy asks such an authority for attestations"

    def require_platforms(self, images: Iterable[str]) -> None:
        """Refuse facts of these images whose dates belong to no platform: the provider always names platforms.

        Raises:
            FactsFileError: the first of them.
        """
        for image in images:
            found = self._of(image)
            if found and not found.get("platforms") and "reason" not in found and found.keys() & fact_fields.DATES:
                sentence = "missing, but each platform's date is judged; `bestbefore facts` records them"
                raise FactsFileError(f"{self.file}: images.{image}.platforms: {sentence}")

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        """See `FactSource.answers`; an image that is not in the file has no answer."""
        return recorded({key: self._answer(key) for key in keys})

    def at_hand(self, cases: Sequence[ConstraintReview], images: Sequence[str]) -> StubAnswers:
        """See `FactSource.at_hand`."""
        found = self.answers(foresight.keys(cases, [image for image in dict.fromkeys(images) if image in self.images]))
        return StubAnswers(found.values, found.errors)

    def _answer(self, key: str) -> Mapping[str, Any] | BestbeforeError:
        try:
            return self._known(question.parse(key), question.ref(key))
        except BestbeforeError as error:
            return error

    def _known(self, asked: Question, ref: str) -> Mapping[str, Any] | BestbeforeError:
        found = self._of(asked.image)
        if found is None:
            reference.parse(asked.image)
            return FactsAbsentError(f"the recorded facts say nothing of {asked.image}")
        if isinstance(asked, ProofQuestion):
            return self._proofs(asked, found, ref)
        kept = {name: value for name, value in found.items() if name not in _SIGNATURES}
        fact = recorded_config.answering(asked, kept)
        if "reason" in fact:
            return _failure(fact)
        if not fact:
            return FactsAbsentError(f"only signatures are recorded of {asked.image}")
        try:
            return {**recorded_config.answer(asked, fact), "ref": ref}
        except BestbeforeError as error:
            return FactsAbsentError(error.message)

    def digest(self, image: str) -> str:
        """The digest that was recorded of a tag; empty where none was."""
        return str((self.images.get(image) or {}).get("digest", ""))

    def _of(self, image: str) -> Mapping[str, Any] | None:
        """What is recorded of an image, or of its tag where that had this digest."""
        found = self.images.get(image)
        if found is not None:
            return found
        tag, _, digest = image.partition("@")
        of_tag = self.images.get(tag)
        return of_tag if of_tag is not None and of_tag.get("digest") == digest else None

    def _proofs(self, asked: ProofQuestion, found: Mapping[str, Any], ref: str) -> Mapping[str, Any] | BestbeforeError:
        known = next((each for each in found.get("signatures", ()) if each.get("ref") == ref), None)
        if known is not None:
            return _failure(known) if "reason" in known else known
        if "reason" in found:
            return _failure(found)
        wish = asked.verify.attestation
        said = "signed" if wish is None else "attested"
        if said not in found:
            sentence = f"the recorded facts do not say whether {asked.image} is {said} as this policy asks"
            return ProofsAbsentError(sentence)
        if wish is not None:
            return attested.answer(asked, wish, found, self.attestors, ref)
        return signed.answer(asked, found, self.names, ref)


def recorded(answers: Mapping[str, Mapping[str, Any] | BestbeforeError], most: int = limits.ITEM_BYTES) -> StubAnswers:
    """Sort answers into what Gatekeeper would see of them, within the provider's limits.

    Args:
        answers: by key.
        most: bytes that one may have.
    """
    answers = {key: _within_limits(key, answer, most) for key, answer in answers.items()}
    values = {key: answer for key, answer in answers.items() if not isinstance(answer, BestbeforeError)}
    failed = {key: answer for key, answer in answers.items() if isinstance(answer, BestbeforeError)}
    durable = {key: str(error) for key, error in failed.items() if error.reason.durable}
    passing = {
        question.ref(key): {"reason": error.reason, "message": error.message, **_more(error)}
        for key, error in failed.items()
        if not error.reason.durable
    }
    unknown = {question.parse(key).image for key, error in failed.items() if isinstance(error, FactsAbsentError)}
    unproved = {question.parse(key).image for key, error in failed.items() if isinstance(error, ProofsAbsentError)}
    text = json.dumps(passing) if passing else ""
    return StubAnswers(values, durable, text, frozenset(unknown), frozenset(unproved))


def _within_limits(
    key: str, answer: Mapping[str, Any] | BestbeforeError, most: int
) -> Mapping[str, Any] | BestbeforeError:
    """The answer, or why the provider would not give it."""
    if isinstance(answer, BestbeforeError):
        return answer
    try:
        protocol.answer_item(key, answer, most)
    except ImageError as error:
        return error
    return answer


def _more(error: BestbeforeError) -> dict[str, str | int]:
    detail: dict[str, str | int] = {"detail": error.detail} if error.detail else {}
    return detail if error.passed_over is None else {**detail, "passedOver": error.passed_over}


def _failure(found: Mapping[str, Any]) -> BestbeforeError:
    message, detail = str(found.get("message", "")), str(found.get("detail", ""))
    return ImageError(Reason(found["reason"]), message, detail=detail, passed_over=found.get("passedOver"))


def _json(path: Path, content: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return facts_json.value(content)
    except facts_json.FactsTextError as error:
        raise FactsFileError(f"{path}: {error}") from error


def _images(path: Path, content: Any) -> Mapping[str, Mapping[str, Any]]:  # noqa: ANN401 - any JSON
    checked = isinstance(content, dict) and "version" not in content and isinstance(content.get("allowed"), bool)
    if not checked and (not isinstance(content, dict) or content.get("version") != FILE_VERSION):
        if not isinstance(content, dict) or "version" not in content:
            sentence = "are no recorded facts: expected what `bestbefore facts IMAGE… --output json` writes"
            raise FactsFileError(f"{path}: {sentence}, or `bestbefore check --output json`")
        raise FactsFileError(f"{path}: version {content['version']!r} of recorded facts, expected {FILE_VERSION}")
    images = content.get("images")
    if not isinstance(images, dict) or not all(isinstance(each, dict) for each in images.values()):
        raise FactsFileError(f"{path}: images: expected an object with an object for each image")
    for image, found in images.items():
        for name, expected in _problems_in(found):
            raise FactsFileError(f"{path}: images.{image}.{name}: expected {expected}, got {shown(str(found[name]))}")
        for place, sentence in _misspelt(found):
            raise FactsFileError(f"{path}: images.{image}.{place}: {sentence}")
        for place in _undated(found):
            sentence = f"expected createdNs beside created, as `bestbefore facts {image} --output json` records them"
            raise FactsFileError(f"{path}: images.{image}{place}: {sentence}")
        for place, sentence in (*signed.problems_in(found), *attested.problems_in(found)):
            raise FactsFileError(f"{path}: images.{image}.{place}: {sentence}")
    return images


def _misspelt(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields of an image's facts that the provider has not: no policy would see them."""
    for place, facts in {"": found, f"{recorded_config.WHOLE}.": found.get(recorded_config.WHOLE, {})}.items():
        yield from fact_fields.unknown(facts, _FIELDS, place)
        for name, platform in facts.get("platforms", {}).items():
            yield from fact_fields.unknown(platform, fact_fields.PLATFORM, f"{place}platforms.{name}.")
        for name, config in facts.get("config", {}).items():
            yield from _misspelt_config(config, f"{place}config.{name}")


def _misspelt_config(config: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    from provider.images import config_file  # noqa: PLC0415 - most facts hold no configuration

    for place, each, known in (
        (path, config, config_file.FIELDS),
        (f"{path}.config", config.get("config") if isinstance(config, dict) else None, config_file.CONFIG_FIELDS),
    ):
        if isinstance(each, dict):
            yield from fact_fields.unknown(each, known, f"{place}.")


def _undated(found: Mapping[str, Any]) -> Iterator[str]:
    """The parts of an image's facts that have a date for people alone: no policy can read it."""
    parts = {"": found, **{f".platforms.{name}": each for name, each in found.get("platforms", {}).items()}}
    for place, part in parts.items():
        if isinstance(part.get("created"), str) and "createdNs" not in part:
            yield place


def _problems_in(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The recorded fields of an image that are of another shape than the provider's, and what they should be."""
    for name, (expected, is_right) in _SHAPES.items():
        if name in found and not is_right(found[name]):
            yield name, expected


def _is_text(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, dict) and all(isinstance(each, dict) for each in value.values())


def _is_answer(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, dict) and recorded_config.WHOLE not in value and not any(_problems_in(value))


def _are_answers(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, list) and all(
        isinstance(each, dict) and each.get("reason", Reason.INTERNAL) in list(Reason) for each in value
    )


# What is recorded of signatures, beside the facts.
_SIGNATURES: Final = frozenset({"signatures", "signed", "attested"})

_FIELDS: Final = fact_fields.IMAGE | {"detail", recorded_config.PATHS, recorded_config.WHOLE}

_SHAPES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "reason": ("a reason code", lambda value: value in list(Reason)),
    "message": ("a text", _is_text),
    "image": ("a text", _is_text),
    "digest": ("a text", _is_text),
    "reference": ("a text", _is_text),
    "created": ("a text or null", lambda value: value is None or _is_text(value)),
    "createdNs": (
        "digits in a text, or null",
        lambda value: value is None or (_is_text(value) and re.fullmatch("-?[0-9]{1,20}", value) is not None),
    ),
    "platforms": ("an object with an object for each platform", _is_mapping),
    "config": ("an object", lambda value: isinstance(value, dict)),
    recorded_config.PATHS: ("a list of paths, each a list of names", recorded_config.are_paths),
    "signatures": ("a list of answers", _are_answers),
    recorded_config.WHOLE: ("an object with what is answered with the configuration", _is_answer),
}
