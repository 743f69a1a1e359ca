"""How a shared store is reached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class StoreKind(StrEnum):
    """How the servers of a store belong together."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True)
class StoreSettings:
    """A Redis or Valkey.

    Attributes:
        addresses: host and port of the server; of the Sentinels; of some nodes of a Cluster.
        kind: how they belong together.
        primary: what Sentinels call the server.
        key_file: secret under which entries are sealed.
        tls: whether TLS is spoken, with servers and Sentinels.
        ca_file: PEM file of the authorities that servers are certified by; None for the public ones.
        cert_file: PEM file of the certificate that is shown; None for none.
        cert_key_file: PEM file of its private key.
        user: of an access control list; empty for the default one.
        password_file: holds the password; None for none.
        sentinel_password_file: holds that of the Sentinels; None for none.
    """

    addresses: tuple[tuple[str, int], ...]
    key_file: Path
    kind: StoreKind = StoreKind.SINGLE
    primary: str = "mymaster"
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    cert_key_file: Path | None = None
    user: str = ""
    password_file: Path | None = None
    sentinel_password_file: Path | None = None
