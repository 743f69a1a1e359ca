"""What a failed request is called: the transport's errors and HTTP's statuses become ours, in one place."""

from __future__ import annotations

from typing import Final

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.transport.transport import (
    BrokenError,
    Cause,
    SilentError,
    TLSError,
    TooLargeError,
    TransportError,
    UnreachableError,
)

_UNREACHABLE: Final = {
    Cause.TIMEOUT: (Reason.TIMEOUT, "no connection within the time"),
    Cause.BUDGET: (Reason.TIMEOUT, "the time was over before a connection was made"),
    Cause.CONNECTION: (Reason.REGISTRY_UNAVAILABLE, "the connection was refused, or there is no way to it"),
    Cause.NAME: (Reason.REGISTRY_UNAVAILABLE, "its name was not found"),
}

_BAD_REQUEST: Final = 400
_SERVER_ERROR: Final = 500
_NOT_IMPLEMENTED: Final = 501
_STATUSES: Final = {
    401: (Reason.UNAUTHORIZED, "refuses us: no credentials, or not the right ones; or the repository does not exist"),
    402: (Reason.PULL_REFUSED, "gives it only to who pays"),
    403: (Reason.UNAUTHORIZED, "forbids us to read this repository"),
    404: (Reason.NOT_FOUND, "does not know it"),
    408: (Reason.TIMEOUT, "gave up on the request"),
    410: (Reason.NOT_FOUND, "has it no more"),
    412: (Reason.PULL_REFUSED, "does not give it, by a policy of its own"),
    429: (Reason.THROTTLED, "asks us to come back later"),
    451: (Reason.PULL_REFUSED, "may not give it, for legal reasons"),
}

_AWAY: Final = frozenset({408, 429})


def of_status(registry: str, what: str, status: int) -> ImageError:
    """The error for an HTTP status that is no success; of what the registry says only the status is shown."""
    reason, sentence = _STATUSES.get(status, (Reason.REGISTRY_UNAVAILABLE, "answered with an error of its own"))
    away = own(status) is not None or status in _AWAY
    return ImageError(reason, f"{what}: {registry} {sentence} (status {status})", away=away)


def of_token_status(realm: str, what: str, status: int, *, renewal: bool = False) -> ImageError:
    """The error for a token service's status that is no success; it says nothing of the image itself.

    Args:
        realm: `host[:port]` of the token service.
        what: what it was asked for.
        status: that it answered with.
        renewal: whether a refresh token was shown: of one that has ended it says 400 (RFC 6749, section 5.2).
    """
    if renewal and status == _BAD_REQUEST:
        sentence = f"{what}: the token service {realm} does not take our identity token (status {status}): renew it"
        return ImageError(Reason.UNAUTHORIZED, sentence)
    error = of_status(realm, what, status)
    if error.reason is not Reason.NOT_FOUND:
        return error
    sentence = f"{what}: the token service {realm} is not where the registry says (status {status})"
    return ImageError(Reason.REGISTRY_UNAVAILABLE, sentence)


def of_transport(registry: str, what: str, error: TransportError) -> ImageError:
    """The error for a request without a whole answer.

    Args:
        registry: `host[:port]` that was asked.
        what: what it was asked for, as a message should name it.
        error: the transport's.
    """
    if isinstance(error, UnreachableError) and error.proxy:
        registry = f"{registry}, by the proxy {error.proxy}"
    if isinstance(error, TooLargeError):
        # Passing, because what was not read to its end matched no digest: it may be an error page.
        sentence = f"{what}: {registry} sends more than {error.limit} bytes"
        return ImageError(Reason.REGISTRY_UNAVAILABLE, sentence, unfit=True)
    if isinstance(error, UnreachableError):
        reason, sentence = _UNREACHABLE[error.cause]
        unconnected = error.cause is Cause.CONNECTION
        return ImageError(reason, f"{what}: {registry}: {sentence}", unconnected=unconnected, away=True)
    if isinstance(error, SilentError):
        return ImageError(Reason.TIMEOUT, f"{what}: {registry}: it did not answer in time", away=True)
    if isinstance(error, TLSError):
        sentence = "TLS failed: its certificate is not trusted, or not for this name"
        return ImageError(Reason.REGISTRY_UNAVAILABLE, f"{what}: {registry}: {sentence}", away=True)
    why = str(error) if isinstance(error, BrokenError) else "the answer was cut short or is no HTTP"
    return ImageError(Reason.REGISTRY_UNAVAILABLE, f"{what}: {registry}: {why}", away=True)


def own(status: int) -> Reason | None:
    """The reason of a status that is the registry's own failure; None of any other. 501 says what it does not have."""
    return Reason.REGISTRY_UNAVAILABLE if status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED else None


def of_caller(error: TransportError) -> bool:
    """Whether it was the caller's time that was over, which says nothing of the registry."""
    if isinstance(error, UnreachableError):
        return error.cause is Cause.BUDGET
    return isinstance(error, SilentError) and error.own


def code(error: BaseException) -> str:
    """The failure as a metric label: `timeout`, `tls`, `refused`, `connection`."""
    if isinstance(error, ImageError):
        return "refused" if error.reason is Reason.ADDRESS_REFUSED else "connection"
    if isinstance(error, SilentError) or (isinstance(error, UnreachableError) and error.cause in _WAITED):
        return "timeout"
    return "tls" if isinstance(error, TLSError) else "connection"


_WAITED: Final = frozenset({Cause.TIMEOUT, Cause.BUDGET})
