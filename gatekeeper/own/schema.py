"""Pieces of an OpenAPI schema that the parameters of several policies have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gatekeeper.documents.problems import Problem
from gatekeeper.translation.schema import GLOB


def choice(choices: tuple[str, ...], description: str) -> dict[str, Any]:
    """A text from a closed list."""
    return {"description": description, "type": "string", "enum": list(choices)}


def glob(description: str) -> dict[str, Any]:
    """A glob over images."""
    return {"description": description, "type": "string", "pattern": GLOB}


def globs(description: str) -> dict[str, Any]:
    """A list of `{glob}`."""
    each = glob("Glob over the normalised reference; `*` stops at a slash, `**` does not.")
    return {
        "description": description,
        "type": "array",
        "items": {"type": "object", "required": ["glob"], "properties": {"glob": each}},
    }


def glob_problems(path: str, images: tuple[str, ...]) -> Iterator[Problem]:
    """What is wrong with the globs of a list, the fields below its path."""
    for index, each in enumerate(images):
        if not re.fullmatch(GLOB, each):
            yield Problem(f"{path}[{index}].glob", f"{each!r} is no glob of letters, digits and `._-:/@*`")
