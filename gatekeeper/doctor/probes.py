"""Connections that are opened to see what is served: one handshake, one page. Nothing is asked about images."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import urllib3
from cryptography import x509

from gatekeeper.cluster import metrics_page
from gatekeeper.cluster.server import ahead
from gatekeeper.doctor import limits
from gatekeeper.doctor.provider_pod import ProviderReport
from gatekeeper.doctor.reading import ReadFailure, Reading
from gatekeeper.doctor.served_certificate import ServedCertificate
from provider.foreign_text import shown

_HEAD: Final = b"HEAD / HTTP/1.1\r\nHost: doctor\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class NetworkProbes:
    """Implements `TlsPort` and `ProviderPort` by sockets.

    Attributes:
        inside: whether this runs in the cluster's network; what is not reached from outside says nothing.
    """

    inside: bool

    def look(self, host: str, port: int, authorities: bytes) -> Reading[ServedCertificate]:
        """The certificate that is served at an address; see the Protocol."""
        try:
            return _certificate(host, port, authorities)
        except OSError as error:
            return self._failure(f"{host}:{port}", error)

    def report(self, host: str, port: int) -> Reading[ProviderReport]:
        """What a provider says of itself; see the Protocol."""
        address = f"{host}:{port}"
        before = time.time()
        try:
            page = metrics_page.fetch(host, port)
            return ProviderReport.of(page.text, ahead(page.date, before, time.time()))
        except (OSError, urllib3.exceptions.HTTPError) as error:
            return self._failure(address, error)
        except ValueError:
            return ReadFailure(address, "what is served there is no page of metrics of bestbefore")

    def _failure(self, address: str, error: Exception) -> ReadFailure:
        where = "" if self.inside else " from outside the cluster"
        return ReadFailure(address, f"it cannot be reached{where} ({_said(error)})", elsewhere=not self.inside)


def _certificate(host: str, port: int, authorities: bytes) -> ServedCertificate:
    """What is served; a second connection is opened only where the authorities do not vouch for it."""
    problem = "the Provider's caBundle holds no certificate"
    context = trusting(authorities)
    if context is not None:
        try:
            with _connection(host, port, context) as connection:
                return _seen(connection, "")
        except ssl.SSLCertVerificationError as error:
            problem = shown(error.verify_message)
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    with _connection(host, port, blind) as connection:
        return _seen(connection, problem)


def trusting(authorities: bytes) -> ssl.SSLContext | None:
    """Whom Gatekeeper believes; None where nobody is named."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As in Go, whose clients Gatekeeper has: whoever is in the pool is believed, a root or not.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=authorities.decode("ascii"))
    except (ssl.SSLError, ValueError):
        return None
    return context


def _seen(connection: ssl.SSLSocket, problem: str) -> ServedCertificate:
    body = connection.getpeercert(binary_form=True) or b""
    asks_back = _asks_back(connection)
    try:
        certificate = x509.load_der_x509_certificate(body)
        issuer = shown(certificate.issuer.rfc4514_string())
    except (ValueError, x509.InvalidVersion):
        return ServedCertificate(problem, "nobody that can be read", 0.0, asks_back)
    return ServedCertificate(problem, issuer, certificate.not_valid_after_utc.timestamp(), asks_back)


@contextlib.contextmanager
def _connection(host: str, port: int, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    # Gatekeeper speaks nothing older.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with (
        socket.create_connection((host, port), timeout=limits.PROBE_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        yield connection


def _asks_back(connection: ssl.SSLSocket) -> bool | None:
    """In TLS 1.3 a client learns only after the handshake that its certificate is missed: by an alert, at once."""
    try:
        connection.settimeout(limits.ALERT_SECONDS)
        with contextlib.suppress(TimeoutError):
            return None if connection.recv(1) == b"" else False
        connection.settimeout(limits.PROBE_SECONDS)
        connection.sendall(_HEAD)
        return False if connection.recv(1) else None
    except ssl.SSLError as error:
        return True if "CERTIFICATE_REQUIRED" in (error.reason or "") else None
    except OSError:
        return None


def _said(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLError):
        return f"no TLS 1.3: {shown(error.reason or type(error).__name__)}"
    text = error.strerror if isinstance(error, OSError) else None
    return text or type(error).__name__
