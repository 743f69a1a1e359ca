"""YAML text to plain values, from the parser's events.

Events rather than constructed objects: so a file costs memory in proportion to its length, and every value keeps the
line that it came from. What aliases add is counted as if it were written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from gatekeeper.documents import scalars
from gatekeeper.documents.scalars import Json
from provider import limits

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# No field has such a name.
_TOO_LONG: Final = "\0"
_MERGE: Final = "<<"
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_MAPPING_TAG: Final = "tag:yaml.org,2002:map"
_LIST_TAG: Final = "tag:yaml.org,2002:seq"


@dataclass(frozen=True)
class YamlDocument:
    """What one document of a text holds, and where.

    Attributes:
        value: as JSON would have it.
        line: where the document starts, from 1; None for an empty one.
        lines: the line of every field by its path, where lines were asked for.
        texts: of a field whose text stands there line by line (`|`): the line of its first line.
    """

    value: Json
    line: int | None = 1
    lines: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)


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


def documents(text: str, *, with_lines: bool) -> Iterator[YamlDocument]:
    """Every document of a text.

    Raises:
        TextError: the text is not YAML, or beyond a bound.
    """
    events = _Events(text)
    bounds = _Bounds(events)
    count = 0
    while (event := events.next()) is not None:
        if isinstance(event, yaml.DocumentStartEvent):
            count += 1
            if count > limits.DOCUMENTS:
                raise TextError(f"holds more than {limits.DOCUMENTS} documents")
            yield _Reader(events, bounds, _Lines(events, wanted=with_lines)).content()


class _Events:
    """The parser's events, one after the other, and the line of the last one."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self.line = 1

    def next(self) -> yaml.Event | None:
        """The next event; None at the end."""
        try:
            event = next(self._events, None)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else None
            raise TextError(f"is not YAML: {error.problem or error.context}", line) from error
        except yaml.YAMLError as error:
            # libyaml's reader (control characters) gives an offset, no line.
            reason = getattr(error, "reason", None) or "it cannot be read"
            raise TextError(f"is not YAML: {reason}", self.line) from error
        if event is not None and event.start_mark is not None:
            self.line = event.start_mark.line + 1
        return event

    def error(self, message: str) -> TextError:
        """An error in the line of the last event."""
        return TextError(message, self.line)


class _Bounds:
    """How much a file holds, what its aliases stand for included."""

    def __init__(self, events: _Events) -> None:
        self._events = events
        self._nodes = 0
        self._aliased = 0
        self.weight = 0

    def count(self, weight: int) -> None:
        """One more value, of so many characters."""
        self.weight += weight
        self._nodes += 1
        if self._nodes > limits.DOCUMENT_NODES:
            raise self._events.error(f"holds more than {limits.DOCUMENT_NODES} values")

    def expand(self, weight: int) -> None:
        """One more alias, for a value of so many characters."""
        self._aliased += weight
        if self._aliased > limits.ALIAS_CHARACTERS:
            shown_limit = f"{limits.ALIAS_CHARACTERS // limits.KIB} KiB"
            raise self._events.error(f"its aliases expand to more than {shown_limit}")
        self.count(weight)

    def nest(self, depth: int) -> None:
        """A value that reaches so deep."""
        if depth > limits.DOCUMENT_DEPTH:
            raise too_deep(self._events.line)


class _Lines:
    """The lines of the fields of one document, by path."""

    def __init__(self, events: _Events, *, wanted: bool) -> None:
        self._events = events
        self._wanted = wanted
        self.of: dict[str, int] = {}
        self.texts: dict[str, int] = {}

    def member(self, path: str, key: str) -> str:
        """The path of the member whose key was just read."""
        return self._remembered(f"{path}.{key}" if path else key, path)

    def item(self, path: str, index: int) -> str:
        """The path of the item that was just begun."""
        return self._remembered(f"{path}[{index}]", path)

    def text(self, path: str, event: yaml.ScalarEvent) -> None:
        """Remember where a text begins whose lines are those of the file."""
        if event.style == "|" and self.of.get(path) is not None:
            self.texts[path] = self._events.line + 1

    def _remembered(self, path: str, outer: str) -> str:
        if not self._wanted:
            return ""
        if len(path) > limits.PATH_CHARACTERS or outer.startswith(_TOO_LONG):
            return _TOO_LONG
        if len(self.of) < limits.LINES:
            self.of[path] = self._events.line
        return path


@dataclass(frozen=True)
class _Node:
    """A value, and how deep it is: 0 for a scalar."""

    value: Json
    depth: int = 0


@dataclass(frozen=True)
class _Anchor:
    """What an alias stands for: a value and its weight in characters."""

    node: _Node
    weight: int


