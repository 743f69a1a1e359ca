"""The real opa for tests that evaluate Rego."""

from __future__ import annotations

from gatekeeper.evaluation import opa
from gatekeeper.evaluation.opa import NoVerdictError, Opa
from tests.programs import missing


def engine() -> Opa:
    """The opa that commands would use, or a skipped test that says how to get one."""
    try:
        return opa.find()
    except NoVerdictError as error:
        missing(error.message)
