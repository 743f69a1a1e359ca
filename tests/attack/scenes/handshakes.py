"""Strangers: whoever reaches the port, without a certificate."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from provider import limits
from tests.attack import bounds
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.neighbour import Latencies
from tests.attack.provider import Provider
from tests.attack.stage import Stage

_A_SECOND: Final = 300
_SECONDS: Final = 8
_SILENT: Final = 400
_CHURN_SECONDS: Final = 4
_BURST: Final = 60
# TLS for "no more": an alert (RFC 8446, section 6.1).
_GOOD_BYE: Final = b"\x15\x03\x03\x00\x02\x01\x00"


def _flood(port: int) -> int:
    """Handshakes by a timetable, for some seconds, each of which ends without a certificate; how many were begun."""
    context, begun = _context(), time.monotonic()
    strangers: deque[ssl.SSLSocket] = deque()
    count = 0
    while (now := time.monotonic()) < begun + _SECONDS:
        if now < begun + count / _A_SECOND:
            time.sleep(0.001)
            continue
        count += 1
        strangers.extend(_greeted(context, port))
        if len(strangers) > limits.HANDSHAKES:
            _finish(strangers.popleft())
    while strangers:
        _finish(strangers.popleft())
    return count


def _churn(port: int) -> int:
    """As many greet as are let in at a time; then, in bursts, as many greet as hang up who greeted first.

    Who has been there for longest is dropped for each that comes: just when it says something.
    """
    greeting, begun = _greeting(), time.monotonic()
    strangers: deque[socket.socket] = deque()
    count = 0
    while time.monotonic() < begun + _CHURN_SECONDS:
        for _ in range(_BURST):
            count += 1
            with contextlib.suppress(OSError):
                stranger = socket.create_connection(("127.0.0.1", port), timeout=1)
                stranger.sendall(greeting)
                strangers.append(stranger)
            if len(strangers) > limits.HANDSHAKES:
                with contextlib.suppress(OSError), strangers.popleft() as oldest:
                    oldest.sendall(_GOOD_BYE)
        time.sleep(max(0.0, begun + count / _A_SECOND - time.monotonic()))
    for stranger in strangers:
        stranger.close()
    return count


def _greeting() -> bytes:
    """A client's first bytes."""
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        _context().wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _greeted(context: ssl.SSLContext, port: int) -> list[ssl.SSLSocket]:
    """One more that has said its greeting, unless none is let in any more."""
    try:
        plain = socket.create_connection(("127.0.0.1", port), timeout=1)
    except OSError:
        return []
    plain.setblocking(False)
    stranger = context.wrap_socket(plain, do_handshake_on_connect=False)
    with contextlib.suppress(OSError):
        stranger.do_handshake()
    return [stranger]


def _finish(stranger: ssl.SSLSocket) -> None:
    """Say the rest, which lacks a certificate, and go away."""
    with contextlib.suppress(OSError), stranger:
        stranger.do_handshake()
        stranger.recv(100)


def _in_time(seen: Latencies) -> Check:
    limit = bounds.wait("/validate") * 1000
    held = seen.longest <= limit and not seen.failures
    failed = f", {len(seen.failures)} without a value" if seen.failures else ""
    return Check(f"a client's slowest of {len(seen.milliseconds)} answers {seen.longest:.0f} ms{failed}", held)


def _attacked(flood: Callable[[int], int]) -> Callable[[Stage], Outcome]:
    """The worker and a client, beside it."""

    def run(stage: Stage) -> Outcome:
        provider = stage.provider()
        neighbour = stage.neighbour(provider)
        worker, begun = provider.workers()[0], time.monotonic()
        count = flood(provider.port)
        seconds = time.monotonic() - begun
        return outcome(
            Check(f"{count / seconds:.0f} handshakes a second for {seconds:.0f} s"),
            _same(worker, provider),
            _in_time(neighbour.during(begun, begun + seconds)),
        )

    return run


def _same(worker: int, provider: Provider) -> Check:
    same = provider.workers()[:1] == [worker]
    return Check("worker the same" if same else "worker another one", same)


def _silent(stage: Stage) -> Outcome:
    provider = stage.provider()
    neighbour = stage.neighbour(provider)
    worker, begun = provider.workers()[0], time.monotonic()
    strangers = [socket.create_connection(("127.0.0.1", provider.port), timeout=5) for _ in range(_SILENT)]
    for half in strangers[::2]:
        half.sendall(b"\x16\x03\x01\x02\x00\x01")
    time.sleep(4)
    dropped = sum(_dropped(stranger) for stranger in strangers)
    for stranger in strangers:
        stranger.close()
    return outcome(
        Check(f"{dropped} dropped within 4 s", dropped == _SILENT),
        _same(worker, provider),
        _in_time(neighbour.during(begun, time.monotonic())),
    )


def _dropped(stranger: socket.socket) -> bool:
    stranger.settimeout(0.2)
    try:
        return stranger.recv(100) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


SCENE: Final = Scene(
    "handshakes",
    "strangers without a certificate",
    (
        Attack(
            f"{_A_SECOND} TLS handshakes a second without a certificate, a second long each, for {_SECONDS} s",
            "the worker goes on, and a client is answered in time",
            _attacked(_flood),
        ),
        Attack(
            f"{_A_SECOND} a second in bursts, while those who came first hang up, for {_CHURN_SECONDS} s",
            "likewise",
            _attacked(_churn),
        ),
        Attack(
            f"{_SILENT} connections that say nothing, or half a greeting",
            "all are dropped after 3 s; the worker goes on, and a client is answered in time",
            _silent,
        ),
    ),
)
