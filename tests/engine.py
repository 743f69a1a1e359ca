"""The real opa for tests that evaluate Rego."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gatekeeper.evaluation import opa
from gatekeeper.evaluation.opa import NoVerdictError, Opa, Printout
from gatekeeper.evaluation.program import CALL
from tests.programs import missing


def engine() -> Opa:
    """The opa that commands would use, or a skipped test that says how to get one."""
    try:
        return opa.find()
    except NoVerdictError as error:
        missing(error.message)


def printout(
    values: Mapping[int, Any],
    calls: Mapping[int, Sequence[str]] | None = None,
    images: Mapping[int, Sequence[str]] | None = None,
) -> Printout:
    """What an engine double gives: violations by case, the keys that the case's template asked, what it covers."""
    lines = [CALL + json.dumps([case, "bestbefore", "array", list(keys)]) for case, keys in (calls or {}).items()]
    found = {"violations": _by_text(values), "images": _by_text(images or {})}
    return Printout(found, tuple(lines))


def _by_text(values: Mapping[int, Any]) -> dict[str, Any]:
    return {str(case): list(value) for case, value in values.items()}
