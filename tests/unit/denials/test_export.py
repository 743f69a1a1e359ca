"""Gatekeeper's admission export, in its documented form (3.24, disk driver)."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from gatekeeper.denials.lines import deny_line
from gatekeeper.denials.lines.violation import Action, AdmissionViolation, NoVerdict, Unreadable
from gatekeeper.denials.logs.export_segments import ExportSegments
from gatekeeper.denials.source import LogLine
from tests.simulators.denials import CONTROLLER, details
from tests.unit.denials.desk import Desk

_NEVER = threading.Event()


def _record(**changes: Any) -> str:
    """A record as Gatekeeper encodes it: what is empty is left out."""
    found = {
        "id": "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
        "details": {},
        "eventType": "violation_admission",
        "group": "constraints.gatekeeper.sh",
        "version": "v1beta1",
        "kind": "K8sRequiredLabels",
        "name": "pod-must-have-owner",
        "message": 'you must provide labels: {"owner"}',
        "enforcementAction": "deny",
        "resourceAPIVersion": "v1",
        "resourceKind": "Pod",
        "resourceNamespace": "shop",
        "resourceName": "web-6d5f-x7k2p",
        "resourceLabels": {"app": "web"},
        "timestamp": "2026-11-30T08:30:02.123456789Z",
        "operation": "CREATE",
        "requestResource": "pods",
        "requestUsername": CONTROLLER,
        "requestUserGroups": ["system:authenticated"],
        "dryRun": False,
        **changes,
    }
    return json.dumps({name: value for name, value in found.items() if value is not None}, separators=(",", ":"))


def _violation(text: str) -> AdmissionViolation:
    found = deny_line.read(LogLine(text))
    assert isinstance(found, AdmissionViolation)
    return found


def test_record_of_a_foreign_template_has_the_request() -> None:
    found = _violation(_record(requestSubresource="ephemeralcontainers", dryRun=True))
    assert (found.uid, found.dry_run, found.policy) == (
        "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
        True,
        "pod-must-have-owner",
    )
    assert found.request is not None
    assert (found.request.operation, found.request.subresource) == ("CREATE", "ephemeralcontainers")
    assert (found.username, found.time) == (CONTROLLER, deny_line.seconds("2026-11-30T08:30:02.123456Z"))


def test_record_of_ours_has_its_details() -> None:
    found = _violation(_record(details=details(uid="another"), kind="MaximumImageAge"))
    assert found.judgement is not None
    assert (found.judgement.reason, found.uid) == ("ImageTooOld", "0df28fbd-5f5f-11e8-bc74-36e6bb280816")


def test_record_whose_id_is_its_time_has_no_uid() -> None:
    assert _violation(_record(id="2026-11-30T08:30:02.123456789Z")).uid == ""


def test_scoped_actions_and_templates_without_verdict_are_read() -> None:
    scoped = _violation(_record(enforcementAction="scoped", enforcementActions=["warn", "deny"]))
    assert scoped.actions == (Action.DENY, Action.WARN)
    found = deny_line.read(LogLine(_record(details=None, message="eval_cancel_error: context canceled")))
    assert isinstance(found, NoVerdict)


def test_records_of_audit_are_none_of_ours_and_broken_ones_are_said() -> None:
    assert deny_line.read(LogLine(_record(eventType="violation_audited"))) is None
    assert deny_line.read(LogLine(_record()[:-3])) == Unreadable("not JSON, or cut off")
    assert deny_line.read(LogLine(_record(dryRun="no"))) == Unreadable("details.request.dryRun: expected true or false")
    assert isinstance(deny_line.read(LogLine(_record(message="x" * 300_000))), Unreadable)


def test_segment_is_read_by_the_command_and_not_said_to_be_sampled(tmp_path: Path) -> None:
    segment = _segment(tmp_path, 30, *(_record(id=f"u-{number}") for number in range(120)))
    done = CliRunner().invoke(cli, ["denials", str(segment)])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split("\t")[1] == "120"


def _segment(folder: Path, minute: int, *records: str, ending: str = "log") -> Path:
    path = folder / f"admission-20261130T08{minute:02}00.000000000Z-00112233aabbccdd.{ending}"
    path.write_text("".join(f"{record}\n" for record in records))
    return path


def test_whole_segments_are_read_once_in_their_order(tmp_path: Path) -> None:
    desk = Desk()
    source = ExportSegments(tmp_path)
    _segment(tmp_path, 31, _record(id="b"))
    _segment(tmp_path, 30, _record(id="a"), _record(id="a", name="another"))
    _segment(tmp_path, 32, _record(id="c"), ending="open")
    (tmp_path / "2026-11-30T08:00:00Z.log").write_text(_record(id="audit"))
    source.look(desk.ledger, _NEVER)
    source.look(desk.ledger, _NEVER)
    assert [denial.violation.uid for denial in desk.witness.denials] == ["a", "a", "b"]
    assert desk.value("denied_requests_seen_total", certainty="exact") == 2
    assert desk.value("denial_lines_total", outcome="repeated") == 0
    assert desk.ledger.cursor("export") == "2026-11-30T08:31:00.000000000Z"


def test_new_process_goes_on_with_the_last_segment(tmp_path: Path) -> None:
    _segment(tmp_path, 30, _record(id="a"))
    desk = Desk()
    ExportSegments(tmp_path).look(desk.ledger, _NEVER)
    after = Desk(desk.clock)
    after.ledger.restore(desk.ledger.snapshot())
    _segment(tmp_path, 29, _record(id="older"))
    _segment(tmp_path, 31, _record(id="b"))
    ExportSegments(tmp_path).look(after.ledger, _NEVER, after.ledger.cursor("export"))
    assert [denial.violation.uid for denial in after.witness.denials] == ["b"]


def test_segment_that_cannot_be_read_is_a_gap_and_never_the_end(tmp_path: Path) -> None:
    desk = Desk()
    _segment(tmp_path, 30).write_bytes(b"x" * (9 * 1024 * 1024))
    _segment(tmp_path, 31, _record())
    (tmp_path / "admission-20261130T083200.000000000Z-00112233aabbccdd.log").symlink_to("/etc/passwd")
    ExportSegments(tmp_path).look(desk.ledger, _NEVER)
    assert desk.value("denial_log_gaps_total", cause="unreadable") == 1
    assert len(desk.witness.denials) == 1


def test_folder_that_is_not_there_is_an_error_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ExportSegments(tmp_path / "nowhere").run(Desk().ledger, threading.Event())
