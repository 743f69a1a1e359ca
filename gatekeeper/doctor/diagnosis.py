"""All checks of one installation, the worst findings first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gatekeeper.doctor import (
    admission_time,
    clocks,
    flags,
    managed,
    namespaces,
    policies,
    providers,
    pull_secrets,
    referential_rules,
    registries,
    trust_roots,
    versions,
    webhooks,
)
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, FindingSeverity
from gatekeeper.doctor.installation import Installation, Vantage
from gatekeeper.doctor.reading import ReadFailure
from provider.version import VERSION

_WORST_FIRST: Final = {severity: number for number, severity in enumerate(FindingSeverity)}
_ORDER: Final = {check: number for number, check in enumerate(Check)}


@dataclass(frozen=True)
class Diagnosis:
    """What was found of an installation.

    Attributes:
        versions: of what takes part, by name; without those that were not seen.
        findings: the worst first, then in the order of the page.
        unread: why nothing of the cluster could be read; empty where something was.
    """

    versions: Mapping[str, str]
    findings: tuple[DoctorFinding, ...]
    unread: str

    @property
    def healthy(self) -> bool:
        """Whether nobody has to do anything."""
        return not self.unread and not any(each.to_fix for each in self.findings)


def diagnose(found: Installation, vantage: Vantage) -> Diagnosis:
    """All checks."""
    findings = sorted(
        dict.fromkeys(_findings(found, vantage)),
        key=lambda each: (_WORST_FIRST[each.severity], not each.judged, _ORDER[each.check]),
    )
    return Diagnosis(dict(_versions(found, vantage)), tuple(findings), found.unread)


def _findings(found: Installation, vantage: Vantage) -> Iterator[DoctorFinding]:
    waits = providers.waits(found.provider_pods)
    count = 0 if isinstance(found.constraints, ReadFailure) else len(found.constraints)
    yield from versions.kubernetes(found.server)
    yield from versions.gatekeeper(found.gatekeeper_pods)
    yield from versions.providers(found.provider_pods)
    yield from versions.engine(vantage.opa)
    yield from managed.judge(found.gatekeeper_pods)
    yield from webhooks.validating(found.validating, found.providers, found.namespaces)
    yield from webhooks.mutating(found.mutating, found.pins, found.providers, found.namespaces)
    yield from flags.pods(found.gatekeeper_pods, found.gatekeeper, count)
    yield from referential_rules.judge(found.gatekeeper_pods, found.templates)
    yield from providers.objects(found.providers, found.pins, waits)
    yield from providers.statuses(found.providers, found.gatekeeper_pods)
    yield from providers.pods(found.provider_pods, found.home, vantage.now)
    yield from providers.certificates(found.providers, found.certificates, vantage.now)
    yield from policies.templates(found.templates, found.gatekeeper_pods)
    yield from policies.constraints(found.constraints, found.unread_kinds, found.gatekeeper_pods)
    yield from policies.versions(found.templates, found.constraints)
    yield from policies.enforcement(found.constraints, found.unread_kinds, found.namespaces)
    yield from admission_time.judge(found.constraints, found.namespaces, found.validating, waits["validate"])
    yield from namespaces.judge(
        found.namespaces,
        found.constraints,
        found.validating,
        found.left_out,
        [name for name in (found.gatekeeper, found.home) if name],
    )
    yield from clocks.judge(found.server, found.provider_pods)
    yield from trust_roots.judge(vantage.trust_roots, found.provider_pods, vantage.now)
    yield from pull_secrets.judge(found.provider_pods)
    yield from registries.judge(vantage.images)


def _versions(found: Installation, vantage: Vantage) -> Iterator[tuple[str, str]]:
    yield "bestbefore", VERSION
    if not isinstance(found.server, ReadFailure):
        yield "Kubernetes", found.server.version
    if not isinstance(found.gatekeeper_pods, ReadFailure):
        seen = sorted({each.version for each in found.gatekeeper_pods} - {""})
        if seen:
            yield "Gatekeeper", ", ".join(seen)
    if not isinstance(vantage.opa, ReadFailure):
        yield "opa", vantage.opa
    for each in vantage.trust_roots:
        if each.shipped:
            yield "shipped trust root", f"of {each.shipped}"
