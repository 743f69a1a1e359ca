"""How the server starts and stops."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.integration.server.conftest import ROOT, Provider, workers

pytestmark = pytest.mark.integration

KEY = "registry.example/app:1"
# The server, whose first two workers end as one does whose event loop has ended. The first argument is a file.
ENDING = """
import os, sys
from provider.server.worker import ProviderWorker
from tests.simulators.serve import main

def run(worker):
    with open(sys.argv[1], "a+b") as ended:
        if ended.tell() < 2:
            ended.write(b".")
            ended.flush()
            os._exit(1)
    whole(worker)

whole, ProviderWorker.run = ProviderWorker.run, run
sys.exit(main(sys.argv[2:]))
"""


def start(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.simulators.serve", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def tls_flags(files) -> list[str]:
    return ["--tls-cert", str(files.certificate), "--tls-key", str(files.key), "--client-ca", str(files.client_ca)]


def refuses(port: int, within: float) -> bool:
    """Whether new connections are refused soon."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return True
        time.sleep(0.02)
    return False


def test_stop_is_clean(provider):
    assert provider.stop() == 0
    assert provider.events("server.draining")
    assert provider.events("server.stopped")
    assert provider.events("line.written") == []


def test_stop_finishes_what_was_asked(provider, connect):
    client = connect(provider)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(client.ask("registry.example/app-held-1:1")))
    thread.start()
    while "requests_in_progress 1.0" not in provider.plain("/metrics")[1]:
        time.sleep(0.01)
    assert provider.stop() == 0
    thread.join(10)
    assert len(answers[0].values) == 1


def test_store_is_left_once_when_everything_has_its_answer(provider, connect):
    client = connect(provider)
    thread = threading.Thread(target=lambda: client.ask("registry.example/app-held-1:1"))
    thread.start()
    while "requests_in_progress 1.0" not in provider.plain("/metrics")[1]:
        time.sleep(0.01)
    assert provider.stop() == 0
    thread.join(10)
    told = [
        line for line in provider.log.read_text().splitlines() if "store.left" in line or "request.answered" in line
    ]
    assert [json.loads(line)["event"] for line in told] == ["request.answered", "store.left"]


def test_provider_that_is_told_to_stop_is_not_ready_and_takes_no_new_connection(provider, connect):
    slow = connect(provider)
    thread = threading.Thread(target=lambda: slow.ask("registry.example/app-held-2:1"))
    thread.start()
    while "requests_in_progress 1.0" not in provider.plain("/metrics")[1]:
        time.sleep(0.01)
    provider.process.send_signal(signal.SIGTERM)
    provider.await_event("server.draining")
    assert provider.plain("/readyz") == (503, "draining\n")
    assert provider.plain("/healthz")[0] == 200
    assert refuses(provider.port, within=1.5)
    assert thread.is_alive()
    thread.join(10)
    assert provider.process.wait(20) == 0


def test_silent_connections_do_not_hold_up_a_stop(provider, connect, stranger):
    stranger(provider.port)
    connect(provider).ask(KEY)
    begun = time.monotonic()
    assert provider.stop() == 0
    assert time.monotonic() - begun < 8


# By the system, which was out of memory; by itself, with the exit code 1 (gunicorn's own for this signal, and that of
# a worker whose event loop has ended).
@pytest.mark.parametrize(
    ("death", "told"), [(signal.SIGKILL, "was sent SIGKILL"), (signal.SIGABRT, "exited with code 1")]
)
def test_worker_that_died_is_replaced_with_all_its_ports(provider, connect, death, told):
    kept = connect(provider)
    kept.ask(KEY)
    for deaths in (1, 2):
        (worker,) = workers(provider)
        os.kill(worker, death)
        provider.await_event("server.started", deaths + 1)
        assert workers(provider) != [worker]
        assert set(connect(provider).ask(KEY).values) == {KEY}
        assert provider.plain("/healthz") == (200, "ok\n")
        assert provider.plain("/readyz") == (200, "ok\n")
        # The new one's own.
        assert 'bestbefore_requests_total{endpoint="validate",outcome="complete"} 1.0' in provider.plain("/metrics")[1]
    assert provider.log.read_text().count(told) == 2
    assert provider.stop() == 0


def test_worker_that_ends_itself_at_once_is_replaced(authority, connect, tmp_path):
    """Whatever has ended in it, the next one may be luckier: the server does not give up."""
    provider = Provider(authority.server(tmp_path), tmp_path, program=["-c", ENDING, str(tmp_path / "ended")])
    try:
        provider.await_event("server.started", 3)
        assert set(connect(provider).ask(KEY).values) == {KEY}
        assert provider.plain("/readyz") == (200, "ok\n")
        assert provider.log.read_text().count("exited with code 1") == 2
    finally:
        provider.close()


def test_worker_whose_event_loop_ended_is_replaced(provider, connect):
    """Without a loop nothing can be looked up; a probe would notice after a while, the worker itself at once."""
    (worker,) = workers(provider)
    with pytest.raises((OSError, http.client.HTTPException)):
        connect(provider).ask("registry.example/app-dies:1")
    provider.await_event("server.started", 2)
    assert provider.events("loop.ended")
    assert set(connect(provider).ask(KEY).values) == {KEY}
    assert workers(provider) != [worker]


@pytest.mark.parametrize("unwanted", [signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR2])
def test_there_is_one_worker_whatever_the_signal(provider, connect, unwanted):
    provider.process.send_signal(unwanted)
    time.sleep(0.2)
    assert set(connect(provider).ask(KEY).values) == {KEY}
    assert len(workers(provider)) == 1
    assert provider.stop() == 0


def test_everything_that_keeps_it_from_starting_is_told_at_once(authority, tmp_path):
    files = authority.server(tmp_path)
    files.key.write_bytes(b"broken")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = start("--listen", address, "--metrics-listen", address, *tls_flags(files))
    assert ended.returncode == 2
    errors = ended.stderr.splitlines()
    assert errors == [
        f"error: tls_key: {files.key} is not the unencrypted private key of the certificate in {files.certificate}",
        f"error: listen: cannot listen on {address}: Address already in use",
        f"error: metrics_listen: cannot listen on {address}: Address already in use",
    ]
    assert "Traceback" not in ended.stdout


def test_address_that_is_not_ours_is_told(authority, tmp_path):
    ended = start(
        "--listen", "203.0.113.9:0", "--metrics-listen", "127.0.0.1:0", *tls_flags(authority.server(tmp_path))
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: listen: cannot listen on 203.0.113.9:0: ")


def test_all_addresses_of_both_families_are_listened_on_where_none_is_named(authority, tmp_path):
    provider = Provider(authority.server(tmp_path), tmp_path, "--metrics-listen", ":0")
    try:
        connection = http.client.HTTPConnection("localhost", provider.plain_port, timeout=10)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        provider.close()
