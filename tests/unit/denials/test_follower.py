"""Following the logs of Gatekeeper's Pods: each line once, and what is missing is named."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from gatekeeper.cluster.cluster import Cluster
from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError, ObjectAbsentError
from gatekeeper.cluster.pod_logs import ContainerLog
from gatekeeper.cluster.resource import PODS
from gatekeeper.denials.logs.follower import GatekeeperLogs
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.denials.logs.pod_follower import FollowedPod, PodFollower
from gatekeeper.denials.source import GapCause, LogGap
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator, LogSimulator, stamp
from tests.simulators.sources import HealthSimulator, SinkSimulator

NAMESPACE = "gatekeeper-system"


@pytest.fixture
def cluster() -> ClusterSimulator:
    return ClusterSimulator()


def pod(cluster: ClusterSimulator, name: str, **labels: str) -> LogSimulator:
    labels = {"control-plane": "controller-manager", "gatekeeper.sh/operation": "webhook", **labels}
    cluster.add(PODS, {"metadata": {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "labels": labels}})
    return cluster.log(NAMESPACE, name)


def follower(
    cluster: ClusterSimulator,
    sink: SinkSimulator,
    *,
    new: bool = True,
    started: str = "",
    clock: FakeClock | None = None,
) -> PodFollower:
    followed = FollowedPod("uid-gk", ContainerLog(NAMESPACE, "gk", "manager"), started)
    return PodFollower(followed, cluster, sink, clock or FakeClock(), from_beginning=new)


def connect(follower: PodFollower, log: LogSimulator) -> None:
    """One connection: what there is is read, then the stream ends."""
    thread = threading.Thread(target=follower.connect)
    thread.start()
    while thread.is_alive():
        log.disconnect()
        thread.join(0.001)


def test_log_of_a_new_pod_is_read_from_its_beginning(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    log.write("a")
    log.write("b")
    connect(follower(cluster, sink), log)
    assert sink.texts == ["a", "b"]
    assert sink.lines[0].pod == "uid-gk"


def test_log_that_was_written_before_anybody_counted_is_left_alone(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    log.write("before")
    one = follower(cluster, sink, new=False)
    connect(one, log)
    log.write("after")
    connect(one, log)
    assert sink.texts == ["after"]


def test_place_in_a_log_is_kept_even_before_its_first_new_line(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    written = log.write("before")
    connect(follower(cluster, sink, new=False), log)
    log.write("while nobody looked")
    connect(follower(cluster, SinkSimulator(), new=False), log)
    assert sink.cursor("uid-gk") == written
    connect(follower(cluster, sink), log)
    assert sink.texts == ["while nobody looked"]


def test_lines_between_two_connections_come_once(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    one = follower(cluster, sink)
    for text in "abc":
        log.write(text)
        connect(one, log)
    assert sink.texts == ["a", "b", "c"]
    assert sink.gaps == []


def test_lines_of_the_attempt_before_a_restart_come_first(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    one = follower(cluster, sink)
    log.write("a")
    connect(one, log)
    log.write("last words")
    log.restart()
    log.write("begun anew")
    connect(one, log)
    assert sink.texts == ["a", "last words", "begun anew"]
    assert sink.gaps == []


def test_second_restart_is_a_gap(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    one = follower(cluster, sink)
    log.write("a")
    connect(one, log)
    for _ in range(2):
        log.write("lost")
        log.restart()
    log.write("b", stamp(50))
    one.pod = FollowedPod("uid-gk", one.pod.log, started="2026-11-24T08:00:04Z")
    connect(one, log)
    assert sink.texts == ["a", "lost", "b"]
    assert sink.gaps == [LogGap("uid-gk", GapCause.RESTARTED)]


def test_rotation_while_nobody_read_is_a_gap(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    one = follower(cluster, sink)
    log.write("a")
    connect(one, log)
    log.write("lost")
    log.rotate()
    log.write("b")
    connect(one, log)
    assert sink.texts == ["a", "b"]
    assert sink.gaps == [LogGap("uid-gk", GapCause.ROTATED)]


def test_another_process_goes_on_where_one_was_killed(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    connect(follower(cluster, sink), log)
    log.write("a")
    connect(follower(cluster, sink), log)
    log.write("b")
    connect(follower(cluster, sink), log)
    assert sink.texts == ["a", "b"]
    assert sink.gaps == []


def test_line_that_is_too_long_is_named_once(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    one = follower(cluster, sink)
    log.write("", whole=False)
    log.write("b")
    for _ in range(3):
        connect(one, log)
    assert sink.texts == ["b"]
    assert sink.gaps == [LogGap("uid-gk", GapCause.TOO_LONG)]


def test_log_that_we_may_not_read_for_long_is_a_gap_once(cluster):
    log, sink, clock = pod(cluster, "gk"), SinkSimulator(), FakeClock()
    one = follower(cluster, sink, clock=clock)
    cluster.fail("log", AccessDeniedError("read the log of Pod gatekeeper-system/gk: 403"))
    one.connect()
    assert sink.gaps == [], "an API server that has just started refuses everybody"
    clock.advance(10)
    one.connect()
    one.connect()
    assert sink.gaps == [LogGap("uid-gk", GapCause.FORBIDDEN)]
    cluster.recover()
    log.write("a")
    connect(one, log)
    assert sink.texts == ["a"]
    assert one.problem is None


def test_api_server_that_is_away_loses_nothing(cluster):
    log, sink = pod(cluster, "gk"), SinkSimulator()
    one = follower(cluster, sink)
    log.write("a")
    connect(one, log)
    cluster.fail("*", ClusterUnavailableError("no answer"))
    cluster.fail("log", ClusterUnavailableError("no answer"))
    log.write("b")
    assert not one.connect()
    cluster.recover()
    connect(one, log)
    assert sink.texts == ["a", "b"]
    assert sink.gaps == []


@contextmanager
def running(
    cluster: Cluster, sink: SinkSimulator, health: HealthSimulator, known: tuple[str, ...] = ()
) -> Iterator[GatekeeperLogs]:
    """All Pods' followers on their threads, until the end of the test."""
    source, stop = GatekeeperLogs(cluster, NAMESPACE, health, FakeClock(), known), threading.Event()
    source.look(sink)
    try:
        yield source
    finally:
        stop.set()
        source.run(sink, stop)
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("log gk")] == []


