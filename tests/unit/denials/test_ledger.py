"""Each denial is counted once, and what is blocked is known."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gatekeeper.denials import limits
from gatekeeper.denials.ledger.blocks import BlockEnd
from gatekeeper.denials.ledger.ledger import Surroundings
from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.source import GapCause, LogGap
from tests.simulators.clock import EPOCH
from tests.simulators.denials import details, text
from tests.unit.denials.desk import Desk

_WEB = WorkloadName("shop", "ReplicaSet", "web-6d5f")


@pytest.fixture
def desk() -> Iterator[Desk]:
    return Desk()


def test_denial_is_counted_once_however_often_and_from_wherever_its_line_comes(desk: Desk) -> None:
    desk.read(text(), text())
    desk.read(text(), pod="pod-2")
    assert desk.value("admission_violations_total") == 1
    assert desk.value("admission_denied_requests_total", resource_namespace="shop", actor="controller") == 1
    assert desk.value("denial_lines_total", outcome="violation") == 1
    assert desk.value("denial_lines_total", outcome="repeated") == 2
    assert len(desk.witness.denials) == 1


def test_request_is_one_however_many_constraints_and_images_it_has(desk: Desk) -> None:
    desk.read(
        text(),
        text(details(path="spec.containers[1].image")),
        text(constraint_name="stricter"),
        text({"missing": 1}, constraint_kind="RequiredLabels", constraint_name="need-team"),
    )
    desk.settle()
    assert desk.value("admission_violations_total") == 4
    assert desk.value("admission_violations_total", reason="foreign", policy="need-team") == 1
    assert desk.value("admission_denied_requests_total") == 1
    assert desk.value("denied_requests_seen_total", certainty="exact") == 1
    assert desk.value("denied_requests_seen_total", certainty="guessed") == 0


def test_line_without_uid_that_comes_first_belongs_to_the_request_that_follows(desk: Desk) -> None:
    desk.read(text({}, constraint_kind="RequiredLabels", constraint_name="a"), text(ts=EPOCH + 0.001))
    desk.settle()
    assert desk.value("denied_requests_seen_total", certainty="exact") == 1
    assert desk.value("denied_requests_seen_total", certainty="guessed") == 0


def test_lines_without_uid_are_one_request_a_user_object_and_moment_and_a_guess(desk: Desk) -> None:
    for time in (EPOCH, EPOCH + 0.001, EPOCH + 3):
        for constraint in ("a", "b"):
            desk.read(text({}, constraint_kind="RequiredLabels", constraint_name=constraint, ts=time))
    desk.settle()
    assert desk.value("denied_requests_seen_total", certainty="guessed") == 2
    assert desk.value("admission_violations_total") == 4
    assert {denial.certainty for denial in desk.witness.denials} == {"guessed"}


def test_dry_run_is_counted_apart_and_blocks_nothing(desk: Desk) -> None:
    expanded = text({}, constraint_kind="RequiredLabels", constraint_name="a")
    desk.read(expanded, text(details(dry_run=True)))
    desk.settle()
    assert desk.value("admission_dry_run_denied_requests_total", resource_namespace="shop") == 1
    assert desk.value("denied_requests_seen_total", certainty="exact") == 1
    assert desk.value("admission_violations_total") == 0
    assert desk.value("admission_denied_requests_total") == 0
    assert desk.ledger.blocks() == ()
    assert len(desk.witness.denials) == 2


@pytest.mark.parametrize("action", ["warn", "dryrun"])
def test_what_is_only_warned_is_no_denied_request_and_blocks_nothing(desk: Desk, action: str) -> None:
    desk.read(text(constraint_action=action))
    desk.settle()
    assert desk.value("admission_violations_total", enforcement_action=action) == 1
    assert desk.value("denied_requests_seen_total") == 0
    assert desk.ledger.blocks() == ()


def test_account_that_the_administrator_names_is_gitops() -> None:
    desk = Desk(gitops={"system:serviceaccount:argocd:application-controller"})
    desk.read(
        text(details(actor="serviceaccount"), request_username="system:serviceaccount:argocd:application-controller")
    )
    assert desk.value("admission_denied_requests_total", actor="gitops") == 1


_TIMEOUT = text(None, msg="denied admission: eval_cancel_error: context canceled")


def test_template_without_a_verdict_is_a_timeout_and_no_denial(desk: Desk) -> None:
    desk.read(_TIMEOUT, _TIMEOUT)
    desk.settle()
    assert desk.value("admission_timeouts_total", constraint_kind="MaximumImageAge") == 1
    assert desk.value("denied_requests_seen_total", certainty="guessed") == 1
    assert desk.value("admission_denied_requests_total") == 0
    assert desk.value("admission_violations_total") == 0
    assert desk.ledger.blocks() == ()


def test_template_without_a_verdict_blocks_under_failure_policy_fail() -> None:
    desk = Desk(fails_closed=True)
    desk.read(_TIMEOUT)
    desk.settle()
    assert desk.value("blocked_workloads", resource_namespace="shop", cause="webhook") == 1
    (block,) = desk.ledger.blocks()
    assert block.name.workload == WorkloadName("shop", "ReplicaSet", "web-6d5f")
    assert desk.value("admission_denied_requests_total") == 0


@pytest.mark.parametrize(("fails_closed", "causes"), [(True, ["webhook"]), (False, [])])
def test_template_without_a_verdict_waits_for_the_failure_policy(fails_closed: bool, causes: list[str]) -> None:
    """A new process reads the log sooner than the webhook's settings."""
    desk = Desk()
    desk.read(_TIMEOUT)
    desk.settle()
    desk.ledger.tell(Surroundings())
    assert desk.ledger.blocks() == ()
    desk.ledger.tell(Surroundings(fails_closed=fails_closed))
    assert [block.cause for block in desk.ledger.blocks()] == [block.cause for block in desk.witness.opened] == causes
    desk.ledger.tell(Surroundings(fails_closed=True))
    assert [block.cause for block in desk.ledger.blocks()] == causes


