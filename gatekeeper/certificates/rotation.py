"""What of the certificates is to be made anew, of what is there and the time: no clock, no cluster, no chance.

Nobody's question is refused on the way, because each step is taken when the one before has arrived everywhere:

1. A new authority stands beside the old one, and what is served stays as it is.
2. When every Pod of Gatekeeper trusts it, it certifies what is served next.
3. When no Pod of the provider shows anything of the old one, nobody needs to trust that any more.

Where the steps are is not written down anywhere: it is seen in the Secret, in the Providers, and in what Pods show. So
a controller that was killed between two of them goes on, and a Secret that somebody deleted is a rotation like another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509

from gatekeeper.certificates import leaf, limits
from gatekeeper.certificates.authority import OwnAuthority
from gatekeeper.certificates.leaf import LeafPair
from gatekeeper.certificates.material import Material


class IssueReason(StrEnum):
    """Why something was made."""

    # There was none, or none that can be used.
    ABSENT = "absent"
    # Its end is near.
    RENEWAL = "renewal"
    # It is of an authority that is not the present one.
    AUTHORITY = "authority"
    # The provider has another address now.
    ADDRESS = "address"


@dataclass(frozen=True)
class ServedCertificates:
    """What the provider's Pods show.

    Attributes:
        certificates: of those that were seen.
        unknown: whether a Pod may show one that was not seen.
    """

    certificates: tuple[x509.Certificate, ...] = ()
    unknown: bool = False


@dataclass(frozen=True)
class Trust:
    """Whom Gatekeeper trusts.

    Attributes:
        named: the authorities that stand in some Provider.
        common: those that stand in every one.
        arrived: whether every Pod of Gatekeeper says that it has taken up the Providers as they are.
        late: whether one says that it has an older form of one in force.
        seconds: for how long the Providers have been as they are, as far as was seen.
        asks: whether there is a Gatekeeper that may ask.
    """

    named: tuple[x509.Certificate, ...] = ()
    common: frozenset[x509.Certificate] = field(default_factory=frozenset)
    arrived: bool = False
    late: bool = False
    seconds: float = 0.0
    asks: bool = True


@dataclass(frozen=True)
class RotationStep:
    """What is to be done now.

    Attributes:
        authority: why a new authority is made; None where the present one stays.
        leaf: why a new certificate is made; None where the present one stays.
        kept: former authorities that are trusted beside the present one.
        waiting: whether another step follows when this one has arrived.
    """

    authority: IssueReason | None = None
    leaf: IssueReason | None = None
    kept: tuple[x509.Certificate, ...] = ()
    waiting: bool = False


def next_step(
    held: Material, trust: Trust, served: ServedCertificates, hosts: Sequence[str], now: float
) -> RotationStep:
    """What is to be done now.

    Args:
        held: what the Secret holds.
        trust: see there.
        served: see there.
        hosts: what the served certificate must be for.
        now: seconds since 1970.
    """
    kept = former(held.authorities or trust.named, held, served, now)
    authority = held.authority
    if authority is None:
        return RotationStep(authority=IssueReason.ABSENT, kept=kept, waiting=True)
    if _near(authority.ends, limits.AUTHORITY_RENEWAL_DAYS, now) or _far(authority.ends, limits.AUTHORITY_DAYS, now):
        return RotationStep(authority=IssueReason.RENEWAL, kept=kept, waiting=True)
    kept = tuple(each for each in kept if each != authority.certificate and not _is_outlived(authority, now))
    due = _due(held, hosts, now)
    if due is None:
        return RotationStep(kept=kept, waiting=bool(kept))
    if _may_be_shown(held, trust, served, now):
        return RotationStep(leaf=due, kept=kept, waiting=bool(kept))
    return RotationStep(kept=kept, waiting=True)


def former(
    known: Sequence[x509.Certificate], held: Material, served: ServedCertificates, now: float
) -> tuple[x509.Certificate, ...]:
    """Those of the known authorities that somebody has to trust still: they vouch for something that is shown, or may.

    Args:
        known: authorities that were trusted until now.
        held: what the Secret holds, which each new Pod shows.
        served: what Pods show.
        now: seconds since 1970.
    """
    living = [each for each in known if each.not_valid_after_utc.timestamp() > now]
    stored = [held.leaf.certificate] if held.leaf else []
    issuers = [leaf.issued_by(each, [*living, *held.authorities]) for each in served.certificates]
    # What nobody of them issued is shown by something that stands before a Pod: what the Pod shows is not known.
    if not served.unknown and None not in issuers:
        needed = {*issuers, *(leaf.issued_by(each, living) for each in stored)}
        living = [each for each in living if each in needed]
    return tuple(living[: limits.AUTHORITIES - 1])


def _due(held: Material, hosts: Sequence[str], now: float) -> IssueReason | None:
    """Why what the Secret holds is not to be served any longer."""
    found, authority = held.leaf, held.authority
    if found is None or authority is None:
        return IssueReason.ABSENT
    if not _is_of(held, found):
        return IssueReason.AUTHORITY
    if found.hosts != frozenset(hosts):
        return IssueReason.ADDRESS
    due = _near(found.ends, limits.LEAF_RENEWAL_DAYS, now) or _far(found.ends, limits.LEAF_DAYS, now)
    return IssueReason.RENEWAL if due else None


def _may_be_shown(held: Material, trust: Trust, served: ServedCertificates, now: float) -> bool:
    """Whether a certificate of the present authority may be served."""
    if held.leaf is None and not (served.certificates or served.unknown):
        # Where nobody answers, nobody can be refused; the Pods wait for it.
        return True
    if not trust.asks:
        # That there is no such kind may be the word of a moment: what Gatekeeper may trust is not given up for it.
        return trust.seconds >= limits.PATIENCE_SECONDS if held.leaf is None else _is_of(held, held.leaf)
    if held.leaf is not None and _near(held.leaf.ends, limits.LEAF_URGENT_DAYS, now):
        return True
    if held.authority is None or held.authority.certificate not in trust.common:
        return False
    if trust.arrived or (not trust.late and trust.seconds >= limits.SILENT_SECONDS):
        return True
    # New Pods wait for it: no word of a Pod that may be gone is worth that.
    return held.leaf is None and trust.seconds >= limits.PATIENCE_SECONDS


def _is_of(held: Material, found: LeafPair) -> bool:
    """Whether a certificate is one of the present authority."""
    authority = held.authority
    return authority is not None and leaf.issued_by(found.certificate, [authority.certificate]) is not None


def _is_outlived(authority: OwnAuthority, now: float) -> bool:
    """Whether the present authority is older than any certificate of one before it can be.

    A Pod that shows what is not its own would keep a former authority in trust for ever.
    """
    return now - authority.begins > limits.BACKDATE_SECONDS + limits.LEAF_DAYS * limits.DAY_SECONDS


def _far(ends: float, days: float, now: float) -> bool:
    """Whether something lasts longer than when it is made now: our clock was ahead when it was."""
    return ends - now > days * limits.DAY_SECONDS + limits.BACKDATE_SECONDS


def _near(ends: float, days: float, now: float) -> bool:
    return ends - now < days * limits.DAY_SECONDS
