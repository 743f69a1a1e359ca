"""The provider's end of TLS: 1.3 at least, a client certificate demanded, files that may be replaced while we run.

Gatekeeper re-reads its certificate at each handshake and so do we: a Kubernetes Secret is replaced by swapping a
symbolic link, and waiting for a restart would turn a rotation into an outage. A replacement that can't be used (half
written, of another key, empty) is refused; what was there before stays in force, and the log and a metric say so.
One damaged certificate of `client_ca` is passed over and named: who is certified by the others may ask. So is all of
`own_client_ca` where it cannot be used: Gatekeeper is not kept out because our own `helm test` is.
"""

from __future__ import annotations

import contextlib
import errno
import math
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography import x509

from provider import limits, pem_certificates
from provider.clock import Clock, SystemClock
from provider.errors import SettingsError
from provider.observer import FileSetting

SERVER: Final = "server"
CLIENT_CA: Final = "client_ca"
OWN_CLIENT_CA: Final = "own_client_ca"


@dataclass(frozen=True)
class TLSFiles:
    """Where the PEM files are.

    Attributes:
        certificate: the server's certificate, and the intermediates after it.
        key: its private key, without a passphrase.
        client_ca: whom clients must be certified by; may hold several certificates, so that old and new overlap.
        own_client_ca: further authorities for clients, that of doctor; None without them.
    """

    certificate: Path
    key: Path
    client_ca: Path
    own_client_ca: Path | None = None

    def named(self) -> Iterator[tuple[str, Path]]:
        """Each file that has to be there, with the name of its setting."""
        yield "tls_cert", self.certificate
        yield "tls_key", self.key
        yield "client_ca", self.client_ca


class TLSObserver(Protocol):
    """Gets reports of what became of replaced files."""

    def certificates_loaded(self, expiries: Mapping[str, float], *, reloaded: bool) -> None:
        """Files are in force.

        Args:
            expiries: when the first certificate of each role ends, seconds since 1970: `server`, `client_ca` and, where
                there is one, `own_client_ca`.
            reloaded: whether they replace others.
        """
        ...

    def certificates_rejected(self, problem: str) -> None:
        """New files can't be used; the old ones stay in force."""
        ...

    def file_in_force(self, setting: FileSetting, name: str, problems: Sequence[str]) -> None:
        """See `provider.observer.Observer`."""
        ...


@dataclass(frozen=True)
class TLSMaterial:
    """What files hold.

    Attributes:
        context: demands a client certificate.
        expiries: see `TLSObserver.certificates_loaded`.
        problems: of the certificates of `client_ca` and `own_client_ca` that are passed over.
    """

    context: ssl.SSLContext
    expiries: Mapping[str, float]
    problems: Sequence[str] = ()


class ServerTLS:
    """The TLS context for the next handshake.

    Args:
        files: where the certificates are.
        observer: gets reports of what became of them.
        clock: when to try again to read files that could not be; the machine's by default.

    Raises:
        SettingsError: the files cannot be used; every problem is named.
    """

    def __init__(self, files: TLSFiles, observer: TLSObserver, clock: Clock | None = None) -> None:
        self._files = files
        self._observer = observer
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._rejected = ""
        self._retries_from = 0.0
        self._seen = _fingerprint(files)
        self._context = self._take(load(files), reloaded=False)

    def context(self) -> ssl.SSLContext:
        """The context, loaded anew if a file has changed since."""
        with self._lock:
            seen = _fingerprint(self._files)
            if seen != self._seen:
                self._seen, self._rejected = seen, ""
                self._reload()
            elif self._rejected and self._clock.monotonic() >= self._retries_from:
                # What is wrong with them may not be in them: no descriptor was left, a disk did not answer.
                self._reload()
            return self._context

    def _reload(self) -> None:
        try:
            material = load(self._files)
        except SettingsError as error:
            self._retries_from = self._clock.monotonic() + limits.TLS_RELOAD_SECONDS
            rejected, self._rejected = self._rejected, "; ".join(error.problems)
            if self._rejected != rejected:
                self._observer.certificates_rejected(self._rejected)
        else:
            self._rejected = ""
            self._context = self._take(material, reloaded=True)

    def _take(self, material: TLSMaterial, *, reloaded: bool) -> ssl.SSLContext:
        self._observer.certificates_loaded(material.expiries, reloaded=reloaded)
        self._observer.file_in_force(FileSetting.CLIENT_CA, "", material.problems)
        return material.context


def load(files: TLSFiles) -> TLSMaterial:
    """What the files hold.

    Raises:
        SettingsError: the files cannot be used; every problem is named.
    """
    # Read once: they may be replaced between two looks.
    texts, problems = _read(files)
    clients = pem_certificates.read(texts.get("client_ca", b""))
    if clients.problems and clients.usable:
        texts["client_ca"] = b"\n".join(clients.usable)
    certificates = {name: _certificates(texts[name]) for name in ("tls_cert", "client_ca") if name in texts}
    problems += [
        f"{name}: {path} holds no PEM certificate that can be read"
        for name, path in files.named()
        if name in certificates and not certificates[name]
    ]
    if problems:
        raise SettingsError(problems)
    context = _context()
    _load_pair(context, files)
    _load_client_ca(context, files, texts["client_ca"])
    expiries = {SERVER: _expiry(certificates["tls_cert"]), CLIENT_CA: _expiry(certificates["client_ca"])}
    passed_over = [f"client_ca {files.client_ca}: {problem}" for problem in clients.problems]
    if files.own_client_ca is not None:
        passed_over += _add_own_client_ca(context, files.own_client_ca, expiries)
    return TLSMaterial(context, expiries, passed_over)


