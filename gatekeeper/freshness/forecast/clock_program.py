"""Lays out templates and cases so that one run of opa evaluates each case at many clocks.

What a run gives is small: of each case the clocks at which its template begins to say something else. The templates'
text is untouched, as in `gatekeeper.evaluation.program`.

The two Constraints of a pair (see `pairs`) are one case: each verdict is made once, and the template's own `settled` is
asked which of the two reports it. In the template it is asked for one of them, and only after all else is done.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gatekeeper.documents.product import PATHS
from gatekeeper.evaluation import program
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import StubAnswers, Template

QUERY: Final = '{"changes": data.bestbefore_clocks.changes, "covered": data.bestbefore_clocks.covered}'
# A key that was asked and has no answer at hand.
_ASKED: Final = "bestbefore-asked "

_DRIVER: Final = """package bestbefore_clocks

import future.keywords

answer(request) := response if {
	keys := object.get(request, "keys", [])
	provider := object.get(request, "provider", "")
	is_string(provider)
	is_array(keys)
	every key in keys {
		is_string(key)
	}
	_ask([key | some key in keys; not _known(key)])
	response := _response(provider, keys)
}

_ask(keys) if count(keys) == 0

_ask(keys) if {
	count(keys) > 0
	print("bestbefore-asked", json.marshal(keys))
}

# The images to judge in place of the object's own.
judged(_, _) := data.images

_known(key) if data.recorded.values[key]

_known(key) if data.recorded.errors[key]

_known(key) if data.recorded.asked[key]

_row(one) := [_detail(one, "path"), _detail(one, "image"), _detail(one, "reason"), _said(one)]

_detail(one, name) := value if {
	value := one.details[name]
	is_string(value)
} else := ""

_said(one) := said if {
	said := _detail(one, "said")
	said != ""
} else := one.msg if {
	is_string(one.msg)
} else := ""

changes[number] := found if {
	some number, said in _rows
	found := {half: changed |
		some half, rows in said
		changed := {at: row |
			some at, row in rows
			_differs(rows, at)
		}
	}
}

_differs(_, 0)

_differs(rows, at) if {
	at > 0
	rows[at] != rows[at - 1]
}

_differs(rows, at) if {
	at > 0
	not rows[at - 1]
}
"""

# What stands in place of two functions of the library, where a case is a pair: a verdict that passes is reported by
# neither, and all others are reported with who reports them. What is said of no image by itself is said by both.
_PAIR: Final = """
passed(_, verdict) if verdict.class == "pass"

reported(image, verdict) := object.union(data.lib.bestbefore.messages.own(image, verdict), {"halves": halves}) if {
	halves := [half | some half in data.halves; not _is_settled(half, verdict)]
}

_is_settled(half, verdict) if {
	given := object.union(input.parameters, {"reports": half})
	data.lib.bestbefore.judgement.settled({"given": given}, verdict)
}

