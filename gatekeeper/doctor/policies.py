"""Templates and Constraints: in force in every Pod, made by this version, and one of them denying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gatekeeper.doctor import pod_status
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error, info, warning
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod
from gatekeeper.doctor.installed_policy import InstalledConstraint, InstalledTemplate
from gatekeeper.doctor.matches import opted_in
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged
from gatekeeper.doctor.several import some
from provider.version import VERSION


def templates(
    found: Reading[Sequence[InstalledTemplate]], pods: Reading[Sequence[GatekeeperPod]]
) -> Iterator[DoctorFinding]:
    """Whether each Pod of Gatekeeper has compiled each template. Those of others are worth a warning."""
    check = Check.TEMPLATE_STATUS
    if isinstance(found, ReadFailure):
        yield not_judged(check, found)
        return
    for each in found:
        messages = list(pod_status.problems(each.statuses, each.generation, pods))
        if each.statuses and not each.created and not messages:
            messages.append("Gatekeeper has not made its kind")
        for message in messages:
            yield (error if each.ours else warning)(check, f"ConstraintTemplate {each.name}", message)


def constraints(
    found: Reading[Sequence[InstalledConstraint]],
    unread: Sequence[ReadFailure],
    pods: Reading[Sequence[GatekeeperPod]],
) -> Iterator[DoctorFinding]:
    """Whether each Pod of Gatekeeper enforces each Constraint. Those of others are worth a warning."""
    check = Check.CONSTRAINT_STATUS
    # Those of a kind may be about any namespace and any image.
    checks = (check, Check.TRANSLATOR_VERSION, Check.ADMISSION_TIME, Check.UNSEEN_NAMESPACES, Check.BOOTSTRAP)
    yield from (not_judged(each, failure) for failure in unread for each in checks)
    if isinstance(found, ReadFailure):
        yield not_judged(check, found)
        return
    for each in found:
        for message in pod_status.problems(each.statuses, each.generation, pods):
            yield (error if each.ours else warning)(check, each.title, message)


def versions(
    templates: Reading[Sequence[InstalledTemplate]], constraints: Reading[Sequence[InstalledConstraint]]
) -> Iterator[DoctorFinding]:
    """Whether policies were made by this version; one finding a version."""
    check = Check.TRANSLATOR_VERSION
    made: dict[str, list[str]] = {}
    for found, kind in ((templates, "ConstraintTemplate "), (constraints, "")):
        if isinstance(found, ReadFailure):
            yield not_judged(check, found)
            continue
        for each in found:
            if each.version and each.version != VERSION:
                title = each.title if isinstance(each, InstalledConstraint) else f"{kind}{each.name}"
                made.setdefault(each.version, []).append(title)
    for version, titles in sorted(made.items()):
        message = f"made by bestbefore {version}; this is {VERSION}"
        yield warning(check, some(titles), message)


def enforcement(
    found: Reading[Sequence[InstalledConstraint]],
    unread: Sequence[ReadFailure],
    namespaces: Reading[Mapping[str, Mapping[str, str]]],
) -> Iterator[DoctorFinding]:
    """Whether there is a policy, and one denies. Before anybody has opted in, none is missed."""
    check = Check.ENFORCEMENT
    if isinstance(found, ReadFailure):
        yield not_judged(check, found)
        return
    ours = [each for each in found if each.ours]
    if not any(each.action == "deny" for each in ours) and unread:
        yield from (not_judged(check, each) for each in unread)
    elif not ours:
        expected = isinstance(namespaces, ReadFailure) or any(map(opted_in, namespaces.values()))
        message = "no Constraint of bestbefore is there: no image is judged"
        yield (warning if expected else info)(check, "Gatekeeper", message)
    elif not any(each.action == "deny" for each in ours):
        actions = ", ".join(sorted({each.action for each in ours}))
        message = f"no Constraint of bestbefore denies ({actions}): what they find is only reported"
        yield info(check, "Gatekeeper", message)
