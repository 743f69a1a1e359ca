"""What an administrator decides about registries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provider import limits
from provider.cache.shared.settings import StoreSettings
from provider.registry import origin
from provider.registry.clouds.places import CloudName
from provider.registry.origin import Origin
from provider.registry.transport.proxies import DIRECT, Proxies
from provider.version import VERSION


@dataclass(frozen=True)
class RegistrySettings:
    """How registries are reached.

    Hosts are written as in a reference: `host` means the scheme's default port, `host:port` that port only. So naming a
    registry on a private machine does not open the machine's other ports to whoever may create a Pod.

    Attributes:
        insecure_registries: reached over plain HTTP; their address may be a private one.
        named_registries: reached over HTTPS; their address may be a private one. Names token realms and blob stores on
            private addresses, too.
        credential_hosts: pairs of a registry and a host that its credentials are shown to as well; both as above.
        allow_loopback_http: reach `localhost`, `*.localhost` and loopback addresses, over plain HTTP, or over
            TLS where one of them speaks it. For commands that a person runs; never for `serve`, whose references come
            from strangers.
        allow_private: reach private addresses that no setting names. For commands only, as above.
        proxies: through which registries are asked.
        ca_file: PEM file of certificate authorities trusted beside the system's.
        hosts_dir: folder of `hosts.toml` files, which name mirrors; they may be replaced while we run.
        docker_config: Docker `config.json` with registry credentials; it may be replaced while we run.
        credential_helpers: whether the programs that it names are run.
        clouds: that are asked for credentials of their own registries.
        short_names: whether an image that names no registry is one of Docker Hub's; else it is refused.
        pull_secret_namespaces: whose Pods' pull secrets are read, from the API server of this Pod's cluster.
        service_account: folder with the token and the authority by which that is asked.
        memory_bytes: bound of what is kept in memory, content of all registries together.
        tag_ttl: seconds for which a tag is believed to point to the same digest.
        stale_seconds: for how long what was seen of a tag is good enough while its registry is away.
        shared: the store that replicas share; None where they share none.
        user_agent: how we introduce ourselves.
    """

    insecure_registries: frozenset[str] = frozenset()
    named_registries: frozenset[str] = frozenset()
    credential_hosts: frozenset[tuple[str, str]] = frozenset()
    allow_loopback_http: bool = False
    allow_private: bool = False
    proxies: Proxies = DIRECT
    ca_file: Path | None = None
    hosts_dir: Path | None = None
    docker_config: Path | None = None
    credential_helpers: bool = False
    clouds: frozenset[CloudName] = frozenset()
    short_names: bool = True
    pull_secret_namespaces: frozenset[str] = frozenset()
    service_account: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount")
    memory_bytes: int = 64 * limits.MIB
    tag_ttl: float = 30.0
    stale_seconds: float = 0.0
    shared: StoreSettings | None = None
    user_agent: str = f"bestbefore/{VERSION}"

    def origin(self, registry: str) -> Origin:
        """How to reach the registry of a reference: HTTPS, unless a setting says otherwise."""
        plain = origin.of_registry("http", registry)
        if registry in self.insecure_registries or (self.allow_loopback_http and plain.loopback):
            return plain
        return origin.of_registry("https", registry)

    def names(self, where: Origin) -> bool:
        """Whether an administrator chose this host, so that its address may be a private one."""
        return any(name in self.named_registries or name in self.insecure_registries for name in _names(where))

    def shares(self, registry: Origin, where: Origin) -> bool:
        """Whether an administrator says that a registry's credentials are good at another host, over TLS only."""
        if not where.secure or not registry.secure:
            return False
        return any((one, other) in self.credential_hosts for one in _names(registry) for other in _names(where))

    def owners(self, registry: str) -> Sequence[str]:
        """The registries whose credentials are good at this one, as a reference names it."""
        return sorted(owner for owner, host in self.credential_hosts if host == registry)

    def plain_http(self, where: Origin) -> bool:
        """Whether plain HTTP may be spoken there."""
        return where.authority in self.insecure_registries or (self.allow_loopback_http and where.loopback)


def _names(where: Origin) -> tuple[str, str]:
    """How settings may name an origin: the scheme's default port may stand there or not."""
    return where.authority, f"{where.authority}:{where.port}"
