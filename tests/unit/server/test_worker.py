"""The worker's loop: what strangers do to their connections ends those, and nothing else."""

from __future__ import annotations

import errno
import json
import logging
import ssl
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidHeader, InvalidResponseHeader

from provider import limits
from provider.server import worker as worker_module
from provider.server.worker import ProviderWorker
from tests.simulators.clock import FakeClock

READABLE = 1


class SocketSimulator:
    """A connection, or a listener with connections that wait.

    Attributes:
        error: what the next handshake fails with; without one it succeeds.
        handshakes: how many steps there were.
        waiting: what `accept` returns, or raises.
    """

    def __init__(self, descriptor, error=None):
        self.descriptor = descriptor
        self.error = error
        self.handshakes = 0
        self.waiting = []

    def fileno(self):
        return self.descriptor

    def close(self):
        self.descriptor = -1

    def accept(self):
        first = self.waiting.pop(0)
        if isinstance(first, Exception):
            raise first
        return first, ("192.0.2.1", 50_000)

    def do_handshake(self):
        self.handshakes += 1
        if self.error:
            raise self.error

    def getsockname(self):
        return "192.0.2.2", 8443

    def setblocking(self, flag):
        pass

    def recv(self, size):
        raise AssertionError("the loop reads nothing")


class PollerSimulator:
    """Registrations as `selectors` keeps them, and turns that a test makes up."""

    def __init__(self):
        self.keys = {}
        self.turn = []
        self.full = False

    def get_map(self):
        return self.keys

    def register(self, socket, events, data=None):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        descriptor = self._descriptor(socket)
        assert descriptor not in self.keys
        self.keys[descriptor] = SimpleNamespace(fileobj=socket, fd=descriptor, events=events, data=data)

    def modify(self, socket, events, data=None):
        self.unregister(socket)
        self.register(socket, events, data)

    def unregister(self, socket):
        del self.keys[self._descriptor(socket)]

    def select(self, timeout=None):
        """What a test said happened: registrations of that moment, in that order."""
        happened = [(self.keys[self._descriptor(socket)], READABLE) for socket in self.turn]
        self.turn = []
        return happened

    def _descriptor(self, socket):
        if socket.fileno() < 0:
            raise ValueError("Invalid file descriptor: -1")
        return socket.fileno()


class Loop:
    """A worker whose system is simulated."""

    def __init__(self):
        self.clock = FakeClock()
        self.listener = SocketSimulator(3)
        self.refusals = []
        self.problem = None
        observation = SimpleNamespace(handshake_refused=lambda *told: self.refusals.append(told))
        tls = SimpleNamespace(context=self._context)
        serving = SimpleNamespace(tls=tls, observation=observation, draining=lambda: None, stopped=lambda: None)
        app = SimpleNamespace(serving=serving)
        self.worker = ProviderWorker(1, 0, [self.listener], app, 1, Config(), logging.getLogger("worker"))
        self.worker.tmp.close()
        self.worker.poller = self.poller = PollerSimulator()
        self.worker.set_accept_enabled(True)

    def comes(self, *strangers):
        """They are accepted, one a turn."""
        for stranger in strangers:
            self.listener.waiting.append(stranger)
            self.turn(self.listener)

    def turn(self, *sockets):
        """Something happens to each of them, at the same time."""
        self.poller.turn = list(sockets)
        self.worker.wait_for_and_dispatch_events(1.0)

    def _context(self):
        if self.problem:
            raise self.problem
        return SimpleNamespace(wrap_socket=lambda socket, **_: taken_over(socket))


def taken_over(socket):
    """What TLS makes of a socket: another one, with its descriptor."""
    secured = SocketSimulator(socket.descriptor, socket.error)
    socket.secured = secured
    return secured


@pytest.fixture
def loop(monkeypatch):
    loop = Loop()
    monkeypatch.setattr(worker_module, "time", SimpleNamespace(monotonic=loop.clock.monotonic))
    return loop


def test_event_of_a_stranger_who_was_pushed_out_in_the_same_turn_is_nothing(loop, monkeypatch):
    monkeypatch.setattr(limits, "HANDSHAKES", 1)
    first, second = SocketSimulator(10), SocketSimulator(11)
    loop.comes(first)
    loop.listener.waiting.append(second)
    loop.turn(loop.listener, first.secured)
    assert first.secured.fileno() == -1
    assert (first.secured.handshakes, second.secured.fileno()) == (0, 11)
    assert loop.worker.nr_conns == 1
    assert [cause for cause, _, _ in loop.refusals] == ["silent"]


def test_event_of_a_descriptor_is_not_that_of_its_next_owner(loop, monkeypatch):
    monkeypatch.setattr(limits, "HANDSHAKES", 1)
    first, second, third = SocketSimulator(10), SocketSimulator(11), SocketSimulator(10)
    loop.comes(first)
    stale = loop.poller.keys[10]
    loop.comes(second)
    loop.comes(third)
    loop.poller.select = lambda _: [(stale, READABLE)]
    loop.worker.wait_for_and_dispatch_events(1.0)
    assert (first.secured.handshakes, third.secured.handshakes) == (0, 0)
    assert third.secured.fileno() == 10


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ssl.SSLError(1, "no certificate"), "tls"),
        (ssl.SSLEOFError(8, "EOF"), "tls"),
        (ConnectionResetError(), "reset"),
        (OSError(errno.ENOTCONN, "not connected"), "reset"),
        (OSError(errno.EBADF, "bad file descriptor"), "reset"),
    ],
)
def test_handshake_that_fails_ends_its_connection_and_is_told(loop, error, cause):
    stranger = SocketSimulator(10, error)
    loop.comes(stranger)
    loop.turn(stranger.secured)
    assert stranger.secured.fileno() == -1
    assert [told for told, _, _ in loop.refusals] == [cause]
    assert (loop.worker.nr_conns, list(loop.poller.keys)) == (0, [3])


