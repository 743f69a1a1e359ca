"""Logs of Pods by way of an API server: what it answers, how streams end, and that a follower holds out."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatekeeper.cluster import access, limits
from gatekeeper.cluster.client import LightkubeApi
from gatekeeper.cluster.cluster import Cluster
from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterUnavailableError,
    ObjectAbsentError,
    ObjectInvalidError,
)
from gatekeeper.cluster.pod_logs import ApiPodLogs, ContainerLog, LogPart, LogStream
from gatekeeper.denials.logs.follower import GatekeeperLogs
from gatekeeper.denials.source import GapCause, LogGap
from provider.clock import SystemClock
from tests.simulators.api_server import ApiAnswer, ApiRequest, ApiServer
from tests.simulators.cluster import stamp
from tests.simulators.sources import HealthSimulator, SinkSimulator

pytestmark = pytest.mark.integration

PATH = "/api/v1/namespaces/gatekeeper-system/pods/gk/log"
LOG = ContainerLog("gatekeeper-system", "gk", "manager")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(tmp_path) as running:
        yield running


@pytest.fixture
def logs(server: ApiServer) -> Iterator[ApiPodLogs]:
    reader = ApiPodLogs(access.find(server.kubeconfig))
    yield reader
    reader.close()


def line(tenths: int, text: str = "") -> bytes:
    return f"{stamp(tenths)} {text or tenths}\n".encode()


def texts(stream: LogStream) -> list[str]:
    try:
        return [each.text for each in stream.lines()]
    finally:
        stream.close()


def test_log_is_asked_for_as_the_api_has_it(server, logs):
    server.answers[PATH] = lambda _: ApiAnswer.text(line(1, "a"), line(2, "b"))
    assert texts(logs.open(LOG, LogPart(since="2026-11-30T08:00:00Z", previous=True))) == ["a", "b"]
    texts(logs.open(LOG, LogPart(follow=True)))
    texts(logs.open(LOG, LogPart(tail=1)))
    common = {"container": "manager", "timestamps": "true"}
    assert [request.query for request in server.requests] == [
        {**common, "sinceTime": "2026-11-30T08:00:00Z", "previous": "true"},
        {**common, "follow": "true"},
        {**common, "tailLines": "1"},
    ]


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (ApiAnswer.error(403, 'pods "gk" is forbidden'), AccessDeniedError, '403 pods "gk" is forbidden'),
        (ApiAnswer.text(b"404 page not found\n", status=404), ObjectAbsentError, "404 404 page not found"),
        (ApiAnswer.error(404, 'pods "n9" not found'), ObjectAbsentError, '404 pods "n9" not found'),
        (ApiAnswer.error(400, "previous terminated container not found"), ObjectInvalidError, "400 previous"),
        (ApiAnswer.error(422, "sinceTime"), ObjectInvalidError, "422 sinceTime"),
        (ApiAnswer.text(status=204), ObjectInvalidError, "the Pod has no node yet"),
        (ApiAnswer.error(500, "dial tcp 10.0.0.1:10250: connect: refused"), ClusterUnavailableError, "500 dial tcp"),
        (ApiAnswer.text(b"\x00\xff" * 40_000, status=500), ClusterUnavailableError, "500"),
        (ApiAnswer.text(b"[" * 40_000, status=500), ClusterUnavailableError, "500 [[["),
    ],
)
def test_log_that_is_not_given_is_one_of_our_errors(server, logs, answer, error, said):
    server.answers[PATH] = lambda _: answer
    with pytest.raises(error) as caught:
        logs.open(LOG, LogPart())
    assert caught.value.message.startswith(f"read the log of Pod gatekeeper-system/gk: {said}")
    assert len(caught.value.message) < 400


def test_token_that_was_replaced_is_read_again(server, logs):
    server.answers[PATH] = lambda _: ApiAnswer.text(line(1, "a"))
    server.rotate("second")
    assert texts(logs.open(LOG, LogPart())) == ["a"]


def test_token_that_cannot_be_read_is_said_without_it(server, logs):
    server.token_file.unlink()
    with pytest.raises(AccessDeniedError, match="no token for"):
        logs.open(LOG, LogPart())


def test_server_that_is_away_is_unavailable(tmp_path):
    with ApiServer(tmp_path) as gone:
        pass
    with pytest.raises(ClusterUnavailableError, match="no answer"):
        ApiPodLogs(access.find(gone.kubeconfig)).open(LOG, LogPart())


def test_line_comes_when_it_is_written_and_not_when_a_block_is_full(server, logs):
    lines: queue.Queue[bytes] = queue.Queue()
    server.answers[PATH] = lambda _: server.following([line(1, "first")], lambda: _next(lines))
    stream = logs.open(LOG, LogPart(follow=True))
    found = stream.lines()
    assert next(found).text == "first"
    lines.put(line(2, "second"))
    assert next(found).text == "second"
    stream.interrupt()
    stream.close()


def test_thread_that_waits_for_a_line_is_free_at_once_when_it_is_interrupted(server, logs):
    server.answers[PATH] = lambda _: server.following([line(1)], lambda: _next(queue.Queue()))
    stream = logs.open(LOG, LogPart(follow=True))
    began, ended = threading.Event(), threading.Event()

    def read() -> None:
        for _ in stream.lines():
            began.set()
        stream.close()
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    assert began.wait(10)
    stream.interrupt()
    assert ended.wait(10)


def test_stream_that_breaks_is_a_stream_that_ends(server, logs):
    broken = threading.Event()

    def more() -> bytes:
        if broken.is_set():
            server.disconnect()
        broken.set()
        return line(2)

    server.answers[PATH] = lambda _: server.following([line(1)], more)
    assert texts(logs.open(LOG, LogPart(follow=True)))[:2] == ["1", "2"]


def test_dead_peer_is_left_after_a_silence(server, monkeypatch):
    monkeypatch.setattr(limits, "LOG_SILENCE_SECONDS", 0.2)
    server.answers[PATH] = lambda _: server.following([line(1)], lambda: _next(queue.Queue()))
    reader = ApiPodLogs(access.find(server.kubeconfig))
    assert texts(reader.open(LOG, LogPart(follow=True))) == ["1"]
    reader.close()


def test_line_of_a_megabyte_costs_a_line_and_no_more(server, logs):
    long = f"{stamp(1)} {'x' * (1 << 20)}\n".encode()
    server.answers[PATH] = lambda _: ApiAnswer.text(long, line(2, "next"))
    stream = logs.open(LOG, LogPart())
    found = list(stream.lines())
    stream.close()
    assert [(each.text, each.whole) for each in found] == [("", False), ("next", True)]


class Node:
    """A node that keeps the log of one container, and lets go of its readers now and then."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._lock = threading.Condition()
        self._lines: list[tuple[str, bytes]] = []
        self._attempt = 0
        self._previous: list[tuple[str, bytes]] | None = None
        self._connections = 0
        metadata = {"name": "gk", "namespace": "gatekeeper-system", "uid": "uid-gk"}
        pods = ApiAnswer.of({"items": [{"metadata": metadata}]})
        server.answers["/api/v1/namespaces/gatekeeper-system/pods"] = lambda _: pods
        server.answers[PATH] = self.answer

    def write(self, tenths: int) -> None:
        with self._lock:
            self._lines.append((stamp(tenths), line(tenths)))
            self._lock.notify_all()

    def rotate(self) -> None:
        with self._lock:
            self._lines = []

    def restart(self) -> None:
        with self._lock:
            self._previous, self._lines = self._lines, []
            self._attempt += 1
            self._lock.notify_all()

    def break_off(self) -> None:
        with self._lock:
            self._connections += 1
            self._lock.notify_all()

    def answer(self, request: ApiRequest) -> ApiAnswer:
        since = request.query.get("sinceTime", "")[:19]
        with self._lock:
            if "previous" in request.query and self._previous is None:
                return ApiAnswer.error(400, "previous terminated container not found")
            lines = self._previous if "previous" in request.query else self._lines
            chosen = [text for written, text in lines or [] if written[:19] >= since]
            if "follow" not in request.query:
                return ApiAnswer.text(*chosen)
            return ApiAnswer(200, self._follow(chosen, self._lines, self._connections), "text/plain")

    def _follow(self, chosen: list[bytes], lines: list[tuple[str, bytes]], connection: int) -> Iterator[bytes]:
        yield from chosen
        read = len(lines)
        while True:
            with self._lock:
                while len(lines) == read and not self._is_over(lines, connection):
                    self._lock.wait(timeout=10)
                new, over = lines[read:], self._is_over(lines, connection)
            for _, text in new:
                yield text
            read += len(new)
            if over:
                return

    def _is_over(self, lines: list[tuple[str, bytes]], connection: int) -> bool:
        return lines is not self._lines or self._connections != connection


