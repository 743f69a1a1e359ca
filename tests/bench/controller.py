"""What the controller costs: the real program, following logs by a real API server and the rig's kubelet."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from tests.bench import api_requests, process
from tests.bench.admission import binaries
from tests.bench.report import Section, Table
from tests.e2e.rig import accounts, ghost
from tests.e2e.rig import world as worlds
from tests.e2e.rig.control import ACCOUNT, Control, rights, settings
from tests.e2e.rig.ghost import Ghost
from tests.e2e.rig.world import World

_NAMESPACES: Final = 500
_POLICIES: Final = 50
_SINGLE: Final = 20
_BURST: Final = 20_000
_RATE: Final = 100
_RATE_SECONDS: Final = 20
_LOOK_SECONDS: Final = 0.25
_SEEN: Final = "denied_requests_seen_total"


def measure() -> Section:
    """Single denials, a burst, a steady rate, and rest."""
    with (
        tempfile.TemporaryDirectory(prefix="bestbefore-bench-") as name,
        worlds.running(binaries(), Path(name)) as world,
        _controller(world, Path(name)) as (control, pod),
    ):
        requests = _requests(world, control)
        delays = [_delay(control, pod) for _ in range(_SINGLE)]
        at_rest = _memory(control)
        burst = _burst(control, pod)
        steady = _steady(control, pod)
        begun = time.monotonic()
        text = control.metrics()
        scrape = time.monotonic() - begun
        rows = {
            "one denial, until it is in the metrics, p50": [statistics.median(delays) * 1000, "ms"],
            "the same, longest of 20": [max(delays) * 1000, "ms"],
            f"{_BURST:,} lines at once": [_BURST / burst[0], "lines a second"],
            "the same, processor": [burst[1] / _BURST * 1_000_000, "µs a line"],
            f"{_RATE} denials a second, processor": [steady, "% of one"],
            "memory before": [at_rest, "MiB"],
            f"memory after, {_NAMESPACES} namespaces, {_POLICIES} policies": [_memory(control), "MiB"],
            "series of the exposition": [_series(text), ""],
            "the exposition": [len(text) / 2**20, "MiB"],
            "the same, a scrape": [scrape * 1000, "ms"],
            "requests to the API server at rest": [requests, "a minute"],
        }
        return Section([Table("The controller", ["figure", "unit"], rows)])


@contextmanager
def _controller(world: World, folder: Path) -> Iterator[tuple[Control, Ghost]]:
    """A controller that does not run yet, and one Pod of Gatekeeper whose log it will follow."""
    namespace = world.namespace({})
    accounts.grant(world.client, rights(namespace))
    kubeconfig = accounts.kubeconfig(world.server, namespace, ACCOUNT, folder / "account")
    control = Control(kubeconfig, settings(namespace, folder), folder / "state", world.logs)
    pod = ghost.appear(world.node, namespace)
    try:
        yield control, pod
    finally:
        control.stop()
        pod.close()


def _delay(control: Control, pod: Ghost) -> float:
    """Seconds from the line of a denial to its being in the metrics."""
    begun = time.monotonic()
    pod.deny()
    while control.total(_SEEN) < len(pod.sent):
        pass
    return time.monotonic() - begun


def _burst(control: Control, pod: Ghost) -> tuple[float, float]:
    """Seconds that many lines took, and seconds of processor."""
    lines = [line for number in range(_BURST) for line in _lines(pod, number)]
    processor, begun = _processor(control), time.monotonic()
    pod.write(lines)
    while control.total(_SEEN) < len(pod.sent):
        # Not more often: a scrape costs the controller more than many lines.
        time.sleep(_LOOK_SECONDS)
    return time.monotonic() - begun, _processor(control) - processor


def _steady(control: Control, pod: Ghost) -> float:
    """The share of one processor that a steady rate of denials takes, in per cent."""
    processor, begun = _processor(control), time.monotonic()
    for number in range(_RATE * _RATE_SECONDS):
        pod.write(_lines(pod, number))
        time.sleep(max(0.0, begun + number / _RATE - time.monotonic()))
    return (_processor(control) - processor) / (time.monotonic() - begun) * 100


def _lines(pod: Ghost, number: int) -> list[bytes]:
    policy, namespace = f"policy-{number // _NAMESPACES % _POLICIES}", f"team-{number % _NAMESPACES}"
    owner = {"kind": "ReplicaSet", "name": f"web-{number % (2 * _NAMESPACES)}"}
    return pod.lines(1, owner=owner, policy=policy, resource_namespace=namespace, constraint_name=policy)


def _requests(world: World, control: Control) -> float:
    """How many more requests the API server has in a minute because of the controller; nothing is denied."""
    without = api_requests.in_a_minute(world)
    control.start()
    return api_requests.in_a_minute(world) - without


def _series(text: str) -> int:
    families = text_string_to_metric_families(text)
    return sum(len(family.samples) for family in families)


def _memory(control: Control) -> float:
    return process.memory_mib(_pid(control))


def _processor(control: Control) -> float:
    return process.processor_seconds(_pid(control))


def _pid(control: Control) -> int:
    assert control.program is not None
    return control.program.process.pid
