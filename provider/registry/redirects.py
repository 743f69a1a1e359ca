"""Where a redirect may lead: never from TLS to plain HTTP, and without what was meant for another origin."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.settings import RegistrySettings
from provider.registry.transport.transport import Request, Response

STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_KEPT: Final = frozenset({"Accept"})


def following(request: Request, response: Response, settings: RegistrySettings, what: str) -> Request:
    """The request that a redirect asks for.

    Raises:
        ImageError: `RegistryUnavailable` when it leads nowhere usable, `AddressRefused` when it would leave TLS.
    """
    location = response.header("location")
    asked = request.origin
    try:
        url = urljoin(request.url, _ascii(location)) if location else ""
        to = origin.of_url(url)
    except ValueError as error:
        sentence = f"{what}: {asked.authority} redirects to no usable address"
        raise ImageError(Reason.REGISTRY_UNAVAILABLE, sentence) from error
    if not to.secure and (asked.secure or not (to == asked or settings.plain_http(to))):
        sentence = f"{what}: {asked.authority} redirects to plain HTTP, which the settings do not allow"
        raise ImageError(Reason.ADDRESS_REFUSED, sentence)
    headers = {name: value for name, value in request.headers.items() if to == asked or name in _KEPT}
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = request.connection
    if connection is not None and to != asked:
        connection = connection.elsewhere()
    first = request.led_by or asked.authority
    led_by = first if to.authority != first else ""
    return Request(request.method, to, target, headers, connection=connection, led_by=led_by)


def _ascii(location: str) -> str:
    """With what stands for itself in no URL escaped, as browsers do; white space and control characters too."""
    return quote(location.strip(" \t"), safe="%!#$&'()*+,/:;=?@[]~")
