"""What goes wrong around the controller, with counted figures: denials sent, seen, counted twice (0), lost (and why).

A Pod whose log the test writes plays Gatekeeper's, in a namespace of its own, where the real one denies too slowly.
"""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.e2e.rig import accounts, ghost, objects
from tests.e2e.rig.control import ACCOUNT, Control, rights, series_of, settings
from tests.e2e.rig.ghost import Ghost
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.prometheus import Prometheus, Target
from tests.e2e.rig.world import World
from tests.integration.chart.account_rights import AccountRight
from tests.ports import free_port
from tests.programs import missing
from tests.simulators import denials

_SECONDS = 30.0
_BURST = 5_000
_PIECE = 100
_PAGE_BYTES = 4_096
_DISK_BYTES = 16 * _PAGE_BYTES


@dataclass(frozen=True)
class Counts:
    """What a controller has counted.

    Attributes:
        seen: denied requests.
        violations: images that were denied.
        gaps: by cause.
    """

    seen: int
    violations: int
    gaps: Mapping[str, int]


@dataclass
class Scene:
    """Ghosts of Gatekeeper in a namespace of their own, and a controller that may read their logs.

    Attributes:
        gatekeeper: the namespace.
        control: not started.
        figures: takes lines that are printed after the run.
    """

    world: World
    gatekeeper: str
    control: Control
    figures: Callable[[str], None]
    ghosts: list[Ghost] = field(default_factory=list)

    def appear(self) -> Ghost:
        """A new Pod of Gatekeeper's."""
        self.ghosts.append(ghost.appear(self.world.node, self.gatekeeper))
        return self.ghosts[-1]

    @property
    def sent(self) -> int:
        """Denied requests that were written."""
        return sum(len(ghost.sent) for ghost in self.ghosts)

    def seen(self) -> int:
        """Denied requests that the controller has counted."""
        return self.counts().seen

    def counts(self) -> Counts:
        """What the controller has counted, of one moment; nothing while it has no Lease."""
        text = self.control.metrics()
        gaps = {labels["cause"]: int(n) for labels, n in series_of(text, "denial_log_gaps_total") if n}
        seen, violations = (
            int(sum(value for _, value in series_of(text, name)))
            for name in ("denied_requests_seen_total", "admission_violations_total")
        )
        return Counts(seen, violations, gaps)

    def expect(self, what: str, lost: int = 0, gaps: dict[str, int] | None = None) -> None:
        """All that was sent is seen but what is lost; nothing is counted twice, and what is lost has its cause."""
        wanted, found = self.sent - lost, self.counts()

        def all_counted() -> bool:
            nonlocal found
            found = self.counts()
            return min(found.seen, found.violations) >= wanted

        try:
            wait_until(all_counted, "denials", _SECONDS)
        finally:
            seen, twice = found.seen, max(0, found.seen - wanted)
            self.figures(f"{what}: sent {self.sent}, seen {seen}, twice {twice}, lost {self.sent - seen} {found.gaps}")
        assert found == Counts(wanted, wanted, gaps or {})


@pytest.fixture
def scene(cluster: World, tmp_path: Path, figures: Callable[[str], None]) -> Iterator[Scene]:
    """A controller that does not run yet, and no Pods."""
    namespace = cluster.namespace({})
    accounts.grant(cluster.client, rights(namespace))
    kubeconfig = accounts.kubeconfig(cluster.server, namespace, ACCOUNT, tmp_path / "account")
    name = objects.unique("control")
    options = ["--coverage=false", "--audit=false", "--events=false"]
    control = Control(kubeconfig, settings(namespace, tmp_path), tmp_path / "state", cluster.logs, name, options)
    scene = Scene(cluster, namespace, control, figures)
    yield scene
    control.stop()
    for one in scene.ghosts:
        one.close()


@pytest.fixture
def prometheus(scene: Scene, tmp_path: Path) -> Iterator[Prometheus]:
    """Will scrape the controller."""
    target = Target("bestbefore-controller", f"127.0.0.1:{scene.control.port}")
    prometheus = Prometheus(tmp_path / "prometheus", scene.world.logs, [target])
    yield prometheus
    prometheus.stop()


