"""YAML and JSON text to plain values, within bounds.

Built on the parser's events rather than on its constructed objects: so a file costs memory in proportion to its
length, nothing recurses, and every value keeps the line that it came from.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from gatekeeper.policy import scalars
from gatekeeper.policy.problems import DocumentError, Problem
from gatekeeper.policy.scalars import Json
from provider import limits

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"

Found = tuple[Json, int | None, Mapping[str, int]]
"""The value of a document, the line where it starts, and the lines of its fields by path."""


class _TextError(Exception):
    """Something in the text that is refused, at a line (from 1) where that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def read_values(text: str, file: str, *, with_lines: bool = False) -> list[Found]:
    """Every document in a text.

    JSON text is read as JSON, for it is faster and JSON's escapes are not all YAML's; it has no lines.

    Raises:
        DocumentError: the text is neither, or beyond a bound.
    """
    try:
        if text.lstrip()[:1] in {"{", "["}:
            found = _json(text)
            if found is not None:
                return [found]
        return list(_documents(text, with_lines=with_lines))
    except _TextError as fault:
        message = f"line {fault.line}: {fault.message}" if fault.line else fault.message
        raise DocumentError([Problem("", message, file=file, line=fault.line)]) from fault


# --- JSON


def _json(text: str) -> Found | None:
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None  # perhaps YAML's flow style; if not, the YAML reader finds the line
    _check_depth(value)
    return (_whole(value) if "\\u" in text else value), 1, {}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TextError(f"the key {_shown(twice)} stands twice in one mapping")
    return mapping


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _check_depth(value: Json) -> None:
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if depth > limits.DOCUMENT_DEPTH:
            raise _too_deep(None)
        if isinstance(item, dict):
            pending += [(member, depth + 1) for member in item.values()]
        elif isinstance(item, list):
            pending += [(member, depth + 1) for member in item]
        elif isinstance(item, float) and not math.isfinite(item):
            raise _TextError("holds a number that is larger than Kubernetes can hold")


