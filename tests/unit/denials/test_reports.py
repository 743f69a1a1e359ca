"""What the controller's log says of denials and blocks."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from gatekeeper.denials.ledger.blocks import BlockEnd
from gatekeeper.denials.ledger.ledger import Ledger, Surroundings
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import DenialLog, UserNames
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.source import LogLine
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.denials import CONTROLLER, details, text

# What every line has.
_FRAME = {"ts", "level", "event", "msg", "logger", "semantic", "version", "pod"}
_TIMEOUT = text(None, msg="denied admission: eval_cancel_error: context canceled")


class Desk:
    """A ledger whose reports go into a log."""

    def __init__(self, key: bytes = b"") -> None:
        self._stream = io.StringIO()
        log = Log(self._stream, LogLevel.INFO, LogFormat.JSON, FakeClock())
        reports = DenialLog(log, UserNames(key))
        self.ledger = Ledger(FakeClock(), DenialMetrics(), reports, Surroundings(fails_closed=True))

    def read(self, *lines: str) -> None:
        for line in lines:
            self.ledger.line(LogLine(line, "pod-1"))
        self.ledger.finish()

    def all(self) -> str:
        """The whole log."""
        return self._stream.getvalue()

    def events(self) -> dict[str, dict[str, Any]]:
        """The lines of the log by their events; of two of one event the last."""
        return {line["event"]: line for line in map(json.loads, self.all().splitlines())}


def test_each_denial_is_a_line_that_says_who_what_where_why_and_what_to_do() -> None:
    desk = Desk()
    desk.read(text(details(generation=3)))
    line = desk.events()["denial.observed"]
    assert line["msg"] == "Image is 45 days old."
    assert {name: line[name] for name in line.keys() - _FRAME} == {
        "denied_at": "2026-11-24T22:40:00.000Z",
        "user": CONTROLLER,
        "actor": "controller",
        "certainty": "exact",
        "enforcement_action": "deny",
        "policy": "MaximumImageAge",
        "cause": "policy",
        "constraint_kind": "MaximumImageAge",
        "constraint_name": "maximum-image-age",
        "resource_group": "",
        "resource_kind": "Pod",
        "resource_namespace": "shop",
        "resource_name": "web-6d5f-x7k2p",
        "owner_kind": "ReplicaSet",
        "owner_name": "web-6d5f",
        "request_uid": "u-1",
        "operation": "CREATE",
        "dry_run": False,
        "reason": "ImageTooOld",
        "image": "registry.example.com/shop/web:1.4",
        "path": "spec.containers[0].image",
        "digest": "sha256:9f86",
        "created": "2026-01-02T00:00:00Z",
        "ref": "9fa3b115b4d0",
        "remedy": "Rebuild it, or move to a newer tag.",
        "said": "Image is 45 days old, 30 days are allowed.",
        "question": '{"image":"registry.example.com/shop/web:1.4","v":1}',
        "generation": 3,
    }


@pytest.mark.parametrize("dry_run", [True, False])
def test_foreign_denial_of_a_dry_run_is_said_to_be_one_where_a_line_beside_it_says_so(dry_run: bool) -> None:
    desk = Desk()
    desk.read(text(details(dry_run=dry_run)), text({}, constraint_name="need-team"))
    line = desk.events()["denial.observed"]
    assert line["constraint_name"] == "need-team"
    assert line.get("dry_run") is (True if dry_run else None)


def test_block_is_a_line_when_it_opens_and_one_when_it_ends() -> None:
    desk = Desk()
    desk.read(text())
    desk.ledger.end(WorkloadName("shop", "ReplicaSet", "web-6d5f"), BlockEnd.SCALED_DOWN)
    opened, ended = (desk.events()[event] for event in ("block.opened", "block.ended"))
    for line in (opened, ended):
        assert (line["owner_name"], line["cause"], line["ref"]) == ("web-6d5f", "policy", "9fa3b115b4d0")
    assert (ended["why"], ended["denials"]) == ("scaled_down", 1)


@pytest.mark.parametrize("key", [b"", b"a key"])
def test_names_of_users_stand_in_the_log_unless_they_are_hashed(key: bytes) -> None:
    """In every line that has one, and equal names have equal hashes: who tried five times is seen."""
    desk = Desk(key)
    person = details(actor="person")
    desk.read(text(person, request_username="jane@example.com"), _TIMEOUT.replace(CONTROLLER, "jane@example.com"))
    desk.ledger.end(WorkloadName("shop", "ReplicaSet", "web-6d5f"), BlockEnd.DELETED)
    events = desk.events()
    assert events.keys() == {"denial.observed", "verdict.missing", "block.opened", "block.ended"}
    assert len({line["user"] for line in events.values()}) == 1
    assert ("jane" in desk.all()) == (not key)


def test_hash_is_nothing_to_who_has_no_key() -> None:
    names = [UserNames(key).of("jane@example.com") for key in (b"one", b"other")]
    assert names[0] != names[1]
    assert {len(name) for name in names} == {16}
    assert UserNames(b"one").of("") == ""