def _read(files: TLSFiles) -> tuple[dict[str, bytes], list[str]]:
    """What the files hold, by setting, and what is wrong with those that cannot be read."""
    texts: dict[str, bytes] = {}
    problems = []
    for name, path in files.named():
        try:
            texts[name] = path.read_bytes()
        except OSError as error:
            problems.append(f"{name}: cannot read {path}: {error.strerror}")
    return texts, problems


def _certificates(text: bytes) -> list[x509.Certificate]:
    """The certificates in a PEM text; none if one of them cannot be read."""
    try:
        return x509.load_pem_x509_certificates(text)
    except (ValueError, x509.InvalidVersion):
        return []


def _load_pair(context: ssl.SSLContext, files: TLSFiles) -> None:
    try:
        # A passphrase would be asked for on the terminal; the answer is none.
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
    except ssl.SSLError as error:
        problem = f"tls_key: {files.key} is not the unencrypted private key of the certificate in {files.certificate}"
        raise SettingsError([problem]) from error
    except OSError as error:
        raise SettingsError([f"tls_key: cannot read {files.key} and {files.certificate}: {error.strerror}"]) from error


def _load_client_ca(context: ssl.SSLContext, files: TLSFiles, text: bytes) -> None:
    try:
        context.load_verify_locations(cadata=text.decode("ascii", "replace"))
    except (OSError, ValueError) as error:
        raise SettingsError([f"client_ca: {files.client_ca} holds a certificate that cannot be used"]) from error


def _add_own_client_ca(context: ssl.SSLContext, path: Path, expiries: dict[str, float]) -> list[str]:
    """Trust the authorities in this file too, and say when they end; what of it cannot be used is returned."""
    try:
        found = pem_certificates.read(path.read_bytes())
        text = b"\n".join(found.usable)
        certificates = _certificates(text)
        if certificates:
            context.load_verify_locations(cadata=text.decode("ascii", "replace"))
            expiries[OWN_CLIENT_CA] = _expiry(certificates)
    except OSError as error:
        return [f"own_client_ca {path}: cannot be read: {error.strerror}"]
    problems = found.problems if certificates else ["it holds no PEM certificate that can be read"]
    return [f"own_client_ca {path}: {problem}" for problem in problems]


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
    """A socket on which nothing blocks for ever: a client that stalls is as good as one that hung up.

    So is one whose request takes too long or is too large, and one that is gone for whatever reason.
    """

    _bytes_left = limits.REQUEST_WIRE_BYTES
    _until = math.inf

    def begin_request(self) -> None:
        """A request comes: from now on its bytes and its seconds count."""
        self._bytes_left = limits.REQUEST_WIRE_BYTES
        self._until = time.monotonic() + limits.REQUEST_SECONDS

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - the standard library's signature
        """Blocking means waiting for `CLIENT_SECONDS` at most."""
        self.settimeout(limits.CLIENT_SECONDS if flag else 0.0)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Bytes from the client.

        Raises:
            ConnectionResetError: the client has sent nothing for too long, or too much, or is gone.
        """
        if self._bytes_left <= 0 or time.monotonic() >= self._until:
            raise ConnectionResetError(errno.ECONNRESET, "the request takes too long, or is too large")
        with _gone():
            data = super().recv(buflen, flags)
        # Each piece costs time, however small: gunicorn looks at all that came before it again.
        self._bytes_left -= max(len(data), limits.REQUEST_PIECE_BYTES)
        return data

    def send(self, data: Any, flags: int = 0) -> int:  # noqa: ANN401 - whatever holds bytes
        """Send something.

        Raises:
            ConnectionResetError: the client has taken nothing for too long, or is gone.
        """
        with _gone():
            return super().send(data, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:  # noqa: ANN401
        """Send everything.

        Raises:
            ConnectionResetError: the client has taken nothing for too long, or is gone.
        """
        with _gone():
            super().sendall(data, flags)


@contextlib.contextmanager
def _gone() -> Iterator[None]:
    """A client that stalls, and one that a network has lost, is one that hung up; TLS has errors of its own."""
    try:
        yield
    except ssl.SSLError:
        raise
    except OSError as error:
        raise ConnectionResetError(errno.ECONNRESET, f"the client is gone: {error.strerror or 'it stalled'}") from error


def _expiry(certificates: list[x509.Certificate]) -> float:
    return min(certificate.not_valid_after_utc.timestamp() for certificate in certificates)


def _fingerprint(files: TLSFiles) -> tuple[tuple[int, int, int] | None, ...]:
    """Changes when a file is replaced or written to: cheaper than reading them at each handshake."""
    own = () if files.own_client_ca is None else (files.own_client_ca,)
    return tuple(_stat(path) for path in (*(path for _, path in files.named()), *own))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
