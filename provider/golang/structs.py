"""The Go types that JSON is decoded into, and encoded from again, as `encoding/json` does both.

Only what image configurations are made of: strings, booleans, integers, slices, string-keyed maps, structs, and types
with a decoder of their own. A key that comes twice is decoded over what is there, and null leaves it, except slices,
maps and pointers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final

from provider.foreign_text import shown
from provider.golang.decoding import GoType, Place, Room, kind
from provider.golang.encoding_json import folded

_INT64: Final = range(-(2**63), 2**63)
_INT64_DIGITS: Final = 19
_VALUE_BYTES: Final = 16
"""What a key or an element costs at least, because it takes time and memory however short it is written."""


@dataclass(frozen=True)
class Text:
    """`string`."""

    name: str = "string"
    plain: ClassVar[bool] = True
    least: ClassVar[int] = len('""')

    def zero(self) -> str:
        """See `GoType`."""
        return ""

    def decode(self, value: Any, old: str, place: Place) -> str:  # noqa: ANN401 - any JSON value
        """See `GoType`."""
        if isinstance(value, str):
            place.room.take_text(len(value))
            return value
        if value is not None:
            place.mismatch(kind(value), self.name)
        return old

    def encode(self, value: str) -> str:
        """See `GoType`."""
        return value


@dataclass(frozen=True)
class Flag:
    """`bool`."""

    name: str = "bool"
    plain: ClassVar[bool] = True
    least: ClassVar[int] = len("true")

    def zero(self) -> bool:
        """See `GoType`."""
        return False

    def decode(self, value: Any, old: bool, place: Place) -> bool:  # noqa: ANN401, FBT001 - any JSON value
        """See `GoType`."""
        if isinstance(value, bool):
            return value
        if value is not None:
            place.mismatch(kind(value), self.name)
        return old

    def encode(self, value: bool) -> bool:  # noqa: FBT001 - the value itself
        """See `GoType`."""
        return value


@dataclass(frozen=True)
class Integer:
    """`int`, or a type made of `int64`."""

    name: str = "int"
    plain: ClassVar[bool] = True
    least: ClassVar[int] = len("0")

    def zero(self) -> int:
        """See `GoType`."""
        return 0

    def decode(self, value: Any, old: int, place: Place) -> int:  # noqa: ANN401 - any JSON value
        """See `GoType`."""
        if isinstance(value, bytes):
            digits = value.removeprefix(b"-")
            if digits.isdigit() and len(digits) <= _INT64_DIGITS and int(value) in _INT64:
                return int(value)
            place.mismatch(f"number {shown(value.decode())}", self.name)
        elif value is not None:
            place.mismatch(kind(value), self.name)
        return old

    def encode(self, value: int) -> int:
        """See `GoType`."""
        return value


class _BackedSlice(list[Any]):
    """A slice that was longer before: Go keeps what stood beyond its end, and decodes over it if it grows again."""

    def __init__(self, items: list[Any], beyond: list[Any]) -> None:
        super().__init__(items)
        self.beyond = beyond


@dataclass(frozen=True)
class Slice:
    """`[]element`; nil is None."""

    element: GoType
    least: ClassVar[int] = len("[]")

    @cached_property
    def name(self) -> str:
        """See `GoType`."""
        return f"[]{self.element.name}"

    @property
    def plain(self) -> bool:
        """See `GoType`."""
        return self.element.plain

    def zero(self) -> list[Any] | None:
        """See `GoType`."""
        return None

    def decode(self, value: Any, old: list[Any] | None, place: Place) -> list[Any] | None:  # noqa: ANN401
        """See `GoType`."""
        if value is None:
            return None
        if not isinstance(value, list):
            place.mismatch(kind(value), self.name)
            return old
        place.room.take(len(value) * max(_VALUE_BYTES, self.element.least))
        decode, zero = self.element.decode, self.element.zero()
        known = [] if old is None else [*old, *(old.beyond if isinstance(old, _BackedSlice) else ())]
        items = [
            decode(item, known[number] if number < len(known) else zero, place) for number, item in enumerate(value)
        ]
        return _BackedSlice(items, known[len(items) :]) if 0 < len(items) < len(known) else items

    def encode(self, value: list[Any] | None) -> list[Any] | None:
        """See `GoType`."""
        if value is None or self.plain:
            return value
        return [self.element.encode(item) for item in value]


@dataclass(frozen=True)
class Map:
    """`map[string]element`; nil is None."""

    element: GoType
    least: ClassVar[int] = len("{}")

    @cached_property
    def name(self) -> str:
        """See `GoType`."""
        return f"map[string]{self.element.name}"

    @property
    def plain(self) -> bool:
        """See `GoType`."""
        return self.element.plain

    def zero(self) -> dict[str, Any] | None:
        """See `GoType`."""
        return None

    def decode(self, value: Any, old: dict[str, Any] | None, place: Place) -> dict[str, Any] | None:  # noqa: ANN401
        """See `GoType`."""
        if value is None:
            return None
        if not isinstance(value, tuple):
            place.mismatch(kind(value), self.name)
            return old
        place.room.take(len(value) * _VALUE_BYTES)
        take_text = place.room.take_text
        # Nobody else has the old one. An element is made anew for a key that comes twice.
        entries = {} if old is None else old
        decode, zero = self.element.decode, self.element.zero()
        for key, item in value:
            take_text(len(key))
            entries[key] = decode(item, zero, place)
        return entries

    def encode(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        """See `GoType`."""
        if value is None or self.plain:
            return value
        return {key: self.element.encode(item) for key, item in value.items()}


@dataclass(frozen=True)
class Field:
    """A field of a struct.

    Attributes:
        key: its name in JSON.
        type: what it is decoded into.
        omitempty: whether it is left out when it is false, 0, nil, or has no elements; no effect on structs.
    """

    key: str
    type: GoType
    omitempty: bool = True


@dataclass(frozen=True)
class Struct:
    """A struct.

    Attributes:
        name: with its package, `v1.Config`.
        fields: in order.
    """

    name: str
    fields: tuple[Field, ...] = ()

    @cached_property
    def short(self) -> str:
        """The name without its package."""
        return self.name.rpartition(".")[2]

    @property
    def plain(self) -> bool:
        """See `GoType`."""
        return not self.fields

    @cached_property
    def least(self) -> int:
        """See `GoType`."""
        return len("{}") + sum(len(one.key) + len('"":') + one.type.least for one in self.fields if not one.omitempty)

    @cached_property
    def _zero(self) -> dict[str, Any]:
        return {one.key: one.type.zero() for one in self.fields}

    @cached_property
    def _encoders(self) -> Sequence[tuple[str, bool, Callable[[Any], Any] | None]]:
        """Name, whether it is left out when empty, and what writes it, unless it stays as it is."""
        return [(one.key, one.omitempty, None if one.type.plain else one.type.encode) for one in self.fields]

    @cached_property
    def _exact(self) -> Mapping[str, Field]:
        return {one.key: one for one in self.fields}

    @cached_property
    def _folded(self) -> Mapping[str, Field]:
        return {folded(one.key): one for one in self.fields}

    def zero(self) -> dict[str, Any]:
        """See `GoType`."""
        return self._zero

    def decode(self, value: Any, old: dict[str, Any], place: Place) -> dict[str, Any]:  # noqa: ANN401
        """See `GoType`."""
        if value is None:
            return old
        if not isinstance(value, tuple):
            place.mismatch(kind(value), self.name)
            return old
        place.room.take(len(value) * _VALUE_BYTES)
        fields = dict(old)
        exact, by_folded, path = self._exact, self._folded, place.path
        outside, place.struct = place.struct, self.short
        for key, item in value:
            one = exact.get(key) or by_folded.get(folded(key))
            if one is not None:
                name = one.key
                path.append(name)
                fields[name] = one.type.decode(item, fields[name], place)
                path.pop()
        place.struct = outside
        return fields

    def encode(self, value: dict[str, Any]) -> dict[str, Any]:
        """See `GoType`."""
        return {
            name: encode(value[name]) if encode else value[name]
            for name, omitempty, encode in self._encoders
            if not omitempty or value[name]
        }


@dataclass(frozen=True)
class Pointer:
    """`*target`; nil is None."""

    target: Struct
    plain: ClassVar[bool] = False
    least: ClassVar[int] = len("null")

    @property
    def name(self) -> str:
        """The target's: messages name what a pointer points to."""
        return self.target.name

    def zero(self) -> dict[str, Any] | None:
        """See `GoType`."""
        return None

    def decode(self, value: Any, old: dict[str, Any] | None, place: Place) -> dict[str, Any] | None:  # noqa: ANN401
        """See `GoType`."""
        return None if value is None else self.target.decode(value, old or self.target.zero(), place)

    def encode(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        """See `GoType`."""
        return None if value is None else self.target.encode(value)


@dataclass(frozen=True)
class Custom:
    """A type with a decoder of its own (`UnmarshalJSON`).

    Attributes:
        name: with its package.
        start: the value before anything is decoded.
        read: JSON value (null, too), old value and what may still be used → value; raises DecodeError.
        write: what Go writes for it; raises DecodeError.
        least: bytes that any value takes at least when it is written.
    """

    name: str
    start: Any
    read: Callable[[Any, Any, Room], Any] = field(repr=False)
    write: Callable[[Any], Any] = field(repr=False)
    least: int = len('""')
    plain: ClassVar[bool] = False

    def zero(self) -> Any:  # noqa: ANN401 - of the type's own Python type
        """See `GoType`."""
        return self.start

    def decode(self, value: Any, old: Any, place: Place) -> Any:  # noqa: ANN401 - as above
        """See `GoType`."""
        return self.read(value, old, place.room)

    def encode(self, value: Any) -> Any:  # noqa: ANN401 - as above
        """See `GoType`."""
        return self.write(value)