def caught_up(source: GatekeeperLogs) -> None:
    """Wait until each log has been read to its end."""
    for each in source._followers.values():
        assert each.caught_up.wait(10)


def test_all_webhook_pods_are_followed_and_no_others(cluster):
    logs = [pod(cluster, f"gk-{n}") for n in range(3)]
    pod(cluster, "gk-audit", **{"gatekeeper.sh/operation": "audit"}).write("of audit")
    sink = SinkSimulator()
    with running(cluster.cluster, sink, HealthSimulator(), ("uid-gk-0",)):
        for n, log in enumerate(logs):
            log.write(f"of {n}")
        sink.wait(lambda: len(sink.texts) == 3)
    assert sorted(sink.texts) == ["of 0", "of 1", "of 2"]


def test_pod_that_comes_later_is_read_from_its_beginning(cluster):
    pod(cluster, "gk-0").write("before anybody counted")
    sink = SinkSimulator()
    with running(cluster.cluster, sink, HealthSimulator()) as source:
        pod(cluster, "gk-1").write("before it was found")
        source.look(sink)
        sink.wait(lambda: bool(sink.texts))
    assert sink.texts == ["before it was found"]


def test_pod_that_goes_gives_its_last_lines(cluster):
    log, sink = pod(cluster, "gk-0"), SinkSimulator()
    with running(cluster.cluster, sink, HealthSimulator(), ("uid-gk-0",)) as source:
        log.write("a")
        sink.wait(lambda: bool(sink.texts))
        cluster.delete(PODS, "gk-0", NAMESPACE)
        source.look(sink)
        log.write("last words")
        sink.wait(lambda: len(sink.texts) == 2)
        log.disconnect()
    assert sink.gaps == []


