"""The rights that `bestbefore doctor` needs: the page lists them, and a test compares them with the chart's roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_CLUSTER: Final = "cluster"
_GATEKEEPER: Final = "Gatekeeper's namespace"
_OURS: Final = "the provider's namespace"


@dataclass(frozen=True)
class AccessRule:
    """To list objects of some kinds.

    Attributes:
        where: in the whole cluster (a ClusterRole), or in which namespace (a Role).
        group: API group; empty for the core group.
        resources: plural names; `*` for all of the group.
        reason: what is looked at.
    """

    where: str
    group: str
    resources: tuple[str, ...]
    reason: str


RIGHTS: Final = (
    AccessRule(_CLUSTER, "", ("namespaces",), "labels: who opted in, who is exempt"),
    AccessRule(
        _CLUSTER,
        "admissionregistration.k8s.io",
        ("validatingwebhookconfigurations", "mutatingwebhookconfigurations"),
        "Gatekeeper's webhooks",
    ),
    AccessRule(_CLUSTER, "templates.gatekeeper.sh", ("constrainttemplates",), "their status in every Pod"),
    AccessRule(_CLUSTER, "constraints.gatekeeper.sh", ("*",), "their match and their status"),
    AccessRule(_CLUSTER, "externaldata.gatekeeper.sh", ("providers",), "addresses, timeouts, authorities, status"),
    AccessRule(_CLUSTER, "mutations.gatekeeper.sh", ("assign",), "whether tags are pinned"),
    AccessRule(_GATEKEEPER, "", ("pods",), "flags, version, readiness"),
    AccessRule(_GATEKEEPER, "config.gatekeeper.sh", ("configs",), "namespaces that Gatekeeper leaves out"),
    AccessRule(_OURS, "", ("pods",), "version and plain port of the provider"),
)