def test_of_templates_without_a_verdict_the_last_ones_wait_for_the_failure_policy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "UNDECIDED", 1)
    desk = Desk()
    for name in ("first", "last"):
        desk.read(text(None, msg="denied admission: eval_cancel_error: context canceled", resource_name=name))
        desk.settle()
    desk.ledger.tell(Surroundings(fails_closed=True))
    assert [block.name.workload.name for block in desk.ledger.blocks()] == ["last"]


def test_retries_touch_a_block_and_do_not_open_another(desk: Desk) -> None:
    for number in range(5):
        desk.read(text(details(uid=f"u-{number}"), ts=desk.clock.now(), resource_name=f"web-6d5f-{number}"))
        desk.clock.advance(600)
        desk.ledger.tick()
    assert desk.value("blocked_workloads", resource_namespace="shop", cause="policy") == 1
    assert desk.value("workload_blocks_total", cause="policy", actor="controller") == 1
    assert len(desk.witness.opened) == 1
    (block,) = desk.ledger.blocks()
    assert (block.name.workload, block.denials, block.touched - block.opened) == (_WEB, 5, 2400)


def test_workload_is_blocked_once_whatever_the_number_of_policies_and_images(desk: Desk) -> None:
    desk.read(
        text(),
        text(details(path="spec.containers[1].image", image="other:1", reason="RegistryUnavailable")),
        text(constraint_name="signed", constraint_kind="SignedImages"),
    )
    assert len(desk.ledger.blocks()) == 2
    assert desk.value("blocked_workloads") == 1
    assert desk.value("blocked_workloads", cause="registry") == 1
    assert desk.value("workload_blocks_total") == 1


@pytest.mark.parametrize(
    ("owner", "actor", "silence"),
    [("ReplicaSet", "controller", 1200), ("ReplicaSet", "person", 3600), ("CronJob", "controller", 8 * 86400)],
)
def test_block_ends_when_nobody_tries_for_long(desk: Desk, owner: str, actor: str, silence: float) -> None:
    desk.read(text(details(actor=actor, owner={"kind": owner, "name": "web"})))
    desk.clock.advance(silence - 1)
    desk.ledger.tick()
    assert desk.value("blocked_workloads") == 1
    desk.clock.advance(1)
    desk.ledger.tick()
    assert desk.value("blocked_workloads") == 0
    assert [(ended.why, ended.seconds) for ended in desk.witness.ended] == [(BlockEnd.SILENT, 0)]


