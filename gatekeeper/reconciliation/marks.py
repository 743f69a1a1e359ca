"""How an object that the controller made is known: labels that nothing else writes.

Generated objects carry no ownerReference and none of the policy's labels or annotations. The garbage collector would
remove every policy together with the CRD of ClusterImagePolicies, and Argo CD prunes what carries labels that it gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gatekeeper.documents.product import MANAGED_BY, NAME, PREFIX

POLICY_UID: Final = f"{PREFIX}policy-uid"
# The uid of what belongs to no single policy: the template of all policies without a rule, and the coverage.
SHARED: Final = "shared"
SELECTOR: Final = f"{MANAGED_BY}={NAME}"

# On the PolicyStatus of a policy that is held: its value is the policy's uid (`status.policyUID`), and says that what
# is in force of that policy may be removed. A uid and no time: it accepts the end of this object and of no later one
# of the same name, whatever the clocks say. `bestbefore policies --accept-removal` writes it.
ACCEPT_REMOVAL: Final = f"{PREFIX}accept-removal"


def labels(uid: str) -> dict[str, str]:
    """The labels of an object that is generated for the policy with this uid, or for all of them (`SHARED`)."""
    return {MANAGED_BY: NAME, POLICY_UID: uid}


def owner(labels: Mapping[str, Any]) -> str:
    """The uid of the policy that an object with these labels was generated for; empty where we did not make it."""
    return str(labels.get(POLICY_UID, "")) if labels.get(MANAGED_BY) == NAME else ""
