"""How connections to one host are made, where that is not as to all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provider.registry.transport.proxies import Proxy


@dataclass(frozen=True)
class KeyPair:
    """A client's certificate and its private key, both PEM; they may stand in one file."""

    certificate: Path
    key: Path


@dataclass(frozen=True, eq=False)
class HostConnection:
    """How connections to a host are made.

    Attributes:
        ca_path: where the authorities are that it must be certified by, asked at each request; None for those of all.
        key_pair: what we show who asks for a client certificate.
        verify: whether its certificate and name are looked at.
        proxy: through which it is reached, whatever the settings say; None for as they say.
        connect_seconds: how long a connection may take, if that is less than for all; None for no less.
    """

    ca_path: Callable[[], str] | None = None
    key_pair: KeyPair | None = None
    verify: bool = True
    connect_seconds: float | None = None
    proxy: Proxy | None = None

    def elsewhere(self) -> HostConnection:
        """What holds for other hosts that this one names: nothing of what is ours to show."""
        return HostConnection(ca_path=self.ca_path, proxy=self.proxy)