def test_jobs_of_a_cron_job_are_one_workload(desk: Desk) -> None:
    for number in (29301240, 29301300):
        desk.read(text(details(uid=str(number), owner={"kind": "Job", "name": f"backup-{number}"})))
    assert [block.name.workload for block in desk.ledger.blocks()] == [WorkloadName("shop", "CronJob", "backup")]


def test_block_ends_when_the_workload_is_admitted(desk: Desk) -> None:
    desk.read(text())
    desk.clock.advance(90)
    desk.ledger.end(_WEB, BlockEnd.ADMITTED)
    desk.ledger.end(_WEB, BlockEnd.DELETED)
    assert desk.value("blocked_workloads") == 0
    assert [(ended.why, ended.seconds) for ended in desk.witness.ended] == [(BlockEnd.ADMITTED, 90)]


def test_denial_that_is_read_long_after_counts_and_blocks_nothing(desk: Desk) -> None:
    desk.clock.advance(1201)
    desk.read(text())
    assert desk.value("admission_denied_requests_total") == 1
    assert desk.ledger.blocks() == ()


def test_clocks_that_go_back_do_no_harm(desk: Desk) -> None:
    desk.read(text(ts=EPOCH + 5000))
    desk.read(text(details(uid="u-2"), ts=EPOCH - 60))
    (block,) = desk.ledger.blocks()
    assert (block.opened, block.touched, block.denials) == (EPOCH - 60, EPOCH, 2)
    assert desk.value("denial_delay_seconds_count") == 2
    desk.clock._now -= 86_400
    desk.ledger.tick()
    assert len(desk.ledger.blocks()) == 1


def test_other_and_unreadable_lines_are_counted_as_that(desk: Desk) -> None:
    desk.read("Starting", text()[:-5])
    desk.read(text()[:-5], text()[:-5], written="2026-11-30T08:30:01.123456789Z")
    assert desk.value("denial_lines_total", outcome="foreign") == 1
    assert desk.value("denial_lines_total", outcome="unreadable") == 2
    assert desk.value("denial_lines_total", outcome="repeated") == 1


def test_gap_is_counted_by_its_cause(desk: Desk) -> None:
    desk.ledger.gap(LogGap("pod-1", GapCause.ROTATED))
    assert desk.value("denial_log_gaps_total", cause="rotated") == 1


def test_cursor_is_the_time_of_the_last_line_of_a_pod(desk: Desk) -> None:
    desk.read("one", written="2026-11-30T08:30:01.123456789Z")
    desk.read(text(), written="2026-11-30T08:30:02.123456789Z")
    desk.read("a stream", pod="")
    assert desk.ledger.cursor("pod-1") == "2026-11-30T08:30:02.123456789Z"
    assert desk.ledger.cursor("pod-2") == ""


def test_new_process_goes_on_where_the_old_one_was(desk: Desk) -> None:
    desk.read(text(), written="2026-11-30T08:30:02.123456789Z")
    kept = desk.ledger.snapshot()
    desk.clock.advance(300)
    after = Desk(desk.clock)
    after.ledger.restore(kept)
    after.read(text(), text(details(uid="u-2")))
    assert after.ledger.cursor("pod-1") == "2026-11-30T08:30:02.123456789Z"
    assert after.value("admission_denied_requests_total") == 2
    assert after.value("blocked_workloads", cause="policy") == 1
    assert after.value("workload_blocks_total") == 1
    assert after.witness.opened == []
    desk.clock.advance(1200)
    after.ledger.tick()
    assert after.value("blocked_workloads") == 0


def test_what_waits_for_its_request_is_not_lost_by_a_snapshot(desk: Desk) -> None:
    desk.read(text({}))
    after = Desk(desk.clock)
    after.ledger.restore(desk.ledger.snapshot())
    assert after.value("denied_requests_seen_total", certainty="guessed") == 1


