"""JSON: one object for the verdict, and in it one for each finding and for each thing that was not judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from gatekeeper.cli.reports import moment
from gatekeeper.evaluation.check_result import CheckResult, Omission
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.evaluation.review import Review

if TYPE_CHECKING:
    from gatekeeper.freshness.forecast.review_outlook import ReviewOutlook
    from gatekeeper.freshness.outlook import OutlookTurn

# Why nothing is allowed where nothing was judged.
NOTHING_JUDGED: Final = "NothingJudged"


def document(result: CheckResult, *, judged: bool = True) -> dict[str, Any]:
    """One object: `allowed`, `errors`, `warnings`, `images`, `findings`, `notJudged`, `notes`, and perhaps `reason`.

    Args:
        result: of a check.
        judged: whether anything was decided at all.
    """
    found: dict[str, Any] = {
        "allowed": result.allowed and judged,
        "errors": list(result.errors),
        "warnings": list(result.warnings),
        "images": {image: dict(fact) for image, fact in result.facts.items()},
        "findings": [_finding(each) for each in result.findings],
        "notJudged": [_unjudged(each) for each in result.unjudged],
        "notes": [*(_note(each) for each in result.reviews if each.subject.note), *_assumptions(result)],
    }
    reason = result.undecided or ("" if judged else NOTHING_JUDGED)
    return {**found, "reason": reason} if reason else found


def forecast(ahead: Sequence[ReviewOutlook], now: int, until: int) -> dict[str, Any]:
    """From when each image would be denied, and from when nobody can say: `until`, `deniedFrom` and `unknownFrom`.

    Args:
        ahead: what policies will say.
        now: the time that was judged by, nanoseconds since 1970.
        until: how far was looked ahead.
    """
    denied = sorted((each.denial.since, number) for number, each in enumerate(ahead) if each.denial)
    unknown = sorted((each.unknown.since, number) for number, each in enumerate(ahead) if each.unknown)
    return {
        "until": moment.rfc3339(until),
        "deniedFrom": [_denial(ahead[number], now) for _, number in denied],
        "unknownFrom": [_turn(ahead[number], ahead[number].unknown) for _, number in unknown],
    }


def _denial(outlook: ReviewOutlook, now: int) -> Mapping[str, Any]:
    again = outlook.admitted_again
    return {
        **_turn(outlook, outlook.denial),
        "already": outlook.denial is not None and outlook.denial.since <= now,
        "admittedAgain": moment.rfc3339(again.since) if again else None,
    }


def _turn(outlook: ReviewOutlook, turn: OutlookTurn | None) -> Mapping[str, Any]:
    return {
        "policy": outlook.policy,
        "object": outlook.review.title,
        "file": outlook.review.file,
        "image": outlook.image,
        "path": outlook.path,
        "from": moment.rfc3339(turn.since) if turn else None,
        "reason": turn.reason if turn else "",
    }


def without_verdict(error: NoVerdictError) -> dict[str, Any]:
    """The object of a check that could not be made."""
    return {"allowed": False, "errors": [error.message], "warnings": [], "images": {}, "reason": error.reason}


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {
        "policy": finding.policy,
        "action": finding.action,
        "object": finding.review.title,
        "file": finding.review.file,
        "line": finding.line,
        "image": finding.image,
        "path": finding.path,
        "reason": finding.reason,
        "message": finding.violation.msg,
        "remedy": finding.remedy,
        "ref": finding.ref,
    }


def _assumptions(result: CheckResult) -> Iterator[Mapping[str, Any]]:
    """What was taken for granted, and why policies cover nothing."""
    for each in result.judgements:
        for note in (*each.notes, *([f"not covered: {each.reason}"] if each.reason else [])):
            yield {"policy": each.policy, "object": each.review.title, "file": each.review.file, "note": note}


def _note(review: Review) -> Mapping[str, Any]:
    """How an object was judged that is not judged as it is."""
    return {"object": review.title, "file": review.file, "note": review.subject.note}


def _unjudged(unjudged: Omission) -> Mapping[str, Any]:
    where = {"object": unjudged.review.title} if unjudged.review and unjudged.what != "object" else {}
    file = {"file": unjudged.file} if unjudged.file else {}
    return {unjudged.what: unjudged.name, **where, **file, "reason": unjudged.reason}