_is_of(half, one) if half in object.get(one, "halves", data.halves)
"""
_PAIR_STUBS: Final = (
    " with data.lib.bestbefore.judgement.settled as passed with data.lib.bestbefore.messages.own as reported"
)

HALVES: Final = ("deny", "warn")
"""The values of `reports` of the two Constraints of a pair."""

_DOCUMENT: Final = '{"review": data.reviews[case.review], "parameters": data.parameters[case.parameters]}'

Row = tuple[str, str, str, str]
"""What a template has against an image: path, image, reason code, sentence; each may be empty."""

Rows = frozenset[Row]


@dataclass(frozen=True, slots=True)
class ClockCase:
    """A Constraint over a review, at some clocks.

    Attributes:
        template: of the Constraint's kind.
        parameters: of the Constraint, as JSON.
        review: what Gatekeeper hands to a template as `input.review`, as JSON.
        inventory: what is at `data.inventory`, as JSON.
        clocks: nanoseconds since 1970, in order.
        is_pair: whether it is for both Constraints of a pair; the parameters are those of the one that warns.
        wants_cover: whether it is to be said which images its policy covers.
    """

    template: Template
    parameters: str
    review: str
    inventory: str
    clocks: Sequence[int]
    is_pair: bool = False
    wants_cover: bool = True

    @property
    def halves(self) -> Sequence[str]:
        """What is said apart: of a pair by each of `HALVES`, else by one without a name."""
        return HALVES if self.is_pair else ("",)


Changes = Sequence[tuple[int, Rows]]
"""What is said from which clock on, and in which words; the first clock is always there. Empty where nothing is."""


@dataclass(frozen=True)
class ClockRun:
    """What came of a run.

    Attributes:
        changes: of each case, what its template says from which of its clocks on, in the order of its halves.
        asked: keys that were asked, and of which nothing was known.
        covered: of each case, the images that its policy covers at the first clock, as written; None where its
            template does not say, or where nobody wants to know.
    """

    changes: Sequence[Sequence[Changes]]
    asked: Sequence[str]
    covered: Sequence[frozenset[str] | None]


def run(
    cases: Sequence[ClockCase],
    answers: StubAnswers,
    asked: Collection[str],
    engine: Engine,
    images: Sequence[Mapping[str, Any]] | None = None,
) -> ClockRun:
    """Evaluate cases of one template.

    Args:
        cases: what to evaluate.
        answers: what `external_data` answers.
        asked: keys that need not be asked again, whether they have an answer or not.
        engine: the real opa.
        images: the images to judge in place of those of the reviewed objects; see `Evaluator`.

    Raises:
        EvaluationError: OPA refused a text, or a rule met an error at one of the clocks.
        NoVerdictError: no engine, or it did not finish.
    """
    with tempfile.TemporaryDirectory(prefix="bestbefore-") as name:
        _write(Path(name), cases, answers, asked, images)
        printed = engine.evaluate(Path(name), QUERY)
    new: dict[str, None] = {}
    for line in printed.lines:
        if line.startswith(_ASKED):
            new.update(dict.fromkeys(json.loads(line.removeprefix(_ASKED))))
    value = printed.value or {}
    numbers = [str(number) for number in range(len(cases))]
    said = [(case, value["changes"].get(each, {})) for each, case in zip(numbers, cases, strict=True)]
    changes = [[_changes(case, its.get(half, {})) for half in case.halves] for case, its in said]
    covered = [frozenset(value["covered"][each]) if each in value["covered"] else None for each in numbers]
    return ClockRun(changes, list(new), covered)


def _changes(case: ClockCase, found: Mapping[str, Any]) -> Changes:
    """An empty list where the template says nothing that can be read at the first clock."""
    rows = sorted((int(at), frozenset(tuple(row) for row in each)) for at, each in found.items())
    return [(case.clocks[at], each) for at, each in rows] if rows and rows[0][0] == 0 else []


def _write(
    folder: Path,
    cases: Sequence[ClockCase],
    answers: StubAnswers,
    asked: Collection[str],
    images: Sequence[Mapping[str, Any]] | None,
) -> None:
    texts: dict[str, str] = {}
    for case in cases:
        texts |= case.template.modules
    program.write_modules(folder, texts)
    mains = sorted({case.template.package for case in cases})
    rows_of = "".join(_rows_of(main, overridden=images is not None) for main in mains)
    paired = sorted({case.template.package for case in cases if case.is_pair})
    if paired:
        # Only these templates have a library with such functions.
        rows_of += _PAIR + "".join(_pair_rows_of(main, overridden=images is not None) for main in paired)
    (folder / "bestbefore_clocks.rego").write_text(
        _DRIVER + program.response("data.recorded") + rows_of, encoding="utf-8"
    )
    (folder / "data.json").write_text(_data(cases, answers, asked, images or ()), encoding="utf-8")


def _data(
    cases: Sequence[ClockCase], answers: StubAnswers, asked: Collection[str], images: Sequence[Mapping[str, Any]]
) -> str:
    """What the driver reads, as JSON; what several cases have in common stands there once."""
    tables: dict[str, dict[str, int]] = {"reviews": {}, "parameters": {}, "inventories": {}}
    clocks: dict[tuple[int, ...], int] = {}
    rows = [
        {
            "template": case.template.package,
            "review": tables["reviews"].setdefault(case.review, len(tables["reviews"])),
            "parameters": tables["parameters"].setdefault(case.parameters, len(tables["parameters"])),
            "inventory": tables["inventories"].setdefault(case.inventory, len(tables["inventories"])),
            "clocks": clocks.setdefault(tuple(case.clocks), len(clocks)),
            "pair": case.is_pair,
            "wants_cover": case.wants_cover,
        }
        for case in cases
    ]
    recorded = {
        "values": answers.values,
        "errors": answers.errors,
        "asked": dict.fromkeys(asked, True),
        "system_error": answers.system_error,
    }
    plain = {
        "recorded": recorded,
        "providers": list(PATHS),
        "cases": rows,
        "clocks": list(clocks),
        "images": images,
        "halves": HALVES,
    }
    # Reviews are JSON already.
    parts = [f'"{name}":[{",".join(texts)}]' for name, texts in tables.items()]
    text = json.dumps(plain)
    return f"{text[:-1]},{','.join(parts)}}}"


def _rows_of(main: str, *, overridden: bool) -> str:
    stubs = _stubs(overridden=overridden)
    return f"""
_rows[number] := {{"": rows}} if {{
	some number, case in data.cases
	case.template == "{main}"
	case.pair == false
	document := {_DOCUMENT}
	rows := {{at: found |
		some at, clock in data.clocks[case.clocks]
		value := data.{main}.violation {stubs}
		found := {{_row(one) | some one in value}}
	}}
}}

covered[number] := {{image.text | some image in images}} if {{
	some number, case in data.cases
	case.template == "{main}"
	case.wants_cover == true
	document := {_DOCUMENT}
	clock := data.clocks[case.clocks][0]
	images := data.{main}._images {stubs}
}}
"""


def _pair_rows_of(main: str, *, overridden: bool) -> str:
    return f"""
_rows[number] := rows if {{
	some number, case in data.cases
	case.template == "{main}"
	case.pair == true
	document := {_DOCUMENT}
	values := {{at: value |
		some at, clock in data.clocks[case.clocks]
		value := data.{main}.violation {_stubs(overridden=overridden)}{_PAIR_STUBS}
	}}
	rows := {{half: said |
		some half in data.halves
		said := {{at: found |
			some at, value in values
			found := {{_row(one) | some one in value; _is_of(half, one)}}
		}}
	}}
}}
"""


def _stubs(*, overridden: bool) -> str:
    """What stands in place of the cluster."""
    stubs = "with input as document with time.now_ns as clock with external_data as answer"
    stubs += " with data.inventory as data.inventories[case.inventory]"
    return f"{stubs} with data.lib.bestbefore.workload.judged as judged" if overridden else stubs