@pytest.mark.parametrize("meanwhile", [lambda desk: desk.ledger.snapshot(), Desk.settle], ids=["snapshot", "silence"])
@pytest.mark.parametrize("second", [text(), text({}, constraint_name="b")], ids=["exact", "foreign"])
def test_request_whose_lines_come_apart_is_counted_once(desk: Desk, second: str, meanwhile: Any) -> None:
    desk.read(text({}, constraint_name="a"))
    meanwhile(desk)
    desk.read(second)
    desk.settle()
    assert desk.value("denied_requests_seen_total") == 1
    assert desk.value("admission_denied_requests_total") == 1
    assert desk.value("admission_violations_total") == 2


def test_foreign_template_that_says_who_and_where_is_counted_exactly_and_its_dry_runs_apart(desk: Desk) -> None:
    said = {"actor": "serviceaccount", "owner": {"kind": "Job", "name": "load"}}
    for uid, dry_run in (("u-1", False), ("u-2", True)):
        request = {"uid": uid, "dryRun": dry_run}
        desk.read(*(text({**said, "request": request}, msg=f"denied admission: {image}") for image in "ab"))
    desk.settle()
    assert desk.value("denied_requests_seen_total", certainty="exact") == 2
    assert desk.value("admission_denied_requests_total", actor="serviceaccount") == 1
    assert desk.value("admission_dry_run_denied_requests_total") == 1
    assert desk.value("admission_violations_total", reason="foreign") == 2
    assert {block.name.workload for block in desk.ledger.blocks()} == {WorkloadName("shop", "Job", "load")}


@pytest.mark.parametrize("foreign_first", [True, False])
def test_owner_that_one_line_of_a_request_says_is_that_of_all(desk: Desk, foreign_first: bool) -> None:
    user = "system:serviceaccount:spark:operator"
    ours = text(details(owner={"kind": "SparkApplication", "name": "pi"}), request_username=user)
    foreign = text({}, constraint_name="a", request_username=user)
    desk.read(*([foreign, ours] if foreign_first else [ours, foreign]))
    desk.settle()
    assert {block.name.workload.name for block in desk.ledger.blocks()} == {"pi"}
    assert desk.value("blocked_workloads") == 1


def test_tries_of_a_pod_whose_name_is_made_up_are_one_workload(desk: Desk) -> None:
    for number, end in enumerate(("x7k2p", "zz4b9", "bcdf2")):
        bare = details(f"u-{number}", owner=None, actor="serviceaccount")
        desk.read(text(bare, resource_name=f"runner-{end}", request_username="system:serviceaccount:ci:runner"))
    assert desk.value("blocked_workloads") == 1
    assert desk.value("workload_blocks_total") == 1
    assert desk.value("admission_denied_requests_total") == 3


@pytest.mark.parametrize(
    ("name", "kind", "of"),
    [
        ("web-6d5f8c7b94-x7k2p", "Deployment", "web"),
        ("runner-x7k2p", "Pod", "runner"),
        ("web-nginx", "Pod", "web-nginx"),
        ("web", "Pod", "web"),
    ],
)
def test_foreign_denial_of_a_controller_without_an_account_of_its_own(
    desk: Desk, name: str, kind: str, of: str
) -> None:
    desk.read(text({}, resource_name=name, request_username="system:kube-controller-manager"))
    desk.settle()
    assert [block.name.workload for block in desk.ledger.blocks()] == [WorkloadName("shop", kind, of)]


def test_next_request_after_a_guessed_one_is_another(desk: Desk) -> None:
    desk.read(text({}, constraint_name="a"))
    desk.ledger.snapshot()
    desk.read(text(), text(details("u-2")), text({}, constraint_name="a", ts=EPOCH + 2))
    desk.settle()
    assert desk.value("denied_requests_seen_total") == 3


