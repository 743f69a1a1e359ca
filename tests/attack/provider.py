"""The real provider: `bestbefore serve` of this checkout, behind mutual TLS."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from tests.attack.meter import Meter, children
from tests.e2e.rig import processes
from tests.e2e.rig.certificates import Pair
from tests.e2e.rig.processes import Program
from tests.ports import free_port

# As the installed command does; of this checkout, for its folder comes first.
_MAIN: Final = "from gatekeeper.cli.main import main; main()"
_START_SECONDS: Final = 30.0
_READY_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 0.5
_IDLE_LOOKS: Final = 2
_STARTED: Final = "server.started"
_INTERNAL: Final = re.compile(r'"reason":\s*"Internal"')
_TRACEBACK: Final = "Traceback (most recent call last)"


@dataclass
class Provider:
    """A running provider, and what nobody expects of it.

    Attributes:
        pair: its certificate.
        flags: beside those for TLS and addresses.
        folder: of its log.
        prefix: words before its command, for a limit of the system.
        killed: how often a scene ends its worker.
        port, metrics_port: on 127.0.0.1.
    """

    pair: Pair
    flags: Sequence[str]
    folder: Path
    prefix: Sequence[str] = ()
    killed: int = 0
    port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    _program: Program | None = None
    _meter: Meter | None = None
    _worker: int = 0
    _code: int | None = None

    def start(self) -> Provider:
        """Start it and wait until it is ready."""
        command = [
            *self.prefix,
            *(sys.executable, "-c", _MAIN, "serve"),
            f"--listen=127.0.0.1:{self.port}",
            f"--tls-cert={self.pair.certificate}",
            f"--tls-key={self.pair.key}",
            f"--client-ca={self.pair.authority}",
            f"--metrics-listen=127.0.0.1:{self.metrics_port}",
            "--log-format=json",
            *self.flags,
        ]
        environment = {name: "" for name in os.environ if name.startswith("BESTBEFORE_")}
        self._program = processes.start(f"provider-{self.port}", command, self.folder, environment)
        processes.wait_until(self.ready, "ready provider", _START_SECONDS, self._program)
        self._worker = self.workers()[0]
        self._meter = Meter(self.pid, self.process.kill)
        return self

    @property
    def process(self) -> Any:
        """Its process, the worker's parent."""
        assert self._program is not None
        return self._program.process

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return int(self.process.pid)

    @property
    def meter(self) -> Meter:
        """What it costs."""
        assert self._meter is not None
        return self._meter

    def workers(self) -> list[int]:
        """Processes that it has started: the worker first."""
        return children(self.pid)

    def log(self) -> str:
        """All that it has written."""
        assert self._program is not None
        return self._program.output()

    def events(self, name: str) -> Iterator[dict[str, Any]]:
        """Lines of its log with an event."""
        for line in self.log().splitlines():
            if f'"{name}"' in line:
                fields = json.loads(line)
                if fields.get("event") == name:
                    yield fields

    def plain(self, path: str) -> int:
        """Status of a path on the plain port; 0 for no answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=2) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def ready(self) -> bool:
        """Whether questions may be sent to it."""
        return self.plain("/readyz") == HTTPStatus.OK and processes.listening(self.port)

    def await_ready(self) -> None:
        """Wait until it is ready again, for a few seconds."""
        processes.wait_until(self.ready, "provider that is ready again", _READY_SECONDS)

    def await_idle(self, seconds: float) -> None:
        """Wait until it computes next to nothing for a while, so long at most."""
        end, quiet = time.monotonic() + seconds, 0
        while quiet < _IDLE_LOOKS and time.monotonic() < end:
            before = self.meter.processor_seconds()
            time.sleep(_IDLE_SECONDS)
            # A busy machine lets it compute little, too; what does nothing computes less.
            quiet = quiet + 1 if self.meter.processor_seconds() - before <= _IDLE_SECONDS / 50 else 0

    def terminate(self) -> None:
        """Tell it to stop, and go on."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Stop it and return its exit code."""
        if self._code is None and self._program is not None:
            if self._meter is not None:
                self._meter.close()
            self._code = self._program.stop()
        return self._code or 0

    def surprises(self) -> list[str]:
        """What nobody expects, after it was stopped, whatever the attack."""
        log = self.log()
        found = []
        restarts = sum(1 for _ in self.events(_STARTED)) - 1
        if restarts > self.killed:
            found.append(f"**the worker ended {restarts - self.killed} times**")
        elif self._code:
            found.append(f"**the provider ended with {self._code}**")
        if tracebacks := log.count(_TRACEBACK):
            found.append(f"**{tracebacks} tracebacks in its log**")
        if internal := _INTERNAL.findall(log):
            found.append(f"**{len(internal)} times `Internal`**")
        return found
