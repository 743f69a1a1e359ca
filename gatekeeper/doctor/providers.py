"""The Providers of ours: their objects, what is served at their addresses, the Pods behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gatekeeper.doctor import limits, pod_status, several
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error, warning
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod
from gatekeeper.doctor.provider_object import ProviderObject
from gatekeeper.doctor.provider_pod import ProviderPod
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged
from gatekeeper.doctor.served_certificate import ServedCertificate
from gatekeeper.documents.product import MUTATION, PATHS
from provider.settings.model import DeadlineSettings

# The wait of each endpoint, where the provider's own word for it cannot be read.
_DEFAULTS: Final = DeadlineSettings()
WAITS: Final = {
    "validate": _DEFAULTS.validate_seconds,
    "audit": _DEFAULTS.audit_seconds,
    "mutate": _DEFAULTS.mutate_seconds,
}
_DAY: Final = 86400.0


def objects(
    found: Reading[Sequence[ProviderObject]], pins: Reading[bool], waits: Mapping[str, float]
) -> Iterator[DoctorFinding]:
    """The Provider objects.

    Args:
        found: the objects.
        pins: whether tags are pinned by one of them.
        waits: how long the provider waits for registries, by endpoint.
    """
    check = Check.PROVIDERS
    if isinstance(found, ReadFailure):
        yield not_judged(check, found)
        return
    present = {each.name for each in found}
    if not present:
        yield error(check, "Gatekeeper", f"none of the Providers {', '.join(PATHS)} is there")
        return
    # Without an answer whether tags are pinned, the Provider for it is not missed.
    needed = [name for name in PATHS if name != MUTATION or pins is True]
    for name in needed:
        if name not in present:
            yield error(check, f"Provider {name}", "it is not there; what asks it is denied")
    for each in found:
        for message in _problems(each, waits):
            yield error(check, f"Provider {each.name}", message)


def _problems(provider: ProviderObject, waits: Mapping[str, float]) -> Iterator[str]:
    path = PATHS[provider.name]
    if not provider.url.startswith("https://") or not provider.host:
        yield f"its url is {provider.url!r}; it should be https://HOST:PORT{path}"
    elif provider.path != path:
        yield f"its url ends with {provider.path or '/'}; it should end with {path}"
    wait = waits.get(path.removeprefix("/"), 0.0)
    if provider.seconds <= 0:
        yield f"its timeout is not set, so that each call fails at once; it should be more than {wait:g} s"
    elif provider.seconds <= wait:
        yield (
            f"its timeout is {provider.seconds} s, and the provider waits {wait:g} s for registries; it should be "
            "more, or Gatekeeper gives up before the answer with its reason is there"
        )
    if provider.authorities is None:
        yield "its caBundle is no base64; it should be the authority of the provider's certificate"


def statuses(
    found: Reading[Sequence[ProviderObject]], pods: Reading[Sequence[GatekeeperPod]]
) -> Iterator[DoctorFinding]:
    """Whether each Pod of Gatekeeper has taken up each Provider."""
    check = Check.PROVIDER_STATUS
    if isinstance(found, ReadFailure):
        yield not_judged(check, found)
        return
    for each in found:
        for message in pod_status.problems(each.statuses, each.generation, pods):
            yield error(check, f"Provider {each.name}", message)


def certificates(
    found: Reading[Sequence[ProviderObject]], served: Mapping[str, Reading[ServedCertificate]], now: float
) -> Iterator[DoctorFinding]:
    """What is served at the Providers' addresses, one finding for those with the same."""
    if isinstance(found, ReadFailure):
        yield not_judged(Check.PROVIDER_CERTIFICATE, found)
        yield not_judged(Check.CLIENT_CERTIFICATE, found)
        return
    seen: set[tuple[str, bytes | None]] = set()
    for each in found:
        certificate = served.get(each.name)
        if certificate is not None and (each.address, each.authorities) not in seen:
            seen.add((each.address, each.authorities))
            alike = [
                other.name for other in found if (other.address, other.authorities) == (each.address, each.authorities)
            ]
            yield from _certificate(f"Provider {', '.join(alike)}", each.address, certificate, now)


def _certificate(subject: str, address: str, served: Reading[ServedCertificate], now: float) -> Iterator[DoctorFinding]:
    if isinstance(served, ReadFailure):
        yield not_judged(Check.PROVIDER_CERTIFICATE, served)
        yield not_judged(Check.CLIENT_CERTIFICATE, served)
        return
    if served.problem:
        yield error(
            Check.PROVIDER_CERTIFICATE,
            subject,
            f"{address} serves a certificate of {served.issuer}, for which its caBundle does not vouch "
            f"({served.problem}); each call fails",
        )
    yield from expiry(Check.PROVIDER_CERTIFICATE, subject, "the certificate that is served", served.expires, now)
    if served.asks_back is False:
        message = f"{address} answers a client without a certificate; it should ask for one"
        yield error(Check.CLIENT_CERTIFICATE, subject, message)
    elif served.asks_back is None:
        failure = ReadFailure(address, "whether it asks its clients for a certificate was not seen")
        yield not_judged(Check.CLIENT_CERTIFICATE, failure)


def expiry(check: Check, subject: str, what: str, expires: float, now: float) -> Iterator[DoctorFinding]:
    """What ends soon, or has ended."""
    left = expires - now
    if not expires or left > limits.EXPIRY_SECONDS:
        return
    when = f"ends in {left / _DAY:.0f} days" if left > 0 else f"ended {-left / _DAY:.0f} days ago"
    severity = error if left < limits.EXPIRY_ERROR_SECONDS else warning
    yield severity(
        check, subject, f"{what} {when}; it should be renewed {limits.EXPIRY_SECONDS / _DAY:.0f} days before"
    )


def pods(found: Reading[Sequence[ProviderPod]], namespace: str, now: float) -> Iterator[DoctorFinding]:
    """The provider's Pods, and the certificates that they know of."""
    check = Check.PROVIDER_PODS
    if isinstance(found, ReadFailure):
        yield not_judged(check, found)
        return
    late = [each.name for each in found if not each.ready]
    if not found:
        yield error(check, "provider", f"no Pod of it is in {namespace}; everything that policies match is denied")
    elif len(late) == len(found):
        yield error(
            check, several.pods(late), "no Pod of the provider is ready; everything that policies match is denied"
        )
    elif late:
        yield warning(check, several.pods(late), f"not ready; {len(found) - len(late)} of {len(found)} are")
    elif len(found) == 1:
        yield warning(check, several.pods([found[0].name]), "it is the only Pod of the provider; there should be more")
    for each in found:
        if not isinstance(each.report, ReadFailure):
            for name, expires in each.report.expiries.items():
                if name != "server":  # seen at the Provider's address
                    yield from expiry(
                        Check.PROVIDER_CERTIFICATE, several.pods([each.name]), f"its {name}", expires, now
                    )


def waits(found: Reading[Sequence[ProviderPod]]) -> Mapping[str, float]:
    """How long the provider waits, by endpoint: as its Pods say, the longest; the default where none says."""
    reports = () if isinstance(found, ReadFailure) else [each.report for each in found]
    said = [each.waits for each in reports if not isinstance(each, ReadFailure)]
    return {
        name: max((each[name] for each in said if name in each), default=default) for name, default in WAITS.items()
    }
