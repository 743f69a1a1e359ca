"""A Gatekeeper that a cloud provider runs: which features cannot work there.

Known by the image of its Pods. What can be set is from the cloud providers' pages (Azure Policy for Kubernetes; `gcloud
container fleet policycontroller enable`), not tried by us: so it is said as what cannot be set, and the other checks
show what is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, warning
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged


@dataclass(frozen=True)
class ManagedGatekeeper:
    """A cloud provider's Gatekeeper.

    Attributes:
        name: as its pages call it.
        images: how its images begin.
        limits: what cannot be done there.
        remedy: what can.
    """

    name: str
    images: tuple[str, ...]
    limits: str
    remedy: str


KNOWN: Final = (
    ManagedGatekeeper(
        "the Azure Policy add-on of AKS",
        ("mcr.microsoft.com/",),
        "failure policy (it is Ignore: what is not answered in time is admitted), webhook timeout, serving threads, "
        "logDenies and external data cannot be set, and templates are supported only as Azure Policy definitions",
        "Disable the add-on and run a Gatekeeper of your own (both at once are not supported), or use `bestbefore "
        "check` in CI.",
    ),
    ManagedGatekeeper(
        "GKE's Policy Controller",
        ("gcr.io/config-management-release/", "gcr.io/gke-release/", "us-docker.pkg.dev/gke-release/"),
        "failure policy, webhook timeout, serving threads and external data cannot be set; logDenies, mutation, the "
        "audit interval and exemptable namespaces can",
        "Set `--log-denies` and `--mutation` by `gcloud container fleet policycontroller update`; for the rest run a "
        "Gatekeeper of your own.",
    ),
)


def judge(pods: Reading[Sequence[GatekeeperPod]]) -> Iterator[DoctorFinding]:
    """Whether a cloud provider runs Gatekeeper, and what does not work there."""
    check = Check.MANAGED_GATEKEEPER
    if isinstance(pods, ReadFailure):
        yield not_judged(check, pods)
        return
    for known in KNOWN:
        if any(pod.image.startswith(known.images) for pod in pods):
            yield warning(check, "Gatekeeper", f"it is {known.name}: {known.limits}", known.remedy)
