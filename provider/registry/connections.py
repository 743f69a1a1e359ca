"""HTTP over pooled connections, each to an address that was checked.

urllib3 speaks HTTP; what is our own is whom we connect to and an end to every wait. The interpreter lock is what bounds
cold throughput, and urllib3 without requests costs a third of the processor time a request.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from http.client import RemoteDisconnected
from ipaddress import IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import certifi
import urllib3
import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from provider import limits
from provider.errors import SettingsError
from provider.registry.transport import Request, Response, TooLargeError, UnreachableError

if TYPE_CHECKING:
    from provider.clock import Deadline
    from provider.observer import Observer
    from provider.registry.addresses import Address, AddressBook
    from provider.registry.origin import Origin

_CHUNK: Final = 64 * limits.KIB
_OK: Final = range(200, 300)


class _Budget(threading.local):
    """The deadline of the exchange that this thread is having."""

    deadline: Deadline | None = None

    def seconds(self) -> float:
        """How long the next wait for the peer may be.

        Raises:
            TimeoutError: nothing is left.
        """
        if self.deadline is None:
            return limits.READ_SECONDS
        left = min(limits.READ_SECONDS, self.deadline.remaining())
        if left <= 0:
            raise TimeoutError("the time of the exchange is over")
        return left


class _PlainSocket(socket.socket):
    """A socket whose every read ends with the exchange: a peer that drips bytes cannot prolong it."""

    budget: _Budget | None = None

    def recv_into(self, *args: Any, **kwargs: Any) -> int:  # noqa: ANN401 - handed on as it came
        if self.budget is not None:
            self.settimeout(self.budget.seconds())
        return super().recv_into(*args, **kwargs)


class _TLSSocket(ssl.SSLSocket):
    """The same under TLS."""

    budget: _Budget | None = None

    def recv_into(self, *args: Any, **kwargs: Any) -> int:  # noqa: ANN401 - handed on as it came
        if self.budget is not None:
            self.settimeout(self.budget.seconds())
        return super().recv_into(*args, **kwargs)


Dial = Callable[[], socket.socket]


class _PlainConnection(HTTPConnection):
    def __init__(self, *args: Any, dial: Dial, budget: _Budget, **kwargs: Any) -> None:  # noqa: ANN401 - handed on as it came
        super().__init__(*args, **kwargs)
        self._dial, self._budget = dial, budget

    def _new_conn(self) -> socket.socket:
        return self._dial()


class _TLSConnection(HTTPSConnection):
    def __init__(self, *args: Any, dial: Dial, budget: _Budget, **kwargs: Any) -> None:  # noqa: ANN401 - handed on as it came
        super().__init__(*args, **kwargs)
        self._dial, self._budget = dial, budget

    def _new_conn(self) -> socket.socket:
        return self._dial()

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, _TLSSocket):
            self.sock.budget = self._budget


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class PooledTransport:
    """Keeps connections open and gives each exchange an end."""

    def __init__(self, addresses: AddressBook, context: Callable[[], ssl.SSLContext], observer: Observer) -> None:
        self._addresses = addresses
        self._make_context = context
        self._context: ssl.SSLContext | None = None
        self._observer = observer
        self._budget = _Budget()
        self._lock = threading.Lock()
        self._pools: OrderedDict[Origin, urllib3.HTTPConnectionPool] = OrderedDict()

    def send(self, request: Request, limit: int, deadline: Deadline) -> Response:
        """See `Transport`."""
        self._budget.deadline = deadline
        try:
            return self._send(request, limit)
        except urllib3.exceptions.ProtocolError as error:
            if request.method == "POST" or not _was_idle(error) or deadline.passed():
                raise
            # The peer closed a connection that we had kept: nothing of the request was answered, and asking is safe.
            self._observer.registry_retried(request.origin.authority)
            return self._send(request, limit)
        finally:
            self._budget.deadline = None

    def close(self) -> None:
        """See `Transport`."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _send(self, request: Request, limit: int) -> Response:
        response = self._pool(request.origin).urlopen(
            request.method,
            request.target,
            body=request.body,
            headers=request.headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            timeout=self._timeout(),
        )
        try:
            body = b"" if request.method == "HEAD" else _body(response, limit)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return Response(response.status, response.headers, body)

    def _timeout(self) -> urllib3.Timeout:
        left = self._budget.seconds()
        return urllib3.Timeout(connect=min(limits.CONNECT_SECONDS, left), read=left)

    def _pool(self, where: Origin) -> urllib3.HTTPConnectionPool:
        with self._lock:
            pool = self._pools.get(where)
            if pool is None:
                pool = self._pools[where] = self._new_pool(where)
                if len(self._pools) > limits.CONNECTION_POOLS:
                    self._pools.popitem(last=False)[1].close()
            self._pools.move_to_end(where)
            return pool

    def _new_pool(self, where: Origin) -> urllib3.HTTPConnectionPool:
        common: dict[str, Any] = {
            "maxsize": limits.REGISTRY_REQUESTS,
            "block": False,
            "dial": lambda: self._dial(where),
            "budget": self._budget,
        }
        if not where.secure:
            return _PlainPool(where.host, where.port, **common)
        if self._context is None:
            self._context = self._make_context()
            self._context.sslsocket_class = _TLSSocket
        return _TLSPool(where.host, where.port, ssl_context=self._context, **common)

    def _dial(self, where: Origin) -> socket.socket:
        deadline = self._budget.deadline
        if deadline is None:  # pragma: no cover - connections are made within `send` only
            raise UnreachableError("timeout")
        failure = "name"
        for address in self._look_up(where, deadline)[: limits.ADDRESSES_TRIED]:
            try:
                return self._connect(address, where.port)
            except TimeoutError:
                failure = "timeout"
            except OSError:
                failure = "connection"
        raise UnreachableError(failure)

    def _look_up(self, where: Origin, deadline: Deadline) -> Sequence[Address]:
        try:
            return self._addresses.addresses(where, deadline)
        except TimeoutError as error:
            raise UnreachableError("timeout") from error
        except OSError as error:
            raise UnreachableError("name") from error

    def _connect(self, address: Address, port: int) -> socket.socket:
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        connection = _PlainSocket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(min(limits.CONNECT_SECONDS, self._budget.seconds()))
            connection.connect((str(address), port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connection.close()
            raise
        connection.budget = self._budget
        return connection


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """How registries must prove themselves; written out although most are the defaults.

    Raises:
        SettingsError: the file with certificate authorities cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    if not context.get_ca_certs() and not ca_file:
        context.load_verify_locations(certifi.where())
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError([f"ca_file {ca_file}: no readable PEM file of certificates"]) from error
    return context


def _body(response: urllib3.BaseHTTPResponse, limit: int) -> bytes:
    succeeded = response.status in _OK
    if sum(len(name) + len(value) for name, value in response.headers.items()) > limits.HEADER_BYTES:
        raise TooLargeError(limits.HEADER_BYTES)
    if not succeeded:
        return _beginning(response)
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLargeError(limit)
    chunks: list[bytes] = []
    size = 0
    for chunk in response.stream(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > limit:
            raise TooLargeError(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _beginning(response: urllib3.BaseHTTPResponse) -> bytes:
    """The start of an error's text; a longer rest is not worth the connection."""
    text = response.read(limits.ERROR_BYTES, decode_content=False)
    if response.read(1, decode_content=False):
        response.close()
    return text


def _was_idle(error: urllib3.exceptions.ProtocolError) -> bool:
    cause = error.args[1] if len(error.args) > 1 else None
    return isinstance(cause, RemoteDisconnected | ConnectionResetError | BrokenPipeError)