def test_request_that_a_warning_constraint_was_too_slow_for_is_refused_under_failure_policy_fail() -> None:
    line = text(None, msg="denied admission: eval_cancel_error: context canceled", constraint_action="warn")
    closed, opened = Desk(fails_closed=True), Desk()
    for desk in (closed, opened):
        desk.read(line)
        desk.settle()
        assert desk.value("admission_denied_requests_total") == 0
    assert [block.cause for block in closed.ledger.blocks()] == ["webhook"]
    assert opened.ledger.blocks() == ()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda kept: kept[:-20], "cut off"),
        (lambda kept: kept.replace("pod-1", "pod-2"), "altered"),
        (lambda kept: kept.replace('"version":1', '"version":9'), "another version"),
        (lambda _: "[]", "no snapshot"),
        (lambda _: "", "no snapshot"),
        (lambda _: "x" * (limits.SNAPSHOT_BYTES + 1), "at most"),
    ],
)
def test_damaged_snapshot_is_refused_and_nothing_of_it_is_used(desk: Desk, damage: Any, problem: str) -> None:
    desk.read(text(), written="2026-11-30T08:30:02.123456789Z")
    after = Desk(desk.clock)
    with pytest.raises(SnapshotError, match=problem):
        after.ledger.restore(damage(desk.ledger.snapshot()))
    assert after.value("admission_denied_requests_total") == 0
    assert after.ledger.cursor("pod-1") == ""


def test_many_threads_count_each_denial_once(desk: Desk) -> None:
    lines = [text(details(uid=f"u-{number}")) for number in range(200)]
    threads = [threading.Thread(target=desk.read, args=lines) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.value("admission_denied_requests_total") == 200
    assert desk.value("denial_lines_total", outcome="repeated") == 600


def test_memory_of_what_was_counted_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 100)
    desk = Desk()
    for number in range(1000):
        desk.read(text(details(uid=f"u-{number}")))
    assert len(json.loads(desk.ledger.snapshot())["body"]["seen"][1]) <= 50


def test_flood_of_blocks_in_one_namespace_hides_no_other_namespaces(desk: Desk) -> None:
    def denial(namespace: str, number: int) -> str:
        owner = {"kind": "Deployment", "name": f"d-{number}"}
        uid = f"{namespace}-{number}"
        return text(details(uid=uid, owner=owner), resource_namespace=namespace, resource_name=f"d-{number}")

    desk.read(*(denial("noisy", number) for number in range(limits.BLOCKS + 10)))
    desk.read(denial("shop", 0))
    assert desk.value("blocked_workloads", resource_namespace="shop") == 1
    assert desk.value("blocked_workloads") == limits.BLOCKS == len(desk.ledger.blocks())
    assert desk.value("series_folded_total", metric="bestbefore_blocked_workloads") == 11


def test_workload_leaves_the_series_that_it_came_into(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.metrics._namespaces, "_capacity", 1)
    desk.metrics.cover(["gone-tomorrow"])
    desk.read(text())
    assert desk.value("blocked_workloads", resource_namespace="other") == 1
    desk.metrics.cover([])
    desk.ledger.end(_WEB, BlockEnd.DELETED)
    assert desk.value("blocked_workloads", resource_namespace="other") == 0
    assert desk.value("blocked_workloads") == 0


def test_hostile_texts_of_many_blocks_stay_within_what_a_snapshot_may_have(desk: Desk) -> None:
    long = "\u6f22" * 2000
    for number in range(limits.BLOCKS):
        hostile = details(uid=f"u-{number}", image=long, remedy=long, owner={"kind": "R", "name": f"{number}{long}"})
        desk.read(text(hostile, request_username=long, resource_namespace=f"n{number}{long}"))
    kept = desk.ledger.snapshot()
    assert len(kept.encode()) <= limits.SNAPSHOT_BYTES
    after = Desk(desk.clock)
    after.ledger.restore(kept)
    assert after.value("admission_violations_total") == limits.BLOCKS


def test_snapshot_that_would_be_too_large_goes_without_its_blocks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.read(text())
    monkeypatch.setattr(limits, "SNAPSHOT_BYTES", len(desk.ledger.snapshot()) - 1)
    after = Desk(desk.clock)
    after.ledger.restore(desk.ledger.snapshot())
    assert (after.value("admission_denied_requests_total"), after.ledger.blocks()) == (1, ())
