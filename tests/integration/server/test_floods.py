"""Strangers by the hundred: the worker is the same afterwards, and clients are answered all the time."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from provider import limits
from tests.integration.server.conftest import ROOT, STARTS_SECONDS, heard, workers
from tests.integration.server.flood import KINDS

pytestmark = pytest.mark.integration

KEY = "registry.example/app:1"
COUNT = 1500
# More than are let in: who comes pushes out who has taken longest.
WIDTH = 2 * limits.HANDSHAKES + 100


def descriptors(process):
    """The numbers of those that are open."""
    return [int(name.name) for name in Path(f"/proc/{process}/fd").iterdir()]


def leave_descriptors(process, count):
    """No more than so many can be opened."""
    limit = max(descriptors(process)) + count
    resource.prlimit(process, resource.RLIMIT_NOFILE, (limit, limit))


def threads_of(process):
    """How many it has."""
    return len(list(Path(f"/proc/{process}/task").iterdir()))


def soon(holds):
    """Wait until it does."""
    end = time.monotonic() + STARTS_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def flood(port, kind):
    """All of them have come and gone."""
    command = [sys.executable, "-m", "tests.integration.server.flood", str(port), str(COUNT), str(WIDTH), kind]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


@contextlib.contextmanager
def asking(client, ask_anew):
    """Ask all the time, over a connection that is kept and over new ones; yields how many were answered."""
    answered = []
    over = threading.Event()

    def ask():
        while not over.is_set():
            answered.append(set(client.ask(KEY).values))
            answered.append(set(ask_anew().values))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answered
    finally:
        over.set()
        thread.join(20)


@pytest.mark.parametrize("kind", KINDS)
def test_flood_of_strangers_ends_no_worker_and_keeps_no_client_from_being_answered(provider, connect, kind):
    before = workers(provider)

    def ask_anew():
        with contextlib.closing(connect(provider)) as client:
            return client.ask(KEY)

    ask_anew()
    with asking(connect(provider), ask_anew) as answered:
        assert flood(provider.port, kind)
    assert len(answered) >= 2
    assert set(map(frozenset, answered)) == {frozenset({KEY})}
    assert set(ask_anew().values) == {KEY}
    assert workers(provider) == before
    assert len(provider.events("server.started")) == 1
    assert "Traceback" not in provider.log.read_text()


def test_stranger_who_speaks_while_being_pushed_out_ends_no_worker(provider, connect, stranger):
    (worker,) = before = workers(provider)
    used = descriptors(worker)
    strangers = [stranger(provider.port) for _ in range(limits.HANDSHAKES)]
    soon(lambda: len(descriptors(worker)) == len(used) + limits.HANDSHAKES)
    os.kill(worker, signal.SIGSTOP)
    try:
        # All in one turn of its loop, those who come before those who speak.
        newcomers = [stranger(provider.port) for _ in range(20)]
        for each in strangers:
            each.sendall(b"\x16\x03\x01\x02\x00\x01")
    finally:
        os.kill(worker, signal.SIGCONT)
    assert heard(strangers[0]) == b""
    assert set(connect(provider).ask(KEY).values) == {KEY}
    assert workers(provider) == before
    assert heard(newcomers[-1]) == b""


def test_strangers_that_take_every_descriptor_end_no_worker_and_make_room_for_clients(provider, connect, stranger):
    (worker,) = before = workers(provider)
    client = connect(provider)
    client.ask(KEY)
    leave_descriptors(worker, 8)
    strangers = [stranger(provider.port) for _ in range(100)]
    assert set(client.ask(KEY).values) == {KEY}
    assert set(connect(provider).ask(KEY).values) == {KEY}
    strangers[0].settimeout(limits.HANDSHAKE_SECONDS / 2)
    assert heard(strangers[0]) == b""
    assert workers(provider) == before
    assert "Traceback" not in provider.log.read_text()


def test_strangers_on_the_plain_port_that_take_every_descriptor_are_let_go(provider, stranger):
    (worker,) = before = workers(provider)
    leave_descriptors(worker, 8)
    for _ in range(60):
        stranger(provider.plain_port)
    assert provider.plain("/healthz") == (200, "ok\n")
    assert workers(provider) == before


def test_clients_that_hang_up_in_the_middle_end_no_worker(provider, connect, trusting):
    before = workers(provider)
    context = trusting()
    for said in (b"", b"POST", b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"):
        for _ in range(50):
            plain = socket.create_connection(("127.0.0.1", provider.port), timeout=20)
            connection = context.wrap_socket(plain, server_hostname="127.0.0.1")
            connection.sendall(said)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
    assert set(connect(provider).ask(KEY).values) == {KEY}
    assert workers(provider) == before
    assert "Traceback" not in provider.log.read_text()


def test_garbage_in_an_established_connection_ends_only_that(provider, connect, trusting):
    before = workers(provider)
    for said in (b"garbage", b"\x17\x03\x03\x00\x10" + b"\0" * 16, b"\x15\x03\x03\x00\x02\x02\x28"):
        plain = socket.create_connection(("127.0.0.1", provider.port), timeout=20)
        with trusting().wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            socket.socket.sendall(connection, said)
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                assert connection.recv(100) == b""
    assert set(connect(provider).ask(KEY).values) == {KEY}
    assert workers(provider) == before
    assert "Traceback" not in provider.log.read_text()


def test_burst_of_connections_to_the_plain_port_leaves_few_and_keeps_no_probe_waiting(provider):
    (worker,) = workers(provider)
    threads = threads_of(worker)
    with contextlib.ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(socket.create_connection(("127.0.0.1", provider.plain_port), timeout=20))
        assert provider.plain("/healthz") == (200, "ok\n")
        # They are never dropped for what they took: those seconds are not over.
        begun = time.monotonic()
        soon(lambda: threads_of(worker) <= threads + limits.PLAIN_CONNECTIONS)
        assert time.monotonic() - begun < limits.PLAIN_SECONDS / 2
