"""Hidden fields (`_repo: "acme/app"`), which meet nothing in a document: names for values of the text."""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.cue.constants import constant
from gatekeeper.cue.scopes import Frame, StructNames
from gatekeeper.cue.syntax import CueField, Mark, Name, StructLiteral
from gatekeeper.cue.walking import walked


def hidden_constants(content: StructLiteral, imports: Mapping[str, str]) -> frozenset[CueField]:
    """Those of the whole text that something refers to, and that the text gives one value."""
    names = StructNames(content)
    mentioned = {part.name for part in walked(content) if isinstance(part, Name)}
    return frozenset(
        fields[0]
        for name, fields in names.fields.items()
        if fields[0].hidden and fields[0].mark is Mark.REGULAR and len(fields) == 1 and name in mentioned
        if constant(fields[0].value, Frame(names, 0), imports) is not None
    )
