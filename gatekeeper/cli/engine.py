"""The opa that commands use."""

from __future__ import annotations

from gatekeeper.cli import output
from gatekeeper.evaluation import opa
from gatekeeper.evaluation.opa import BUNDLED, Opa


def found() -> Opa:
    """The opa; one of another version than Gatekeeper's is used with a warning. Ours has the right one.

    Raises:
        NoVerdictError: there is none, or what was found is no opa.
    """
    engine = opa.find()
    if engine == Opa(BUNDLED):
        return engine
    version = engine.version()
    if version != opa.VERSION:
        output.warning(f"this is opa {version}; Gatekeeper has {opa.VERSION}, and may judge otherwise")
    return engine