def _whole(value: Json) -> Json:
    """The value with halves of surrogate pairs replaced, as Go replaces them: they are no text."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(member) for key, member in value.items()}
    return [_whole(member) for member in value] if isinstance(value, list) else value


# --- YAML


def _documents(text: str, *, with_lines: bool) -> Iterator[Found]:
    builder = _Builder(with_lines=with_lines)
    events = yaml.parse(text, Loader=_LOADER)
    while (event := _next(events, builder)) is not None:
        if isinstance(event, yaml.DocumentStartEvent):
            builder.start()
        elif isinstance(event, yaml.DocumentEndEvent):
            yield builder.root, builder.line, builder.lines
        else:
            builder.take(event)


def _next(events: Iterator[yaml.Event], builder: _Builder) -> yaml.Event | None:
    try:
        return next(events, None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _TextError(f"is not YAML: {error.problem or error.context}", mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        # libyaml's reader (control characters) gives an offset, no line.
        reason = getattr(error, "reason", None) or "it cannot be read"
        raise _TextError(f"is not YAML: {reason}", builder.last_line) from error


@dataclass
class _Frame:
    """A mapping or list that is being built."""

    value: dict[str, Any] | list[Any]
    path: str
    anchor: str | None
    weight: int
    key: str | None = None
    merged: list[dict[str, Any]] = field(default_factory=list)
    merging: bool = False


class _Builder:
    """Makes values of one file's events; bounds count over the whole file."""

    def __init__(self, *, with_lines: bool) -> None:
        self._with_lines = with_lines
        self._nodes = 0
        self._weight = 0
        self._aliased = 0
        self.last_line = 1
        self.start()

    def start(self) -> None:
        """Begin a document."""
        self.root: Any = None
        self.line: int | None = None
        self.lines: dict[str, int] = {}
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the document."""
        if isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent):
            return
        self.last_line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        else:
            self._collection(event)

    def _collection(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._count(1)
        if len(self._frames) >= limits.DOCUMENT_DEPTH:
            raise _too_deep(self.last_line)
        value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        expected = "tag:yaml.org,2002:map" if isinstance(value, dict) else "tag:yaml.org,2002:seq"
        if event.tag not in {None, "!", expected}:
            raise self._fault(f"the tag {_shown(event.tag)} has no meaning in a Kubernetes object")
        path = self._path()
        self._frames.append(_Frame(value, path, event.anchor, self._weight))
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)

    def _end(self) -> None:
        frame = self._frames.pop()
        value = frame.value
        if isinstance(value, dict):
            for mapping in frame.merged:
                value.update({key: member for key, member in mapping.items() if key not in value})
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (value, self._weight - frame.weight + 1)
        self._place(value)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(len(event.value) + 1)
        value = self._resolved(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, len(event.value) + 1)
        if self._wants_key():
            self._take_key(event, value)
        else:
            self._path()
            self._place(value)

    def _resolved(self, event: yaml.ScalarEvent) -> scalars.Scalar:
        plain, quoted = event.implicit
        try:
            if plain:
                return scalars.plain(event.value)
            if quoted or event.tag == "!":
                return str(event.value)
            return event.value if event.tag == _MERGE_TAG else scalars.tagged(event.tag, event.value)
        except ValueError as error:
            raise self._fault(str(error)) from error

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise self._fault(f"the alias *{event.anchor} has no anchor before it")
        value, weight = self._anchors[event.anchor]
        self._aliased += weight
        if self._aliased > limits.ALIAS_CHARACTERS:
            raise self._fault(f"its aliases expand to more than {limits.ALIAS_CHARACTERS // limits.KIB} KiB")
        self._count(weight)
        if self._wants_key():
            raise self._fault("an alias as a key has no meaning in a Kubernetes object")
        self._path()
        self._place(value)

    def _wants_key(self) -> bool:
        frame = self._frames[-1] if self._frames else None
        return frame is not None and isinstance(frame.value, dict) and frame.key is None and not frame.merging

    def _take_key(self, event: yaml.ScalarEvent, value: scalars.Scalar) -> None:
        frame = self._frames[-1]
        if event.tag == _MERGE_TAG or (event.value == "<<" and event.implicit[0]):
            frame.merging = True
            return
        try:
            key = scalars.key(value)
        except ValueError as error:
            raise self._fault(str(error)) from error
        if key in frame.value:
            raise self._fault(f"the key {_shown(key)} stands twice in one mapping")
        frame.key = key
        if self._with_lines:
            self.lines[_member(frame.path, key)] = self.last_line

    def _path(self) -> str:
        """The path of the value that comes next."""
        if not self._frames:
            self.line = self.last_line
            return ""
        frame = self._frames[-1]
        if self._wants_key():
            raise self._fault("a mapping or list as a key has no meaning in a Kubernetes object")
        if not self._with_lines:
            return ""
        if isinstance(frame.value, dict):
            return _member(frame.path, frame.key or "<<")
        path = f"{frame.path}[{len(frame.value)}]"
        self.lines[path] = self.last_line
        return path

    def _place(self, value: Json) -> None:
        if not self._frames:
            self.root = value
            return
        frame = self._frames[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.merging:
            frame.merging = False
            frame.merged += self._mergeable(value)
        elif frame.key is not None:
            frame.value[frame.key] = value
            frame.key = None

    def _mergeable(self, value: Json) -> list[dict[str, Any]]:
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise self._fault("what `<<` merges is no mapping")
        return mappings

    def _count(self, weight: int) -> None:
        self._weight += weight
        self._nodes += 1
        if self._nodes > limits.DOCUMENT_NODES:
            raise self._fault(f"holds more than {limits.DOCUMENT_NODES} values")

    def _fault(self, message: str) -> _TextError:
        return _TextError(message, self.last_line)


def _member(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _too_deep(line: int | None) -> _TextError:
    return _TextError(f"is nested more than {limits.DOCUMENT_DEPTH} deep", line)


def _shown(text: str) -> str:
    return repr(text[: limits.SHOWN_CHARACTERS])
