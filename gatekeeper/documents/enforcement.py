"""What a Constraint does with what the API server is asked for: `enforcementAction`, also by enforcement points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gatekeeper.documents import fields

# The strongest first.
ACTIONS: Final = ("deny", "warn", "dryrun")
SCOPED: Final = "scoped"
SCOPES: Final = "scopedEnforcementActions"
# Where Gatekeeper judges what the API server is asked for, and everywhere.
_WEBHOOK: Final = frozenset({"validation.gatekeeper.sh", "*"})


def action_of(spec: Mapping[str, Any]) -> str:
    """The action at admission: of several the strongest, and of none `dryrun`; one that nobody knows is as written.

    Args:
        spec: of the Constraint.
    """
    action = fields.text(spec, "enforcementAction") or ACTIONS[0]
    if action != SCOPED:
        return action
    scoped = {
        fields.text(each, "action")
        for each in fields.rows(spec, SCOPES)
        if not _WEBHOOK.isdisjoint(fields.text(point, "name") for point in fields.rows(each, "enforcementPoints"))
    }
    return next((each for each in ACTIONS if each in scoped), ACTIONS[-1])
