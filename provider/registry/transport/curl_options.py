"""How a libcurl handle is set before each request: everything that matters, because many defaults are unsafe.

The rules were found by trying; each has a test.

- A proxy is given by its address, too; `NOPROXY` is empty, else the environment would say who needs none.
- The address goes in by `CONNECT_TO`, for any host and port: libcurl never looks up a name, and what it makes of a host
  such as `0x7f.1` does not matter.
- `PROTOCOLS`, else `file://` is read; `PROXY`, else the environment is obeyed; `PATH_AS_IS`, else dots in paths
  collapse; no redirects; no user, no password, no `.netrc`.
- A CR or LF in a header would be another header: refused here.
- HTTP/2 pays only where requests wait for the first connection (`PIPEWAIT`).
- A POST gets a fresh connection: one that has died would have it sent twice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, Final

import pycurl

from provider import limits
from provider.registry.transport.addresses import Address
from provider.registry.transport.connection import HostConnection
from provider.registry.transport.proxies import Proxy
from provider.registry.transport.routes import Route
from provider.registry.transport.transport import BrokenError, Request

_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f]")
_UNSAFE_TARGET: Final = re.compile(r"[^\x21-\x7e]")
_PROTOCOLS: Final = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
_MILLISECOND: Final = 1000
# pycurl has no name for it (curl.h).
_SUPPRESS_CONNECT_HEADERS: Final = 265


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What libcurl calls while it works.

    Attributes:
        header: with each line of a header.
        body: with each piece of the body.
        socket: to open a socket: purpose and address.
        request: before a request is sent: the peer's address, ours, the ports.
    """

    header: Callable[[bytes], int | None]
    body: Callable[[bytes], int | None]
    socket: Callable[[int, Any], object]
    request: Callable[[str, str, int, int], int]


def apply(  # noqa: PLR0913, PLR0917 - all that a handle is set by, in one place
    handle: pycurl.Curl, request: Request, route: Route, ca_path: str, seconds: float, callbacks: Callbacks
) -> None:
    """Set a handle for one request.

    Args:
        handle: idle; nothing of its last request stays.
        request: what to send.
        route: the way there.
        ca_path: PEM file of the authorities that a server must be certified by.
        seconds: for the whole exchange.
        callbacks: see there.

    Raises:
        BrokenError: the request cannot be sent as it is.
    """
    handle.reset()
    set_option = handle.setopt
    set_option(pycurl.URL, _url(request))
    if route.target is not None:
        set_option(pycurl.CONNECT_TO, [f"::{_literal(route.target)}:{request.origin.port}"])
    set_option(pycurl.PROTOCOLS, _PROTOCOLS)
    set_option(pycurl.PROXY, "")
    set_option(pycurl.NOPROXY, "")
    if route.proxy is not None:
        _through(handle, route.proxy, route.peer, ca_path)
    set_option(pycurl.PATH_AS_IS, 1)
    set_option(pycurl.FOLLOWLOCATION, 0)
    set_option(pycurl.NOSIGNAL, 1)
    set_option(pycurl.HTTPHEADER, _headers(request))
    set_option(pycurl.CONNECTTIMEOUT_MS, _milliseconds(min(connect_seconds(request), seconds)))
    set_option(pycurl.TIMEOUT_MS, _milliseconds(seconds))
    set_option(pycurl.MAXAGE_CONN, limits.KEPT_CONNECTION_SECONDS)
    set_option(pycurl.HEADERFUNCTION, callbacks.header)
    set_option(pycurl.WRITEFUNCTION, callbacks.body)
    set_option(pycurl.OPENSOCKETFUNCTION, callbacks.socket)
    set_option(pycurl.PREREQFUNCTION, callbacks.request)
    if request.origin.secure:
        _secure(handle, request.connection, ca_path)
    if request.method == "HEAD":
        set_option(pycurl.NOBODY, 1)
    elif request.method == "POST":
        set_option(pycurl.POSTFIELDS, request.body or b"")
        set_option(pycurl.FRESH_CONNECT, 1)
        set_option(pycurl.FORBID_REUSE, 1)


def _through(handle: pycurl.Curl, proxy: Proxy, peer: Address, ca_path: str) -> None:
    """By a proxy at an address that was looked up here; one that speaks TLS proves its name."""
    host = proxy.host if proxy.scheme == "https" else _literal(peer)
    handle.setopt(pycurl.PROXY, f"{proxy.scheme}://{host}:{proxy.port}")
    if proxy.scheme == "https":
        handle.setopt(pycurl.RESOLVE, [f"{proxy.host}:{proxy.port}:{_literal(peer)}"])
        handle.setopt(pycurl.PROXY_CAINFO, ca_path)
        handle.setopt(pycurl.PROXY_SSL_VERIFYPEER, 1)
        handle.setopt(pycurl.PROXY_SSL_VERIFYHOST, 2)
    # Of its own answers only the last one's status counts, and that libcurl keeps.
    handle.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
    if proxy.username or proxy.password:
        handle.setopt(pycurl.PROXYAUTH, pycurl.HTTPAUTH_BASIC)
        handle.setopt(pycurl.PROXYUSERNAME, proxy.username)
        handle.setopt(pycurl.PROXYPASSWORD, proxy.password)


def _literal(address: Address) -> str:
    return f"[{address}]" if isinstance(address, IPv6Address) else str(address)


def connect_seconds(request: Request) -> float:
    """How long a connection for a request may take."""
    own = request.connection.connect_seconds if request.connection is not None else None
    return limits.CONNECT_SECONDS if own is None else min(own, limits.CONNECT_SECONDS)


def _secure(handle: pycurl.Curl, connection: HostConnection | None, ca_path: str) -> None:
    """Written out although most are the defaults. libcurl never takes a connection made in another way."""
    own = connection or HostConnection()
    handle.setopt(pycurl.CAINFO, own.ca_path() if own.ca_path is not None else ca_path)
    handle.unsetopt(pycurl.CAPATH)
    handle.setopt(pycurl.SSL_VERIFYPEER, 1 if own.verify else 0)
    handle.setopt(pycurl.SSL_VERIFYHOST, 2 if own.verify else 0)
    if own.key_pair is not None:
        handle.setopt(pycurl.SSLCERT, str(own.key_pair.certificate))
        handle.setopt(pycurl.SSLKEY, str(own.key_pair.key))
    handle.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
    handle.setopt(pycurl.PIPEWAIT, 1)


def _url(request: Request) -> str:
    if _UNSAFE_TARGET.search(request.target):
        raise BrokenError("its address has characters that no URL may have")
    return request.url


def _headers(request: Request) -> list[str]:
    # Without an empty Expect libcurl would wait for permission to send a body.
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body is not None:
        lines.append("Expect:")
    if any(_UNSAFE.search(line) for line in lines):
        raise BrokenError("a header has characters that no header may have")
    return lines


def _milliseconds(seconds: float) -> int:
    """At least one, because none means no end."""
    return max(1, math.ceil(seconds * _MILLISECOND))
