"""The pull secrets of a Pod, read from the cluster and kept for a moment.

As in a cluster: a Pod that names pull secrets has those; of one that names none, those of its service account count,
for Kubernetes writes them into the Pod when it is created. What cannot be used is passed over and named; the others
count.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provider import limits
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import FileError
from provider.foreign_text import shown
from provider.loop import gathered
from provider.observer import NullObserver, Observer
from provider.pullsecrets import secret
from provider.pullsecrets.reader import ClusterReader, ClusterResource, ReadError, ReadFault
from provider.questions.puller import Puller
from provider.registry.credentials.docker_config import DockerConfig

# RFC 1123, as Kubernetes has it for names of Secrets.
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_OVERHEAD: Final = 1024
_WHAT: Final = {ClusterResource.SECRET: "pull secret", ClusterResource.SERVICE_ACCOUNT: "service account"}
_FAILURES: Final = {
    ReadFault.MISSING: "does not exist",
    ReadFault.FORBIDDEN: "may not be read: the provider's service account has no right to `get` {resource} of "
    "namespace {namespace}, which the chart gives it by `provider.podCredentials.namespaces`",
    ReadFault.UNKNOWN_TO_IT: "cannot be read: the API server does not take the token of the provider's account",
    ReadFault.UNAVAILABLE: "cannot be read: the API server does not answer",
    ReadFault.TOO_LARGE: f"cannot be read: it has more than {limits.CLUSTER_OBJECT_BYTES} bytes",
}


@dataclass(frozen=True, slots=True)
class PullSecret:
    """A Secret that can be used.

    Attributes:
        name: `namespace/name`.
        config: its credentials.
    """

    name: str
    config: DockerConfig


@dataclass(frozen=True, slots=True)
class PodKeyring:
    """What a Pod pulls with.

    Attributes:
        secrets: those that can be used, in the Pod's order.
        problems: why others cannot, a sentence each, by name.
        read_at: when the oldest of them was read; monotonic seconds.
    """

    secrets: Sequence[PullSecret]
    problems: Sequence[str] = ()
    read_at: float = float("inf")


@dataclass(frozen=True, slots=True)
class _ObjectKey:
    resource: ClusterResource
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{_WHAT[self.resource]} {self.namespace}/{shown(self.name)}"


@dataclass(frozen=True, slots=True)
class _ObjectRead:
    """What an object says: a Secret's credentials, or a service account's pull secrets; a sentence where it cannot."""

    read_at: float
    size: int = 0
    config: DockerConfig | None = None
    pull_secrets: Sequence[str] = ()
    problem: str = ""


class PodKeyrings:
    """Finds what Pods pull with; for one event loop.

    Args:
        reader: reads the cluster.
        namespaces: whose Secrets are read; of no other namespace anything is.
        clock: for what is kept.
        observer: gets a report of each that cannot be used.
    """

    def __init__(
        self,
        reader: ClusterReader,
        namespaces: frozenset[str],
        clock: Clock,
        observer: Observer | None = None,
    ) -> None:
        self._observer = observer or NullObserver()
        self._reader = reader
        self._namespaces = namespaces
        self._clock = clock
        self._kept: Memory[_ObjectKey, _ObjectRead] = Memory(
            clock, limits.PULL_SECRETS_MEMORY_BYTES, lambda found: found.size + _OVERHEAD
        )
        self._reads: dict[_ObjectKey, asyncio.Task[_ObjectRead]] = {}

    async def of(self, puller: Puller, max_age: float = limits.PULL_SECRET_SECONDS) -> PodKeyring:
        """The keyring of a Pod.

        Args:
            puller: whose.
            max_age: seconds since when its objects may have been read.
        """
        if puller.namespace not in self._namespaces:
            sentence = (
                f"pull secrets of namespace {puller.namespace} are not read: it is none of those that the provider's "
                "setting `pull_secret_namespace` names"
            )
            return PodKeyring((), (sentence,))
        names: Sequence[str] = puller.pull_secrets
        problems: list[str] = []
        read_at = float("inf")
        if not names and puller.service_account:
            account = await self._object(
                _ObjectKey(ClusterResource.SERVICE_ACCOUNT, puller.namespace, puller.service_account), max_age
            )
            problems += filter(None, [account.problem])
            names, read_at = account.pull_secrets, account.read_at
        return await self._of_names(puller.namespace, names, PodKeyring((), problems, read_at), max_age)

    async def _of_names(self, namespace: str, names: Sequence[str], before: PodKeyring, max_age: float) -> PodKeyring:
        distinct = tuple(dict.fromkeys(name for name in names if name))
        problems, secrets, read_at = list(before.problems), [], before.read_at
        keys = [_ObjectKey(ClusterResource.SECRET, namespace, name) for name in distinct[: limits.PULL_SECRETS]]
        for key, found in zip(keys, await gathered(self._object(key, max_age) for key in keys), strict=True):
            read_at = min(read_at, found.read_at)
            if found.config is not None:
                secrets.append(PullSecret(f"{namespace}/{key.name}", found.config))
            else:
                problems.append(found.problem)
        if len(distinct) > limits.PULL_SECRETS:
            problems.append(f"more than {limits.PULL_SECRETS} pull secrets are named; those behind are not read")
        return PodKeyring(tuple(secrets), tuple(problems), read_at)

    async def _object(self, key: _ObjectKey, max_age: float) -> _ObjectRead:
        known = self._kept.get(key)
        if known is not None and self._clock.monotonic() - known.read_at < max_age:
            return known
        reading = self._reads.get(key)
        if reading is None:
            # A task of its own: who asked first may be gone before it has been read.
            reading = self._reads[key] = asyncio.get_running_loop().create_task(self._read_and_keep(key))
        return await asyncio.shield(reading)

    async def _read_and_keep(self, key: _ObjectKey) -> _ObjectRead:
        try:
            found = await self._read(key, self._clock.monotonic())
        finally:
            del self._reads[key]
        seconds = limits.PULL_SECRET_FAILED_SECONDS if found.problem else limits.PULL_SECRET_SECONDS
        self._kept.put(key, found, seconds)
        return found

    async def _read(self, key: _ObjectKey, now: float) -> _ObjectRead:
        if not _NAME.fullmatch(key.name):
            return self._unusable(now, ReadFault.MISSING, f"{key} cannot exist: it is no name of an object")
        try:
            body = await self._reader.read(key.resource, key.namespace, key.name)
            if key.resource is ClusterResource.SERVICE_ACCOUNT:
                return _ObjectRead(now, len(body), pull_secrets=secret.pull_secrets_of(body))
            return _ObjectRead(now, len(body), secret.config_of(body, str(key)))
        except ReadError as error:
            why = _FAILURES[error.cause].format(resource=key.resource, namespace=key.namespace)
            return self._unusable(now, error.cause, f"{key} {why}")
        except FileError as error:
            return self._unusable(now, ReadFault.INVALID, f"{key} {error}")

    def _unusable(self, now: float, fault: ReadFault, problem: str) -> _ObjectRead:
        self._observer.pull_secret_unusable(fault, problem)
        return _ObjectRead(now, problem=problem)
