"""The dates that an image and what lies beside it say of themselves, for people.

Nothing here is verified, and nothing of it reaches an answer to Gatekeeper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provider.errors import ImageError
from provider.images import facts
from provider.images.embedded_provenance import embedded_provenance
from provider.images.leaf import Leaf
from provider.images.tree import Tree
from provider.observer import Observer
from provider.pace import Pace
from provider.registry.call import Call
from provider.registry.reference import Reference
from provider.registry.store import Store
from provider.signatures.attestation_list import attestations_of
from provider.signatures.provenance import Provenance

ANNOTATION: Final = "org.opencontainers.image.created"


class StatementSource(StrEnum):
    """Where a date stands."""

    CONFIG = "config"
    ANNOTATION = "annotation"
    PROVENANCE = "provenance"


@dataclass(frozen=True)
class StatedDate:
    """A date that somebody wrote.

    Attributes:
        source: where.
        field: under which name.
        at: as found.
        platform: of which; empty where it is about the image.
        builder: of provenance; empty without one.
        layer: what an answer calls the attestation that says so; empty for other sources.
    """

    source: StatementSource
    field: str
    at: str
    platform: str = ""
    builder: str = ""
    layer: str = ""


@dataclass(frozen=True)
class StatedDates:
    """All that are there.

    Attributes:
        reference: `repository@sha256:…` of the image.
        dates: in the order of their sources.
        problems: of what cannot be read; a sentence each.
        failure: why nobody knows what is attested; empty where it is known.
    """

    reference: str
    dates: Sequence[StatedDate]
    problems: Sequence[str] = ()
    failure: str = ""


async def stated_dates(
    image: Reference, store: Store, now: Callable[[], float], observer: Observer, call: Call
) -> StatedDates:
    """The dates of an image in configurations, annotations and provenance.

    Args:
        image: its reference.
        store: has the documents.
        now: seconds since 1970.
        observer: gets reports of look-ups.
        call: the work that this belongs to.

    Raises:
        ImageError: the image cannot be had.
    """
    document = (await store.resolve(image, call)).document
    leaves = await Tree(store, Pace(), config=False, artifacts=True).leaves(image, document, call)
    dates, problems, failure = [date for leaf in leaves for date in _of_leaf(leaf)], [], ""
    try:
        beside = (await attestations_of(image.at(document.digest), store, now, observer, call)).entries
        embedded = [each async for each in embedded_provenance(image, document, store, call)]
    except ImageError as error:
        beside, embedded, failure = [], [], f"{error.reason}: {error.message}"
    for entry in beside:
        dates += _of_provenance(entry.provenance, entry.name) if entry.provenance else ()
    for each in embedded:
        dates += _of_provenance(each.said, each.layer, each.platform) if each.said else ()
    problems += [f"attestation {each.digest}: {each.problem}" for each in beside if each.problem]
    problems += [f"BuildKit's attestation {each.layer}: {each.problem}" for each in embedded if each.problem]
    return StatedDates(f"{image.context}@{document.digest}", dates, problems, failure)


def _of_leaf(leaf: Leaf) -> Iterator[StatedDate]:
    if leaf.config is None:
        return
    platform = facts.platform_name(leaf, leaf.config)
    if leaf.config.created is not None:
        yield StatedDate(StatementSource.CONFIG, "created", leaf.config.created, platform)
    if leaf.manifest.created is not None:
        yield StatedDate(StatementSource.ANNOTATION, ANNOTATION, leaf.manifest.created, platform)


def _of_provenance(said: Provenance, layer: str, platform: str = "") -> Sequence[StatedDate]:
    return [
        StatedDate(StatementSource.PROVENANCE, name, at, platform, said.builder, layer)
        for name, at in said.times.items()
    ]
