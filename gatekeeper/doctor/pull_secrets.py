"""Pull secrets of Pods: whether the provider may read those that it is set to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, warning
from gatekeeper.doctor.provider_pod import ProviderPod
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged

_SETTING: Final = "pull_secret_namespace"
# What is a right's fault; a Secret that is missing, or damaged, is its owner's affair.
_OF_RIGHTS: Final = ("forbidden", "unauthorized")


def judge(pods: Reading[Sequence[ProviderPod]]) -> Iterator[DoctorFinding]:
    """What the Pods of the provider say of their rights, by what the API server says."""
    check = Check.PULL_SECRETS
    if isinstance(pods, ReadFailure):
        yield not_judged(check, pods)
        return
    for pod in pods:
        if isinstance(pod.report, ReadFailure):
            yield not_judged(check, pod.report)
            continue
        settings = {title.partition(" ")[0]: count for title, count in pod.report.unusable.items()}
        if count := settings.get(_SETTING, 0):
            message = (
                f"rights to read Secrets or service accounts of namespaces that `{_SETTING}` names are missing: {count}"
            )
            yield warning(check, f"Pod {pod.name}", message)
        elif count := sum(pod.report.pull_secrets.get(reason, 0) for reason in _OF_RIGHTS):
            message = f"pull secrets that it was not allowed to read, since its start: {count}; its log names them"
            yield warning(check, f"Pod {pod.name}", message)
