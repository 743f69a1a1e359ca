"""How a ConfigMap that the controller writes is known; one of its name that somebody else wrote is left alone."""

from __future__ import annotations

from typing import Final

from gatekeeper.cluster.api import Object
from gatekeeper.documents import fields
from gatekeeper.documents.product import MANAGED_BY, NAME, PART_OF, PREFIX

# On the ConfigMap that is handed over: what is known of each trust root, JSON.
FACTS: Final = f"{PREFIX}trust-roots"
# On a ConfigMap with the state of a mirror: whose, and when it was last looked at.
MIRROR: Final = f"{PREFIX}trust-mirror"
LOOKED: Final = f"{PREFIX}trust-looked"


def labels() -> dict[str, str]:
    """The labels of what we write."""
    return {MANAGED_BY: NAME, PART_OF: NAME}


def is_ours(found: Object) -> bool:
    """Whether this controller, or another one like it, wrote an object."""
    labels = fields.labels(found)
    return labels.get(MANAGED_BY) == NAME and labels.get(PART_OF) == NAME


def annotation(found: Object, name: str) -> str:
    """An annotation; empty where there is none."""
    return fields.text(found, "metadata", "annotations", name)
