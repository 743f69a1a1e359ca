"""Which tags are looked at first, in place of one that is not admitted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.alternatives import tag_version
from gatekeeper.alternatives.tag_version import TagVersion


class Distance(StrEnum):
    """How far a tag is from the wanted one, in words; the nearest first."""

    SAME = "the same tag"
    LINE = "the same line of versions"
    MINOR = "another minor version"
    MAJOR = "another major version"
    VERSION = "a version, where the tag has none"
    FLAVOUR = "another suffix or prefix"
    UNKNOWN = "a tag without a version"


_ORDER = {distance: number for number, distance in enumerate(Distance)}
_BY_SHARED = {2: Distance.LINE, 1: Distance.MINOR, 0: Distance.MAJOR}


@dataclass(frozen=True)
class NearTag:
    """A tag, and how near it is.

    Attributes:
        tag: as the registry lists it.
        distance: from the wanted one.
    """

    tag: str
    distance: Distance


def by_nearness(tags: Iterable[str], wanted: str) -> list[NearTag]:
    """The tags that may name images, the nearest first, and of those that are as near the newest version.

    Args:
        tags: of a repository.
        wanted: the tag in whose place one is looked for; empty or without a version for the newest of all.
    """
    of = tag_version.read(wanted)
    found = [
        (_distance(tag, version, wanted, of), version, tag)
        for tag in dict.fromkeys(tags)
        if not tag_version.is_of_a_digest(tag)
        for version in (tag_version.read(tag),)
    ]
    newest = sorted(found, key=lambda each: (*_age(each[1]), each[2]), reverse=True)
    return [NearTag(tag, distance) for distance, _, tag in sorted(newest, key=lambda each: _ORDER[each[0]])]


def _age(version: TagVersion | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (version.numbers, version.revision) if version else ((), ())


def _distance(tag: str, version: TagVersion | None, wanted: str, of: TagVersion | None) -> Distance:
    if tag == wanted:
        return Distance.SAME
    if version is None:
        return Distance.UNKNOWN
    if version.flavour != (of.flavour if of else ""):
        return Distance.FLAVOUR
    if of is None:
        # Of `latest` every version is as near as any other.
        return Distance.VERSION
    # `1` and `1.4` are of one line: what one of them does not say, it leaves open.
    shared = version.shared(of)
    return _BY_SHARED[2 if shared == min(len(of.numbers), len(version.numbers)) else shared]
