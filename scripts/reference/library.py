"""docs/reference/library.md: what templates of one's own may import, from the METADATA of the Rego."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from gatekeeper.translation import library
from gatekeeper.translation.own_template import PUBLIC

_HEAD: Final = """\
# Library for templates

<!-- Made by `make generate` from the METADATA in gatekeeper/rego: change it there. -->

A template of your own may import these packages. `bestbefore translate --library` puts them into it, and
`bestbefore test` does the same for itself: [write a template of your own](../how-to/write-your-own-template.md).
Functions that are not listed here are not meant for others, and change.
"""
_BLOCK: Final = re.compile(r"^# METADATA\n((?:#.*\n)+)(.*)$", re.MULTILINE)
_RULE: Final = re.compile(r"(?:default )?(\w+)(\([^)]*\))?")


@dataclass(frozen=True)
class _Entry:
    """A package or a rule, with its description."""

    head: str
    title: str
    description: str


def page() -> str:
    """The page."""
    parts = [_HEAD]
    for name in PUBLIC:
        module = library.module(name)
        about, *rules = _entries(module.text)
        parts.append(f"## `data.{module.package}`\n\n{about.description}\n")
        parts += [f"### `{name}.{each.head}`\n\n{each.description}\n" for each in rules]
    return "\n".join(parts)


def _entries(text: str) -> Iterator[_Entry]:
    for comment, head in _BLOCK.findall(text):
        metadata = yaml.safe_load("".join(f"{line[2:]}\n" for line in comment.splitlines()))
        description = str(metadata.get("description", "")).strip()
        yield _Entry(_named(head, text), str(metadata.get("title", "")), description)


def _named(head: str, text: str) -> str:
    """A rule as it is called; where a default has no names of arguments, with those of its next definition."""
    found = _RULE.match(head)
    if found is None or head.startswith("package"):
        return ""
    name, arguments = found.groups(default="")
    if "_" in arguments:
        named = re.search(rf"^{name}(\((?!_)[^)]*\))", text, re.MULTILINE)
        arguments = named.group(1) if named else arguments
    return f"{name}{arguments}"
