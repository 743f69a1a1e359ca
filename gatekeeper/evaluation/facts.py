"""Where the answers come from when there is no cluster: registries, or a file of recorded facts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from gatekeeper.evaluation.program import NOTHING, Recorded
from provider import question
from provider.answer import Answer
from provider.errors import BestbeforeError
from provider.foreign_text import shown
from provider.question import Question
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
    """Answers from a file that `facts --output json` wrote.

    Attributes:
        images: value, or `{"reason", "message"}`, by image as written.
    """

    images: Mapping[str, Mapping[str, Any]]

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

    def answers(self, keys: Sequence[str]) -> Recorded:
        """See `FactSource.answers`; an image that is not in the file has no answer."""
        return recorded({key: self._answer(key) for key in keys})

    def _answer(self, key: str) -> Mapping[str, Any] | BestbeforeError:
        image = question.parse(key).image
        found = self.images.get(image)
        if found is None:
            return BestbeforeError(Reason.NOT_FOUND, f"the recorded facts say nothing of {image}")
        if "reason" in found:
            return BestbeforeError(Reason(found["reason"]), str(found.get("message", "")))
        return {**found, "ref": question.ref(key)}


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
    if not isinstance(content, dict) or content.get("version") != FILE_VERSION:
        version = content.get("version") if isinstance(content, dict) else None
        raise FactsFileError(f"{path}: version {version!r} of recorded facts, expected {FILE_VERSION}")
    images = content.get("images")
    if not isinstance(images, dict) or not all(isinstance(each, dict) for each in images.values()):
        raise FactsFileError(f"{path}: images: expected an object with an object for each image")
    for image, found in images.items():
        for name, expected in _faults(found):
            raise FactsFileError(f"{path}: images.{image}.{name}: expected {expected}, got {shown(str(found[name]))}")
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
}
