"""What several Constraints of a policy say, as the turns of one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gatekeeper.freshness.forecast.clock_program import Rows
from gatekeeper.freshness.forecast.line import NOT_EVALUATED, Line
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.outlook import Turn, Verdict
from provider.reasons import NO_ANSWER, Reason

# The worst of several Constraints counts.
_SEVERITY: Final = {
    Verdict.DENIED: 4,
    Verdict.UNKNOWN: 3,
    Verdict.WAIVED: 2,
    Verdict.WARNED: 1,
    Verdict.ADMITTED: 0,
}
_NO_ANSWER: Final = frozenset({*map(str, NO_ANSWER), NOT_EVALUATED, "FactsMissing"})
# What a policy says of an image that is not there; of templates of somebody else nobody knows.
_WITHOUT_FACTS: Final = frozenset({str(Reason.NOT_FOUND), ""})
_ADMITTED: Final = (Verdict.ADMITTED, "", "")

_Judgement = tuple[Verdict, str, str]


def turns(said: Sequence[tuple[Rule, Line]]) -> tuple[Turn, ...]:
    """The turns of what these rules say of one image, each line from the same moment on.

    Where something may be waived, there are lines of the same Constraint without all waivers, too: what is admitted
    with them and denied without is waived.
    """
    whole = [(rule, line) for rule, line in said if rule.waived]
    bare = [(rule, line) for rule, line in said if not rule.waived]
    found: list[Turn] = []
    for at in sorted({at for _, line in said for at, _ in line}):
        verdict, reason, sentence = _worst([_at(rule, line, at) for rule, line in whole])
        if bare and verdict in {Verdict.ADMITTED, Verdict.WARNED}:
            # What has no waivers to leave out stands on its own.
            without, why, its = _worst([_at(rule, line, at) for rule, line in bare])
            if without is Verdict.DENIED:
                verdict, reason, sentence = Verdict.WAIVED, why, its
        if not found or (found[-1].verdict, found[-1].reason) != (verdict, reason):
            found.append(Turn(at, verdict, reason, sentence))
    return tuple(found)


def without_facts(several: Sequence[Turn]) -> tuple[Turn, ...]:
    """Turns of an image of which nobody has said anything: a denial for want of facts is none, and not known."""
    return tuple(
        replace(each, verdict=Verdict.UNKNOWN)
        if each.verdict in {Verdict.DENIED, Verdict.WARNED} and each.reason in _WITHOUT_FACTS
        else each
        for each in several
    )


def _at(rule: Rule, line: Line, clock: int) -> _Judgement:
    rows = next((rows for at, rows in reversed(line) if at <= clock), frozenset())
    return _of_rows(rule.action, rows)


def _of_rows(action: str, rows: Rows) -> _Judgement:
    if not rows:
        return _ADMITTED
    # What is waived is shown by the Constraint that warns. Where somebody made that one deny, it denies this, too.
    if action == "warn" and all(row[2] == Reason.WAIVED for row in rows):
        _, _, reason, sentence = min(rows)
        return Verdict.WAIVED, reason, sentence
    decided = sorted(row for row in rows if row[2] not in _NO_ANSWER)
    if decided:
        _, _, reason, sentence = decided[0]
        return (Verdict.WARNED if action == "warn" else Verdict.DENIED), reason, sentence
    _, _, reason, sentence = min(rows)
    return Verdict.UNKNOWN, reason, sentence


def _worst(said: Sequence[_Judgement]) -> _Judgement:
    return max(said, key=lambda each: _SEVERITY[each[0]], default=_ADMITTED)
