"""A cluster in which we may do some things only, by the verbs that each call needs of a real API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gatekeeper.cluster.api import KubernetesApi, Object, ObjectPage, WatchEvent
from gatekeeper.cluster.errors import AccessDeniedError, ObjectAbsentError
from gatekeeper.cluster.resource import Resource


@dataclass(frozen=True)
class NeededRight:
    """What a call needs.

    Attributes:
        verb: `get`, `list`, ...
        resource: plural, with its subresource and its group: `policystatuses/status.bestbefore.dev`.
        namespace: empty for what is in none, and for all.
        name: of the object, where the verb is about one that is there.
    """

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""


class LimitedApi:
    """Implements `gatekeeper.cluster.api.KubernetesApi`.

    Args:
        api: the cluster.
        allows: whether we may.
    """

    def __init__(self, api: KubernetesApi, allows: Callable[[NeededRight], bool]) -> None:
        self._api = api
        self._allows = allows

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object:
        """See `KubernetesApi`."""
        self._ask("get", resource, namespace, name)
        return self._api.get(resource, name, namespace)

    def pages(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> Iterator[ObjectPage]:
        """See `KubernetesApi`."""
        self._ask("list", resource, namespace)
        yield from self._api.pages(resource, namespace, labels=labels, fields=fields)

    def create(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`."""
        self._ask("create", resource, body["metadata"].get("namespace", ""))
        return self._api.create(resource, body)

    def replace(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`."""
        self._ask("update", resource, body["metadata"].get("namespace", ""), body["metadata"]["name"])
        return self._api.replace(resource, body)

    def apply(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`: where there is no such object it is a create, too."""
        name, namespace = body["metadata"]["name"], body["metadata"].get("namespace", "")
        self._ask("patch", resource, namespace, name)
        try:
            self._api.get(resource, name, namespace)
        except ObjectAbsentError:
            self._ask("create", resource, namespace)
        return self._api.apply(resource, body)

    def apply_status(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`."""
        self._ask("patch", resource, body["metadata"].get("namespace", ""), body["metadata"]["name"], "/status")
        return self._api.apply_status(resource, body)

    def delete(self, resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        """See `KubernetesApi`."""
        self._ask("delete", resource, namespace, name)
        self._api.delete(resource, name, namespace, uid=uid)

    def watch(self, resource: Resource, version: str, namespace: str = "", *, labels: str = "") -> Iterator[WatchEvent]:
        """See `KubernetesApi`."""
        self._ask("watch", resource, namespace)
        yield from self._api.watch(resource, version, namespace, labels=labels)

    def _ask(self, verb: str, resource: Resource, namespace: str, name: str = "", part: str = "") -> None:
        plural = f"{resource.plural}{part}"
        whole = f"{plural}.{resource.group}" if resource.group else plural
        if not self._allows(NeededRight(verb, whole, namespace, name)):
            # As the API server says it.
            raise AccessDeniedError(
                f'403: the account cannot {verb} resource "{plural}" in API group "{resource.group}"'
            )
