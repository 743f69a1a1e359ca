"""The part of an answer that a capsule may hold: never what an image is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from gatekeeper.denials.capsules.capsule import Fields
from provider.errors import BestbeforeError
from provider.questions import question
from provider.questions.config_paths import ConfigPaths
from provider.questions.question import FactQuestion

_Path: TypeAlias = tuple[str, ...]
# Of an image configuration: what programs are started with, and the commands that built it, which may name secrets.
_NEVER: Final[tuple[_Path, ...]] = (
    ("config", "Cmd"),
    ("config", "Entrypoint"),
    ("config", "Env"),
    ("config", "Healthcheck"),
    ("config", "OnBuild"),
    ("container_config",),
    ("history",),
)


@dataclass(frozen=True)
class AnswerPart:
    """A part of an answer.

    Attributes:
        value: the part.
        left_out: places of the image configuration that were in the answer, and that nobody asked for by their name.
        withheld: the same that the question asks for by name.
    """

    value: Fields
    left_out: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


def of(key: str, answer: Fields) -> AnswerPart:
    """The part of what was answered to a key."""
    value = answer.get("value")
    documents = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(documents, Mapping):
        return AnswerPart(answer)
    there = [path for path in _NEVER if any(_has(each, path) for each in documents.values())]
    named = [path for path in there if any(wanted[: len(path)] == path for wanted in _wanted(key))]
    kept = {name: _without(each, there) for name, each in documents.items()}
    return AnswerPart(
        {"value": {**value, "config": kept}},
        tuple(".".join(path) for path in there if path not in named),
        tuple(".".join(path) for path in named),
    )


def _wanted(key: str) -> list[_Path]:
    """The paths of the configuration that a key names."""
    try:
        asked = question.parse(key)
    except BestbeforeError:
        return []
    paths = asked.config if isinstance(asked, FactQuestion) else False
    return [tuple(path) for path in paths.to_json()] if isinstance(paths, ConfigPaths) else []


def _has(document: Any, path: _Path) -> bool:  # noqa: ANN401 - any JSON
    for step in path:
        if not isinstance(document, Mapping) or step not in document:
            return False
        document = document[step]
    return True


def _without(document: Any, paths: list[_Path]) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(document, Mapping):
        return document
    heads = {path[0] for path in paths if len(path) == 1}
    below = {name: [path[1:] for path in paths if path[0] == name and len(path) > 1] for name in document}
    return {
        name: _without(each, below[name]) if below[name] else each
        for name, each in document.items()
        if name not in heads
    }
