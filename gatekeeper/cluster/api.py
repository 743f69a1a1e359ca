"""What we ask of a Kubernetes API server; `tests/simulators/cluster.py` answers without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, overload

from gatekeeper.cluster.resource import Resource

Object: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class ObjectPage(Sequence[Object]):
    """Some of the objects of a list.

    Attributes:
        objects: in the order of their names.
        version: of the list, from which a watch goes on; the same for all pages of one list.
    """

    objects: Sequence[Object]
    version: str = ""

    @overload
    def __getitem__(self, at: int) -> Object: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Object]: ...
    def __getitem__(self, at: int | slice) -> Object | Sequence[Object]:
        """An object, or several."""
        return self.objects[at]

    def __len__(self) -> int:
        """How many."""
        return len(self.objects)


class WatchKind(StrEnum):
    """What happened to an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    # Nothing: the object has a version only, that of the cluster, from which a watch may go on.
    BOOKMARK = "BOOKMARK"


@dataclass(frozen=True)
class WatchEvent:
    """Something that happened.

    Attributes:
        kind: what.
        object: as it is now, or was last.
    """

    kind: WatchKind
    object: Object

    @property
    def version(self) -> str:
        """From which a watch goes on after it."""
        return str(self.object["metadata"].get("resourceVersion", ""))


class KubernetesApi(Protocol):
    """A cluster. Each call has an end; what it raises is a `ClusterError`."""

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object:
        """One object.

        Raises:
            ObjectAbsentError: there is none, or no such kind.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """

    def pages(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> Iterator[ObjectPage]:
        """All objects, a page at a time, in one namespace or in all of them; selectors as kubectl writes them.

        Raises:
            ObjectAbsentError: there is no such kind.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """

    def create(self, resource: Resource, body: Object) -> Object:
        """A new object, as the cluster has it.

        Raises:
            ConflictError: there is one of this name.
            ObjectInvalidError: the API server, or a webhook, refuses it.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """

    def replace(self, resource: Resource, body: Object) -> Object:
        """Write an object over the one whose `resourceVersion` it has.

        Raises:
            ConflictError: somebody else wrote it meanwhile.
            ObjectAbsentError: it is gone.
            ObjectInvalidError: the API server, or a webhook, refuses it.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """

    def apply(self, resource: Resource, body: Object) -> Object:
        """Have an object with these fields, by server-side apply: ours are as we say, whoever wrote them before.

        A field that we said the last time and do not say now is gone, unless somebody else owns it, too. Where nothing
        changes, `resourceVersion` and `generation` stay. With a `resourceVersion` only that one is written.

        Raises:
            ConflictError: it has another `resourceVersion`.
            ObjectAbsentError: there is no such kind.
            ObjectInvalidError: the API server, or a webhook, refuses it.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """

    def apply_status(self, resource: Resource, body: Object) -> Object:
        """Have the status of an object with these fields, by server-side apply of its subresource; see `apply`.

        Raises:
            ObjectAbsentError: there is no such object, or no such kind.
            ObjectInvalidError: the API server, or a webhook, refuses it.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """

    def scale(self, resource: Resource, name: str, namespace: str, replicas: int) -> None:
        """Have a workload run so many Pods, by its subresource `scale`: nothing else of it can be changed so.

        Raises:
            ObjectAbsentError: there is no such object, or no such kind.
            ObjectInvalidError: the API server, or a webhook, refuses it.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """

    def delete(self, resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        """Have an object go; with a uid only the one that has it.

        Raises:
            ObjectAbsentError: it is gone already, or there is no such kind.
            ConflictError: it has another uid.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """

    def watch(self, resource: Resource, version: str, namespace: str = "", *, labels: str = "") -> Iterator[WatchEvent]:
        """What happens from a version on, until the API server ends it, which it does after some minutes.

        Raises:
            VersionGoneError: that version is too old: list anew.
            ObjectAbsentError: there is no such kind.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or nothing at all for longer than a live connection is silent.
        """