class _Reader:
    """Reads the values of one document. It calls itself once a level, and levels are bounded."""

    def __init__(self, events: _Events, bounds: _Bounds, lines: _Lines) -> None:
        self._events = events
        self._bounds = bounds
        self._lines = lines
        self._anchors: dict[str, _Anchor] = {}

    def content(self) -> YamlDocument:
        """The document whose start was just read, to its end."""
        event = self._next()
        line = self._events.line
        root = self._node(event, "", 0)
        self._next()  # the document's end
        return YamlDocument(root.value, line, self._lines.of, self._lines.texts)

    def _next(self) -> yaml.Event:
        event = self._events.next()
        if event is None:
            raise self._events.error("is not YAML: it ends too early")
        return event

    def _node(self, event: yaml.Event, path: str, level: int) -> _Node:
        """The value that begins with an event, `level` collections deep in the document."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, level)
        before = self._bounds.weight
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(self._scalar(event))
            self._lines.text(path, event)
        elif isinstance(event, yaml.CollectionStartEvent):
            node = self._collection(event, path, level)
        else:
            raise self._events.error("is not YAML: a value is missing")
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(node, self._bounds.weight - before)
        return node

    def _collection(self, event: yaml.CollectionStartEvent, path: str, level: int) -> _Node:
        self._bounds.count(1)
        self._bounds.nest(level + 1)
        if event.anchor is not None:
            # An alias within it is of the one before, if there is one.
            self._anchors.pop(event.anchor, None)
        if isinstance(event, yaml.MappingStartEvent):
            self._check_tag(event, _MAPPING_TAG)
            return self._mapping(path, level)
        self._check_tag(event, _LIST_TAG)
        return self._list(path, level)

    def _check_tag(self, event: yaml.CollectionStartEvent, expected: str) -> None:
        if event.tag not in {None, "!", expected}:
            raise self._events.error(f"the tag {shown(event.tag)} has no meaning in a Kubernetes object")

    def _mapping(self, path: str, level: int) -> _Node:
        members: dict[str, Any] = {}
        merged: list[Mapping[str, Any]] = []
        depth = 0
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event)
            if key in members:
                raise self._events.error(f"the key {shown(key or '')} stands twice in one mapping")
            place = self._lines.member(path, key) if key is not None else path
            node = self._node(self._next(), place, level + 1)
            depth = max(depth, node.depth)
            if key is None:
                merged += self._mergeable(node.value)
            else:
                members[key] = node.value
        for mapping in merged:
            members.update({key: member for key, member in mapping.items() if key not in members})
        return _Node(members, depth + 1)

    def _list(self, path: str, level: int) -> _Node:
        items: list[Any] = []
        depth = 0
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            node = self._node(event, self._lines.item(path, len(items)), level + 1)
            depth = max(depth, node.depth)
            items.append(node.value)
        return _Node(items, depth + 1)

    def _key(self, event: yaml.Event) -> str | None:
        """The text of a key; None for `<<`, which merges."""
        if isinstance(event, yaml.AliasEvent):
            raise self._events.error("an alias as a key has no meaning in a Kubernetes object")
        if not isinstance(event, yaml.ScalarEvent):
            raise self._events.error("a mapping or list as a key has no meaning in a Kubernetes object")
        value = self._scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(_Node(value), len(event.value) + 1)
        if event.tag == _MERGE_TAG or (event.value == _MERGE and event.implicit[0]):
            return None
        try:
            return scalars.key(value)
        except ValueError as error:
            raise self._events.error(str(error)) from error

    def _scalar(self, event: yaml.ScalarEvent) -> scalars.Scalar:
        self._bounds.count(len(event.value) + 1)
        plain, quoted = event.implicit
        try:
            if plain and event.tag != "!":
                return scalars.plain(event.value)
            if quoted or event.tag == "!":
                return str(event.value)
            return event.value if event.tag == _MERGE_TAG else scalars.tagged(event.tag or "", event.value)
        except ValueError as error:
            raise self._events.error(str(error)) from error

    def _alias(self, event: yaml.AliasEvent, level: int) -> _Node:
        anchor = self._anchors.get(event.anchor or "")
        if anchor is None:
            raise self._events.error(f"the alias *{event.anchor} has no anchor before it")
        self._bounds.expand(anchor.weight)
        self._bounds.nest(level + anchor.node.depth)
        return anchor.node

    def _mergeable(self, value: Json) -> list[Mapping[str, Any]]:
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise self._events.error(f"what `{_MERGE}` merges is no mapping")
        return mappings


def too_deep(line: int | None = None) -> TextError:
    """The error for a document that is nested too deeply."""
    return TextError(f"is nested more than {limits.DOCUMENT_DEPTH} deep", line)


def shown(text: str) -> str:
    """As much of a text as a message shows."""
    return repr(text[: limits.SHOWN_CHARACTERS])
