"""Gatekeeper's deny line (`--log-denies`): its JSON, as Gatekeeper writes it and as `kubectl logs` frames it.

Read from Gatekeeper 3.23: the JSON encoder of its log, the console encoder of `--log-level=DEBUG` (tabs, the JSON after
the last one), with `kubectl logs --timestamps` or `--prefix` or both before it. `--log-level-key` changes nothing here,
because the level is not read.

Nothing is believed of a line but its shape: texts are cut and lose their control characters, and a line of a wrong
shape is `Unreadable`, never half a violation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from gatekeeper.denials import limits
from gatekeeper.denials.lines import export_record
from gatekeeper.denials.lines.violation import (
    Action,
    AdmissionRequest,
    AdmissionViolation,
    ConstraintName,
    NoVerdict,
    ObjectName,
    Owner,
    RequestOrigin,
    TemplateDetails,
    Unreadable,
    known_reason,
)
from gatekeeper.denials.source import LogLine
from provider.foreign_text import shown

Reading: TypeAlias = AdmissionViolation | NoVerdict | Unreadable | None

_TIMED_OUT: Final = "eval_cancel_error"
_PREFIX: Final = "denied admission: "
# Of the framing before the JSON: a time as the kubelet stamps it, or Gatekeeper's console encoder.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)")
_FRAME_CHARACTERS: Final = 512
_POD: Final = re.compile(r"\[pod/([^/\]\s]{1,253})/[^\]\s]{1,253}\] ")


class _ShapeError(Exception):
    """A line has not the shape of a deny line; the message says where."""


def read(line: LogLine) -> Reading:
    """What a line says; None where it is no deny line.

    The cheap test comes first, because most lines of a log are others.
    """
    text = line.text
    if '"violation"' not in text or "event_type" not in text:
        return _export_record(text) if export_record.MARK in text else None
    if len(text) > limits.LINE_CHARACTERS:
        return Unreadable(f"a line of {len(text)} characters; at most {limits.LINE_CHARACTERS} are read")
    head, body = _parts(text)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Unreadable("not JSON, or cut off")
    if not isinstance(document, dict) or not _denies(document):
        return None
    try:
        return _entry(document, _message(document, head), _moment(document, line.written, head))
    except _ShapeError as error:
        return Unreadable(str(error))


def _export_record(text: str) -> Reading:
    """What a record of the admission export says: the same, in other words, and with the request."""
    if len(text) > limits.LINE_CHARACTERS:
        return Unreadable(f"a record of {len(text)} characters; at most {limits.LINE_CHARACTERS} are read")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return Unreadable("not JSON, or cut off")
    if not isinstance(record, dict) or record.get("eventType") != export_record.EVENT:
        return None
    try:
        document = export_record.as_deny_line(record)
        found = _entry(document, _message(document, ""), seconds(_text(record, "timestamp")))
        if isinstance(found, NoVerdict):
            return found
        return replace(found, exported=_request(export_record.request(record)))
    except _ShapeError as error:
        return Unreadable(str(error))


def pod(text: str) -> str:
    """Name of the Pod that `kubectl logs --prefix` puts before a line; empty for none."""
    found = _POD.match(text, 0, _FRAME_CHARACTERS)
    return found.group(1) if found else ""


def stamp(text: str) -> str:
    """The time that `kubectl logs --timestamps` puts before a line; empty for none."""
    found = _POD.match(text, 0, _FRAME_CHARACTERS)
    time = _TIME.match(text, found.end() if found else 0)
    return time.group() if time else ""


def _parts(text: str) -> tuple[str, str]:
    """What stands before the JSON object, and the object.

    JSON has no raw tabs within texts, so in the console encoder's line the last one stands before the object.
    """
    head, tab, body = text.rpartition("\t")
    if tab and body.startswith("{"):
        return head, body
    start = text.find("{", 0, _FRAME_CHARACTERS)
    return ("", text) if start < 1 else (text[:start], text[start:])


def _denies(document: Mapping[str, Any]) -> bool:
    return document.get("event_type") == "violation" and document.get("process") == "admission"


def _entry(document: Mapping[str, Any], message: str, time: float) -> AdmissionViolation | NoVerdict:
    constraint = ConstraintName(_name(document, "constraint_kind"), _name(document, "constraint_name"))
    if not constraint.kind or not constraint.name:
        raise _ShapeError("no Constraint is named")
    resource = ObjectName(
        _name(document, "resource_group"),
        _name(document, "resource_api_version"),
        _name(document, "resource_kind"),
        _name(document, "resource_namespace"),
        _name(document, "resource_name"),
    )
    common = (time, constraint, _actions(document), resource, _name(document, "request_username"), message)
    details = document.get("details")
    if details is None and _TIMED_OUT in message:
        return NoVerdict(*common)
    judgement = _judgement(details)
    if judgement is not None or not isinstance(details, dict):
        return AdmissionViolation(*common, judgement)
    return AdmissionViolation(*common, origin=_origin(details))


def _message(document: Mapping[str, Any], head: str) -> str:
    """Of the console encoder it stands before the object, from its last newline on."""
    text = _text(document, "msg") if "msg" in document else head.rpartition("\t")[2]
    return shown(text.removeprefix(_PREFIX), limits.MESSAGE_CHARACTERS)


def _actions(document: Mapping[str, Any]) -> tuple[Action, ...]:
    """Of a scoped Constraint those of the webhook, else the one; the strongest first."""
    action = _text(document, "constraint_action")
    scoped = document.get("constraint_enforcement_actions") or []
    if not isinstance(scoped, list) or not all(isinstance(one, str) for one in scoped):
        raise _ShapeError("constraint_enforcement_actions: expected a list of texts")
    words = set(scoped) if action == "scoped" else {action}
    found = tuple(one for one in Action if one in words)
    return found or (Action.UNRECOGNIZED,)


def _judgement(details: object) -> TemplateDetails | None:
    """Of our own templates, which have a reason of ours, or a newer version's beside policy and ref.

    A template may return anything as details, also what looks like ours by chance: it is a denial all the same.
    """
    reason = details.get("reason") if isinstance(details, dict) else None
    if not isinstance(details, dict) or not isinstance(reason, str):
        return None
    if known_reason(reason) is None and not (isinstance(details.get("policy"), str) and "ref" in details):
        return None
    try:
        return _own_judgement(reason, details)
    except _ShapeError:
        return None


def _origin(details: Mapping[str, Any]) -> RequestOrigin:
    """Of a template that says who and where as ours do; what looks like it by chance, in whole or part, is none."""
    try:
        return RequestOrigin(
            actor=_name(details, "actor"),
            owner=_owner(details.get("owner")),
            request=_request(details.get("request")),
        )
    except _ShapeError:
        return RequestOrigin()


def _own_judgement(reason: str, details: Mapping[str, Any]) -> TemplateDetails:
    return TemplateDetails(
        reason=shown(reason),
        policy=_name(details, "policy"),
        image=_said(details, "image"),
        path=_name(details, "path"),
        said=_said(details, "said"),
        digest=_name(details, "digest"),
        created=_name(details, "created"),
        ref=_name(details, "ref"),
        remedy=_said(details, "remedy"),
        question=_question(details),
        generation=_whole_number(details, "generation"),
        actor=_name(details, "actor"),
        owner=_owner(details.get("owner")),
        request=_request(details.get("request")),
        waiver=_waiver(details.get("waiver")),
    )


def _question(details: Mapping[str, Any]) -> str:
    """Whole, or not at all: a part of a key asks something else."""
    text = _text(details, "question")
    return text if len(text) <= limits.QUESTION_CHARACTERS and shown(text, len(text)) == text else ""


def _owner(value: object) -> Owner | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _ShapeError("details.owner: expected an object")
    owner = Owner(_name(value, "kind"), _name(value, "name"))
    return owner if owner.kind and owner.name else None


def _waiver(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, dict):
        raise _ShapeError("details.waiver: expected an object")
    return _name(value, "name")


def _request(value: object) -> AdmissionRequest | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _ShapeError("details.request: expected an object")
    dry_run = value.get("dryRun")
    if not (dry_run is None or isinstance(dry_run, bool)):
        raise _ShapeError("details.request.dryRun: expected true or false")
    return AdmissionRequest(_name(value, "uid"), _name(value, "operation"), dry_run, _name(value, "subResource"))


def _whole_number(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _ShapeError(f"{name}: expected a whole number")
    return value if 0 <= value < 2**63 else None


def _name(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    # Nearly always, and a line has twenty of them.
    if type(value) is str and len(value) <= limits.NAME_CHARACTERS and value.isascii() and value.isprintable():
        return value
    return shown(_text(fields, name), limits.NAME_CHARACTERS)


def _said(fields: Mapping[str, Any], name: str) -> str:
    return shown(_text(fields, name), limits.MESSAGE_CHARACTERS)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _ShapeError(f"{name}: expected a text")
    return value


def _moment(document: Mapping[str, Any], written: str, head: str) -> float:
    """When, by Gatekeeper's clock, else by that of who stamped the line; 0 where nobody says."""
    value = document.get("ts")
    if isinstance(value, int | float) and not isinstance(value, bool) and _believable(value):
        return float(value)
    found = _TIME.search(head, 0, _FRAME_CHARACTERS)
    return seconds(written) or (seconds(found.group()) if found else 0.0)


def _believable(moment: float) -> bool:
    """Whether a date can be written for it; NaN, infinity and a whole number of any size may be asked."""
    return 0 < moment < 253_402_300_799  # noqa: PLR2004 - the end of the year 9999


def seconds(text: str) -> float:
    """Seconds since 1970 of a time in RFC 3339; 0 for no such time."""
    try:
        moment = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
    return moment if _believable(moment) else 0.0
