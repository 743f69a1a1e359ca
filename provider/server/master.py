"""The server: gunicorn, embedded, with one worker, for metrics, waits and memory are a process's own."""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from typing import Any, Final

from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from provider import limits
from provider.server.allocation import give_large_blocks_back
from provider.server.restarts import Restarts
from provider.server.worker import Application, ProviderWorker, ServerParts

# A loop that does not turn for so long is stuck, and the worker is replaced.
_STUCK_SECONDS: Final = 30
# How many new objects, and how many younger collections, before the collector looks: Python's own are 700, 10, 10.
_GARBAGE: Final = (20_000, 20, 20)
# In memory, so that a slow disk is not taken for a stuck worker.
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - gunicorn makes its file there safely


class Server(BaseApplication):
    """What `provider.server.worker` needs of its surroundings, as gunicorn wants to have it."""

    def __init__(self, serving: ServerParts) -> None:
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
            # Nobody stands between: no header says who a client is, or where the application is.
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
        """Serve until asked to stop. Ends by SystemExit: in this process and in the worker's, which is its fork."""
        # What there is now is not going to be garbage: the collector need not look at it, nor unshare its pages.
        gc.freeze()
        # Most of what a question makes is let go of by counting references; looking for cycles every 700 objects would
        # take a fifth of the processor.
        gc.set_threshold(*_GARBAGE)
        give_large_blocks_back()
        _OneWorkerArbiter(self).run()


class _OneWorkerArbiter(Arbiter):
    """Signals that would change the number of workers, or replace the program, do nothing.

    A worker that dies at every start is replaced later each time; the arbiter's loop turns once a second.
    """

    def __init__(self, app: Server) -> None:
        self._restarts = Restarts()
        super().__init__(app)

    def manage_workers(self) -> None:
        """Replace the worker that has died, when it is time."""
        missing = len(self.WORKERS) < self.num_workers
        if missing and not self._restarts.may_begin(time.monotonic()):
            return
        if missing:
            self._restarts.begin(time.monotonic())
        super().manage_workers()

    def handle_hup(self) -> None:
        """Certificates and credentials are read anew when they change; other settings need a restart."""

    handle_ttin = handle_ttou = handle_usr2 = handle_winch = handle_hup


class _Logger(glogging.Logger):
    """gunicorn's lines go where all lines go; there is no access log, because `request.answered` says more."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - as gunicorn has it
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.propagate = True
