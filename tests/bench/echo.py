"""`python -m tests.bench.echo CERT KEY CLIENT_CA PORT`: Flask that says what it hears, on the provider's own server.

What an answer costs beside this is what the provider adds to TLS, HTTP, gunicorn and Flask. At `/as-long-as/BYTES` it
says as many bytes whatever it hears, for an answer is longer than its question.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from flask import Flask, request

from provider.clock import SystemClock
from provider.questions.endpoint import Endpoint
from provider.server.listening import listen
from provider.server.master import Server
from provider.server.tls import ServerTLS, TLSFiles
from provider.server.worker import ServerParts
from provider.settings.model import ServerSettings
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from provider.telemetry.metrics import Metrics
from provider.telemetry.observation import Observation

_JSON: Final = {"Content-Type": "application/json"}


@cache
def _bytes(size: int) -> bytes:
    return b" " * size


def as_long_as(size: int) -> tuple[bytes, Mapping[str, str]]:
    """So many bytes, made once; the question is read all the same."""
    request.get_data()
    return _bytes(size), _JSON


def main(certificate: str, key: str, client_ca: str, port: str) -> None:
    """Serve until told to stop."""
    files = TLSFiles(Path(certificate), Path(key), Path(client_ca))
    clock = SystemClock()
    log = Log(sys.stdout, LogLevel.ERROR, LogFormat.JSON, clock)
    observation = Observation(Metrics(dict.fromkeys(Endpoint, 0.0), set()), log, clock)
    settings = ServerSettings(tls_cert=files.certificate, tls_key=files.key, client_ca=files.client_ca)
    app = Flask(__name__)
    app.post("/")(lambda: (request.get_data(), _JSON))
    app.post("/as-long-as/<int:size>")(as_long_as)
    listener = listen("127.0.0.1", int(port))
    nothing = type(None)
    Server(
        ServerParts(app, listener, ServerTLS(files, observation), observation, settings, nothing, nothing, nothing)
    ).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
