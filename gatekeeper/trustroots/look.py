"""One look at what a TrustRoot object names: what trust root comes of it now."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tuf.ngclient import FetcherInterface

from gatekeeper.cluster.errors import ClusterError, ConflictError
from gatekeeper.trust import known_roots, specification
from gatekeeper.trust.fetchers import MirrorFetcher
from gatekeeper.trust.known_roots import KnownRoot
from gatekeeper.trust.sources import TrustSources
from gatekeeper.trust.specification import Inline, TufMirror
from gatekeeper.trust.state import mirror_name
from gatekeeper.trustroots import mirror_state
from gatekeeper.trustroots.mirror_slots import MirrorSlots
from gatekeeper.trustroots.root_object import RootObject
from provider.clock import Clock
from provider.signatures.trust import root_index
from provider.signatures.trust.trust_root import TrustRoot

_NAME: Final = "metadata.name: has more than 180 characters, or others than the provider takes"


@dataclass(frozen=True)
class RootLook:
    """What a look came to.

    Attributes:
        object: that was looked at.
        body: the trust root, a document that the provider reads; empty where there is none.
        digest: of it, `sha256:…`.
        verified: when its source last stood for it, seconds since 1970; 0 where there is none.
        ends: when nothing in it can be believed any more, seconds since 1970; 0 for never.
        standing: whether it is good for as long as the object says so: no time passes for it.
        problems: why there is none, or why it is not the newest.
        remarks: what else is to be known of it: members that are passed over.
        source: where it is from.
    """

    object: RootObject
    body: str = field(default="", repr=False)
    digest: str = ""
    verified: float = 0.0
    ends: float = 0.0
    standing: bool = False
    problems: Sequence[str] = ()
    remarks: Sequence[str] = ()
    source: str = ""

    @property
    def good(self) -> bool:
        """Whether it is the newest that there is."""
        return bool(self.body) and not self.problems


@dataclass(frozen=True)
class RootLooks:
    """Looks; several threads may.

    Attributes:
        slots: keep the state of mirrors.
        clock: says how old is what is kept.
        fetcher: for one look at a mirror.
    """

    slots: MirrorSlots
    clock: Clock
    fetcher: Callable[[], FetcherInterface] = MirrorFetcher

    def at(self, found: RootObject, wanted: frozenset[str]) -> RootLook:
        """A look; whatever goes wrong stands in it.

        Args:
            found: the object.
            wanted: mirrors that TrustRoots name now.
        """
        if not root_index.is_name(found.name):
            return RootLook(found, problems=[_NAME])
        source, _ = specification.read(found.value)
        try:
            with tempfile.TemporaryDirectory(prefix="bestbefore-trust-") as folder:
                sources = TrustSources(Path(folder), self.fetcher, self.clock, lambda: 0.0)
                if isinstance(source, TufMirror):
                    known = self._at_mirror(found, source, sources, wanted)
                else:
                    known = known_roots.of_object(found.name, found.value, sources, anew=True)
        except ConflictError:
            return RootLook(found, problems=["another process looked at its mirror at the same time"])
        except ClusterError as error:
            return RootLook(found, problems=[error.message])
        except OSError as error:
            return RootLook(found, problems=[f"no room to work in: {error.strerror}"])
        return _look(found, known, self.clock.now(), standing=isinstance(source, Inline))

    def _at_mirror(
        self, found: RootObject, source: TufMirror, sources: TrustSources, wanted: frozenset[str]
    ) -> KnownRoot:
        """With what was known of the mirror; what came of it counts when it is kept."""
        mirror = mirror_name(source.url, source.repository.root)
        slot = self.slots.of(mirror, wanted | {mirror})
        mirror_state.unpack(slot.content, sources.folder)
        known = known_roots.of_object(found.name, found.value, sources, anew=True)
        self.slots.write(slot, mirror, mirror_state.pack(sources.folder), self.clock.now())
        return known


def mirror_of(found: RootObject) -> str:
    """The mirror that an object names; empty where it names none."""
    source, _ = specification.read(found.value)
    return mirror_name(source.url, source.repository.root) if isinstance(source, TufMirror) else ""


def _look(found: RootObject, known: KnownRoot, now: float, *, standing: bool) -> RootLook:
    if known.root is None or known.found is None:
        return RootLook(found, problems=tuple(known.refusals), source=known.source)
    failure = known.found.failure
    return RootLook(
        found,
        known.found.body.decode(),
        known.root.digest,
        known.found.verified or now,
        _end(known.root),
        standing,
        known.remarks[:1] if failure else (),
        known.remarks[1:] if failure else known.remarks,
        known.source,
    )


def _end(root: TrustRoot) -> float:
    """When nothing that signs, stamps or logs in it can be believed any more; 0 for never."""
    ends = []
    for authority in (*root.authorities, *root.timestamp_authorities):
        moments = [one.not_valid_after_utc for one in authority.certificates]
        ends.append(min([*moments, *([authority.validity.end] if authority.validity.end else [])]).timestamp())
    for log in root.logs:
        if log.validity.end is None:
            return 0.0
        ends.append(log.validity.end.timestamp())
    return max(ends, default=0.0)