def test_log_rotates_during_a_burst(scene: Scene) -> None:
    ghost = scene.appear()
    scene.control.start()
    lines = ghost.lines(_BURST)
    for number in range(0, _BURST, _PIECE):
        if number in (1_500, 3_500):
            # A kubelet rotates after 10 MiB at the earliest, so whoever follows has come to the present file.
            wait_until(lambda: scene.seen() == number, "lines of the present file", _SECONDS)  # noqa: B023
        ghost.write(lines[number : number + _PIECE])
        if number in (1_500, 3_500):
            ghost.log.rotate()
    scene.expect("burst with two rotations")


def test_rotation_while_the_kubelet_is_away_loses_lines_and_says_so(scene: Scene) -> None:
    ghost = scene.appear()
    scene.control.start()
    ghost.deny(50)
    scene.expect("before the kubelet goes")
    scene.world.node.stop()
    try:
        ghost.deny(30)
        ghost.log.rotate()
        ghost.deny(20)
    finally:
        scene.world.node.start()
    scene.expect("rotation while nobody reads", lost=30, gaps={"rotated": 1})


def test_lines_that_are_none_harm_no_neighbour(scene: Scene) -> None:
    ghost = scene.appear()
    scene.control.start()
    whole = denials.text().encode()
    ghost.deny(10)
    ghost.write([whole[: len(whole) // 2], whole[len(whole) // 2 :], b"\xff\xfe" + whole[2:], b"x" * 1_000_000])
    ghost.write([b"http: TLS handshake error from 10.0.0.1:4711: EOF", b'{"event_type":"violation"', b"{" * 10_000])
    ghost.deny(10)
    (line,) = ghost.lines(1)
    ghost.write([b"2026-11-30T08:00:00.000Z\tINFO\twebhook\tdenied admission: a\tb\t" + line])
    ghost.write([b"2026-11-30T08:00:00.000Z\tINFO\twebhook\tdenied admission: a line", b"break\t" + ghost.lines(1)[0]])
    ghost.log.write_raw(b"a line that no container runtime writes\n")
    ghost.deny(10)
    scene.expect("nonsense between", gaps={"too_long": 1})
    outcomes = {labels["outcome"]: value for labels, value in scene.control.series("denial_lines_total")}
    assert outcomes["unreadable"] == 3
    assert outcomes["repeated"] == 0


def test_pods_restart_come_and_go(scene: Scene) -> None:
    ghost = scene.appear()
    ghost.deny(5)  # before anybody counts: left alone
    ghost.sent.clear()
    scene.control.start()
    ghost.deny(100)
    ghost.restart()
    ghost.deny(100)
    scene.expect("a restart")
    second, third = scene.appear(), scene.appear()
    for one in (ghost, second, third):
        one.deny(100)
    scene.expect("scaled up")
    third.deny(50)
    scene.expect("before it is scaled down")
    third.remove()
    ghost.deny(50)
    second.restart()
    second.deny(50)
    scene.expect("scaled down")


def test_killed_at_any_moment_it_goes_on_where_it_was_and_no_counter_goes_back(
    scene: Scene, prometheus: Prometheus
) -> None:
    ghost = scene.appear()
    scene.control.start()
    prometheus.start()
    with _writing(ghost):
        prometheus.wait_for("bestbefore_denied_requests_seen_total > 100")
        for _ in range(4):
            time.sleep(random.uniform(0.2, 1.5))
            scene.control.kill()
            scene.control.start()
    scene.expect("killed four times")
    prometheus.wait_for(f"sum(bestbefore_denied_requests_seen_total) == {scene.sent}")
    prometheus.stop()
    prometheus.start()
    ghost.deny(10)
    prometheus.wait_for(f"sum(bestbefore_denied_requests_seen_total) == {scene.sent}")
    assert prometheus.value("sum(resets(bestbefore_denied_requests_seen_total[10m]))") == 0


def test_of_two_controllers_one_counts_and_the_other_goes_on_where_it_was(scene: Scene, tmp_path: Path) -> None:
    ghost = scene.appear()
    first, second = scene.control, replace(scene.control, name="second", state=tmp_path / "second", port=free_port())
    first.start()
    wait_until(lambda: first.total("leader") == 1, "Lease", _SECONDS)
    second.start()
    try:
        ghost.deny(100)
        scene.expect("two controllers: the first")
        assert (first.total("leader"), second.total("leader")) == (1, 0)
        assert "bestbefore_denied_requests_seen_total" not in second.metrics()
        assert first.stop() == 0
        ghost.deny(50)
        wait_until(lambda: second.total("denied_requests_seen_total") >= 50, "denials", _SECONDS)
        assert second.total("denied_requests_seen_total") == 50
        assert second.total("leader") == 1
        assert not [value for _, value in second.series("denial_log_gaps_total") if value]
    finally:
        second.stop()


def test_lease_that_is_lost_for_a_while_costs_no_denial(scene: Scene) -> None:
    ghost = scene.appear()
    scene.control.start()
    ghost.deny(100)
    scene.expect("before the Lease is lost")
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "bestbefore-controller", "namespace": scene.gatekeeper},
    }
    # So long that what comes next is before its end.
    thief = {"holderIdentity": "somebody", "leaseDurationSeconds": 10}
    scene.world.client.patch(lease, {"spec": thief}).expect_ok()
    wait_until(lambda: scene.control.total("leader") == 0, "loss of the Lease", _SECONDS)
    ghost.deny(100)
    assert "bestbefore_denied_requests_seen_total" not in scene.control.metrics()
    wait_until(lambda: scene.control.total("leader") == 1, "Lease", _SECONDS)
    scene.expect("Lease lost for a while")
    assert [bool(scene.control.events(event)) for event in ("lease.acquired", "lease.lost")] == [True, True]


def test_api_server_that_is_away_loses_nothing(scene: Scene) -> None:
    ghost = scene.appear()
    scene.control.start()
    ghost.deny(50)
    scene.expect("before the API server goes")
    scene.world.server.go()
    try:
        ghost.deny(50)
        time.sleep(2)
        ghost.deny(50)
    finally:
        scene.world.server.come()
    scene.expect("API server away")


def test_right_to_read_logs_that_is_taken_away_is_told_and_costs_nothing_that_the_log_still_has(scene: Scene) -> None:
    ghost = scene.appear()
    scene.control.start()
    ghost.deny(10)
    scene.expect("before the right is taken away")
    role = next(found for found in rights(scene.gatekeeper) if found["metadata"]["name"] == f"{ACCOUNT}-gatekeeper")
    scene.world.client.apply({**role, "rules": [rule for rule in role["rules"] if "pods/log" not in rule["resources"]]})
    right = AccountRight("get", "pods/log", scene.gatekeeper)
    wait_until(
        lambda: not accounts.may(scene.world.client, ACCOUNT, scene.gatekeeper, right), "end of the right", _SECONDS
    )
    scene.world.node.restart()  # what is followed already goes on being followed
    ghost.deny(10)
    wait_until(lambda: _refusals(scene.control), "refusal", _SECONDS)
    assert scene.seen() == 10
    scene.world.client.apply(role)
    scene.expect("right taken away for a moment")


def test_full_disk_is_told_and_costs_no_denial(scene: Scene, tmp_path: Path) -> None:
    ghost = scene.appear()
    with _small_disk(tmp_path / "disk") as disk:
        (disk / "filler").write_bytes(b"x" * (_DISK_BYTES - _PAGE_BYTES))
        scene.control.state = disk / "state"
        scene.control.start()
        ghost.deny(1_000)
        scene.expect("full disk")
        # It is saved now and then.
        wait_until(lambda: scene.control.total("source_errors_total", source="state") >= 1, "refusal", _SECONDS)
        assert scene.control.stop() == 0


def _refusals(control: Control) -> float:
    return control.total("source_errors_total", source="denial_log", reason="forbidden")


@contextmanager
def _writing(ghost: Ghost) -> Iterator[None]:
    """Has denials written by another thread meanwhile, two hundred a second or so."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            ghost.deny(random.randint(1, 10))
            time.sleep(0.02)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _small_disk(path: Path) -> Iterator[Path]:
    """A file system that is full soon."""
    path.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(path)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        missing(f"no file system can be mounted here: {mounted.stderr}")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)
