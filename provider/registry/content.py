"""Documents of images, from memory where we have them and the asker may read them.

Content is addressed by digest: verified when it came in, then kept for good. Only what a tag points to gets old. An
absence is never remembered.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from provider import limits
from provider.cache.flight import Flights
from provider.cache.keys import ContentKey, FetchKey, Right, TagKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer
from provider.reasons import Reason
from provider.registry import manifest
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.manifest import Descriptor, Index, Manifest
from provider.registry.reference import Reference

_OVERHEAD: Final = 2 * limits.KIB


@dataclass(frozen=True)
class Seen:
    """What a reference points to.

    Attributes:
        document: the manifest or index.
        observed_at: when the tag was last seen to point there, or now for a digest; RFC 3339 in UTC.
    """

    document: Manifest | Index
    observed_at: str


@dataclass
class _Kept:
    """A document in memory, and who may read it."""

    value: Manifest | Index | bytes
    size: int
    rights: OrderedDict[Right, None] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def may_read(self, right: Right) -> bool:
        with self.lock:
            return right in self.rights

    def came_from(self, registry: str) -> bool:
        """Whether this registry once sent it; only then does its word on who may read it count."""
        with self.lock:
            return any(right.registry == registry for right in self.rights)

    def grant(self, right: Right) -> None:
        with self.lock:
            self.rights[right] = None
            if len(self.rights) > limits.RIGHTS:
                self.rights.popitem(last=False)


@dataclass(frozen=True)
class _Way:
    """How a kind of document is got.

    Attributes:
        what: `manifest` or `config`.
        fetch: gives the document and its size.
        prove: returns if we may read it.
    """

    what: str
    fetch: Callable[[], tuple[Manifest | Index | bytes, int]]
    prove: Callable[[], None]


class Content:
    """Gives manifests, indexes and configurations; may be used by many threads."""

    def __init__(
        self, client: RegistryClient, clock: Clock, observer: Observer, *, memory_bytes: int, tag_ttl: float
    ) -> None:
        self._client = client
        self._clock = clock
        self._observer = observer
        self._tag_ttl = tag_ttl
        self._kept: Memory[ContentKey, _Kept] = Memory(clock, memory_bytes, lambda kept: kept.size + _OVERHEAD)
        self._tags: Memory[TagKey, tuple[str, str]] = Memory(clock, limits.TAGS)
        self._tag_flights: Flights[TagKey, Seen] = Flights()
        self._flights: Flights[FetchKey, Manifest | Index | bytes] = Flights()

    def seen(self, reference: Reference, call: Call) -> Seen:
        """What a reference points to, and since when we know.

        Raises:
            ImageError: see `RegistryClient.manifest` and `manifest.parse`.
        """
        if reference.digest:
            return Seen(self.manifest(reference, call), self._now())
        right = self._right(reference)
        key = TagKey(reference.context, reference.identifier, right.credential)
        known = self._tags.get(key)
        self._observer.cache_lookup("memory", "tag", "hit" if known else "miss")
        if known is None:
            return self._tag_flights.run(key, lambda: self._resolve(key, reference, right, call), call.deadline)
        digest, observed_at = known
        return Seen(self.manifest(reference.at(digest), call), observed_at)

    def manifest(self, reference: Reference, call: Call) -> Manifest | Index:
        """The manifest or index of a reference with a digest.

        Raises:
            ImageError: as for `seen`.
        """
        way = _Way(
            "manifest",
            fetch=lambda: self._parsed(reference, call),
            prove=lambda: self._client.prove_manifest(reference, call),
        )
        found = self._read(reference.identifier, reference, way, call)
        if isinstance(found, bytes):
            raise ImageError(Reason.CONTENT_INVALID, f"manifest of {reference.name}: it is a configuration")
        return found

    def config(self, reference: Reference, descriptor: Descriptor, call: Call) -> bytes:
        """The configuration that a manifest names, in the repository of the reference.

        Raises:
            ImageError: as for `seen`; `LimitExceeded` when it is too long.
        """
        digest = descriptor.digest
        if descriptor.size > limits.CONFIG_BYTES:
            sentence = f"configuration of {reference.name}: {descriptor.size} bytes, more than {limits.CONFIG_BYTES}"
            raise ImageError(Reason.LIMIT_EXCEEDED, sentence)
        way = _Way(
            "config",
            fetch=lambda: self._fetch_config(reference, digest, call),
            prove=lambda: self._client.prove_blob(reference, digest, call),
        )
        found = self._read(digest, reference, way, call)
        if not isinstance(found, bytes):
            raise ImageError(Reason.CONTENT_INVALID, f"configuration of {reference.name}: it is a manifest")
        return found

    def _resolve(self, key: TagKey, reference: Reference, right: Right, call: Call) -> Seen:
        observed_at = self._now()
        document, size = self._parsed(reference, call)
        self._keep(document.digest, document, size, right)
        self._tags.put(key, (document.digest, observed_at), self._tag_ttl)
        return Seen(document, observed_at)

    def _read(self, digest: str, reference: Reference, way: _Way, call: Call) -> Manifest | Index | bytes:
        right = self._right(reference)
        kept = self._kept.get(ContentKey(digest))
        if kept is not None and kept.may_read(right):
            self._observer.cache_lookup("memory", way.what, "hit")
            return kept.value
        self._observer.cache_lookup("memory", way.what, "miss")

        def work() -> Manifest | Index | bytes:
            if kept is not None and kept.came_from(right.registry):
                way.prove()
                kept.grant(right)
                return kept.value
            value, size = way.fetch()
            self._keep(digest, value, size, right)
            return value

        return self._flights.run(FetchKey(ContentKey(digest), right), work, call.deadline)

    def _fetch_config(self, reference: Reference, digest: str, call: Call) -> tuple[bytes, int]:
        body = self._client.blob(reference, digest, limits.CONFIG_BYTES, call)
        return body, len(body)

    def _parsed(self, reference: Reference, call: Call) -> tuple[Manifest | Index, int]:
        fetched = self._client.manifest(reference, call)
        what = f"manifest of {reference.name}"
        return manifest.parse(fetched.body, fetched.media_type, fetched.digest, what), len(fetched.body)

    def _keep(self, digest: str, value: Manifest | Index | bytes, size: int, right: Right) -> None:
        key = ContentKey(digest)
        kept = self._kept.get(key)
        if kept is None:
            kept = _Kept(value, size)
            self._kept.put(key, kept)
        kept.grant(right)

    def _right(self, reference: Reference) -> Right:
        return Right(reference.context, self._client.credential(reference).identity)

    def _now(self) -> str:
        moment = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
