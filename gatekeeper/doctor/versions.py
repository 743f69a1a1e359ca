"""Versions: of Kubernetes, of Gatekeeper and its OPA, of the providers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.cluster.server import ServerFacts
from gatekeeper.doctor import limits, several
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error, info, warning
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod
from gatekeeper.doctor.provider_pod import ProviderPod
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged
from gatekeeper.evaluation import opa
from provider.version import VERSION

_NUMBERS: Final = re.compile(r"v?(\d+)\.(\d+)")
_GATEKEEPER: Final = "Gatekeeper"
_API_SERVER: Final = "API server"


def kubernetes(server: Reading[ServerFacts]) -> Iterator[DoctorFinding]:
    """Whether this is a Kubernetes that we know."""
    check = Check.KUBERNETES_VERSION
    if isinstance(server, ReadFailure):
        yield not_judged(check, server)
        return
    found = _numbers(server.version)
    if found is None:
        yield not_judged(
            check, ReadFailure(_API_SERVER, f"its version, {server.version!r}, is no version that we know")
        )
    elif found < limits.OLDEST_KUBERNETES:
        wanted = _written(limits.OLDEST_KUBERNETES)
        yield error(check, _API_SERVER, f"it is Kubernetes {server.version}; {wanted} or newer is needed")
    elif found > limits.NEWEST_KUBERNETES:
        newest = _written(limits.NEWEST_KUBERNETES)
        yield info(check, _API_SERVER, f"it is Kubernetes {server.version}; the newest that was tried is {newest}")


def gatekeeper(pods: Reading[Sequence[GatekeeperPod]]) -> Iterator[DoctorFinding]:
    """Whether this is a Gatekeeper that we know, and one only."""
    check = Check.GATEKEEPER_VERSION
    if isinstance(pods, ReadFailure):
        yield not_judged(check, pods)
        return
    unknown = [each.name for each in pods if _numbers(each.version) is None]
    if unknown:
        yield not_judged(
            check, ReadFailure(several.pods(unknown), "neither image nor labels say the version of Gatekeeper")
        )
    versions = sorted({each.version for each in pods} - {""})
    if len(versions) > 1:
        yield warning(
            check, _GATEKEEPER, f"its Pods have different versions: {', '.join(versions)}; there should be one"
        )
    for version in versions:
        yield from _gatekeeper(check, version)


def _gatekeeper(check: Check, version: str) -> Iterator[DoctorFinding]:
    found = _numbers(version)
    oldest, newest = _written(limits.OLDEST_GATEKEEPER), _written(limits.NEWEST_GATEKEEPER)
    supported = oldest if oldest == newest else f"{oldest} to {newest}"
    if found is not None and found < limits.OLDEST_GATEKEEPER:
        yield error(check, _GATEKEEPER, f"it is {version}; supported is {supported}")
    if found is not None and found > limits.NEWEST_GATEKEEPER:
        yield warning(check, _GATEKEEPER, f"it is {version}; supported is {supported}, newer ones were not tried")


def providers(pods: Reading[Sequence[ProviderPod]]) -> Iterator[DoctorFinding]:
    """Whether the providers are of our version."""
    check = Check.BESTBEFORE_VERSION
    if isinstance(pods, ReadFailure):
        yield not_judged(check, pods)
        return
    for pod in pods:
        if isinstance(pod.report, ReadFailure):
            yield not_judged(check, pod.report)
        elif pod.report.version != VERSION:
            yield warning(
                check, f"Pod {pod.name}", f"the provider is bestbefore {pod.report.version}; this is {VERSION}"
            )


def engine(version: Reading[str]) -> Iterator[DoctorFinding]:
    """Whether `check` evaluates with Gatekeeper's OPA."""
    check = Check.OPA_VERSION
    if isinstance(version, ReadFailure):
        yield not_judged(check, version)
    elif version != opa.VERSION:
        message = f"it is {version}; that in Gatekeeper {_written(limits.NEWEST_GATEKEEPER)} is {opa.VERSION}"
        yield warning(check, "opa", message)


def _numbers(version: str) -> tuple[int, int] | None:
    found = _NUMBERS.match(version)
    return (int(found[1]), int(found[2])) if found else None


def _written(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
