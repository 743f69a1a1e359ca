"""Certificates made on the fly.

authority = Authority()
files = authority.server(tmp_path)                   # TLSFiles: a good server
certificate, key = authority.client(tmp_path)
authority.server(tmp_path)                           # replaced, as a Secret's are
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from provider.server.tls import TLSFiles


def of_another_version(pem: bytes) -> bytes:
    """The certificate as one that OpenSSL takes, and that nothing else can read."""
    body = ssl.PEM_cert_to_DER_cert(pem.decode())
    return ssl.DER_cert_to_PEM_cert(body.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)).encode()


class Authority:
    """A CA that certifies servers and clients."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.pem = self._ca.cert_pem.bytes()

    def server(self, folder: Path, *, days: int = 30) -> TLSFiles:
        """Write `tls.crt`, `tls.key` and `ca.crt` (clients': this authority) of a server on 127.0.0.1 and localhost."""
        pair = self._ca.issue_cert("127.0.0.1", "localhost", not_after=datetime.now(UTC) + timedelta(days=days))
        files = TLSFiles(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")
        files.certificate.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
        files.key.write_bytes(pair.private_key_pem.bytes())
        files.client_ca.write_bytes(self.pem)
        return files

    def client(self, folder: Path, name: str = "client") -> tuple[Path, Path]:
        """Write a client's certificate and key."""
        pair = self._ca.issue_cert("gatekeeper@example.com")
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
        key.write_bytes(pair.private_key_pem.bytes())
        return certificate, key
