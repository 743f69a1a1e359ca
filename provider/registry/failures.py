"""The one place where foreign exceptions become ours.

docker-registry-client raises what requests raises, the transport what urllib3, ssl and the sockets raise. The table
goes from the particular to the general; a test reads the namespaces of these packages and fails for an exception that
no row takes.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import requests
import urllib3.exceptions

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.transport import TooLargeError, UnreachableError

REFUSED: Final = "the connection was refused, or there is no way to it"
_UNREACHABLE: Final = {
    "timeout": (Reason.TIMEOUT, "no connection within the time"),
    "connection": (Reason.REGISTRY_UNAVAILABLE, REFUSED),
    "name": (Reason.REGISTRY_UNAVAILABLE, "its name was not found"),
}

_SILENT: Final = "it did not answer in time"
_CUT: Final = "the answer was cut short or is no HTTP"
_TLS: Final = "TLS failed: its certificate is not trusted, or not for this name"

TABLE: Final[tuple[tuple[type[BaseException], Reason, str], ...]] = (
    (urllib3.exceptions.NameResolutionError, Reason.REGISTRY_UNAVAILABLE, "its name was not found"),
    (urllib3.exceptions.NewConnectionError, Reason.REGISTRY_UNAVAILABLE, "the connection was refused"),
    (urllib3.exceptions.ConnectTimeoutError, Reason.TIMEOUT, "no connection within the time"),
    (urllib3.exceptions.TimeoutError, Reason.TIMEOUT, _SILENT),
    (urllib3.exceptions.SSLError, Reason.REGISTRY_UNAVAILABLE, _TLS),
    (urllib3.exceptions.ProxySchemeUnsupported, Reason.REGISTRY_UNAVAILABLE, "the proxy cannot be used"),
    (urllib3.exceptions.HTTPError, Reason.REGISTRY_UNAVAILABLE, _CUT),
    (requests.exceptions.Timeout, Reason.TIMEOUT, _SILENT),
    (requests.exceptions.SSLError, Reason.REGISTRY_UNAVAILABLE, _TLS),
    (requests.exceptions.RequestException, Reason.REGISTRY_UNAVAILABLE, _CUT),
    (ssl.SSLError, Reason.REGISTRY_UNAVAILABLE, _TLS),
    (socket.gaierror, Reason.REGISTRY_UNAVAILABLE, "its name was not found"),
    (TimeoutError, Reason.TIMEOUT, _SILENT),
    (http.client.HTTPException, Reason.REGISTRY_UNAVAILABLE, _CUT),
    (OSError, Reason.REGISTRY_UNAVAILABLE, "the connection failed"),
    # A host that cannot be written in DNS (idna), a header that cannot be sent.
    (UnicodeError, Reason.REGISTRY_UNAVAILABLE, "it cannot be asked under this name"),
)

_STATUSES: Final = {
    401: (Reason.UNAUTHORIZED, "refuses us: no credentials, or not the right ones; or the repository does not exist"),
    403: (Reason.UNAUTHORIZED, "forbids us to read this repository"),
    404: (Reason.NOT_FOUND, "does not know it"),
    408: (Reason.TIMEOUT, "gave up on the request"),
    410: (Reason.NOT_FOUND, "has it no more"),
    429: (Reason.THROTTLED, "asks us to come back later"),
}


def of_status(registry: str, what: str, status: int) -> ImageError:
    """The error for an HTTP status that is no success; of what the registry says only the status is told."""
    reason, sentence = _STATUSES.get(status, (Reason.REGISTRY_UNAVAILABLE, "answered with an error of its own"))
    return ImageError(reason, f"{what}: {registry} {sentence} (status {status})")


@contextmanager
def translated(registry: str, what: str) -> Iterator[None]:
    """Translate what a request raises.

    Args:
        registry: `host[:port]` that is asked.
        what: what it is asked for, as a message should name it.

    Raises:
        ImageError: for everything that the table knows; anything else is a defect of ours and passes.
    """
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        ours = translate(registry, what, error)
        if ours is None:
            raise
        raise ours from error


def translate(registry: str, what: str, error: BaseException) -> ImageError | None:
    """Our error for a foreign one (ours stays itself), None when no row of the table takes it."""
    if isinstance(error, ImageError):
        return error
    if isinstance(error, TooLargeError):
        return ImageError(Reason.LIMIT_EXCEEDED, f"{what}: {registry} sends more than {error.limit} bytes")
    if isinstance(error, UnreachableError):
        reason, sentence = _UNREACHABLE[error.cause]
        return ImageError(reason, f"{what}: {registry}: {sentence}")
    status = _status(error)
    if status is not None:
        return of_status(registry, what, status)
    for kind, reason, sentence in TABLE:
        if isinstance(error, kind):
            return ImageError(reason, f"{what}: {registry}: {sentence}")
    return None


def code(error: BaseException) -> str:
    """The failure as a metric label: `timeout`, `tls`, `refused`, `connection`."""
    if isinstance(error, ImageError):
        return "refused" if error.reason is Reason.ADDRESS_REFUSED else "connection"
    if isinstance(error, UnreachableError):
        return "timeout" if error.cause == "timeout" else "connection"
    for kind, reason, sentence in TABLE:
        if isinstance(error, kind):
            return "timeout" if reason is Reason.TIMEOUT else "tls" if sentence is _TLS else "connection"
    return "connection"


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    return status if isinstance(error, requests.exceptions.HTTPError) and isinstance(status, int) else None
