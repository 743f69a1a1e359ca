"""Whatever order lines come in, and however often: what is counted is what there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.denials.ledger.blocks import BlockEnd
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.source import LogLine
from tests.simulators.clock import EPOCH
from tests.simulators.denials import details, text
from tests.unit.denials.desk import Desk

_SEEN = st.tuples(
    st.sampled_from(["u-1", "u-2", "u-3"]),
    st.sampled_from(["first", "second"]),
    st.sampled_from(["spec.containers[0].image", "spec.containers[1].image"]),
    st.sampled_from(["deny", "warn"]),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(_SEEN, st.sampled_from(["pod-1", "pod-2"])), max_size=25))
def test_violations_and_requests_are_counted_once_in_any_order(lines: list[Any]) -> None:
    desk = Desk()
    first: dict[tuple[str, str, str], str] = {}
    for (uid, constraint, path, action), pod in lines:
        first.setdefault((uid, constraint, path), action)
        desk.read(text(details(uid=uid, path=path), constraint_name=constraint, constraint_action=action), pod=pod)
    assert desk.value("admission_violations_total") == len(first)
    denied = {uid for (uid, _, _), action in first.items() if action == "deny"}
    assert desk.value("admission_denied_requests_total") == len(denied)
    assert desk.value("denied_requests_seen_total", certainty="exact") == len(denied)
    assert desk.value("denial_lines_total", outcome="repeated") == len(lines) - len(first)


_OWNERS = st.sampled_from(["web", "api"])
_STEPS = st.one_of(
    st.tuples(st.just("deny"), _OWNERS, st.sampled_from(["ImageTooOld", "Timeout", "NotFound"])),
    st.tuples(st.just("dry run"), _OWNERS, st.just("ImageTooOld")),
    st.tuples(st.just("end"), _OWNERS, st.sampled_from(list(BlockEnd))),
    st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 600, 1200, 3600])),
    st.tuples(st.just("restart"), st.just(""), st.just("")),
)


@settings(max_examples=40)
@given(st.lists(_STEPS, max_size=20))
def test_each_blocked_workload_is_in_one_series_whatever_happens(steps: list[Any]) -> None:
    desk = Desk()
    for number, (step, owner, what) in enumerate(steps):
        if step in ("deny", "dry run"):
            found = details(
                uid=f"u-{number}",
                owner={"kind": "ReplicaSet", "name": owner},
                reason=what,
                image=f"{what}:1",
                dry_run=step == "dry run",
            )
            desk.read(text(found, ts=desk.clock.now()))
        elif step == "end":
            desk.ledger.end(WorkloadName("shop", "ReplicaSet", owner), what)
        elif step == "wait":
            desk.clock.advance(what)
            desk.ledger.tick()
        else:
            kept, desk = desk.ledger.snapshot(), Desk(desk.clock)
            desk.ledger.restore(kept)
        assert desk.value("blocked_workloads") == len({block.name.workload for block in desk.ledger.blocks()})
    opened, ended = desk.witness.opened, desk.witness.ended
    if not any(step == "restart" for step, _, _ in steps):
        assert len(opened) - len(ended) == len(desk.ledger.blocks())


_LINES = st.lists(
    st.tuples(
        st.sampled_from(["ours", "warned", "dry run", "expanded", "no verdict", "unreadable"]),
        st.sampled_from(["web", "api"]),
        st.sampled_from([10, 200, 1200]),
    ),
    max_size=12,
)
_COUNTERS = (
    "denied_requests_seen_total",
    "admission_denied_requests_total",
    "admission_dry_run_denied_requests_total",
    "admission_violations_total",
    "admission_timeouts_total",
    "workload_blocks_total",
    "blocked_workloads",
)


@settings(max_examples=60)
@given(_LINES, st.integers(0, 12), st.integers(0, 12))
def test_who_is_killed_at_any_line_loses_nothing_and_counts_nothing_twice(
    kinds: list[Any], saved: int, killed: int
) -> None:
    """What it remembers was written after any line before; the log comes again from the second of the cursor."""
    log = list(_log(kinds))
    whole = Desk(fails_closed=True)
    _read(whole, log)
    first, second = Desk(fails_closed=True), Desk(fails_closed=True)
    _read(first, log[:saved])
    kept = first.ledger.snapshot()
    _read(first, log[saved : saved + killed])
    second.ledger.restore(kept)
    cursor = second.ledger.cursor("pod-1")[:19]
    _read(second, [line for line in log if line.written[:19] >= cursor])
    for desk in (whole, second):
        desk.settle()
    for counter in _COUNTERS:
        assert second.value(counter) == whole.value(counter), counter
    assert second.value("denial_lines_total", outcome="unreadable") == sum(kind == "unreadable" for kind, *_ in kinds)


def _log(kinds: list[Any]) -> Iterator[LogLine]:
    """Requests one after the other, some within one second, as the kubelet stamps them."""
    milliseconds = 0
    for number, (kind, owner, later) in enumerate(kinds):
        milliseconds += later
        moment = EPOCH + milliseconds / 1000
        written = f"{datetime.fromtimestamp(moment, UTC).isoformat(timespec='milliseconds')[:23]}000000Z"
        yield LogLine(_line(kind, owner, number, moment), "pod-1", written)


def _line(kind: str, owner: str, number: int, moment: float) -> str:
    found = details(uid=f"u-{number}", owner={"kind": "ReplicaSet", "name": owner}, dry_run=kind == "dry run")
    if kind == "expanded":
        found = details(uid="", owner={"kind": "Deployment", "name": owner}, dry_run=None)
    if kind == "no verdict":
        return text(None, msg="denied admission: eval_cancel_error: context canceled", ts=moment, resource_name="slow")
    if kind == "unreadable":
        return text(constraint_name=number, ts=moment)
    return text(found, ts=moment, resource_name=owner, constraint_action="warn" if kind == "warned" else "deny")


def _read(desk: Desk, lines: list[LogLine]) -> None:
    for line in lines:
        desk.ledger.line(line)
