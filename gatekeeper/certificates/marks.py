"""How an object that we write is known, and whether one that somebody else wrote may be taken over.

Whatever of such a name is neither is left alone, and said by name.
"""

from __future__ import annotations

from typing import Final

from gatekeeper.cluster.api import Object
from gatekeeper.documents import fields
from gatekeeper.documents.product import MANAGED_BY, NAME, PART_OF, PREFIX

_HELM: Final = "Helm"
# On a Provider, which lies in no namespace: the installation that it belongs to, as NAMESPACE/SECRET.
HOME: Final = f"{PREFIX}home"


def labels() -> dict[str, str]:
    """The labels of what we write."""
    return {MANAGED_BY: NAME, PART_OF: NAME}


def is_ours(found: Object) -> bool:
    """Whether this controller, or another one like it, wrote an object."""
    return _is_of(found, NAME)


def of_chart(found: Object) -> bool:
    """Whether the chart rendered an object, in a mode in which it does."""
    return _is_of(found, _HELM)


def home(found: Object) -> str:
    """The installation that a Provider says that it belongs to; empty where it says none."""
    return fields.text(found, "metadata", "annotations", HOME)


def _is_of(found: Object, manager: str) -> bool:
    labels = fields.labels(found)
    return labels.get(MANAGED_BY) == manager and labels.get(PART_OF) == NAME
