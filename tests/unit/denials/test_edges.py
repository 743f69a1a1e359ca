"""Edges of what is remembered, waited for and read: each was found by a mistake that no other test noticed."""

from __future__ import annotations

import io
import threading

from gatekeeper.denials.ledger.seen_keys import SeenKeys
from gatekeeper.denials.lines import deny_line
from gatekeeper.denials.lines.violation import Action, AdmissionViolation
from gatekeeper.denials.logs.sampling import SampledSeconds
from gatekeeper.denials.logs.stream import StreamLines
from gatekeeper.denials.source import LogLine
from tests.simulators.clock import EPOCH
from tests.simulators.denials import details, text
from tests.unit.denials.desk import Desk

_TIMEOUT = "denied admission: eval_cancel_error: context canceled"


def test_key_is_remembered_for_its_time_and_then_forgotten() -> None:
    keys = SeenKeys(100, 60.0)
    assert keys.first("a", 0)
    assert keys.first("b", 60)
    assert not keys.first("a", 60), "the older generation is still known"
    assert keys.first("c", 120)
    assert keys.first("a", 120)


def test_late_line_of_an_older_denial_does_not_make_a_block_say_the_older_reason() -> None:
    desk = Desk()
    desk.clock.advance(100)
    desk.read(text(ts=EPOCH + 90), text(details(uid="u-0", reason="Timeout"), ts=EPOCH + 10))
    (block,) = desk.ledger.blocks()
    assert (block.reason, block.opened, block.touched) == ("ImageTooOld", EPOCH + 10, EPOCH + 90)


def test_template_without_verdict_beside_a_dry_run_blocks_nothing() -> None:
    desk = Desk(fails_closed=True)
    desk.read(text(details(dry_run=True), constraint_name="other"), text(None, msg=_TIMEOUT))
    desk.settle()
    assert desk.ledger.blocks() == ()


def test_time_without_a_process_counts_as_silence() -> None:
    desk = Desk()
    desk.read(text())
    kept = desk.ledger.snapshot()
    desk.clock.advance(1199)
    after = Desk(desk.clock)
    after.ledger.restore(kept)
    after.ledger.tick()
    assert len(after.ledger.blocks()) == 1
    desk.clock.advance(1)
    after.ledger.tick()
    assert after.ledger.blocks() == ()


def test_words_of_a_message_make_no_timeout_of_a_violation_with_details() -> None:
    found = deny_line.read(LogLine(text({}, msg=_TIMEOUT)))
    assert isinstance(found, AdmissionViolation)


def test_scopes_count_only_where_the_constraint_is_scoped() -> None:
    found = deny_line.read(LogLine(text(constraint_action="warn", constraint_enforcement_actions=["deny"])))
    assert isinstance(found, AdmissionViolation)
    assert found.actions == (Action.WARN,)


def test_hundred_lines_of_a_text_over_two_seconds_of_the_clock_may_be_one_of_the_loggers() -> None:
    sampled = SampledSeconds()
    for number in range(100):
        sampled.add("one text", EPOCH + 0.5 + number / 100)
    assert len(sampled) == 1
    other = SampledSeconds()
    for number in range(100):
        other.add("one text", EPOCH + number / 20)
    assert len(other) == 0


def test_line_of_a_stream_without_a_time_has_that_of_the_line_before() -> None:
    desk = Desk()
    desk.clock.advance(deny_line.seconds("2026-11-30T08:30:01Z") - EPOCH)
    lines = f"2026-11-30T08:30:00.5Z\tinfo\twebhook\ttwo\nlines\t{text(ts=None, msg=None)}\n"
    StreamLines(io.BytesIO(lines.encode())).run(desk.ledger, threading.Event())
    (denial,) = desk.witness.denials
    assert denial.violation.time == deny_line.seconds("2026-11-30T08:30:00.5Z")
