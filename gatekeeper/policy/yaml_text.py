"""YAML text to plain values, from the parser's events.

Events rather than constructed objects: so a file costs memory in proportion to its length, nothing recurses, and
every value keeps the line that it came from. What aliases add is counted as if it were written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from gatekeeper.policy import scalars
from gatekeeper.policy.scalars import Json
from provider import limits

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# No field has such a name.
_TOO_LONG: Final = "\0"
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"

Found: TypeAlias = tuple[Json, int | None, Mapping[str, int]]
"""The value of a document, the line where it starts, and the lines of its fields by path."""


class TextError(Exception):
    """Something in the text that is refused.

    Attributes:
        message: what.
        line: where, from 1; None where that is not known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def documents(text: str, *, with_lines: bool) -> Iterator[Found]:
    """Every document of a text.

    Raises:
        TextError: the text is not YAML, or beyond a bound.
    """
    builder = _Builder(with_lines=with_lines)
    events = yaml.parse(text, Loader=_LOADER)
    count = 0
    while (event := _next(events, builder)) is not None:
        if isinstance(event, yaml.DocumentStartEvent):
            builder.start()
            count += 1
            if count > limits.DOCUMENTS:
                raise TextError(f"holds more than {limits.DOCUMENTS} documents")
        elif isinstance(event, yaml.DocumentEndEvent):
            yield builder.root, builder.line, builder.lines
        else:
            builder.take(event)


def _next(events: Iterator[yaml.Event], builder: _Builder) -> yaml.Event | None:
    try:
        return next(events, None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TextError(f"is not YAML: {error.problem or error.context}", mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        # libyaml's reader (control characters) gives an offset, no line.
        reason = getattr(error, "reason", None) or "it cannot be read"
        raise TextError(f"is not YAML: {reason}", builder.last_line) from error


@dataclass(frozen=True)
class _Anchored:
    """A value with an anchor: what an alias of it adds, in characters and in depth."""

    value: Json
    weight: int
    depth: int = 0


@dataclass
class _Frame:
    """A mapping or list that is being built."""

    value: dict[str, Any] | list[Any]
    path: str
    anchor: str | None
    weight: int
    depth: int = 0
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
        self._anchors: dict[str, _Anchored] = {}

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the document."""
        if event.start_mark is not None:
            self.last_line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._collection(event)

    def _collection(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._count(1)
        if len(self._frames) >= limits.DOCUMENT_DEPTH:
            raise too_deep(self.last_line)
        value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        expected = "tag:yaml.org,2002:map" if isinstance(value, dict) else "tag:yaml.org,2002:seq"
        if event.tag not in {None, "!", expected}:
            raise self._fault(f"the tag {shown(event.tag)} has no meaning in a Kubernetes object")
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
            self._anchors[frame.anchor] = _Anchored(value, self._weight - frame.weight + 1, frame.depth + 1)
        self._place(value, frame.depth + 1)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(len(event.value) + 1)
        value = self._resolved(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, len(event.value) + 1)
        if self._wants_key():
            self._take_key(event, value)
        else:
            self._path()
            self._place(value)

    def _resolved(self, event: yaml.ScalarEvent) -> scalars.Scalar:
        plain, quoted = event.implicit
        try:
            if plain and event.tag != "!":
                return scalars.plain(event.value)
            if quoted or event.tag == "!":
                return str(event.value)
            return event.value if event.tag == _MERGE_TAG else scalars.tagged(event.tag or "", event.value)
        except ValueError as error:
            raise self._fault(str(error)) from error

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise self._fault(f"the alias *{event.anchor} has no anchor before it")
        anchored = self._anchors[event.anchor]
        self._aliased += anchored.weight
        if self._aliased > limits.ALIAS_CHARACTERS:
            raise self._fault(f"its aliases expand to more than {limits.ALIAS_CHARACTERS // limits.KIB} KiB")
        if len(self._frames) + anchored.depth > limits.DOCUMENT_DEPTH:
            raise too_deep(self.last_line)
        self._count(anchored.weight)
        if self._wants_key():
            raise self._fault("an alias as a key has no meaning in a Kubernetes object")
        self._path()
        self._place(anchored.value, anchored.depth)

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
            raise self._fault(f"the key {shown(key)} stands twice in one mapping")
        frame.key = key
        self._remember(_member(frame.path, key))

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
        self._remember(path)
        return path

    def _remember(self, path: str) -> None:
        if self._with_lines and not path.startswith(_TOO_LONG) and len(self.lines) < limits.LINES:
            self.lines[path] = self.last_line

    def _place(self, value: Json, depth: int = 0) -> None:
        if not self._frames:
            self.root = value
            return
        frame = self._frames[-1]
        frame.depth = max(frame.depth, depth)
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

    def _fault(self, message: str) -> TextError:
        return TextError(message, self.last_line)


def _member(path: str, key: str) -> str:
    """The path of a member; where it would be too long to keep, one that is never kept."""
    longer = f"{path}.{key}" if path else key
    return _TOO_LONG if len(longer) > limits.PATH_CHARACTERS or path.startswith(_TOO_LONG) else longer


def too_deep(line: int | None = None) -> TextError:
    """The fault of a document that is nested too deeply."""
    return TextError(f"is nested more than {limits.DOCUMENT_DEPTH} deep", line)


def shown(text: str) -> str:
    """As much of a text as a message shows."""
    return repr(text[: limits.SHOWN_CHARACTERS])