@pytest.mark.parametrize(
    ("error", "gaps"),
    [
        (None, []),
        (ObjectAbsentError("read the log of Pod gatekeeper-system/gk: 404"), []),
        (ClusterUnavailableError("read the log of Pod gatekeeper-system/gk: 503"), [GapCause.POD_DELETED]),
    ],
)
def test_pod_whose_log_was_read_to_its_end_leaves_no_gap_and_one_that_could_not_be_read_does(cluster, error, gaps):
    log, sink, clock = pod(cluster, "gk"), SinkSimulator(), FakeClock()
    one = follower(cluster, sink, clock=clock)
    log.write("last words")
    connect(one, log)
    if error is not None:
        cluster.fail("log", error)
        assert not one.connect()
    # As long as the longest pause, and a little more.
    clock.advance(5.5)
    one.pod_is_gone()
    one.start()
    one.join(10)
    assert sink.texts == ["last words"]
    assert [each.cause for each in sink.gaps] == gaps


def test_pod_that_went_while_nobody_looked_is_a_gap(cluster):
    pod(cluster, "gk-1")
    sink = SinkSimulator()
    with running(cluster.cluster, sink, HealthSimulator(), ("uid-gk-0", "uid-gk-1")):
        assert sink.gaps == [LogGap("uid-gk-0", GapCause.POD_DELETED)]


def test_health_is_that_of_the_worst_log(cluster):
    pod(cluster, "gk-0")
    sink, health = SinkSimulator(), HealthSimulator()
    with running(cluster.cluster, sink, health) as source:
        caught_up(source)
        source.look(sink)
        cluster.fail("log", AccessDeniedError("read the log of Pod gatekeeper-system/gk-1: 403"))
        pod(cluster, "gk-1")
        source.look(sink)
        caught_up(source)
        source.look(sink)
    assert (SourceName.DENIAL_LOG, None) in health.events[:2]
    assert health.events[-1] == (SourceName.DENIAL_LOG, SourceProblem.FORBIDDEN)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (AccessDeniedError("list pods in gatekeeper-system: 403"), SourceProblem.FORBIDDEN),
        (ClusterUnavailableError("list pods in gatekeeper-system: 503"), SourceProblem.UNAVAILABLE),
        (ObjectAbsentError("list pods in gatekeeper-system: 404"), SourceProblem.ABSENT),
    ],
)
def test_pods_that_cannot_be_listed_are_no_peace(cluster, error, problem):
    health = HealthSimulator()
    cluster.fail("list pods", error)
    source = GatekeeperLogs(cluster.cluster, NAMESPACE, health, FakeClock())
    source.look(SinkSimulator())
    assert source.caught_up() is (problem is not SourceProblem.UNAVAILABLE), "nobody waits for a missing right"
    assert health.events == [(SourceName.DENIAL_LOG, problem)]
    assert health.said == [error.message]


def test_no_pods_at_all_are_no_peace(cluster):
    health = HealthSimulator()
    GatekeeperLogs(cluster.cluster, NAMESPACE, health, FakeClock()).look(SinkSimulator())
    assert health.events == [(SourceName.DENIAL_LOG, SourceProblem.ABSENT)]


def test_all_is_caught_up_when_each_log_has_been_read_to_its_end(cluster):
    log = pod(cluster, "gk-0")
    for _ in range(20):
        log.write("while nobody looked")
    sink = SinkSimulator()
    source = GatekeeperLogs(cluster.cluster, NAMESPACE, HealthSimulator(), FakeClock(), ("uid-gk-0",))
    assert not source.caught_up()
    with running(cluster.cluster, sink, HealthSimulator(), ("uid-gk-0",)) as source:
        caught_up(source)
        assert source.caught_up()
        assert len(sink.texts) == 20