@pytest.fixture
def follow(server: ApiServer, logs: ApiPodLogs) -> Iterator[Callable[[SinkSimulator], None]]:
    """Follows the Pods of the server until the end of the test."""
    api, stop = LightkubeApi(access.find(server.kubeconfig)), threading.Event()
    health, threads = HealthSimulator(), []

    def begin(sink: SinkSimulator) -> None:
        source = GatekeeperLogs(Cluster(api, logs), "gatekeeper-system", health, SystemClock(), ("uid-gk",))
        threads.append(threading.Thread(target=source.run, args=(sink, stop)))
        threads[-1].start()

    yield begin
    stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    api.close()


def test_each_line_comes_once_over_breaks_and_restarts(server, follow):
    node, sink = Node(server), SinkSimulator()
    follow(sink)
    for n in range(1, 61):
        node.write(n)
        if n % 10 == 3:
            node.break_off()
        if n in {20, 40}:
            sink.wait(lambda n=n: str(n) in sink.texts)
            node.restart()
    sink.wait(lambda: "60" in sink.texts)
    assert sorted(map(int, sink.texts)) == list(range(1, 61))
    assert sink.gaps == []


def test_rotation_that_nobody_saw_is_a_gap(server, follow):
    node, sink = Node(server), SinkSimulator({"uid-gk": stamp(1)})
    node.write(50)
    follow(sink)
    sink.wait(lambda: "50" in sink.texts)
    assert sink.gaps == [LogGap("uid-gk", GapCause.ROTATED)]


def _next(lines: queue.Queue[bytes]) -> bytes:
    try:
        return lines.get(timeout=0.05)
    except queue.Empty:
        return b""
