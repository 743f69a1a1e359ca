"""Clocks: of the API server and of the provider, beside that of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatekeeper.cluster.server import ServerFacts
from gatekeeper.doctor import limits
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error, warning
from gatekeeper.doctor.provider_pod import ProviderPod
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged


def judge(server: Reading[ServerFacts], pods: Reading[Sequence[ProviderPod]]) -> Iterator[DoctorFinding]:
    """Whether the clocks agree."""
    if isinstance(server, ReadFailure):
        yield not_judged(Check.CLOCKS, server)
    else:
        yield from _clock("API server", server.ahead)
    if isinstance(pods, ReadFailure):
        yield not_judged(Check.CLOCKS, pods)
        return
    for pod in pods:
        if isinstance(pod.report, ReadFailure):
            yield not_judged(Check.CLOCKS, pod.report)
        else:
            yield from _clock(f"Pod {pod.name}", pod.report.ahead)


def _clock(subject: str, ahead: float | None) -> Iterator[DoctorFinding]:
    if ahead is None:
        yield not_judged(Check.CLOCKS, ReadFailure(subject, "it does not say its time"))
    elif abs(ahead) >= limits.CLOCK_SECONDS:
        severity = error if abs(ahead) >= limits.CLOCK_ERROR_SECONDS else warning
        side = "ahead of" if ahead > 0 else "behind"
        message = f"its clock is {abs(ahead):.0f} s {side} that of this machine; they should agree"
        yield severity(Check.CLOCKS, subject, message)