def test_place_in_the_future_is_left_and_said_so_that_nothing_that_is_written_now_stays_unread(cluster):
    log, sink, clock = pod(cluster, "gk"), SinkSimulator(), FakeClock()
    one = follower(cluster, sink, clock=clock)
    log.write("before the clock went back", "2026-11-26T00:00:00.000000000Z")
    connect(one, log)
    connect(one, log)
    connect(one, log)
    assert sink.gaps == [LogGap("uid-gk", GapCause.CLOCK)], "said once"
    now = datetime.fromtimestamp(clock.now(), UTC)
    log.write("after it", f"{now:%Y-%m-%dT%H:%M:%S}.000000000Z")
    connect(one, log)
    assert sink.texts == ["before the clock went back", "after it"]


def test_place_in_the_future_that_somebody_else_wrote_hides_nothing(cluster):
    log, clock = pod(cluster, "gk"), FakeClock()
    sink = SinkSimulator({"uid-gk": "9999-01-01T00:00:00.000000000Z"})
    now = datetime.fromtimestamp(clock.now(), UTC)
    log.write("now", f"{now:%Y-%m-%dT%H:%M:%S}.000000000Z")
    connect(follower(cluster, sink, clock=clock), log)
    assert sink.texts == ["now"]
    assert sink.gaps == [LogGap("uid-gk", GapCause.CLOCK)]


def test_own_clock_that_goes_back_is_no_gap_and_reads_no_hour_again(cluster):
    log, sink, clock = pod(cluster, "gk"), SinkSimulator(), FakeClock()
    one = follower(cluster, sink, clock=clock)
    for minutes in (0, 30):
        log.write(str(minutes), f"{datetime.fromtimestamp(clock.now(), UTC):%Y-%m-%dT%H:%M:%S}.000000000Z")
        connect(one, log)
        clock.advance(1800)
    clock.step(-7200)
    log.write("after it", f"{datetime.fromtimestamp(clock.now() + 7200, UTC):%Y-%m-%dT%H:%M:%S}.000000000Z")
    connect(one, log)
    assert sink.texts == ["0", "30", "after it"]
    assert sink.gaps == []


def test_log_is_read_on_after_something_that_nobody_reckoned_with(cluster):
    log, sink, told = pod(cluster, "gk"), SinkSimulator(), []
    log.write("a")
    followed = FollowedPod("uid-gk", ContainerLog(NAMESPACE, "gk", "manager"))
    once = iter([ZeroDivisionError("not reckoned with")])

    class Logs:
        """Fails once as nothing should."""

        @staticmethod
        def open(log, part):
            for error in once:
                raise error
            return cluster.open(log, part)

    one = PodFollower(followed, Logs(), sink, FakeClock(), from_beginning=True, unexpected=told.append)
    one.start()
    sink.wait(lambda: sink.texts == ["a"])
    one.stop()
    one.join(20)
    assert [type(error) for error in told] == [ZeroDivisionError]
    assert sink.gaps == []


def test_log_that_cannot_be_read_just_now_is_waited_for_but_not_for_ever(cluster):
    log, sink, clock = pod(cluster, "gk"), SinkSimulator(), FakeClock()
    log.write("a")
    cluster.fail("log", ClusterUnavailableError("no answer"))
    one = follower(cluster, sink, clock=clock)
    one.start()
    assert not one.caught_up.wait(0.5)
    clock.advance(30)
    assert one.caught_up.wait(10)
    one.stop()
    one.join(20)


def test_log_that_we_may_not_read_is_not_waited_for(cluster):
    pod(cluster, "gk")
    cluster.fail("log", AccessDeniedError("no"))
    one = follower(cluster, SinkSimulator())
    one.start()
    assert one.caught_up.wait(10)
    one.stop()
    one.join(20)


def test_pod_that_comes_later_and_cannot_be_read_hides_nothing_of_the_others(cluster):
    pod(cluster, "gk-0")
    sink, health = SinkSimulator(), HealthSimulator()
    with running(cluster.cluster, sink, health) as source:
        caught_up(source)
        assert source.caught_up()
        cluster.fail("log", ClusterUnavailableError("no answer"))
        pod(cluster, "gk-1")
        source.look(sink)
        assert source.caught_up()
        cluster.recover()
