"""A provider that runs as a program of its own, and a client that speaks to it as Gatekeeper does."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from provider.server.tls import TLSFiles
from tests.simulators.certificates import Authority
from tests.simulators.gatekeeper import Answer, body

STARTS_SECONDS = 20.0
ROOT = Path(__file__).parents[3]


class Provider:
    """A running server.

    Attributes:
        port, plain_port: on 127.0.0.1.
        log: the file with its lines.
    """

    def __init__(
        self, files: TLSFiles, folder: Path, *flags: str, program: Sequence[str] = ("-m", "tests.simulators.serve")
    ) -> None:
        self.files = files
        self.log = folder / "provider.log"
        self._folder = folder
        command = [sys.executable, *program, "--listen", "127.0.0.1:0"]
        command += ["--metrics-listen", "127.0.0.1:0", "--tls-cert", str(files.certificate)]
        command += ["--tls-key", str(files.key), "--client-ca", str(files.client_ca), *flags]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=self._environment()
            )
        started = self.await_event("server.started")
        self.port = int(started["listen"].rpartition(":")[2])
        self.plain_port = int(started["metrics_listen"].rpartition(":")[2])

    def events(self, name: str) -> list[dict[str, str]]:
        text = self.log.read_text()
        # A line that is begun is none yet.
        whole = text[: text.rfind("\n") + 1]
        lines = (json.loads(line) for line in whole.splitlines() if line.startswith("{"))
        return [line for line in lines if line["event"] == name]

    def await_event(self, name: str, count: int = 1) -> dict[str, str]:
        end = time.monotonic() + STARTS_SECONDS
        while len(events := self.events(name)) < count:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)
        return events[-1]

    def plain(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def stop(self) -> int:
        """Tell it to stop, and wait for its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()

    @staticmethod
    def _environment() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("BESTBEFORE_")}


class Client:
    """Gatekeeper: TLS 1.3, a client certificate, one connection that is kept."""

    def __init__(self, provider: Provider, context: ssl.SSLContext) -> None:
        self.connection = http.client.HTTPSConnection("127.0.0.1", provider.port, context=context, timeout=20)

    def ask(self, *keys: str, path: str = "/validate") -> Answer:
        status, content = self.send(body(*keys), path)
        assert status == 200
        return Answer(content)

    def send(self, content: bytes, path: str = "/validate") -> tuple[int, bytes]:
        self.connection.request("POST", path, content, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        self.connection.close()


def heard(connection: socket.socket) -> bytes:
    """What the other side says next; nothing when it hangs up."""
    try:
        return connection.recv(10_000)
    except ConnectionResetError:
        return b""


def workers(provider: Provider) -> list[int]:
    """The processes that the server has made."""
    pid = provider.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def module_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("provider")


@pytest.fixture(scope="module")
def shared_provider(authority, module_folder) -> Iterator[Provider]:
    """One that the tests of a module share, because they do it no harm."""
    provider = Provider(authority.server(module_folder), module_folder)
    yield provider
    provider.close()


@pytest.fixture
def provider(authority, tmp_path) -> Iterator[Provider]:
    """One of the test's own."""
    provider = Provider(authority.server(tmp_path), tmp_path)
    yield provider
    provider.close()


@pytest.fixture(scope="session")
def trusting(authority, tmp_path_factory):
    """Makes a client's TLS context; by default Gatekeeper's."""
    folder = tmp_path_factory.mktemp("client")

    def make(*, certified_by: Authority | None = authority) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=authority.pem.decode())
        if certified_by:
            context.load_cert_chain(*certified_by.client(folder))
        return context

    return make


@pytest.fixture
def connect(trusting):
    """Makes clients of a provider, and closes them."""
    with contextlib.ExitStack() as stack:

        def make(provider: Provider, context: ssl.SSLContext | None = None) -> Client:
            return stack.enter_context(contextlib.closing(Client(provider, context or trusting())))

        yield make


@pytest.fixture
def stranger():
    """Opens TCP connections that say nothing, and closes them."""
    with contextlib.ExitStack() as stack:

        def make(port: int) -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))

        yield make
