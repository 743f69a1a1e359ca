"""The server: gunicorn, embedded, with one worker, for metrics, waits and memory are a process's own."""

from __future__ import annotations

import errno
import gc
import os
import socket
from pathlib import Path
from typing import Any, Final

from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from provider import limits
from provider.server.worker import Application, ProviderWorker, Serving

# A loop that does not turn for so long is stuck, and the worker is replaced.
_STUCK_SECONDS: Final = 30
# How many new objects, and how many younger collections, before the collector looks: Python's own are 700, 10, 10.
_GARBAGE: Final = (20_000, 20, 20)
# In memory, so that a slow disk is not taken for a stuck worker.
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - gunicorn makes its file there safely


class Server(BaseApplication):
    """What `provider.server.worker` needs of its surroundings, as gunicorn wants to have it."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its settings; nothing is read from its own files, flags or variables."""
        settings = self.serving.settings
        chosen = {
            "bind": f"fd://{self.serving.listener.detach()}",
            "workers": 1,
            "worker_class": ProviderWorker,
            "threads": settings.threads,
            "worker_connections": limits.CONNECTIONS,
            "keepalive": max(1, round(settings.keepalive_seconds)),
            "graceful_timeout": max(1, round(settings.drain_seconds)),
            "timeout": _STUCK_SECONDS,
            # The files are read by `provider.server.tls`; named here so that gunicorn knows that it speaks TLS.
            "certfile": str(settings.tls_cert),
            "keyfile": str(settings.tls_key),
            # Nobody stands between: no header tells who a client is, or where the application is.
            "forwarded_allow_ips": "",
            # What is tested, also where another one is installed.
            "http_parser": "python",
            "logger_class": _Logger,
            "proc_name": "bestbefore",
            "control_socket_disable": True,
            "worker_tmp_dir": str(_SHARED_MEMORY) if os.access(_SHARED_MEMORY, os.W_OK) else None,
            "post_worker_init": lambda _worker: self.serving.started(),
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        """The application, built before the fork."""
        return self.serving.app

    def run(self) -> None:
        """Serve until told to stop. Ends by SystemExit: in this process and in the worker's, which is its fork."""
        # What there is now is not going to be garbage: the collector need not look at it, nor unshare its pages.
        gc.freeze()
        # Most of what a question makes is let go of by counting references; looking for cycles every 700 objects would
        # take a fifth of the processor.
        gc.set_threshold(*_GARBAGE)
        _OneWorkerArbiter(self).run()


class _OneWorkerArbiter(Arbiter):
    """Signals that would change the number of workers, or replace the program, do nothing."""

    def handle_hup(self) -> None:
        """Certificates and credentials are read anew when they change; other settings need a restart."""

    handle_ttin = handle_ttou = handle_usr2 = handle_winch = handle_hup


class _Logger(glogging.Logger):
    """gunicorn's lines go where all lines go; there is no access log, for `request.answered` says more."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - as gunicorn has it
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.propagate = True


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; on all addresses of both families where no host is given.

    Raises:
        OSError: the port is taken, or the address is not ours.
    """
    if host:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=limits.BACKLOG)
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=limits.BACKLOG)
        except OSError as error:
            if error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                raise
    return socket.create_server(("", port), backlog=limits.BACKLOG)
