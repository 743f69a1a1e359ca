"""The ConfigMap that is handed over to the provider's Pods: old and new trust roots of each name, and an index of them.

What the provider need not know stands in an annotation: which root the Constraints ask for, and when its source last
stood for it. So a new process, or another holder of the Lease, goes on where the last one was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ObjectAbsentError
from gatekeeper.cluster.resource import CONFIG_MAPS
from gatekeeper.documents import fields
from gatekeeper.trustroots import limits, marks
from gatekeeper.trustroots.errors import ForeignConfigMapError
from provider.errors import FileError
from provider.signatures.trust import document, root_index
from provider.signatures.trust.root_index import INDEX, RootIndex

_Key = tuple[str, str]


@dataclass(frozen=True)
class HandedRoot:
    """The trust roots of one name that Pods may have.

    Attributes:
        digests: of each; the first is the one that a question without a digest means.
        in_force: the one that Constraints ask for; empty while no Pod is known to have one.
        verified: when its source last stood for the newest, seconds since 1970.
    """

    digests: tuple[str, ...] = ()
    in_force: str = ""
    verified: float = 0.0


@dataclass(frozen=True)
class HandedOver:
    """All of them.

    Attributes:
        roots: by name.
        bodies: the documents, by name and digest.
    """

    roots: Mapping[str, HandedRoot] = field(default_factory=dict)
    bodies: Mapping[_Key, str] = field(default_factory=dict, repr=False)

    def files(self) -> dict[str, str]:
        """The data of the ConfigMap."""
        index = RootIndex({name: root.digests for name, root in self.roots.items()})
        files = {
            root_index.file_name(name, digest): self.bodies[name, digest]
            for name, root in sorted(self.roots.items())
            for digest in root.digests
        }
        return {INDEX: index.text(), **files}

    @property
    def size(self) -> int:
        """Bytes of that, the names of the files among it."""
        return sum(len(name) + len(text.encode()) for name, text in self.files().items())


@dataclass(frozen=True)
class FoundHandover:
    """The ConfigMap as it was found.

    Attributes:
        content: what it holds; None where there is none, or nobody can read what it holds.
        version: of the object; empty where there is none.
    """

    content: HandedOver | None = None
    version: str = ""


class HandoverMap:
    """Reads and writes it; one thread does.

    Args:
        api: of the cluster.
        namespace: of the provider's Pods.
        name: of the ConfigMap.
    """

    def __init__(self, api: KubernetesApi, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._last = FoundHandover()

    def read(self) -> FoundHandover:
        """What there is.

        Raises:
            ForeignConfigMapError: it is somebody else's.
            ClusterError: it cannot be read.
        """
        try:
            found = self._api.get(CONFIG_MAPS, self._name, self._namespace)
        except ObjectAbsentError:
            return FoundHandover()
        if not marks.is_ours(found):
            raise ForeignConfigMapError(
                f"ConfigMap {self._namespace}/{self._name} was not made by bestbefore, and is left as it is: delete it"
            )
        version = fields.text(found, "metadata", "resourceVersion")
        if version != self._last.version:
            self._last = FoundHandover(_content(found), version)
        return self._last

    def write(self, content: HandedOver, before: FoundHandover) -> None:
        """Have it hold this, unless somebody wrote it since it was read.

        Raises:
            ConflictError: somebody did.
            ClusterError: it cannot be written.
        """
        facts = {name: {"inForce": root.in_force, "verified": root.verified} for name, root in content.roots.items()}
        metadata: dict[str, Any] = {"name": self._name, "namespace": self._namespace, "labels": marks.labels()}
        body = {"apiVersion": CONFIG_MAPS.api_version, "kind": CONFIG_MAPS.kind, "metadata": metadata}
        version = before.version
        if not version:
            # An apply would take one over that somebody has made since. Without data: what was created so would stay,
            # whatever is applied later (Kubernetes, server-side apply: each has an owner of its own).
            version = fields.text(self._api.create(CONFIG_MAPS, body), "metadata", "resourceVersion")
        annotations = {marks.FACTS: json.dumps(facts, sort_keys=True, separators=(",", ":"))}
        whole = {**metadata, "annotations": annotations, "resourceVersion": version}
        self._api.apply(CONFIG_MAPS, {**body, "metadata": whole, "data": content.files()})


def _content(found: Object) -> HandedOver | None:
    data = fields.mapping(found, "data")
    try:
        index = root_index.read(str(data.get(INDEX, "")).encode())
        facts = json.loads(marks.annotation(found, marks.FACTS))
    except (FileError, ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    bodies = dict(_bodies(index, data))
    roots: dict[str, HandedRoot] = {}
    for name, digests in index.digests.items():
        there = tuple(each for each in digests if (name, each) in bodies)
        of_name = facts.get(name)
        said = of_name if isinstance(of_name, dict) else {}
        verified, in_force = said.get("verified"), str(said.get("inForce", ""))
        if there:
            moment = float(verified) if isinstance(verified, int | float) else 0.0
            roots[name] = HandedRoot(there, in_force if in_force in there else "", moment)
    return HandedOver(roots, bodies)


def _bodies(index: RootIndex, data: Mapping[str, Any]) -> Iterator[tuple[_Key, str]]:
    """The documents that are what their names say."""
    for name, digests in index.digests.items():
        for digest in digests:
            body = data.get(root_index.file_name(name, digest))
            if isinstance(body, str) and len(body) <= limits.HANDED_OVER_BYTES and _digest(body) == digest:
                yield (name, digest), body


def _digest(body: str) -> str:
    # Imported here, with what reads certificates, only for objects: see `trust_root`.
    from provider.signatures.trust import trust_root  # noqa: PLC0415

    try:
        return trust_root.of_document(document.parse(body.encode())).digest
    except FileError:
        return ""
