"""A change of policies as Markdown, as a comment on a pull request: GitHub's and GitLab's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import yaml

from gatekeeper.freshness.changes import stubs
from gatekeeper.freshness.changes.change import PolicyChange, WorkloadChange, WorkloadVerdict
from gatekeeper.freshness.outlook import OutlookVerdict
from gatekeeper.freshness.overview import moments
from gatekeeper.freshness.overview.words import ASKED

# A comment of GitHub has 65,536 characters at most.
_ROWS: Final = 100
_STUBS: Final = 20
_MARKS: Final = {
    OutlookVerdict.ADMITTED: "admitted",
    OutlookVerdict.WAIVED: "waived",
    OutlookVerdict.WARNED: "warned",
    OutlookVerdict.UNKNOWN: "not judged",
    OutlookVerdict.DENIED: "**denied**",
}


def render(found: PolicyChange) -> str:
    """The comment. Texts of others are code: none of them is a link, a mention or HTML.

    A backslash would not do, because mentions are looked for in what Markdown has become.
    """
    lines = [f"### {_title(found)}", "", *_notes(found)]
    if found.changes:
        later = moments.day(found.until)
        lines += [f"| Workload | Owner | When | Now | {later} | Why |", "|---|---|---|---|---|---|"]
        lines += [_row(each) for each in found.changes[:_ROWS]]
        if len(found.changes) > _ROWS:
            lines += ["", f"And {len(found.changes) - _ROWS:,} more: `bestbefore diff --output json` has all."]
    lines += _waivers(found)
    return "\n".join(lines).rstrip() + "\n"


def _title(found: PolicyChange) -> str:
    hit = {each.workload for each in found.changes if each.denied}
    harder = {each.workload for each in found.changes if each.worse} - hit
    denied, worse = len(hit), len(harder)
    better = len({each.workload for each in found.changes} - hit - harder)
    if not found.changes:
        return f"No verdict changes for {_workloads(found.workloads)}"
    parts = [
        f"{_workloads(denied)} would be denied" if denied else "",
        f"{_workloads(worse)} would be warned of or not judged" if worse else "",
        f"{_workloads(better)} would be better off" if better else "",
    ]
    said = ", ".join(each for each in parts if each)
    return said if denied else f"Nothing more is denied: {said}"


def _notes(found: PolicyChange) -> Iterator[str]:
    span = f"{moments.minute(found.now)} to {moments.minute(found.until)}"
    yield f"{_workloads(found.workloads)} judged, from {span}."
    yield ""
    if found.unknown:
        yield f"Of {_workloads(found.unknown)} not everything could be looked at."
        yield ""
    for each in found.not_judged[:_STUBS]:
        yield f"- Not judged: {_code(each)}"
    if len(found.not_judged) > _STUBS:
        yield f"- And {len(found.not_judged) - _STUBS:,} more like these."
    if found.not_judged:
        yield ""


def _row(each: WorkloadChange) -> str:
    name = each.workload
    asked = ", ".join(ASKED[one] for one in each.questions)
    cells = (
        _code(f"{name.namespace}/{name.kind}/{name.name}"),
        _code(each.team) if each.team else "",
        asked,
        _arrow(each.now),
        _arrow(each.later),
        _why(each),
    )
    return f"| {' | '.join(cells)} |"


def _arrow(pair: tuple[WorkloadVerdict, WorkloadVerdict]) -> str:
    old, new = (_MARKS[each.verdict] for each in pair)
    return old if old == new else f"{old} → {new}"


def _why(each: WorkloadChange) -> str:
    """Of the side that changed: what the new policies have against it, else what the old ones had."""
    sides = (each.now[1], each.later[1], each.now[0], each.later[0])
    said = next((one for one in sides if one.sentence or one.reason), None)
    if said is None:
        return ""
    return f"{_code(said.policy)} {_code(said.image)} {_code(said.sentence or said.reason)}"


def _waivers(found: PolicyChange) -> Sequence[str]:
    made = stubs.stubs(found)
    if not made:
        return ()
    # It cannot end the block: the texts in it have no three backticks behind each other.
    texts = yaml.safe_dump_all(made[:_STUBS], sort_keys=False, width=120).replace("```", "` ` `")
    more = f" (the first {_STUBS} of {len(made):,})" if len(made) > _STUBS else ""
    return (
        "",
        f"<details><summary>Waivers to begin with, one for each owner and policy{more}</summary>",
        "",
        "Each owner says why, and shortens what need not last so long.",
        "",
        "```yaml",
        texts.rstrip(),
        "```",
        "",
        "</details>",
    )


def _code(text: str) -> str:
    """A code span; in it nothing is a link, a mention or HTML. A bar would end the cell of a table even there."""
    kept = text.replace("`", "'").replace("|", "/")
    return f"`{kept}`" if kept.strip() else ""


def _workloads(count: int) -> str:
    return f"{count:,} workload" + ("s" if count != 1 else "")
