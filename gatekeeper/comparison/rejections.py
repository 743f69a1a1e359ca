"""What the API server counts of webhooks that refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

FAMILY: Final = "apiserver_admission_webhook_rejection_count"
POLICY_CONTROLLER: Final = "policy.sigstore.dev"
GATEKEEPER: Final = "validation.gatekeeper.sh"
_NO_ERROR: Final = "no_error"


@dataclass(frozen=True)
class RejectionCount:
    """How often a webhook refused, since the API server that was asked began.

    Attributes:
        webhook: its name.
        refused: requests that it refused.
        failed: requests that were refused because it could not be asked.
    """

    webhook: str
    refused: int
    failed: int


def counts(lines: Iterable[str]) -> list[RejectionCount]:
    """Those of policy-controller and of Gatekeeper; one that refused nothing yet has 0.

    Args:
        lines: of the API server's metrics, in Prometheus' text format, of this family.

    Raises:
        ValueError: they cannot be read.
    """
    found = {name: [0, 0] for name in (POLICY_CONTROLLER, GATEKEEPER)}
    for family in text_string_to_metric_families("".join(f"{line}\n" for line in lines)):
        for sample in family.samples:
            each = found.get(sample.labels.get("name", ""))
            if each is not None and sample.name.startswith(FAMILY):
                each[sample.labels.get("error_type") != _NO_ERROR] += int(sample.value)
    return [RejectionCount(name, *each) for name, each in found.items()]
