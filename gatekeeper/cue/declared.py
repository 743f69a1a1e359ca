"""Names that nothing declares: CUE compiles no text that has one, also where nothing ever comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from gatekeeper.cue import words
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.scopes import Frame, StructNames, meaning
from gatekeeper.cue.syntax import Name, StructLiteral


def refuse_undeclared(content: StructLiteral, imports: Mapping[str, str]) -> None:
    """Look at every name of a text.

    Raises:
        CueError: one is neither declared where it stands, nor an import, nor a word of CUE.
    """
    waiting: list[tuple[object, Frame | None]] = [(content, None)]
    while waiting:
        part, frame = waiting.pop()
        if isinstance(part, tuple):
            waiting += [(each, frame) for each in part]
        elif isinstance(part, Name):
            known = part.name in imports or part.name in words.TYPES or part.name in words.UNTAKEN
            if not known and meaning(part.name, frame) is None:
                raise CueError(part.line, f'reference "{part.name}" not found', wrong=True)
        elif is_dataclass(part):
            inner = Frame(StructNames(part), 0, frame) if isinstance(part, StructLiteral) else frame
            waiting += [(getattr(part, field.name), inner) for field in fields(part)]
