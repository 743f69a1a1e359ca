"""Registries on sockets: the simulator, and go-containerregistry's own."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import time

import pytest

from provider.clock import Deadline, SystemClock
from provider.observer import NullObserver
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.credentials import NoCredentials
from provider.registry.settings import RegistrySettings
from tests.programs import program
from tests.simulators.registry import RegistrySimulator


@pytest.fixture
def call():
    return Call(Deadline.after(SystemClock(), 20))


@pytest.fixture
def registry():
    return RegistrySimulator()


@pytest.fixture
def make_client():
    """Clients whose connections are closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(transport=None, **settings):
            client = RegistryClient(
                RegistrySettings(**settings),
                SystemClock(),
                transport=transport,
                credentials=NoCredentials(),
                observer=NullObserver(),
            )
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture(scope="session")
def real_registry():
    """`127.0.0.1:PORT` of go-containerregistry's registry."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [program("registry"), "-port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(port, process)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(port, process):
    for _ in range(500):
        assert process.poll() is None, "the registry does not start"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    pytest.fail("the registry does not listen")


def copy(world: RegistrySimulator, address: str) -> None:
    """Push everything that is in a simulator to a real registry."""
    host, _, port = address.rpartition(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection:
        for kind, repository, name, body in world.documents():
            if kind == "blobs":
                answer = send(connection, "POST", f"/v2/{repository}/blobs/uploads/", b"")
                where = answer.headers["Location"]
                send(connection, "PUT", f"{where}{'&' if '?' in where else '?'}digest={name}", body)
            else:
                send(connection, "PUT", f"/v2/{repository}/manifests/{name}", body, {"Content-Type": kind})


def send(connection, method, target, body, headers=None):
    connection.request(method, target, body, headers or {})
    answer = connection.getresponse()
    answer.read()
    assert answer.status < 300, (method, target, answer.status)
    return answer
