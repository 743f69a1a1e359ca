"""Decoding JSON into Go types, and encoding what came out, as `encoding/json` does both.

Only what image configurations are made of: strings, booleans, integers, slices, string-keyed maps, structs, and types
with a decoder of their own. A value of a wrong type is noted and decoding goes on; the first one noted is the error,
unless a type's own decoder fails, which ends it. A key that comes twice is decoded over what is there, and null
leaves it, but for slices, maps and pointers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

from provider.foreign_text import shown
from provider.golang.encoding_json import Number, Pairs, folded

_INT64: Final = range(-(2**63), 2**63)


class DecodeError(ValueError):
    """A document that Go would not decode; the message is Go's."""


class MismatchError(DecodeError):
    """Of a type's own decoder: its value has a wrong JSON type. Where it stands is added on the way out.

    Attributes:
        value: what was found, `number`.
        type_name: what was wanted, `string`.
    """

    def __init__(self, value: str, type_name: str) -> None:
        super().__init__(f"json: cannot unmarshal {value} into Go value of type {type_name}")
        self.value = value
        self.type_name = type_name


class GoType(Protocol):
    """A type that JSON is decoded into."""

    @property
    def name(self) -> str:
        """As Go writes it, `map[string]string`."""
        ...

    def zero(self) -> Any:  # noqa: ANN401 - of the type's own Python type
        """The value before anything is decoded."""
        ...

    def decode(self, value: Any, old: Any, place: Place) -> Any:  # noqa: ANN401 - as above
        """The value after decoding over the old one."""
        ...

    def encode(self, value: Any) -> Any:  # noqa: ANN401 - as above
        """What Go writes for it."""
        ...


@dataclass
class Place:
    """Where the decoder is, for messages.

    Attributes:
        struct: name of the innermost struct.
        path: names of the fields that lead here.
        problem: the first mismatch.
    """

    struct: str = ""
    path: tuple[str, ...] = ()
    problem: str | None = None

    def mismatch(self, value: str, type_name: str) -> None:
        """Note that a value has a wrong type."""
        if self.problem is None:
            self.problem = self.sentence(value, type_name)

    def sentence(self, value: str, type_name: str) -> str:
        """Go's words for a value of a wrong type at this place."""
        where = f"struct field {self.struct}.{'.'.join(self.path)}" if self.struct else "value"
        return f"json: cannot unmarshal {value} into Go {where} of type {type_name}"


def decode(value: Any, wanted: GoType) -> Any:  # noqa: ANN401 - of the wanted type
    """Decode a scanned JSON value.

    Raises:
        DecodeError: in Go's words.
    """
    place = Place()
    try:
        decoded = wanted.decode(value, wanted.zero(), place)
    except MismatchError as error:
        raise DecodeError(place.sentence(error.value, error.type_name)) from error
    if place.problem is not None:
        raise DecodeError(place.problem)
    return decoded


def kind(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """What Go calls a JSON value."""
    if isinstance(value, Pairs):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, Number):
        return "number"
    return "bool" if isinstance(value, bool) else "string"


@dataclass(frozen=True)
class Text:
    """`string`."""

    name: str = "string"

    def zero(self) -> str:
        """See `GoType`."""
        return ""

    def decode(self, value: Any, old: str, place: Place) -> str:  # noqa: ANN401 - any JSON value
        """See `GoType`."""
        if isinstance(value, str) and not isinstance(value, Number):
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

    def zero(self) -> int:
        """See `GoType`."""
        return 0

    def decode(self, value: Any, old: int, place: Place) -> int:  # noqa: ANN401 - any JSON value
        """See `GoType`."""
        if isinstance(value, Number):
            digits = value.removeprefix("-")
            if digits.isdecimal() and len(digits) < len("10000000000000000000") and int(value) in _INT64:
                return int(value)
            place.mismatch(f"number {shown(value)}", self.name)
        elif value is not None:
            place.mismatch(kind(value), self.name)
        return old

    def encode(self, value: int) -> int:
        """See `GoType`."""
        return value


