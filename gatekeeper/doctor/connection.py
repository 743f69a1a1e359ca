"""The way to a cluster that doctor takes: its API, and what its network shows."""

from __future__ import annotations

import time

from gatekeeper.cluster.access import Access
from gatekeeper.cluster.client import LightkubeApi
from gatekeeper.cluster.server import ApiServerDesk
from gatekeeper.doctor.probes import NetworkProbes
from gatekeeper.doctor.reading import ReadFailure, Reading
from gatekeeper.doctor.survey import Survey
from gatekeeper.evaluation import opa
from gatekeeper.evaluation.opa import NoVerdictError


def survey(access: Access, namespace: str = "") -> Survey:
    """What reads a cluster; nothing is asked of it yet.

    Args:
        access: the way to it.
        namespace: Gatekeeper's; empty to find it by its webhook.

    Raises:
        NoClusterError: its certificates cannot be used.
    """
    probes = NetworkProbes(access.inside)
    return Survey(LightkubeApi(access), ApiServerDesk(access, time.time), probes, probes, namespace)


def engine() -> Reading[str]:
    """The version of the opa program that `check` would use."""
    try:
        return opa.find().version()
    except NoVerdictError as error:
        return ReadFailure("opa", error.message, elsewhere=True)
