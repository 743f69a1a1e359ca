"""What a line of Gatekeeper's log says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.denials.lines import deny_line
from gatekeeper.denials.lines.violation import Action, AdmissionViolation, NoVerdict, Owner, Unreadable
from gatekeeper.denials.source import LogLine
from provider.reasons import BlockCause
from tests.simulators.clock import EPOCH
from tests.simulators.denials import CONTROLLER, details, document, text

_ASSETS = Path(__file__).parents[2] / "assets" / "gatekeeper"


def _read(line: str, written: str = "") -> deny_line.Reading:
    return deny_line.read(LogLine(line, "pod-1", written))


def _violation(line: str, written: str = "") -> AdmissionViolation:
    found = _read(line, written)
    assert isinstance(found, AdmissionViolation)
    return found


def test_denial_of_ours_says_who_what_where_and_why() -> None:
    found = _violation(text())
    assert (found.time, found.username, found.message) == (EPOCH, CONTROLLER, "Image is 45 days old.")
    assert (found.constraint.kind, found.constraint.name) == ("MaximumImageAge", "maximum-image-age")
    assert (found.resource.kind, found.resource.namespace, found.resource.name) == ("Pod", "shop", "web-6d5f-x7k2p")
    assert (found.policy, found.uid, found.action, found.dry_run) == ("MaximumImageAge", "u-1", Action.DENY, False)
    judgement = found.judgement
    assert judgement is not None
    assert (judgement.reason, judgement.owner) == ("ImageTooOld", Owner("ReplicaSet", "web-6d5f"))
    assert (judgement.digest, judgement.created) == ("sha256:9f86", "2026-01-02T00:00:00Z")
    assert found.cause is BlockCause.POLICY


def test_every_line_that_the_real_gatekeeper_writes_is_read() -> None:
    lines = (_ASSETS / "deny-lines.log").read_text("utf-8").splitlines()
    found = [_read(line) for line in lines]
    assert (
        sum(isinstance(one, AdmissionViolation) for one in found)
        == sum('"process":"admission"' in x for x in lines) - 1
    )
    assert sum(isinstance(one, NoVerdict) for one in found) == 1
    assert not any(isinstance(one, Unreadable) for one in found)


def test_foreign_template_is_read_without_judgement() -> None:
    found = _violation(text({"missing": ["team"]}, constraint_kind="RequiredLabels", constraint_name="need-team"))
    assert (found.judgement, found.policy, found.uid, found.cause) == (None, "need-team", "", BlockCause.POLICY)


def test_expanded_pod_has_no_uid_and_says_nothing_of_dry_runs() -> None:
    found = _violation(text(details(uid="", dry_run=None)))
    assert (found.uid, found.dry_run) == ("", False)


def test_scoped_constraint_has_the_strongest_of_its_actions() -> None:
    found = _violation(text(constraint_action="scoped", constraint_enforcement_actions=["warn", "deny"]))
    assert found.actions == (Action.DENY, Action.WARN)
    assert _violation(text(constraint_action="sing")).action is Action.UNRECOGNIZED


def test_template_without_a_verdict_is_no_violation() -> None:
    found = _read(text(None, msg="denied admission: eval_cancel_error: context canceled"))
    assert isinstance(found, NoVerdict)
    assert found.constraint.kind == "MaximumImageAge"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "http: TLS handshake error from 10.0.0.7:4411: EOF",
        '{"level":"info","msg":"nothing"}',
        text(process="audit"),
        text(event_type="violation_audited"),
        json.dumps({"event_type": "violation", "process": "another"}),
        json.dumps({"msg": text()}),
    ],
)
def test_other_lines_are_none_of_ours(line: str) -> None:
    assert _read(line) is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (text()[:-9], "not JSON, or cut off"),
        (json.dumps([document()]), "not JSON, or cut off"),
        (text(constraint_kind=""), "no Constraint is named"),
        (text(constraint_name=7), "constraint_name: expected a text"),
        (text(constraint_enforcement_actions=[1]), "constraint_enforcement_actions: expected a list of texts"),
        (text(msg="x" * 1_000_000), f"a line of {len(text(msg='x' * 1_000_000))} characters; at most 262144 are read"),
        ('{"event_type":"violation",' + '"a":[' * 50_000, "not JSON, or cut off"),
    ],
)
def test_deny_line_of_a_wrong_shape_is_unreadable_and_says_why(line: str, problem: str) -> None:
    assert _read(line) == Unreadable(problem)


@pytest.mark.parametrize(
    "of",
    [
        "words",
        ["a list"],
        7,
        details(owner="web"),
        details(request=["u"]),
        details(dry_run="yes"),
        details(image=["a", "b"]),
        details(generation="new"),
    ],
)
def test_denial_of_a_template_that_returns_other_details_is_a_denial(of: object) -> None:
    found = _violation(text(of))
    assert found.judgement is None
    assert found.constraint.name == "maximum-image-age"


def test_console_encoder_has_its_json_after_the_last_tab() -> None:
    found = _violation(_console(document()))
    assert found.resource.namespace == "shop"
    assert found.time == deny_line.seconds("2026-11-30T08:30:01.123Z")


def test_line_that_a_newline_cut_in_two_is_read_without_its_beginning() -> None:
    first, second = (_ASSETS / "deny-lines-debug.log").read_text("utf-8").splitlines()
    assert _read(first) is None
    found = _violation(second, "2026-11-30T08:47:00.5Z")
    assert (found.constraint.kind, found.message) == ("ConsoleDeny", "lines")
    assert found.time == deny_line.seconds("2026-11-30T08:47:00.5Z")


def _console(fields: dict[str, object]) -> str:
    rest = {name: value for name, value in fields.items() if name not in ("ts", "level", "logger", "msg")}
    return "\t".join(["2026-11-30T08:30:01.123Z", "info", "webhook", str(fields["msg"]), json.dumps(rest)])


@pytest.mark.parametrize(
    "frame",
    [
        "2026-11-30T08:30:01.123456789Z ",
        "[pod/gatekeeper-controller-manager-7d9-x/manager] ",
        "[pod/gatekeeper-controller-manager-7d9-x/manager] 2026-11-30T09:30:01.123456789+01:00 ",
    ],
)
def test_frames_of_kubectl_are_taken_off(frame: str) -> None:
    assert _violation(frame + text()).uid == "u-1"
    assert _violation(frame + _console(document())).uid == "u-1"


def test_renamed_level_changes_nothing() -> None:
    fields = document()
    fields["severity"] = fields.pop("level")
    assert _violation(json.dumps(fields)).uid == "u-1"


def test_time_without_a_clock_of_gatekeepers_is_that_of_the_stamp() -> None:
    assert _violation(text(ts="soon"), "2026-11-30T08:30:01.5Z").time == deny_line.seconds("2026-11-30T08:30:01.5Z")
    assert _violation(text(ts=float("nan"))).time == 0.0
    assert _violation(text(ts=1e300)).time == 0.0
    assert _violation(text(ts=10**400)).time == 0.0


def test_hostile_texts_stay_on_one_line() -> None:
    hostile = 'a\nb"}\x1b[31m\u202e\ud800'
    found = _violation(json.dumps(document(details(image=hostile, policy=hostile), resource_namespace=hostile)))
    for shown in (found.image, found.policy, found.resource.namespace):
        assert "\n" not in shown
        assert "\x1b" not in shown
        shown.encode()


def test_question_is_whole_or_not_there() -> None:
    longer = _violation(text(details(question="q" * 5000)))
    assert longer.judgement is not None
    assert longer.judgement.question == ""


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(sorted(document())), _json),
    st.dictionaries(st.sampled_from(sorted(details())), _json),
)
def test_whatever_the_fields_are_a_line_is_read_or_said_to_be_unreadable(
    fields: dict[str, object], inner: dict[str, object]
) -> None:
    found = _read(json.dumps(document({**details(), **inner}) | fields))
    assert found is None or isinstance(found, AdmissionViolation | NoVerdict | Unreadable)


@given(st.text())
def test_no_text_is_more_than_a_reading(line: str) -> None:
    for one in (line, '"violation" event_type ' + line, text() + line, line + text()):
        _read(one)


def test_foreign_template_may_say_who_and_where() -> None:
    origin = {"actor": "person", "owner": {"kind": "Job", "name": "b"}, "request": {"uid": "u", "dryRun": True}}
    found = deny_line.read(LogLine(text({"image": "a", "reason": "NotMirrored", **origin})))
    assert isinstance(found, AdmissionViolation)
    assert (found.judgement, found.actor, found.owner) == (None, "person", Owner("Job", "b"))
    assert (found.uid, found.dry_run) == ("u", True)


@pytest.mark.parametrize("strange", [{"owner": "me"}, {"actor": 7}, {"request": {"uid": 1}}, {"request": []}])
def test_what_only_looks_like_who_and_where_says_nothing(strange: dict[str, object]) -> None:
    found = deny_line.read(LogLine(text(strange)))
    assert isinstance(found, AdmissionViolation)
    assert (found.actor, found.owner, found.request) == ("", None, None)


def test_request_is_known_though_another_field_of_ours_is_of_a_wrong_shape() -> None:
    found = deny_line.read(LogLine(text(details(dry_run=True, generation="seven"))))
    assert isinstance(found, AdmissionViolation)
    assert (found.uid, found.dry_run) == ("u-1", True)
