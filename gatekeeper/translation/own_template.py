"""Templates of one's own, with the library that ours have: `import data.lib.bestbefore.images` is all that they say."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatekeeper.documents.problems import Problem
from gatekeeper.translation import library

# What is meant for others, each function with a description (docs/reference/library.md).
PUBLIC: Final = ("images", "workload", "answers", "messages")

_PREFIX: Final = "lib.bestbefore."
_IMPORT: Final = re.compile(r"^[ \t]*import[ \t]+data\.lib\.bestbefore\.(\w+)", re.MULTILINE)
_PACKAGE: Final = re.compile(r"^[ \t]*package[ \t]+([\w.]+)", re.MULTILINE)
_ENGINE: Final = "Rego"


def problems(template: Mapping[str, Any]) -> Iterator[Problem]:
    """What a template imports and the library does not offer."""
    target = _target(template)
    for name in _wanted(_source(target)):
        if name not in PUBLIC:
            offered = ", ".join(f"data.{_PREFIX}{each}" for each in PUBLIC)
            sentence = f"there is no library data.{_PREFIX}{name} for templates; there are {offered}"
            yield Problem("spec.targets[0]", sentence)


def with_library(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template with those libraries in `libs` that it imports, and what they import.

    A template that has all it imports stays as it is, whichever release it has it from.
    """
    made = copy.deepcopy(dict(template))
    source = _source(_target(made))
    wanted = [name for name in _wanted(source) if name in PUBLIC]
    if wanted:
        main = library.Module("", "", "", tuple(f"{_PREFIX}{name}" for name in wanted))
        present = source.get("libs") or []
        known = {_package(text) for text in present}
        added = (each.text for each in library.with_imports(main) if each.package not in known)
        source["libs"] = [*present, *added]
    return made


def _target(template: Mapping[str, Any]) -> dict[str, Any]:
    target: dict[str, Any] = template["spec"]["targets"][0]
    return target


def _source(target: dict[str, Any]) -> dict[str, Any]:
    """Where the Rego stands: in its present form, or the older one."""
    code = [each["source"] for each in target.get("code", ()) if each.get("engine", _ENGINE) == _ENGINE]
    return code[0] if code else target


def _wanted(source: Mapping[str, Any]) -> list[str]:
    """The libraries of ours that are imported and not there."""
    present = source.get("libs") or ()
    known = {_package(text) for text in present}
    imported = dict.fromkeys(name for text in (source["rego"], *present) for name in _IMPORT.findall(text))
    return [name for name in imported if f"{_PREFIX}{name}" not in known]


def _package(text: str) -> str:
    found = _PACKAGE.search(text)
    return found.group(1) if found else ""
