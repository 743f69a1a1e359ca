"""Lays out templates and cases so that one run of opa evaluates each case at many clocks.

What a run gives is small: of each case the clocks at which its template begins to say something else. The templates'
text is untouched, as in `gatekeeper.evaluation.program`.
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

# What it is recognised by at another clock: the sentence may say how old an image is.
_without_sentences(rows) := {array.slice(row, 0, 3) | some row in rows}

changes[number] := found if {
	some number, rows in _rows
	found := {at: row |
		some at, row in rows
		_differs(rows, at)
	}
}

_differs(_, 0)

_differs(rows, at) if {
	at > 0
	_without_sentences(rows[at]) != _without_sentences(rows[at - 1])
}

_differs(rows, at) if {
	at > 0
	not rows[at - 1]
}
"""

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
    """

    template: Template
    parameters: str
    review: str
    inventory: str
    clocks: Sequence[int]


@dataclass(frozen=True)
class ClockRun:
    """What came of a run.

    Attributes:
        changes: of each case, what its template says from which of its clocks on; the first clock is always there.
        asked: keys that were asked, and of which nothing was known.
        covered: of each case, the images that its policy covers at the first clock, as written; None where its
            template does not say.
    """

    changes: Sequence[Sequence[tuple[int, Rows]]]
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
    changes = [_changes(case, value["changes"].get(each, {})) for each, case in zip(numbers, cases, strict=True)]
    covered = [frozenset(value["covered"][each]) if each in value["covered"] else None for each in numbers]
    return ClockRun(changes, list(new), covered)


def _changes(case: ClockCase, found: Mapping[str, Any]) -> list[tuple[int, Rows]]:
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
    (folder / "bestbefore_clocks.rego").write_text(
        _DRIVER + program.response("data.recorded") + rows_of, encoding="utf-8"
    )
    tables: dict[str, dict[str, int]] = {"reviews": {}, "parameters": {}, "inventories": {}}
    clocks: dict[tuple[int, ...], int] = {}
    rows = [
        {
            "template": case.template.package,
            "review": tables["reviews"].setdefault(case.review, len(tables["reviews"])),
            "parameters": tables["parameters"].setdefault(case.parameters, len(tables["parameters"])),
            "inventory": tables["inventories"].setdefault(case.inventory, len(tables["inventories"])),
            "clocks": clocks.setdefault(tuple(case.clocks), len(clocks)),
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
        "images": images or (),
    }
    # Reviews are JSON already.
    parts = [f'"{name}":[{",".join(texts)}]' for name, texts in tables.items()]
    text = json.dumps(plain)
    (folder / "data.json").write_text(f"{text[:-1]},{','.join(parts)}}}", encoding="utf-8")


def _rows_of(main: str, *, overridden: bool) -> str:
    stubs = "with input as document with time.now_ns as clock with external_data as answer"
    stubs += " with data.inventory as data.inventories[case.inventory]"
    if overridden:
        stubs += " with data.lib.bestbefore.workload.judged as judged"
    document = '{"review": data.reviews[case.review], "parameters": data.parameters[case.parameters]}'
    return f"""
_rows[number] := rows if {{
	some number, case in data.cases
	case.template == "{main}"
	document := {document}
	rows := {{at: found |
		some at, clock in data.clocks[case.clocks]
		value := data.{main}.violation {stubs}
		found := {{_row(one) | some one in value}}
	}}
}}

covered[number] := {{image.text | some image in images}} if {{
	some number, case in data.cases
	case.template == "{main}"
	document := {document}
	clock := data.clocks[case.clocks][0]
	images := data.{main}._images {stubs}
}}
"""
