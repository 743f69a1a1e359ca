"""Every trust root that somebody gave: found, read, and what is to be said of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.trust import public_good as repository_of_public_good
from gatekeeper.trust import specification
from gatekeeper.trust.errors import TrustSourceError
from gatekeeper.trust.sources import FoundRoot, TrustSources
from gatekeeper.trust.specification import Inline, Source, TufMirror
from provider.signatures.trust import public_good, trust_root
from provider.signatures.trust.document import TrustRootError
from provider.signatures.trust.trust_root import TrustRoot


@dataclass(frozen=True)
class KnownRoot:
    """A trust root by its name.

    Attributes:
        name: as policies have it; empty for the public good instance.
        source: where it is from.
        found: the document; None where there is none that can be used.
        root: the same, read.
        refusals: why there is none, a sentence each.
        passing: whether it may be there in a minute.
        stale: whether there was one, which is too old by now.
        remarks: what is to be known of one that is used: members that are passed over, why it is not the newest.
    """

    name: str
    source: str
    found: FoundRoot | None = None
    root: TrustRoot | None = None
    refusals: Sequence[str] = ()
    passing: bool = False
    stale: bool = False
    remarks: Sequence[str] = field(default=())

    @property
    def title(self) -> str:
        """How to name it."""
        return f"TrustRoot {self.name}" if self.name else "the public good instance"


def of_object(name: str, value: Mapping[str, Any], sources: TrustSources, *, anew: bool = False) -> KnownRoot:
    """The trust root of a TrustRoot object; a mirror is looked at.

    Args:
        name: as policies have it.
        value: the object.
        sources: look at what it names.
        anew: see `TrustSources.find`.
    """
    source, problems = specification.read(value)
    if source is None:
        return KnownRoot(name, "", refusals=[str(problem) for problem in problems])
    return _known(name, source, sources, anew=anew)


def of_public_good(sources: TrustSources, *, anew: bool = False) -> KnownRoot:
    """The trust root of the public good instance: what its repository signs for, or what was shipped to us.

    Who has seen a newer one does not go back to that: keeping the mirror away would be a way to bring back who was
    taken out.
    """
    by_repository = _known("", repository_of_public_good.mirror(), sources, anew=anew)
    if by_repository.root is not None or by_repository.stale:
        return by_repository
    body = public_good.trusted_root()
    root = trust_root.read(body)
    day = repository_of_public_good.newest(root).date().isoformat()
    remark = f"the shipped root is used, whose newest member is of {day}: {'; '.join(by_repository.refusals)}"
    return KnownRoot("", "shipped", FoundRoot(body), root, remarks=(remark, *root.problems))


def refusals(value: Mapping[str, Any], sources: TrustSources) -> Iterator[str]:
    """What can be said against a TrustRoot object without a look at any mirror."""
    source, problems = specification.read(value)
    if isinstance(source, TufMirror):
        return
    if source is None:
        yield from map(str, problems)
        return
    known = _known("", source, sources, anew=False)
    yield from known.refusals
    yield from known.remarks


def _known(name: str, source: Source, sources: TrustSources, *, anew: bool) -> KnownRoot:
    place = described(source)
    try:
        found = sources.find(source, anew=anew)
        root = trust_root.read_usable(found.body, dt.datetime.fromtimestamp(sources.clock.now(), dt.UTC))
    except TrustSourceError as error:
        return KnownRoot(name, place, refusals=[f"{_path(source)}: {error}"], passing=error.passing, stale=error.stale)
    except TrustRootError as error:
        return KnownRoot(name, place, refusals=[f"{_path(source)}: {error}"])
    remarks = list(root.problems)
    if found.failure:
        moment = dt.datetime.fromtimestamp(found.verified, dt.UTC).isoformat(timespec="seconds")
        remarks.insert(0, f"the last one is used, of {moment}: {found.failure}")
    return KnownRoot(name, place, found, root, remarks=remarks)


def described(source: Source) -> str:
    """Where it is from, in a word or by its address."""
    if isinstance(source, TufMirror):
        return source.url
    return source.form if isinstance(source, Inline) else "repository"


def _path(source: Source) -> str:
    if isinstance(source, TufMirror):
        return "spec.remote"
    return f"spec.{source.form}" if isinstance(source, Inline) else "spec.repository.mirrorFS"
