"""What the cluster has of one kind, kept by a list and a watch."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

from gatekeeper.cluster.api import KubernetesApi, Object, WatchKind
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ObjectAbsentError, VersionGoneError
from gatekeeper.cluster.resource import Resource
from gatekeeper.reconciliation import limits
from provider.clock import Clock

T = TypeVar("T")

_JITTER: Final = 0.3


class Mirror(Generic[T]):
    """Objects of one kind by name; one thread keeps them, any may read.

    A watch shows what changes, and says nothing of what it never saw: after 410, and now and then, all is listed anew.

    Args:
        api: of the cluster.
        resource: the kind.
        reduce: what is kept of an object.
        clock: for the next list.
    """

    def __init__(self, api: KubernetesApi, resource: Resource, reduce: Callable[[Object], T], clock: Clock) -> None:
        self.resource = resource
        self.error: ClusterError | None = None
        self._api = api
        self._reduce = reduce
        self._clock = clock
        self._lock = threading.Lock()
        self._objects: Mapping[str, T] | None = None
        self._version = ""
        self._listed = 0.0

    @property
    def objects(self) -> Mapping[str, T] | None:
        """All of them as they were last seen; None while nothing is known, or where there is no such kind."""
        with self._lock:
            return self._objects

    @property
    def absent(self) -> bool:
        """Whether the cluster has no such kind."""
        return isinstance(self.error, ObjectAbsentError)

    def note(self, name: str, found: Object | None) -> None:
        """What a write of our own made of an object, or, None, of its deletion; the watch shows it a moment later."""
        with self._lock:
            if self._objects is not None:
                self._objects = self._with(name, found)

    def run(self, stop: threading.Event, changed: Callable[[], None]) -> None:
        """Keep them until `stop` is set; `changed` is called after each change, and each new error."""
        short = 0
        while not stop.is_set():
            begun = self._clock.monotonic()
            failed = self._fails(changed)
            short = short + 1 if failed or self._clock.monotonic() - begun < limits.SOON_SECONDS else 0
            # One list may be short; watches that somebody ends at once would be begun without an end.
            if failed or short > 1:
                longest = limits.ABSENT_SECONDS if self.absent else limits.LATE_SECONDS
                pause = min(longest, limits.SOON_SECONDS * 2.0 ** min(short, 10))
                stop.wait(pause * (1 + random.uniform(-_JITTER, _JITTER)))  # noqa: S311 - no secret

    def _fails(self, changed: Callable[[], None]) -> bool:
        """A turn; whether it went wrong."""
        before = self.error
        try:
            self.turn(changed)
        except ClusterError:
            if type(before) is not type(self.error):
                changed()
            return True
        return False

    def turn(self, changed: Callable[[], None]) -> None:
        """One list, or one watch to its end.

        Raises:
            ClusterError: see `KubernetesApi`; it is in `error`, too, until a turn goes well.
        """
        try:
            if not self._version or self._clock.monotonic() - self._listed > limits.RESYNC_SECONDS:
                self._list(changed)
            else:
                self._watch(changed)
        except VersionGoneError:
            self._version = ""
        except ClusterError as error:
            self._failed(error)
            raise
        except Exception as error:
            # An object that nobody expects must not end the thread, and with it all news.
            words = f"watch {self.resource.plural}: something unexpected ({type(error).__name__})"
            unexpected = ClusterUnavailableError(words)
            self._failed(unexpected)
            raise unexpected from error
        self.error = None

    def _failed(self, error: ClusterError) -> None:
        self.error = error
        if isinstance(error, ObjectAbsentError):
            self._version = ""
            self._take(None)

    def _list(self, changed: Callable[[], None]) -> None:
        found: dict[str, T] = {}
        version = ""
        for page in self._api.pages(self.resource):
            found |= {str(each["metadata"]["name"]): self._reduce(each) for each in page}
            version = page.version
        self._listed = self._clock.monotonic()
        self._version = version
        same = found == self.objects
        self._take(found)
        self.error = None
        if not same:
            changed()

    def _watch(self, changed: Callable[[], None]) -> None:
        for event in self._api.watch(self.resource, self._version):
            if event.kind is not WatchKind.BOOKMARK:
                self.note(
                    str(event.object["metadata"]["name"]),
                    None if event.kind is WatchKind.DELETED else event.object,
                )
            self._version = event.version or self._version
            self.error = None
            if event.kind is not WatchKind.BOOKMARK:
                changed()

    def _with(self, name: str, found: Object | None) -> Mapping[str, T]:
        others = {other: kept for other, kept in (self._objects or {}).items() if other != name}
        return others if found is None else {**others, name: self._reduce(found)}

    def _take(self, objects: Mapping[str, T] | None) -> None:
        with self._lock:
            self._objects = objects
