"""One process of several does a thing: the holder of a Lease.

As client-go's election, on a clock that never goes back: a Lease is free when nobody has changed it for as long as it
holds, by our own watch; what its holder says of the time is for people. It is no fence: a process on a node that nobody
reaches may go on for as long as the deadline is.

One thing is different. A write that is refused does not lose the Lease while it can be read and is still ours: where
Gatekeeper's webhook is down and fails closed, nobody can write any Lease, so nobody else can take it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.cluster import limits
from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import LEASES
from gatekeeper.cluster.times import micro_time
from provider.clock import Clock

_NEVER: Final = float("-inf")


@dataclass(frozen=True)
class LeaseName:
    """Which Lease, and who wants it.

    Attributes:
        namespace: where it lies.
        name: its own.
        holder: who we are; two processes must not have one name.
    """

    namespace: str
    name: str
    holder: str


class Election:
    """Tries to hold a Lease; one thread takes the steps, any may ask whether we hold it.

    Args:
        api: of the cluster.
        clock: the monotonic one counts.
        name: which Lease.
    """

    def __init__(self, api: KubernetesApi, clock: Clock, name: LeaseName) -> None:
        self.name = name
        self.error: ClusterError | None = None
        self._api = api
        self._clock = clock
        self._confirmed = _NEVER
        self._seen: tuple[str, float] = ("", _NEVER)
        self._found: Mapping[str, str] = {}
        self._found_holder = ""

    @property
    def held(self) -> bool:
        """Whether the Lease is ours, as far as was seen before the deadline."""
        return self._clock.monotonic() - self._confirmed < limits.LEASE_DEADLINE_SECONDS

    @property
    def found(self) -> Mapping[str, str]:
        """The annotations that the Lease had when we took it."""
        return self._found

    @property
    def found_ours(self) -> bool:
        """Whether it was ours already when we took it: nobody else held it between."""
        return self._found_holder == self.name.holder

    def step(self, annotations: Mapping[str, str]) -> bool:
        """Take the Lease if it is free, renew it if it is ours; whether it is ours.

        Args:
            annotations: what the holder leaves to the next one.
        """
        try:
            self._step(annotations)
            self.error = None
        except ClusterError as error:
            self.error = error
        return self.held

    def release(self, annotations: Mapping[str, str]) -> None:
        """Let go of it, so that the next one need not wait."""
        if not self.held:
            return
        self._confirmed = _NEVER
        try:
            lease = self._api.get(LEASES, self.name.name, self.name.namespace)
            if _holder(lease) == self.name.holder:
                self._api.replace(LEASES, self._lease(lease, annotations, holder="", seconds=1))
        except ClusterError as error:
            self.error = error

    def _step(self, annotations: Mapping[str, str]) -> None:
        try:
            lease = self._api.get(LEASES, self.name.name, self.name.namespace)
        except ObjectAbsentError:
            self._create(annotations)
            return
        holder = _holder(lease)
        if holder == self.name.holder and self.held:
            self._confirmed = self._clock.monotonic()
        elif holder not in {"", self.name.holder} and not self._expired(lease):
            self._confirmed = _NEVER
            return
        begun = self._clock.monotonic()
        held = self.held
        # What the one before left stays until we have taken it over.
        kept = annotations if held else _annotations(lease)
        self._api.replace(LEASES, self._lease(lease, kept, self.name.holder, limits.LEASE_SECONDS))
        if not held:
            self._found, self._found_holder = _annotations(lease), holder
        self._confirmed = begun

    def _create(self, annotations: Mapping[str, str]) -> None:
        begun = self._clock.monotonic()
        metadata = {"name": self.name.name, "namespace": self.name.namespace}
        self._api.create(
            LEASES, self._lease({"metadata": metadata}, annotations, self.name.holder, limits.LEASE_SECONDS)
        )
        self._confirmed, self._found, self._found_holder = begun, {}, self.name.holder

    def _expired(self, lease: Object) -> bool:
        """Whether its holder has not touched it for as long as it holds, by our watch."""
        version, now = str(lease["metadata"].get("resourceVersion", "")), self._clock.monotonic()
        if self._seen[0] != version:
            self._seen = (version, now)
        seconds = (lease.get("spec") or {}).get("leaseDurationSeconds") or limits.LEASE_SECONDS
        return now - self._seen[1] >= float(seconds)

    def _lease(self, lease: Object, annotations: Mapping[str, str], holder: str, seconds: int) -> dict[str, Any]:
        spec = lease.get("spec") or {}
        now = micro_time(self._clock.now())
        same = spec.get("holderIdentity") == holder
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {**lease["metadata"], "annotations": {**_annotations(lease), **annotations}},
            "spec": {
                **spec,
                "holderIdentity": holder,
                "leaseDurationSeconds": seconds,
                "acquireTime": spec.get("acquireTime", now) if same else now,
                "renewTime": now,
                "leaseTransitions": int(spec.get("leaseTransitions") or 0) + (not same and bool(holder)),
            },
        }


def _holder(lease: Object) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


def _annotations(lease: Object) -> Mapping[str, str]:
    return dict(lease["metadata"].get("annotations") or {})