@dataclass(frozen=True)
class Slice:
    """`[]element`; nil is None."""

    element: GoType

    @cached_property
    def name(self) -> str:
        """See `GoType`."""
        return f"[]{self.element.name}"

    def zero(self) -> list[Any] | None:
        """See `GoType`."""
        return None

    def decode(self, value: Any, old: list[Any] | None, place: Place) -> list[Any] | None:  # noqa: ANN401
        """See `GoType`."""
        if value is None:
            return None
        if not isinstance(value, list) or isinstance(value, Pairs):
            place.mismatch(kind(value), self.name)
            return old
        before, decode, zero = old or [], self.element.decode, self.element.zero
        return [
            decode(item, before[number] if number < len(before) else zero(), place) for number, item in enumerate(value)
        ]

    def encode(self, value: list[Any] | None) -> list[Any] | None:
        """See `GoType`."""
        return None if value is None else [self.element.encode(item) for item in value]


@dataclass(frozen=True)
class Map:
    """`map[string]element`; nil is None."""

    element: GoType

    @cached_property
    def name(self) -> str:
        """See `GoType`."""
        return f"map[string]{self.element.name}"

    def zero(self) -> dict[str, Any] | None:
        """See `GoType`."""
        return None

    def decode(self, value: Any, old: dict[str, Any] | None, place: Place) -> dict[str, Any] | None:  # noqa: ANN401
        """See `GoType`."""
        if value is None:
            return None
        if not isinstance(value, Pairs):
            place.mismatch(kind(value), self.name)
            return old
        # An element is made anew for a key that comes twice.
        return (old or {}) | {key: self.element.decode(item, self.element.zero(), place) for key, item in value}

    def encode(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        """See `GoType`."""
        return None if value is None else {key: self.element.encode(item) for key, item in value.items()}


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

    @cached_property
    def _exact(self) -> Mapping[str, Field]:
        return {one.key: one for one in self.fields}

    @cached_property
    def _folded(self) -> Mapping[str, Field]:
        return {folded(one.key): one for one in self.fields}

    def zero(self) -> dict[str, Any]:
        """See `GoType`."""
        return {one.key: one.type.zero() for one in self.fields}

    def decode(self, value: Any, old: dict[str, Any], place: Place) -> dict[str, Any]:  # noqa: ANN401
        """See `GoType`."""
        if value is None:
            return old
        if not isinstance(value, Pairs):
            place.mismatch(kind(value), self.name)
            return old
        fields = dict(old)
        outside = place.struct, place.path
        for key, item in value:
            one = self._exact.get(key) or self._folded.get(folded(key))
            if one is not None:
                place.struct, place.path = self.short, (*outside[1], one.key)
                fields[one.key] = one.type.decode(item, fields[one.key], place)
        place.struct, place.path = outside
        return fields

    def encode(self, value: dict[str, Any]) -> dict[str, Any]:
        """See `GoType`."""
        return {one.key: one.type.encode(value[one.key]) for one in self.fields if value[one.key] or not one.omitempty}


@dataclass(frozen=True)
class Pointer:
    """`*target`; nil is None."""

    target: Struct

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
        read: JSON value (null, too) and old value → value; raises DecodeError.
        write: what Go writes for it; raises DecodeError.
    """

    name: str
    start: Any
    read: Callable[[Any, Any], Any] = field(repr=False)
    write: Callable[[Any], Any] = field(repr=False)

    def zero(self) -> Any:  # noqa: ANN401 - of the type's own Python type
        """See `GoType`."""
        return self.start

    def decode(self, value: Any, old: Any, place: Place) -> Any:  # noqa: ANN401, ARG002 - as above
        """See `GoType`."""
        return self.read(value, old)

    def encode(self, value: Any) -> Any:  # noqa: ANN401 - as above
        """See `GoType`."""
        return self.write(value)
