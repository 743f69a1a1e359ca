"""A cluster without one: objects with versions, pages, faults that are switched on, and logs of Pods.

cluster = ClusterSimulator()
cluster.add(PODS, {"metadata": {"name": "gatekeeper-1", "namespace": "gatekeeper-system"}})
cluster.fail("pods", AccessDeniedError("list pods: 403"))     # each call about Pods raises it ...
cluster.recover()                                             # ... until now
cluster.without(CLUSTER_IMAGE_POLICIES)                       # there is no such kind ...
cluster.bring(CLUSTER_IMAGE_POLICIES)                         # ... and now there is
cluster.forget()                                              # a watch from any version until now is 410
log = cluster.log("gatekeeper-system", "gatekeeper-1")
log.write("a line")                                           # who follows gets it
"""

from __future__ import annotations

import copy
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gatekeeper.cluster.api import Object, ObjectPage, WatchEvent, WatchKind
from gatekeeper.cluster.cluster import Cluster
from gatekeeper.cluster.errors import (
    ClusterError,
    ConflictError,
    ObjectAbsentError,
    ObjectInvalidError,
    VersionGoneError,
)
from gatekeeper.cluster.log_lines import StampedLine
from gatekeeper.cluster.pod_logs import ContainerLog, LogPart
from gatekeeper.cluster.resource import Resource

_WRITES = ("create", "replace", "apply", "scale", "delete")
_Key = tuple[Resource, str, str]


