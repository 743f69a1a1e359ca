"""The Secret with the certificate that the provider serves: made by us, or by cert-manager."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography import x509

from gatekeeper.certificates import limits, rotation
from gatekeeper.certificates.authority import OwnAuthority
from gatekeeper.certificates.errors import NoAuthorityError
from gatekeeper.certificates.leaf import Purpose
from gatekeeper.certificates.material import Material
from gatekeeper.certificates.report import CertificateName, Issue
from gatekeeper.certificates.rotation import IssueReason, RotationStep, ServedCertificates, Trust
from gatekeeper.certificates.secret import CertificateSecret

# An authority, a certificate of it, and nothing more.
_STEPS: Final = 3


@dataclass(frozen=True)
class ServingState:
    """What becomes of the served certificate.

    Attributes:
        authorities: whom Gatekeeper should trust.
        material: what the Secret holds now.
        issued: what was made anew.
        waiting: whether something is on the way.
    """

    authorities: tuple[x509.Certificate, ...]
    material: Material
    issued: tuple[Issue, ...] = ()
    waiting: bool = False


class ServingSecret(Protocol):
    """Knows what is served, and whom Gatekeeper should trust for it."""

    @property
    def rest_seconds(self) -> float:
        """How long is waited while nothing is on the way."""

    def look(self, trust: Trust, served: Callable[[], ServedCertificates], now: float) -> ServingState:
        """Bring it a step on.

        Args:
            trust: whom Gatekeeper trusts.
            served: looks at what Pods show; called only where that matters.
            now: seconds since 1970.

        Raises:
            ClusterError: the Secret cannot be read or written, is somebody else's, or holds no authority.
        """


class OwnServingSecret:
    """Implements `ServingSecret`: authority and certificate are made here.

    Args:
        secret: where they are kept.
        hosts: what the certificate is for.
    """

    rest_seconds: Final = limits.REST_SECONDS

    def __init__(self, secret: CertificateSecret, hosts: Sequence[str]) -> None:
        self._secret = secret
        self._hosts = tuple(hosts)
        self._known: frozenset[x509.Certificate] = frozenset()

    def look(self, trust: Trust, served: Callable[[], ServedCertificates], now: float) -> ServingState:
        """See the Protocol."""
        found = self._secret.found()
        held = self._believed(found.material, trust)
        shown = self._shown(held, served, now)
        material, issued, step = held, list[Issue](), RotationStep()
        # At the beginning nothing is there: authority and certificate are made in one go.
        for _ in range(_STEPS):
            step = rotation.next_step(material, trust, shown, self._hosts, now)
            material = self._after(material, step, now)
            issued += _issued(material, step)
            if step.authority is None and step.leaf is None:
                break
        if material.authorities != found.material.authorities or issued:
            self._secret.write(material, found)
        return ServingState(material.authorities, material, tuple(issued), step.waiting)

    def _believed(self, held: Material, trust: Trust) -> Material:
        """What a Secret holds, without authorities that Gatekeeper does not know and that were not made here.

        Whoever may create Secrets can write one of our name with our labels, and an authority whose key they have.
        """
        if not trust.asks:
            return held
        self._known = frozenset(trust.named) | self._known.intersection(held.authorities)
        authority = held.authority if held.authority and held.authority.certificate in self._known else None
        return Material(tuple(each for each in held.authorities if each in self._known), authority, held.leaf)

    def _shown(self, held: Material, served: Callable[[], ServedCertificates], now: float) -> ServedCertificates:
        """What Pods show, where anything depends on it: else it is what the Secret holds, or will be soon."""
        step = rotation.next_step(held, Trust(asks=False), ServedCertificates(), self._hosts, now)
        quiet = step.authority is None and step.leaf in {None, IssueReason.RENEWAL} and len(held.authorities) == 1
        return ServedCertificates() if quiet else served()

    def _after(self, held: Material, step: RotationStep, now: float) -> Material:
        authority = OwnAuthority.new(now) if step.authority else held.authority
        if authority is None:
            return held
        if step.authority:
            self._known |= {authority.certificate}
        leaf = authority.issue(Purpose.SERVER, self._hosts, now) if step.leaf else held.leaf
        return Material((authority.certificate, *step.kept), authority, leaf)


@dataclass(frozen=True)
class CertManagerSecret:
    """Implements `ServingSecret`: cert-manager writes the Secret, and we read whom to trust.

    It replaces certificate and authority in one go. So who was trusted before stays so while some Pod needs it.

    Attributes:
        secret: what it writes.
    """

    secret: CertificateSecret

    @property
    def rest_seconds(self) -> float:
        """See the Protocol; cert-manager does not say when it writes."""
        return limits.FOREIGN_REST_SECONDS

    def look(self, trust: Trust, served: Callable[[], ServedCertificates], now: float) -> ServingState:
        """See the Protocol."""
        secret = self.secret.read()
        if secret is None:
            raise NoAuthorityError(
                f"Secret {self.secret.name} is not there yet: cert-manager writes it when its Certificate "
                f"{self.secret.name} is Ready"
            )
        held = Material.of(secret)
        if not held.authorities:
            raise NoAuthorityError(
                f"Secret {self.secret.name} has no ca.crt with a certificate: the issuer does not say its authority, "
                "and Gatekeeper would not know whom to trust; choose another issuer (certificates.certManager)"
            )
        before = [each for each in trust.named if each not in held.authorities]
        kept = rotation.former(before, held, served(), now) if before else ()
        return ServingState((*held.authorities, *kept), dataclasses.replace(held, authority=None), waiting=bool(kept))


def _issued(material: Material, step: RotationStep) -> Iterator[Issue]:
    if step.authority and material.authority:
        yield Issue(CertificateName.AUTHORITY, step.authority, material.authority.ends)
    if step.leaf and material.leaf:
        yield Issue(CertificateName.SERVER, step.leaf, material.leaf.ends)
