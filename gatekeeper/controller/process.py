"""`bestbefore control`: from settings to a process that runs."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading

from gatekeeper.cluster.cluster import Cluster, connect
from gatekeeper.cluster.errors import NoClusterError
from gatekeeper.controller.assembly import assemble
from gatekeeper.controller.controller import Controller
from gatekeeper.controller.plain_pages import pages
from gatekeeper.controller.settings import ControllerSettings
from provider.clock import Clock, SystemClock
from provider.errors import SettingsError
from provider.server.listening import listen, problem
from provider.server.plain_port import PlainServer
from provider.settings.values import Address
from provider.telemetry.events import Event
from provider.telemetry.log import Log

_STOPPED, _BAD_SETTINGS = 0, 2


def run(settings: ControllerSettings) -> int:
    """Run the controller until it is asked to stop.

    What is wrong with a file or an address is written to the standard error, every problem at once.

    Returns:
        The exit code: 0 after a clean stop, 2 for settings that cannot be used.
    """
    clock = SystemClock()
    log = Log(sys.stdout, settings.log.log_level, settings.log.log_format, clock, name="controller")
    log.take_over(logging.getLogger())
    log.info(Event.CONFIG_LOADED, "settings read", **_shown(settings))
    try:
        listener, cluster = _surroundings(settings)
    except SettingsError as error:
        print("\n".join(f"error: {problem}" for problem in error.problems), file=sys.stderr)  # noqa: T201 - for a person
        return _BAD_SETTINGS
    return _serve(assemble(settings, cluster, log, clock), listener, log, clock)


def _serve(controller: Controller, listener: socket.socket, log: Log, clock: Clock) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    host, port = listener.getsockname()[:2]
    PlainServer(listener, pages(controller.exposition, controller.unhealthy, controller.unready), clock).start()
    log.info(Event.SERVER_STARTED, "the controller runs", metrics_listen=str(Address(host, port)))
    controller.run(stop)
    log.info(Event.SERVER_STOPPED, "stopped", code=_STOPPED)
    return _STOPPED


def _surroundings(settings: ControllerSettings) -> tuple[socket.socket, Cluster]:
    problems, found = [], None
    try:
        found = connect(settings.cluster.kubeconfig)
    except NoClusterError as error:
        problems.append(f"kubeconfig: {error.message}")
    state = settings.state.state_dir
    if state is not None and not state.is_dir():
        problems.append(f"state_dir: {state} is no directory")
    address = settings.server.metrics_listen
    try:
        listener = listen(address.host, address.port)
    except OSError as error:
        problems.append(problem("metrics_listen", address, error))
    if problems or found is None:
        raise SettingsError(problems)
    return listener, found


def _shown(settings: ControllerSettings) -> dict[str, object]:
    """All settings, for the log: none of them is a secret."""
    groups = (
        settings.server,
        settings.cluster,
        settings.denials,
        settings.checks,
        settings.policies,
        settings.trust_roots,
        settings.certificates,
        settings.forecast,
        settings.state,
        settings.log,
    )
    return {name: value for group in groups for name, value in vars(group).items()}