def _copy(value: Any) -> Any:
    """As `copy.deepcopy`; quicker for what JSON has, as a test copies a cluster thousands of times."""
    if isinstance(value, dict):
        return {name: _copy(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_copy(each) for each in value]
    return value if isinstance(value, (str, int, float, type(None))) else copy.deepcopy(value)


class ClusterSimulator:
    """Implements `gatekeeper.cluster.api.KubernetesApi` and `gatekeeper.cluster.pod_logs.PodLogs`.

    Args:
        page: objects of one page.
        kinds: that exist; None for all.
    """

    def __init__(self, page: int = 2, kinds: Sequence[Resource] | None = None) -> None:
        self.calls: list[str] = []
        self.writes: list[str] = []
        self._page = page
        self._kinds = kinds
        self._objects: dict[_Key, dict[str, Any]] = {}
        self._version = 0
        self._faults: dict[str, ClusterError] = {}
        self._logs: dict[tuple[str, str], LogSimulator] = {}
        self._lock = threading.RLock()
        self._absent: set[str] = set()
        self._history: list[tuple[int, Resource, WatchEvent]] = []
        self._forgotten = 0
        self._said: dict[_Key, Mapping[str, Any]] = {}
        # Which kinds are not there, and what a webhook thinks of an object that is written: a sentence refuses it.
        self.missing: Callable[[Resource], bool] = lambda _resource: False
        self.webhook: Callable[[Resource, Object], str] = lambda _resource, _body: ""

    @property
    def cluster(self) -> Cluster:
        """As the controller has it."""
        return Cluster(self, self, "bestbefore")

    def add(self, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
        """An object that is there, or is there anew, as the cluster has it; its generation is what it says."""
        with self._lock:
            return self._store(resource, body, counts=False)

    def without(self, resource: Resource) -> None:
        """There is no such kind, and none of its objects."""
        with self._lock:
            for _, namespace, name in [key for key in self._objects if key[0] == resource]:
                self.remove(resource, name, namespace)
            self._absent.add(resource.plural)

    def bring(self, resource: Resource) -> None:
        """There is such a kind."""
        with self._lock:
            self._absent.discard(resource.plural)

    def forget(self) -> None:
        """What happened until now can be told no more."""
        with self._lock:
            self._version += 1
            self._forgotten = self._version

    def remove(self, resource: Resource, name: str, namespace: str = "") -> None:
        """An object is gone."""
        with self._lock:
            body = self._objects.pop((resource, namespace, name))
            self._said.pop((resource, namespace, name), None)
            self._version += 1
            body["metadata"]["resourceVersion"] = str(self._version)
            self._happened(resource, WatchKind.DELETED, body)

    def objects(self, resource: Resource) -> list[dict[str, Any]]:
        """All objects of a kind."""
        with self._lock:
            return [_copy(body) for (kind, _, _), body in self._objects.items() if kind == resource]

    def has(self, resource: Resource, fits: Callable[[Object], bool]) -> bool:
        """Whether an object of a kind fits."""
        with self._lock:
            return any(fits(body) for (kind, _, _), body in self._objects.items() if kind == resource)

    def fail(self, what: str, error: ClusterError) -> None:
        """Each call fails that is about a plural (`pods`), or `create events`, `log`, `*`."""
        with self._lock:
            self._faults[what] = error

    def recover(self) -> None:
        """No call fails any more."""
        with self._lock:
            self._faults.clear()

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object:
        """See `KubernetesApi`."""
        with self._lock:
            self._called("get", resource, name)
            return _copy(self._there(resource, namespace, name))

    def pages(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> Iterator[ObjectPage]:
        """See `KubernetesApi`; selectors may say `a=b` alone."""
        with self._lock:
            self._called("list", resource)
            found = [
                _copy(body)
                for (kind, place, name), body in sorted(self._objects.items(), key=lambda item: item[0][1:])
                if kind == resource and namespace in ("", place) and _chosen(body, labels, fields, name)
            ]
            version = str(self._version)
        for first in range(0, max(len(found), 1), self._page):
            yield ObjectPage(found[first : first + self._page], version)

    def create(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`."""
        with self._lock:
            self._called("create", resource, body["metadata"].get("name", ""))
            self._ask_webhook("create", resource, body)
            if _key(resource, body) in self._objects:
                raise ConflictError(f"create {resource.plural}: 409")
            return _copy(self._store(resource, body))

    def replace(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`."""
        with self._lock:
            self._called("replace", resource, body["metadata"]["name"])
            self._ask_webhook("replace", resource, body)
            present = self._there(resource, *_key(resource, body)[1:])
            if body["metadata"].get("resourceVersion") not in (None, present["metadata"]["resourceVersion"]):
                raise ConflictError(f"replace {resource.plural}: 409")
            return _copy(self._store(resource, body))

    def apply(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`."""
        with self._lock:
            key = _key(resource, body)
            self._called("apply", resource, key[2])
            self._ask_webhook("apply", resource, body)
            present = self._objects.get(key, {})
            wanted = body["metadata"].get("resourceVersion")
            if wanted is not None and wanted != present.get("metadata", {}).get("resourceVersion"):
                raise ConflictError(f"apply {resource.plural}: 409")
            merged = _merged(present, self._said.get(key, {}), body)
            self._said[key] = _copy(dict(body))
            if present and _without_version(merged) == _without_version(present):
                return _copy(present)
            return _copy(self._store(resource, merged))

    def apply_status(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`; it leaves the generation as it is."""
        with self._lock:
            key = _key(resource, body)
            self._called("apply", resource, key[2])
            present = self._there(resource, *key[1:])
            status = _copy(dict(body["status"]))
            if present.get("status") == status:
                return _copy(present)
            return _copy(self._store(resource, {**present, "status": status}, counts=False))

    def scale(self, resource: Resource, name: str, namespace: str, replicas: int) -> None:
        """See `KubernetesApi`."""
        with self._lock:
            self._called("scale", resource, name)
            present = self._there(resource, namespace, name)
            self._store(resource, {**present, "spec": {**present["spec"], "replicas": replicas}})

    def delete(self, resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        """See `KubernetesApi`; what has a finalizer stays, and says that it is being deleted."""
        with self._lock:
            self._called("delete", resource, name)
            present = self._there(resource, namespace, name)
            if uid not in ("", present["metadata"]["uid"]):
                raise ConflictError(f"delete {resource.plural} {name}: 409")
            if present["metadata"].get("finalizers"):
                metadata = {**present["metadata"], "deletionTimestamp": "2026-11-24T08:00:00Z"}
                self._store(resource, {**present, "metadata": metadata}, counts=False)
                return
            self.remove(resource, name, namespace)

    def watch(self, resource: Resource, version: str, namespace: str = "", *, labels: str = "") -> Iterator[WatchEvent]:
        """See `KubernetesApi`; it ends when all that happened is told."""
        with self._lock:
            self._called("watch", resource)
            if int(version) < self._forgotten:
                raise VersionGoneError(f"watch {resource.plural}: 410")
            happened = [
                event
                for number, kind, event in self._history
                if number > int(version)
                and kind == resource
                and namespace in ("", event.object["metadata"].get("namespace", ""))
                and _chosen(event.object, labels, "", "")
            ]
        yield from happened
        yield WatchEvent(WatchKind.BOOKMARK, {"metadata": {"resourceVersion": str(self._version)}})

    def log(self, namespace: str, pod: str) -> LogSimulator:
        """The log of a Pod."""
        with self._lock:
            return self._logs.setdefault((namespace, pod), LogSimulator())

    def open(self, log: ContainerLog, part: LogPart) -> OpenLog:
        """See `PodLogs`."""
        with self._lock:
            self.calls.append(f"log {log.pod} {'previous' if part.previous else 'follow' if part.follow else 'plain'}")
            self._fail("log")
            found = self._logs.get((log.namespace, log.pod))
        if found is None:
            raise ObjectAbsentError(f"read the log of Pod {log.namespace}/{log.pod}: 404")
        return found.open(part)

    def _called(self, verb: str, resource: Resource, name: str = "") -> None:
        self.calls.append(f"{verb} {resource.plural}")
        if verb in _WRITES:
            self.writes.append(f"{verb} {resource.kind} {name}")
        self._fail("*", resource.plural, f"{verb} {resource.plural}", f"{verb} {resource.plural} {name}")
        if (
            resource.plural in self._absent
            or self.missing(resource)
            or (self._kinds is not None and resource not in self._kinds)
        ):
            raise ObjectAbsentError(f"{verb} {resource.plural}: 404")

    def _fail(self, *names: str) -> None:
        for name in names:
            if name in self._faults:
                raise self._faults[name]

    def _there(self, resource: Resource, namespace: str, name: str) -> dict[str, Any]:
        try:
            return self._objects[resource, namespace, name]
        except KeyError:
            raise ObjectAbsentError(f"get {resource.plural} {name}: 404") from None

    def _ask_webhook(self, verb: str, resource: Resource, body: Object) -> None:
        if refusal := self.webhook(resource, body):
            raise ObjectInvalidError(f"{verb} {resource.plural} {body['metadata'].get('name', '')}: {refusal}")

    def _happened(self, resource: Resource, kind: WatchKind, body: Mapping[str, Any]) -> None:
        self._history.append((self._version, resource, WatchEvent(kind, _copy(dict(body)))))

    def _store(self, resource: Resource, body: Mapping[str, Any], *, counts: bool = True) -> dict[str, Any]:
        self._version += 1
        key = _key(resource, body)
        stored = _copy(dict(body))
        before = self._objects.get(key, {"metadata": {}})
        known = "uid" in before["metadata"]
        own = {"uid": before["metadata"].get("uid") or f"uid-{self._version}", **stored["metadata"]}
        if counts:
            changed = before.get("spec") != stored.get("spec")
            own["generation"] = before["metadata"].get("generation", 0) + changed
        stored["metadata"] = {**own, "resourceVersion": str(self._version)}
        self._objects[key] = {"apiVersion": resource.api_version, "kind": resource.kind, **stored}
        self._happened(resource, WatchKind.MODIFIED if known else WatchKind.ADDED, self._objects[key])
        return self._objects[key]


class LogSimulator:
    """The log of a Pod's container, as a node keeps it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._previous: list[StampedLine] | None = None
        self._lines: list[StampedLine] = []
        self._readers: list[OpenLog] = []
        self._count = 0
        self.waiting = False

    def write(self, text: str, written: str = "", *, whole: bool = True) -> str:
        """A line; when it was written, a tenth of a second after the one before where nobody says."""
        with self._lock:
            self._count += 1
            line = StampedLine(written or stamp(self._count), text, whole)
            self._lines.append(line)
            for reader in self._readers:
                reader.put(line)
        return line.written

    def disconnect(self) -> None:
        """Every stream ends."""
        with self._lock:
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.put(None)

    def rotate(self) -> None:
        """What was written before cannot be read any more; who follows goes on."""
        with self._lock:
            self._lines = []

    def restart(self) -> None:
        """The container begins anew: its log is the previous one, and every stream ends."""
        with self._lock:
            self._previous, self._lines = self._lines, []
        self.disconnect()

    def open(self, part: LogPart) -> OpenLog:
        """See `PodLogs`."""
        with self._lock:
            if self.waiting or (part.previous and self._previous is None):
                raise ObjectInvalidError("read the log: 400")
            lines = (self._previous or []) if part.previous else self._lines
            chosen = [line for line in lines if not part.since or line.written[:19] >= part.since[:19]]
            stream = OpenLog(chosen if part.tail is None else chosen[-part.tail :])
            if part.follow:
                self._readers.append(stream)
            else:
                stream.put(None)
            return stream


class OpenLog:
    """Implements `gatekeeper.cluster.pod_logs.LogStream`."""

    def __init__(self, lines: Sequence[StampedLine]) -> None:
        self._queue: queue.Queue[StampedLine | None] = queue.Queue()
        for line in lines:
            self.put(line)

    def put(self, line: StampedLine | None) -> None:
        """A line is written, or, None, the stream ends."""
        self._queue.put(line)

    def lines(self) -> Iterator[StampedLine]:
        """See `LogStream`."""
        while (line := self._queue.get(timeout=10)) is not None:
            yield line

    def interrupt(self) -> None:
        """See `LogStream`."""
        self._queue.put(None)

    def close(self) -> None:
        """See `LogStream`."""


def stamp(tenths: int) -> str:
    """A time: so many tenths of a second after a beginning."""
    seconds, tenth = divmod(tenths, 10)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"2026-11-24T{8 + hours:02}:{minute:02}:{second:02}.{tenth}00000000Z"


def _key(resource: Resource, body: Mapping[str, Any]) -> _Key:
    metadata = body["metadata"]
    return resource, metadata.get("namespace", ""), metadata["name"]


def _chosen(body: Mapping[str, Any], labels: str, fields: str, name: str) -> bool:
    has = body["metadata"].get("labels") or {}
    wanted = [term.partition("=") for term in labels.split(",") if term]
    if any(has.get(key) != value for key, _, value in wanted):
        return False
    return all(term == f"metadata.name={name}" for term in fields.split(",") if term)


def _merged(present: Mapping[str, Any], said: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """What a server-side apply makes of an object: our fields as we say, those gone that we said before only."""
    found = {name: value for name, value in present.items() if name in body or name not in said}
    for name, value in body.items():
        before = present.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            found[name] = _merged(before, said.get(name) or {}, value)
        else:
            found[name] = _copy(value)
    return found


def _without_version(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in body["metadata"].items() if name != "resourceVersion"}
    return {**body, "metadata": metadata}
