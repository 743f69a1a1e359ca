"""The provider's end of TLS: 1.3 at least, a client certificate demanded, files that may be replaced while we run.

Gatekeeper re-reads its certificate at each handshake and so do we: a Kubernetes Secret is replaced by swapping a
symbolic link, and waiting for a restart would turn a rotation into an outage. A replacement that can't be used (half
written, of another key, empty) is refused; what was there before stays in force, and the log and a metric say so.
"""

from __future__ import annotations

import errno
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography import x509

from provider import limits
from provider.errors import SettingsError

SERVER: Final = "server"
CLIENT_CA: Final = "client_ca"


@dataclass(frozen=True)
class TLSFiles:
    """Where the PEM files are.

    Attributes:
        certificate: the server's certificate, and the intermediates after it.
        key: its private key, without a passphrase.
        client_ca: whom clients must be certified by; may hold several certificates, so that old and new overlap.
    """

    certificate: Path
    key: Path
    client_ca: Path

    def named(self) -> Iterator[tuple[str, Path]]:
        """Each file with the name of its setting."""
        yield "tls_cert", self.certificate
        yield "tls_key", self.key
        yield "client_ca", self.client_ca


class TLSObserver(Protocol):
    """Is told what became of replaced files."""

    def certificates_loaded(self, expiries: Mapping[str, float], *, reloaded: bool) -> None:
        """Files are in force.

        Args:
            expiries: when the first certificate of each role (`server`, `client_ca`) ends, seconds since 1970.
            reloaded: whether they replace others.
        """
        ...

    def certificates_rejected(self, problem: str) -> None:
        """New files can't be used; the old ones stay in force."""
        ...


class ServerTLS:
    """The TLS context for the next handshake.

    Args:
        files: where the certificates are.
        observer: is told what became of them.

    Raises:
        SettingsError: the files cannot be used; every problem is named.
    """

    def __init__(self, files: TLSFiles, observer: TLSObserver) -> None:
        self._files = files
        self._observer = observer
        self._lock = threading.Lock()
        self._seen = _fingerprint(files)
        self._context, expiries = load(files)
        observer.certificates_loaded(expiries, reloaded=False)

    def context(self) -> ssl.SSLContext:
        """The context, loaded anew if a file has changed since."""
        with self._lock:
            seen = _fingerprint(self._files)
            if seen != self._seen:
                self._seen = seen
                self._reload()
            return self._context

    def _reload(self) -> None:
        try:
            self._context, expiries = load(self._files)
        except SettingsError as error:
            self._observer.certificates_rejected("; ".join(error.problems))
        else:
            self._observer.certificates_loaded(expiries, reloaded=True)


def load(files: TLSFiles) -> tuple[ssl.SSLContext, dict[str, float]]:
    """A context that demands a client certificate, and when the certificates end.

    Raises:
        SettingsError: the files cannot be used; every problem is named.
    """
    problems = list(_problems(files))
    if problems:
        raise SettingsError(problems)
    context = _context()
    try:
        # A passphrase would be asked for on the terminal; the answer is none.
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        problem = f"tls_key: {files.key} is not the unencrypted private key of the certificate in {files.certificate}"
        raise SettingsError([problem]) from error
    context.load_verify_locations(cadata=files.client_ca.read_text("ascii", "replace"))
    return context, {SERVER: _expiry(files.certificate), CLIENT_CA: _expiry(files.client_ca)}


def _context() -> ssl.SSLContext:
    """Everything that matters is said, although much of it is the library's default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    # A resumed session would skip the look at the client's certificate, and outlive a change of the client CA.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.sslsocket_class = BoundedSocket
    return context


class BoundedSocket(ssl.SSLSocket):
    """A socket on which nothing blocks for ever: a client that stalls is as good as one that hung up."""

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - the standard library's signature
        """Blocking means waiting for `CLIENT_SECONDS` at most."""
        self.settimeout(limits.CLIENT_SECONDS if flag else 0.0)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Bytes from the client.

        Raises:
            ConnectionResetError: the client has sent nothing for too long.
        """
        try:
            return super().recv(buflen, flags)
        except TimeoutError as error:
            raise _stalled() from error

    def sendall(self, data: Any, flags: int = 0) -> None:  # noqa: ANN401 - whatever holds bytes
        """Send everything.

        Raises:
            ConnectionResetError: the client has taken nothing for too long.
        """
        try:
            super().sendall(data, flags)
        except TimeoutError as error:
            raise _stalled() from error


def _stalled() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, f"the client stalled for {limits.CLIENT_SECONDS:g} s")


def _problems(files: TLSFiles) -> Iterator[str]:
    for name, path in files.named():
        try:
            text = path.read_bytes()
        except OSError as error:
            yield f"{name}: cannot read {path}: {error.strerror}"
            continue
        if name != "tls_key":
            yield from (f"{name}: {path} {problem}" for problem in _certificate_problems(text))


def _certificate_problems(text: bytes) -> Iterator[str]:
    try:
        certificates = x509.load_pem_x509_certificates(text)
    except ValueError:
        yield "holds no PEM certificate that can be read"
        return
    if not certificates:  # pragma: no cover - the library raises instead, today
        yield "holds no certificate"


def _expiry(path: Path) -> float:
    certificates = x509.load_pem_x509_certificates(path.read_bytes())
    return min(certificate.not_valid_after_utc.timestamp() for certificate in certificates)


def _fingerprint(files: TLSFiles) -> tuple[tuple[int, int, int] | None, ...]:
    """Changes when a file is replaced or written to: cheaper than reading them at each handshake."""
    return tuple(_stat(path) for _, path in files.named())


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
