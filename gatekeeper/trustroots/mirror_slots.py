"""The state of mirrors in ConfigMaps of fixed names, so that the controller may write these and no others.

A mirror has the first that is its own, else one that is free, else the one that was looked at longest ago and whose
mirror no TrustRoot names any more: who deletes a TrustRoot and makes it anew has not forgotten what was seen.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ObjectAbsentError
from gatekeeper.cluster.resource import CONFIG_MAPS
from gatekeeper.documents import fields
from gatekeeper.trustroots import limits, marks
from gatekeeper.trustroots.errors import ForeignConfigMapError, NoRoomError

_STATE = "state"


@dataclass(frozen=True)
class MirrorSlot:
    """A ConfigMap with the state of one mirror.

    Attributes:
        name: of the ConfigMap.
        mirror: whose state it holds; empty for nobody's.
        content: the state, packed.
        version: of the ConfigMap; empty where there is none.
        looked: when that mirror was last looked at, seconds since 1970.
    """

    name: str
    mirror: str = ""
    content: bytes = b""
    version: str = ""
    looked: float = 0.0


class MirrorSlots:
    """Finds and writes them; several threads may.

    Args:
        api: of the cluster.
        namespace: where they lie.
        prefix: of their names; a number comes after it.
    """

    def __init__(self, api: KubernetesApi, namespace: str, prefix: str) -> None:
        self._api = api
        self._namespace = namespace
        self._prefix = prefix

    def of(self, mirror: str, wanted: frozenset[str]) -> MirrorSlot:
        """The slot for a mirror, with what is known of it.

        Args:
            mirror: see `gatekeeper.trust.state.mirror_name`.
            wanted: mirrors that TrustRoots name now.

        Raises:
            NoRoomError: all of them are other mirrors'.
            ClusterError: they cannot be read.
        """
        free: list[MirrorSlot] = []
        foreign = ""
        for found, slot in self._slots():
            if found is not None and not marks.is_ours(found):
                foreign = slot.name
            elif slot.mirror == mirror:
                return slot
            elif slot.mirror not in wanted:
                free.append(slot)
        if free:
            best = min(free, key=lambda each: (bool(each.mirror), each.looked, each.name))
            return MirrorSlot(best.name, version=best.version)
        if foreign:
            raise ForeignConfigMapError(f"ConfigMap {self._namespace}/{foreign} was not made by bestbefore")
        raise NoRoomError(f"there are more than {limits.MIRRORS} mirrors: the state of this one can be kept nowhere")

    def write(self, slot: MirrorSlot, mirror: str, content: bytes, now: float) -> None:
        """Have a slot hold the state of a mirror, unless somebody wrote it since it was read.

        Raises:
            ConflictError: somebody did.
            ClusterError: it cannot be written.
        """
        metadata = {
            "name": slot.name,
            "namespace": self._namespace,
            "labels": marks.labels(),
            "annotations": {marks.MIRROR: mirror, marks.LOOKED: f"{now:.0f}"},
            **({"resourceVersion": slot.version} if slot.version else {}),
        }
        body = {
            "apiVersion": CONFIG_MAPS.api_version,
            "kind": CONFIG_MAPS.kind,
            "metadata": metadata,
            "binaryData": {_STATE: base64.b64encode(content).decode()},
        }
        if slot.version:
            self._api.apply(CONFIG_MAPS, body)
        else:
            # An apply would take one over that somebody has made since.
            self._api.create(CONFIG_MAPS, body)

    def _slots(self) -> Iterator[tuple[Object | None, MirrorSlot]]:
        for number in range(limits.MIRRORS):
            name = f"{self._prefix}{number}"
            try:
                found = self._api.get(CONFIG_MAPS, name, self._namespace)
            except ObjectAbsentError:
                yield None, MirrorSlot(name)
                continue
            yield found, _slot(name, found)


def _slot(name: str, found: Object) -> MirrorSlot:
    looked = marks.annotation(found, marks.LOOKED)
    try:
        content = base64.b64decode(fields.text(found, "binaryData", _STATE), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    return MirrorSlot(
        name,
        marks.annotation(found, marks.MIRROR),
        content,
        fields.text(found, "metadata", "resourceVersion"),
        float(looked) if looked.isascii() and looked.isdigit() else 0.0,
    )
