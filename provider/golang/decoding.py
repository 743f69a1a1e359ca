"""How Go's `encoding/json` decodes a scanned JSON value: what a type has to do, where the decoder is, what it may use.

A value of a wrong type is noted and decoding goes on; the first one noted is the error, unless a type's own decoder
fails, which ends it.

What a document may cost is limited by what it would be when it is encoded again: decoding stops as soon as that is more
than there is room for.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, Protocol


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


class RoomError(DecodeError):
    """A document that is larger than there is room for."""


@dataclass
class Room:
    """What may still be decoded; one for all documents that end in the same answer.

    Attributes:
        bytes: about what it takes when it is encoded, except what is written with escapes.
        counts_texts: whether texts and keys take as much as they are long; not where most of them are left out again.
    """

    bytes: int
    counts_texts: bool = True

    def take(self, size: int) -> None:
        """Use some of it.

        Raises:
            RoomError: there is not so much.
        """
        self.bytes -= size
        if self.bytes < 0:
            raise RoomError("the document is larger than there is room for")

    def take_text(self, size: int) -> None:
        """Use what a text takes.

        Raises:
            RoomError: there is not so much.
        """
        if self.counts_texts:
            self.take(size)


class GoType(Protocol):
    """A type that JSON is decoded into."""

    @property
    def name(self) -> str:
        """As Go writes it, `map[string]string`."""
        ...

    @property
    def plain(self) -> bool:
        """Whether what Go writes for a value is the value."""
        ...

    @property
    def least(self) -> int:
        """Bytes that any value takes at least when it is written."""
        ...

    def zero(self) -> Any:  # noqa: ANN401 - of the type's own Python type
        """The value before anything is decoded; nobody may change it."""
        ...

    def decode(self, value: Any, old: Any, place: Place) -> Any:  # noqa: ANN401 - as above
        """The value after decoding over the old one."""
        ...

    def encode(self, value: Any) -> Any:  # noqa: ANN401 - as above
        """What Go writes for it."""
        ...


@dataclass
class Place:
    """Where the decoder is, for messages, and what it may still use.

    Attributes:
        room: what it may still use.
        struct: name of the innermost struct.
        path: names of the fields that lead here.
        problem: the first mismatch.
    """

    room: Room
    struct: str = ""
    path: list[str] = field(default_factory=list)
    problem: str | None = None

    def mismatch(self, value: str, type_name: str) -> None:
        """Note that a value has a wrong type."""
        if self.problem is None:
            self.problem = self.sentence(value, type_name)

    def sentence(self, value: str, type_name: str) -> str:
        """Go's words for a value of a wrong type at this place."""
        where = f"struct field {self.struct}.{'.'.join(self.path)}" if self.struct else "value"
        return f"json: cannot unmarshal {value} into Go {where} of type {type_name}"


def decode(value: Any, wanted: GoType, room: Room | None = None) -> Any:  # noqa: ANN401 - of the wanted type
    """Decode a scanned JSON value.

    Args:
        value: as `encoding_json` has it.
        wanted: the type.
        room: what the result may take; None for texts that are small enough themselves.

    Raises:
        DecodeError: in Go's words; `RoomError` where there is too little room.
    """
    place = Place(room or Room(sys.maxsize))
    try:
        decoded = wanted.decode(value, wanted.zero(), place)
    except MismatchError as error:
        raise DecodeError(place.sentence(error.value, error.type_name)) from error
    if place.problem is not None:
        raise DecodeError(place.problem)
    return decoded


def kind(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """What Go calls a JSON value."""
    if isinstance(value, tuple):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, bytes):
        return "number"
    return "bool" if isinstance(value, bool) else "string"
