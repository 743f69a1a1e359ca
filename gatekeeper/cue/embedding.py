"""Structs in structs: what is embedded, what closes, what is used."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from gatekeeper.cue import structures
from gatekeeper.cue.parts import Part, StructPart
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.syntax import Let, Name, StructLiteral
from gatekeeper.cue.walking import walked


def in_group(part: Part, group: int) -> Part:
    """A part that a group closes, for itself alone."""
    return replace(part, groups=part.groups | {group}) if isinstance(part, StructPart) else part


def embedded(own: StructPart, parts: Sequence[Part], count: int, line: int) -> tuple[Part, ...]:
    """A struct and what `count` expressions embed in it: each allows the others' fields.

    Raises:
        CueError: what CUE makes of it is not sure, or it is no struct.
    """
    structs = [part for part in parts if isinstance(part, StructPart)]
    if len(structs) != len(parts):
        raise CueError(line, "embedding anything but a struct is not taken")
    if len(structs) > count and any(part.groups != own.groups for part in structs):
        raise CueError(line, "embedding what embeds or joins closed structs is not taken")
    whole = (own, *structs)
    for one, other in itertools.combinations(whole, 2):
        shared = sorted(structures.labels(one) & structures.labels(other))
        if any(structures.nests(one, label) and structures.nests(other, label) for label in shared):
            raise CueError(line, f"`{shared[0]}` in a struct and in what it embeds is not taken, where it is a struct")
    return tuple(
        replace(part, beside=(*part.beside, *(other for other in whole if other is not part))) for part in whole
    )


def mentions(struct: StructLiteral, let: Let) -> bool:
    """Whether a struct uses a `let` of its own."""
    return any(
        isinstance(each, Name) and each.name == let.name
        for declaration in struct.declarations
        if declaration is not let
        for each in walked(declaration)
    )
