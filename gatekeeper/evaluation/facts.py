"""Where the answers come from when there is no cluster: registries, or a file of recorded facts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from gatekeeper.evaluation import signed
from gatekeeper.evaluation.program import NOTHING, Recorded
from gatekeeper.evaluation.signed import Names
from gatekeeper.translation.translate import Translation
from provider.errors import BestbeforeError
from provider.foreign_text import shown
from provider.questions import question
from provider.questions.answer import Answer
from provider.questions.question import ProofQuestion, Question
from provider.reasons import Reason

FILE_VERSION: Final = 1
FILE_BYTES: Final = 64 * 1024 * 1024

_SIDE_BY_SIDE: Final = 16


class FactsFileError(Exception):
    """A file of recorded facts that cannot be used; the message names it."""


class FactSource(Protocol):
    """Answers questions as the provider does."""

    def answers(self, keys: Sequence[str]) -> Recorded:
        """What is known about each key: a value, a durable error, or a passing one."""
        ...


@dataclass(frozen=True)
class LiveFacts:
    """Asks the registries.

    Attributes:
        inspect: answers one question; raises `BestbeforeError`.
    """

    inspect: Callable[[Question], Answer]

    def answers(self, keys: Sequence[str]) -> Recorded:
        """See `FactSource.answers`; keys are worked on side by side."""
        if not keys:
            return NOTHING
        pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
        try:
            return recorded(dict(zip(keys, pool.map(self._answer, keys), strict=True)))
        finally:
            # Without waiting: whoever interrupts does not want to.
            pool.shutdown(wait=False, cancel_futures=True)

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
            `signatures`, answers by the `ref` of their question, as `check` records them; or `signed`, as a person
            writes it.
        names: whom `signed` can name.
    """

    images: Mapping[str, Mapping[str, Any]]
    names: Names = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> RecordedFacts:
        """Read a file.

        Raises:
            FactsFileError: not there, too large, no JSON, or of another version.
        """
        try:
            with path.open("rb") as source:
                content = source.read(FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            raise FactsFileError(f"{path}: {getattr(error, 'strerror', None) or 'is no file name'}") from error
        if len(content) > FILE_BYTES:
            raise FactsFileError(f"{path}: larger than {FILE_BYTES} bytes")
        return cls(_images(path, _json(path, content)))

    def named(self, translations: Sequence[Translation]) -> RecordedFacts:
        """The same, knowing the authorities and signers of these policies by name."""
        return replace(self, names=signed.names_of(translations))

    def answers(self, keys: Sequence[str]) -> Recorded:
        """See `FactSource.answers`; an image that is not in the file has no answer."""
        return recorded({key: self._answer(key) for key in keys})

    def _answer(self, key: str) -> Mapping[str, Any] | BestbeforeError:
        asked, ref = question.parse(key), question.ref(key)
        found = self.images.get(asked.image)
        if found is None:
            return BestbeforeError(Reason.NOT_FOUND, f"the recorded facts say nothing of {asked.image}")
        if isinstance(asked, ProofQuestion):
            return self._proofs(asked, found, ref)
        fact = {name: value for name, value in found.items() if name not in _SIGNATURES}
        if "reason" in fact:
            return _failure(fact)
        if not fact:
            return BestbeforeError(Reason.NOT_FOUND, f"only signatures are recorded of {asked.image}")
        return {**fact, "ref": ref}

    def _proofs(self, asked: ProofQuestion, found: Mapping[str, Any], ref: str) -> Mapping[str, Any] | BestbeforeError:
        known = next((each for each in found.get("signatures", ()) if each.get("ref") == ref), None)
        if known is not None:
            return _failure(known) if "reason" in known else known
        if "reason" in found:
            return _failure(found)
        if "signed" not in found:
            sentence = f"the recorded facts do not say whether {asked.image} is signed as this policy asks"
            return BestbeforeError(Reason.NOT_FOUND, sentence)
        return signed.answer(asked, found, self.names, ref)


def recorded(answers: Mapping[str, Mapping[str, Any] | BestbeforeError]) -> Recorded:
    """Sort answers into what Gatekeeper would see of them."""
    values = {key: answer for key, answer in answers.items() if not isinstance(answer, BestbeforeError)}
    failed = {key: answer for key, answer in answers.items() if isinstance(answer, BestbeforeError)}
    durable = {key: str(error) for key, error in failed.items() if error.reason.durable}
    passing = {
        question.ref(key): {"reason": error.reason, "message": error.message}
        for key, error in failed.items()
        if not error.reason.durable
    }
    return Recorded(values, durable, json.dumps(passing) if passing else "")


def _failure(found: Mapping[str, Any]) -> BestbeforeError:
    return BestbeforeError(Reason(found["reason"]), str(found.get("message", "")))


def _json(path: Path, content: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        text = content.decode("utf-8")
        value = json.loads(text, parse_constant=_no_number)
        if re.search(r"\\u[dD][89a-fA-F]", text):
            # Half of a pair is a text for JSON, and for nobody who would print it.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise FactsFileError(f"{path}: no JSON") from error
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


def _images(path: Path, content: Any) -> Mapping[str, Mapping[str, Any]]:  # noqa: ANN401 - any JSON
    checked = isinstance(content, dict) and "version" not in content and isinstance(content.get("allowed"), bool)
    if not checked and (not isinstance(content, dict) or content.get("version") != FILE_VERSION):
        version = content.get("version") if isinstance(content, dict) else None
        raise FactsFileError(f"{path}: version {version!r} of recorded facts, expected {FILE_VERSION}")
    images = content.get("images")
    if not isinstance(images, dict) or not all(isinstance(each, dict) for each in images.values()):
        raise FactsFileError(f"{path}: images: expected an object with an object for each image")
    for image, found in images.items():
        for name, expected in _faults(found):
            raise FactsFileError(f"{path}: images.{image}.{name}: expected {expected}, got {shown(str(found[name]))}")
        for place, sentence in signed.faults(found):
            raise FactsFileError(f"{path}: images.{image}.{place}: {sentence}")
    return images


def _faults(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The recorded fields of an image that are of another shape than the provider's, and what they should be."""
    for name, (expected, is_right) in _SHAPES.items():
        if name in found and not is_right(found[name]):
            yield name, expected


def _is_text(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, dict) and all(isinstance(each, dict) for each in value.values())


def _are_answers(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, list) and all(
        isinstance(each, dict) and each.get("reason", Reason.INTERNAL) in list(Reason) for each in value
    )


# What is recorded of signatures, beside the facts.
_SIGNATURES: Final = frozenset({"signatures", "signed"})

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
    "signatures": ("a list of answers", _are_answers),
}
