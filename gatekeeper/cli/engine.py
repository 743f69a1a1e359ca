"""The opa that commands use, if there is one."""

from __future__ import annotations

from gatekeeper.evaluation import opa
from gatekeeper.evaluation.opa import NoVerdictError, Opa


def checker() -> Opa | None:
    """An opa to compile rules with, None where there is none."""
    try:
        return opa.find()
    except NoVerdictError:
        return None
