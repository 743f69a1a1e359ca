"""Versions in tags: `1.4.2`, `v1.4.2-alpine3.20`, `2026-02-01`, `jdk-21.0.2`.

A tag means what its publisher likes. This is what most of them mean by one, and it only decides which image is looked
at first; whether it is admitted, the policies say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# More digits are no version that people count; they are a moment, or a part of a hash.
_VERSION: Final = re.compile(
    r"(?P<prefix>[A-Za-z][A-Za-z._-]*)?(?P<numbers>\d{1,18}(?:[._-]\d{1,18})*)"
    r"(?P<suffix>[._+-][A-Za-z].*|(?:a|b|rc|alpha|beta)\d{0,18})?",
    re.ASCII,
)
# What cosign and others store beside an image under a tag of its digest.
_OF_DIGEST: Final = re.compile(r"sha(?:256|512)-[0-9a-f]{64,128}(?:\..*)?", re.ASCII)
_DIGITS: Final = re.compile(r"\d{1,18}", re.ASCII)
_NUMBERS: Final = re.compile(r"\d{1,18}(?:[._]\d{1,18})*", re.ASCII)


@dataclass(frozen=True)
class TagVersion:
    """The version that a tag names.

    Attributes:
        numbers: `1.4.2` as (1, 4, 2).
        flavour: what stands around them, without numbers: `jdk-`, `-alpine`; images with another one are another build.
        revision: the numbers in what stands behind, of `-alpine3.20` (3, 20).
    """

    numbers: tuple[int, ...]
    flavour: str = ""
    revision: tuple[int, ...] = ()

    def shared(self, other: TagVersion) -> int:
        """How many of the numbers in front are the same: 2 where major and minor version are, and never more."""
        found = 0
        for mine, its in zip(self.numbers[:2], other.numbers[:2], strict=False):
            if mine != its:
                break
            found += 1
        return found


def read(tag: str) -> TagVersion | None:
    """The version in a tag; None where there is none."""
    found = _VERSION.fullmatch(tag)
    if found is None or is_of_a_digest(tag):
        return None
    prefix, suffix = found["prefix"] or "", found["suffix"] or ""
    # `v1.4` and `1.4` are two ways to write one thing.
    flavour = ("" if prefix.lower() == "v" else prefix) + _NUMBERS.sub("", suffix)
    return TagVersion(_numbers(found["numbers"]), flavour, _numbers(suffix))


def is_of_a_digest(tag: str) -> bool:
    """Whether a tag is that of a signature, or of something else that belongs to a digest: nobody runs it."""
    return _OF_DIGEST.fullmatch(tag) is not None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, _DIGITS.findall(text)))
