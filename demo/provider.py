"""The real provider, `bestbefore serve`, as a process of its own, and the connection that Gatekeeper has to it."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from tests.e2e.rig.certificates import Pair

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05
_TAIL_LINES: Final = 15
# `timeout` of the Provider object.
_GATEKEEPER_SECONDS: Final = 2.0


class ProviderError(Exception):
    """The provider did not start, or did not stop well; the message has the end of its log."""


class UnreachableError(Exception):
    """Gatekeeper got no answer; the message is what it would tell the template."""


@dataclass
class Provider:
    """A provider on a free port.

    Attributes:
        pair: its certificate, beside that of the authority that clients must be certified by.
        folder: for its log.
        options: of `bestbefore serve`, beside those for its addresses and certificates.
        port: where it listens on 127.0.0.1, 0 before it runs.
    """

    pair: Pair
    folder: Path
    options: Sequence[str]
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it and wait until it says that it is ready.

        Raises:
            ProviderError: it ended, or was not ready in time.
        """
        with self._log.open("wb") as log:
            # Not in our process group, so that Ctrl-C reaches it through `stop` only.
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + _START_SECONDS
        while not (started := self._started()):
            if self._process.poll() is not None:
                raise ProviderError(f"the provider ended with {self._process.returncode}:\n{self._tail()}")
            if time.monotonic() > end:
                raise ProviderError(f"the provider was not ready after {_START_SECONDS:g} s:\n{self._tail()}")
            time.sleep(_POLL_SECONDS)
        self.port = int(str(started["listen"]).rpartition(":")[2])

    def stop(self) -> int:
        """Stop it, if it runs, as Kubernetes would; gives its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        try:
            return process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    @property
    def command(self) -> list[str]:
        """The words that start it."""
        return [
            *(sys.executable, "-m", "gatekeeper.cli", "serve", "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0"),
            f"--tls-cert={self.pair.certificate}",
            f"--tls-key={self.pair.key}",
            f"--client-ca={self.pair.authority}",
            "--log-format=json",
            *self.options,
        ]

    @property
    def _log(self) -> Path:
        return self.folder / "provider.log"

    def _started(self) -> dict[str, Any] | None:
        for line in self._log.read_text(encoding="utf-8", errors="replace").splitlines():
            if '"server.started"' in line and line.endswith("}"):
                return dict(json.loads(line))
        return None

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])


@dataclass(frozen=True)
class Connection:
    """What Gatekeeper knows of a provider.

    Attributes:
        port: of the provider, on 127.0.0.1.
        authority: PEM file that the provider's certificate is checked against (`caBundle`).
        client: Gatekeeper's own certificate; None for a stranger without one.
    """

    port: int
    authority: Path
    client: Pair | None

    def ask(self, keys: Sequence[str]) -> dict[str, Any]:
        """Send a ProviderRequest, as Gatekeeper does at admission; gives `response` of what comes back.

        Raises:
            UnreachableError: nothing usable came back.
        """
        request = {
            "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
            "kind": "ProviderRequest",
            "request": {"keys": list(keys)},
        }
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=_GATEKEEPER_SECONDS, context=self._context()
        )
        try:
            connection.request("POST", "/validate", json.dumps(request), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"failed to send external data request: {_sentence(error)}") from error
        finally:
            connection.close()
        if answer.status != HTTPStatus.OK:
            raise UnreachableError(f"failed to send external data request: status {answer.status}")
        try:
            return dict(json.loads(body)["response"])
        except (ValueError, KeyError, TypeError) as error:
            raise UnreachableError("failed to unmarshal external data response") from error

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if self.client is not None:
            context.load_cert_chain(self.client.certificate, self.client.key)
        return context


def _sentence(error: Exception) -> str:
    """What the system says, without Python's decoration: `tlsv13 alert certificate required`."""
    if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
        return "the provider hung up"
    said = str(getattr(error, "strerror", None) or error)
    return re.sub(r"\[[^]]*\] | \(_ssl[^)]*\)", "", said).lower() or type(error).__name__