def test_fault_of_ours_costs_one_connection_and_is_logged(loop, caplog):
    stranger, client = SocketSimulator(10, RuntimeError("a bug")), SocketSimulator(11)
    loop.comes(stranger, client)
    loop.turn(stranger.secured, client.secured)
    assert stranger.secured.fileno() == -1
    assert client.secured.handshakes == 1
    assert loop.worker.nr_conns == 1
    assert "a bug" in caplog.text


@pytest.mark.parametrize("error", [errno.ECONNABORTED, errno.EAGAIN, errno.EPROTO])
def test_stranger_who_is_gone_before_being_accepted_is_nothing(loop, error):
    loop.comes(OSError(error, "gone"))
    assert loop.worker.nr_conns == 0
    assert list(loop.poller.keys) == [3]


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_without_a_descriptor_nobody_is_accepted_for_a_moment(loop, error):
    loop.comes(OSError(error, "none left"))
    assert loop.poller.keys == {}
    loop.worker.set_accept_enabled(True)
    assert loop.poller.keys == {}
    loop.clock.advance(limits.ACCEPT_PAUSE_SECONDS)
    loop.worker.set_accept_enabled(True)
    assert list(loop.poller.keys) == [3]


def test_without_a_descriptor_the_stranger_who_has_taken_longest_makes_room(loop):
    first, second, client = SocketSimulator(10), SocketSimulator(11), SocketSimulator(10)
    loop.comes(first, second, OSError(errno.EMFILE, "none left"), client)
    assert (first.secured.fileno(), second.secured.fileno(), client.secured.fileno()) == (-1, 11, 10)


def test_connection_that_cannot_be_watched_is_closed(loop):
    stranger = SocketSimulator(10)
    loop.listener.waiting.append(stranger)
    loop.poller.turn = [loop.listener]
    loop.poller.full = True
    loop.worker.wait_for_and_dispatch_events(1.0)
    assert stranger.secured.fileno() == -1
    assert loop.worker.nr_conns == 0


def test_descriptor_of_a_connection_that_tls_does_not_take_is_closed(loop):
    loop.problem = ssl.SSLError(1, "no context")
    stranger = SocketSimulator(10)
    loop.comes(stranger)
    assert (stranger.fileno(), loop.worker.nr_conns) == (-1, 0)


def test_fault_of_ours_at_accepting_is_logged_and_nobody_is_accepted_for_a_moment(loop, caplog):
    loop.problem = ValueError("a bug")
    stranger = SocketSimulator(10)
    loop.comes(stranger)
    assert (stranger.fileno(), loop.poller.keys) == (-1, {})
    assert "a bug" in caplog.text


@pytest.fixture
def client(loop):
    """Whose handshake is done."""
    client = SocketSimulator(10)
    loop.comes(client)
    loop.turn(client.secured)
    (connection,) = loop.worker.pending_conns
    return connection


def test_request_for_which_there_is_no_thread_at_all_ends_its_connection(loop, client, monkeypatch):
    def full(*_):
        raise RuntimeError("can't start new thread")

    loop.worker.tpool = SimpleNamespace(submit=full)
    loop.turn(client.sock)
    assert client.closed
    assert (loop.worker.nr_conns, list(loop.worker.pending_conns), list(loop.poller.keys)) == (0, [], [3])
    # It may have been queued all the same.
    assert loop.worker.handle(client) is False


def test_connection_that_cannot_be_kept_is_counted_once(loop, client):
    loop.worker.tpool = SimpleNamespace(submit=lambda *_: SimpleNamespace(add_done_callback=lambda _: None))
    loop.turn(client.sock)
    loop.poller.full = True
    loop.worker.finish_request(client, SimpleNamespace(cancelled=lambda: False, result=lambda: True))
    loop.worker.murder_keepalived(force=True)
    assert client.closed
    assert (loop.worker.nr_conns, list(loop.worker.keepalived_conns)) == (0, [])


def test_connection_that_is_gone_can_be_closed_politely(loop, client):
    def gone(_):
        raise OSError(errno.EBADF, "bad file descriptor")

    client.sock.setblocking = gone
    client.close(graceful=True)
    client.close(graceful=True)
    assert client.sock.fileno() == -1


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (InvalidHeader("a secret"), b"400 Bad Request", False),
        (InvalidResponseHeader("one of ours"), b"500 Internal Server Error", True),
        (ZeroDivisionError("a bug"), b"500 Internal Server Error", True),
    ],
)
def test_what_is_the_clients_fault_is_told_to_it_and_what_is_ours_to_the_log(loop, caplog, error, status, told):
    written = []
    loop.worker.handle_error(None, SimpleNamespace(sendall=written.append), ("192.0.2.1", 50_000), error)
    (answer,) = written
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert set(json.loads(body)) == {"error"}
    assert (str(error) in caplog.text) is told
