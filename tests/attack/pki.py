"""Certificates of registries; those of the provider and of Gatekeeper are the rig's."""

from __future__ import annotations

import itertools
import ssl
from pathlib import Path
from typing import Final

import trustme

_NUMBERS: Final = itertools.count(1)


class RegistryAuthority:
    """Certifies registries.

    Attributes:
        pem: its own certificate.
    """

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name=f"registries {next(_NUMBERS)}")
        self.pem = self._ca.cert_pem.bytes()

    def server(self, *names: str) -> ssl.SSLContext:
        """How a registry of these names and addresses proves itself; `*.` in front stands for one label."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        self._ca.issue_cert(*names).configure_cert(context)
        return context

    def files(self, folder: Path, *names: str) -> tuple[Path, Path]:
        """The same as files of certificate and key."""
        pair = self._ca.issue_cert(*names)
        certificate, key = folder / "registry.crt", folder / "registry.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
        key.write_bytes(pair.private_key_pem.bytes())
        return certificate, key
