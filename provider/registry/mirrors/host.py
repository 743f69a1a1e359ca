"""A host that has content of a registry: the registry itself, or a mirror of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import parse_qs, urlencode

from provider.registry.origin import Origin
from provider.registry.reference import DEFAULT_REGISTRY
from provider.registry.transport.connection import HostConnection

API: Final = "/v2"
_HUB: Final = "docker.io"
_HUB_HOST: Final = "registry-1.docker.io"


@dataclass(frozen=True)
class RegistryHost:
    """A host, and what it may be asked for.

    Attributes:
        origin: where it is; None where the registry itself is.
        root: path of its API, `/v2`.
        pull: whether it is asked for content by digest.
        resolve: whether its word counts on what nothing but a name vouches for: tags, and what refers to a manifest.
        headers: sent with each request; they may be secrets.
        connection: how connections are made; None for as to all hosts.
    """

    origin: Origin | None = None
    root: str = API
    pull: bool = True
    resolve: bool = True
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    connection: HostConnection | None = None

    def name(self, registry: str) -> str:
        """How messages and credentials name it: `host[:port]`.

        Args:
            registry: whose host it is, as references name it.
        """
        return registry if self.origin is None else self.origin.authority

    def path(self, path: str) -> str:
        """A path of the registry API (`/v2/…`), as this host has it."""
        return self.root + path.removeprefix(API)

    def target(self, target: str, registry: str) -> str:
        """Path and query to send to it.

        A mirror hears whose content is meant, as with containerd: one host may have that of many registries.

        Args:
            target: a path that this host has, with or without a query.
            registry: whose content is meant, as references name it.
        """
        path, _, query = target.partition("?")
        if not self.mirrors(registry) or "ns" in parse_qs(query):
            return target
        return f"{path}?{'&'.join(filter(None, (query, urlencode({'ns': alias(registry)}, safe=':'))))}"

    def mirrors(self, registry: str) -> bool:
        """Whether it is another host than the registry itself."""
        if self.origin is None or self.origin.authority == alias(registry):
            return False
        return alias(registry) != _HUB or self.origin.authority not in {_HUB_HOST, DEFAULT_REGISTRY}


UPSTREAM: Final = (RegistryHost(),)


class HostTable(Protocol):
    """Knows the hosts of each registry."""

    def of(self, registry: str) -> Sequence[RegistryHost]:
        """The hosts of a registry in the order to try them; never none.

        Args:
            registry: `host[:port]`, as references name it.
        """
        ...

    def names(self, where: Origin) -> bool:
        """Whether an administrator wrote this host down, so that its address may be a private one."""
        ...


class NoMirrors:
    """Each registry is its own and only host."""

    def of(self, registry: str) -> Sequence[RegistryHost]:  # noqa: ARG002 - the same for all
        """See `HostTable`."""
        return UPSTREAM

    def names(self, where: Origin) -> bool:  # noqa: ARG002 - the same for all
        """See `HostTable`."""
        return False


def alias(registry: str) -> str:
    """How containerd calls a registry: Docker Hub is `docker.io` to it."""
    return _HUB if registry == DEFAULT_REGISTRY else registry
