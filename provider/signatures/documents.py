"""The documents that signatures are made of, from memory where the asker has read them before.

What a digest names is kept for good, for the credential that fetched it and nobody else; what a tag points to, for as
long as tags are believed. That there is nothing is never remembered: push, deploy, sign, retry must work at once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provider import limits
from provider.cache.flight import Flights
from provider.cache.keys import ContentKey, FetchKey, Right, TagKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.reference import Reference
from provider.signatures import artifact
from provider.signatures.artifact import Descriptor

_OVERHEAD: Final = 512
_WRONG: Final = frozenset({Reason.CONTENT_INVALID, Reason.LIMIT_EXCEEDED})


@dataclass(frozen=True)
class Document:
    """A manifest.

    Attributes:
        digest: `sha256:…`.
        body: as it came, its digest verified.
        observed_at: when it was last seen where it was asked for; seconds since 1970.
    """

    digest: str
    body: bytes
    observed_at: float


@dataclass(frozen=True)
class Referrers:
    """What refers to a manifest.

    Attributes:
        descriptors: in the order of the registry.
        observed_at: when it was so; seconds since 1970.
    """

    descriptors: Sequence[Descriptor]
    observed_at: float


class Documents:
    """Fetches and keeps; may be used by many threads."""

    def __init__(self, client: RegistryClient, clock: Clock, *, tag_ttl: float) -> None:
        self._client = client
        self._clock = clock
        self._tag_ttl = tag_ttl
        self._kept: Memory[FetchKey, bytes] = Memory(
            clock, limits.SIGNATURE_MEMORY_BYTES, lambda body: len(body) + _OVERHEAD
        )
        self._tags: Memory[TagKey, Document] = Memory(
            clock, limits.SIGNATURE_MEMORY_BYTES, lambda document: len(document.body) + _OVERHEAD
        )
        self._referrers: Memory[TagKey, Referrers] = Memory(
            clock, limits.SIGNATURE_MEMORY_BYTES, lambda found: (len(found.descriptors) + 1) * _OVERHEAD
        )
        self._referrer_flights: Flights[TagKey, Referrers] = Flights()
        self._tag_flights: Flights[TagKey, Document] = Flights()
        self._flights: Flights[FetchKey, bytes] = Flights()

    def tagged(self, reference: Reference, call: Call, max_age: float | None = None) -> Document | None:
        """The manifest behind a tag, None when there is none.

        Args:
            reference: with a tag.
            call: the work that this belongs to.
            max_age: seconds since when it may have been seen; None for as long as tags are believed.

        Raises:
            ImageError: passing: no answer, or one that is no manifest.
        """
        key = TagKey(reference.context, reference.identifier, self._credential(reference))
        known = self._tags.get(key)
        if known is not None and self._fresh(known.observed_at, max_age):
            return known
        try:
            return self._tag_flights.run(key, lambda: self._fetch_tag(key, reference, call), call.deadline)
        except ImageError as error:
            if error.reason is Reason.NOT_FOUND:
                return None
            raise _passing(error) from error

    def manifest(self, reference: Reference, call: Call) -> bytes:
        """The manifest of a reference with a digest.

        Raises:
            ImageError: passing, as above; `NotFound`.
        """
        return self._read(reference, reference.identifier, lambda: self._client.manifest(reference, call).body, call)

    def blob(self, reference: Reference, digest: str, limit: int, call: Call) -> bytes:
        """A blob in the repository of the reference.

        Raises:
            ImageError: passing, as above; `NotFound`.
        """
        return self._read(reference, digest, lambda: self._client.blob(reference, digest, limit, call), call)

    def referrers(self, reference: Reference, call: Call, max_age: float | None = None) -> Referrers | None:
        """What refers to the manifest of a reference with a digest; None when nothing does.

        Args:
            reference: with a digest.
            call: the work that this belongs to.
            max_age: as for `tagged`.

        Raises:
            ImageError: passing, as above; `SignatureRejected` when it is too much.
        """
        key = TagKey(reference.context, f"referrers/{reference.identifier}", self._credential(reference))
        known = self._referrers.get(key)
        if known is not None and self._fresh(known.observed_at, max_age):
            return known
        try:
            found = self._referrer_flights.run(key, lambda: self._list(reference, call), call.deadline)
        except ImageError as error:
            if error.reason is Reason.NOT_FOUND:
                return None
            raise _passing(error) from error
        if not found.descriptors:
            return None
        self._referrers.put(key, found, self._tag_ttl)
        return found

    def _list(self, reference: Reference, call: Call) -> Referrers:
        """All pages; from a registry without the interface, the tag that stands for it."""
        observed_at = self._clock.now()
        what = f"referrers of {reference.name}"
        page = self._client.referrers(reference, call)
        if page is None:
            tag = reference.identifier.replace(":", "-")
            body = self._client.manifest(replace(reference, tag=tag, digest=None), call).body
            return Referrers(_bounded([*artifact.read_referrers(body, what)], what), observed_at)
        descriptors = [*artifact.read_referrers(page.body, what)]
        for _ in range(limits.REFERRER_PAGES):
            if not page.next:
                return Referrers(_bounded(descriptors, what), observed_at)
            page = self._client.referrers(reference, call, page.next) or page
            descriptors += artifact.read_referrers(page.body, what)
            _bounded(descriptors, what)
        raise artifact.invalid(what, f"they stand on more than {limits.REFERRER_PAGES} pages")

    def _fetch_tag(self, key: TagKey, reference: Reference, call: Call) -> Document:
        observed_at = self._clock.now()
        fetched = self._client.manifest(reference, call)
        document = Document(fetched.digest, fetched.body, observed_at)
        self._tags.put(key, document, self._tag_ttl)
        return document

    def _read(self, reference: Reference, digest: str, fetch: Callable[[], bytes], call: Call) -> bytes:
        key = FetchKey(ContentKey(digest), Right(reference.context, self._credential(reference)))
        kept = self._kept.get(key)
        if kept is not None:
            return kept

        def work() -> bytes:
            body = fetch()
            self._kept.put(key, body)
            return body

        try:
            return self._flights.run(key, work, call.deadline)
        except ImageError as error:
            raise _passing(error) from error

    def _fresh(self, observed_at: float, max_age: float | None) -> bool:
        return max_age is None or self._clock.now() - observed_at <= max_age

    def _credential(self, reference: Reference) -> str:
        return self._client.credential(reference).identity


def _bounded(descriptors: Sequence[Descriptor], what: str) -> Sequence[Descriptor]:
    if len(descriptors) > limits.REFERRERS:
        raise artifact.invalid(what, f"there are more than {limits.REFERRERS}")
    return descriptors


def sha256(body: bytes) -> str:
    """The digest of a document."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def rfc3339(seconds: float) -> str:
    """A moment as answers have it, in UTC."""
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _passing(error: ImageError) -> ImageError:
    """What stands in place of a signature may be another thing in ten seconds, so that nothing of it is durable."""
    return ImageError(Reason.SIGNATURE_REJECTED, error.message) if error.reason in _WRONG else error
