"""HTTP by libcurl, on the event loop: pooled connections, HTTP/1.1 and HTTP/2, each to an address that was checked.

libcurl moves bytes and nothing else: names are looked up here, addresses are judged here, at connecting and again at
every request, and what may be tried again is decided here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import pycurl

from provider import limits
from provider.clock import Clock, Deadline
from provider.observer import Observer
from provider.registry.transport import curl_options
from provider.registry.transport.addresses import AddressBook
from provider.registry.transport.curl_answer import Answer, failure
from provider.registry.transport.proxies import Proxy
from provider.registry.transport.routes import Route, Routes
from provider.registry.transport.transport import (
    BrokenError,
    Cause,
    Request,
    Response,
    SilentError,
    TLSError,
    TransportError,
    UnreachableError,
)
from provider.registry.turns.bounds import open_files

_IDLE_HANDLES: Final = 64
_SWEEP_SECONDS: Final = 0.25
_TLS: Final = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
    }
)


class CurlTransport:
    """See `Transport`; for one event loop.

    Args:
        addresses: looks up and judges where a request may go.
        ca_path: where the authorities are that servers must be certified by; asked before each request.
        clock: the machine's.
        observer: gets reports of what was sent again.
    """

    def __init__(self, addresses: AddressBook, ca_path: Callable[[], str], clock: Clock, observer: Observer) -> None:
        self._routes = Routes(addresses)
        self._ca_path = ca_path
        self._clock = clock
        self._observer = observer
        self._multi: pycurl.AsyncCurlMulti | None = None
        self._idle: list[pycurl.Curl] = []
        self._under_way: dict[asyncio.Future[pycurl.Curl], Answer] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def send(self, request: Request, limit: int, deadline: Deadline) -> Response:
        """See `Transport`."""
        routes = await self._routes.of(request, deadline)
        for number, route in enumerate(routes, start=1):
            try:
                return await self._exchange(request, route, limit, deadline)
            except UnreachableError as error:
                if number == len(routes) or error.cause is Cause.BUDGET:
                    raise
                self._observer.registry_retried(request.origin.authority)
        raise UnreachableError(Cause.NAME)

    async def close(self) -> None:
        """See `Transport`."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        if self._multi is not None:
            await self._multi.aclose()
            self._multi = None
        await self._routes.addresses.resolver.close()

    async def _exchange(self, request: Request, route: Route, limit: int, deadline: Deadline) -> Response:
        seconds = deadline.remaining()
        if seconds <= 0:
            raise SilentError(own=True)
        handle = self._idle.pop() if self._idle else pycurl.Curl()
        answer = Answer(limit, route.peer, self._clock.monotonic(), bodiless=request.method == "HEAD")
        callbacks = curl_options.Callbacks(answer.header, answer.body, answer.socket, answer.request)
        curl_options.apply(handle, request, route, self._ca_path(), seconds, callbacks)
        future = self._begin(handle, answer)
        try:
            await future
        except pycurl.error as error:
            if not answer.enough:
                failed = self._failed(error, answer, seconds, request)
                raise proxied(failed, route.proxy, handle, answer) from error
        except asyncio.CancelledError:
            # libcurl lets go of the handle a moment later, so it is not used again.
            if not isinstance(answer.error, SilentError) or _cancelled():
                raise
            # The exchange was ended, not the task that waited for it.
            raise answer.error from None
        finally:
            self._under_way.pop(future, None)
        # What its callbacks hold is let go of now, not with its next request.
        handle.reset()
        if len(self._idle) < _IDLE_HANDLES:
            self._idle.append(handle)
        return answer.response()

    def _begin(self, handle: pycurl.Curl, answer: Answer) -> asyncio.Future[pycurl.Curl]:
        if self._multi is None:
            self._multi = pycurl.AsyncCurlMulti()
            self._multi.setopt(pycurl.M_MAXCONNECTS, max(1, min(limits.KEPT_CONNECTIONS, open_files() // 4)))
        future: asyncio.Future[pycurl.Curl] = self._multi.add_handle(handle)
        self._under_way[future] = answer
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)
        return future

    def _sweep(self) -> None:
        """End exchanges in which nothing comes any more; libcurl's own watch would end the slow before the silent."""
        now = self._clock.monotonic()
        for future, answer in self._under_way.items():
            if answer.stalled(now) and not future.done():
                answer.error = SilentError(own=False)
                future.cancel()
        self._sweeping = None
        if self._under_way:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    @staticmethod
    def _failed(error: pycurl.error, answer: Answer, seconds: float, request: Request) -> Exception:
        """What libcurl's number means (libcurl-errors)."""
        ours = failure(answer)
        if ours is not None:
            return ours
        code = error.args[0] if error.args else 0
        if code == pycurl.E_COULDNT_CONNECT:
            return UnreachableError(Cause.CONNECTION)
        if code in _TLS:
            return TLSError("TLS failed")
        if code == pycurl.E_OPERATION_TIMEDOUT:
            return _timed_out(answer, seconds, curl_options.connect_seconds(request))
        return BrokenError(_BROKEN.get(code, "the answer was cut short or is no HTTP"))


_BROKEN: Final = {
    pycurl.E_GOT_NOTHING: "it closed the connection without an answer",
    pycurl.E_PARTIAL_FILE: "the answer was cut short",
    pycurl.E_RECV_ERROR: "the connection broke while it answered",
    pycurl.E_SEND_ERROR: "the connection broke while it was asked",
}


def proxied(error: Exception, proxy: Proxy | None, handle: pycurl.Curl, answer: Answer) -> Exception:
    """What failed on the way to a proxy, or at it, is called so; after that it is the host's."""
    if proxy is None or answer.asked:
        return error
    status = handle.getinfo(pycurl.HTTP_CONNECTCODE)
    if status and status not in _PASSED:
        return BrokenError(f"the proxy {proxy} does not let us through (status {status})")
    if isinstance(error, UnreachableError):
        return UnreachableError(error.cause, str(proxy))
    if isinstance(error, BrokenError):
        return BrokenError(f"the proxy {proxy} does not let us through")
    return error


_PASSED: Final = range(200, 300)


def _timed_out(answer: Answer, seconds: float, connect_seconds: float) -> TransportError:
    """Whether a connection had been made, and whose time was over. libcurl's own times do not show it."""
    if not answer.asked:
        return UnreachableError(Cause.TIMEOUT if seconds >= connect_seconds else Cause.BUDGET)
    return SilentError(own=True)


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
