"""The certificate by which `helm test` may ask the provider, of an authority that certifies nobody else.

The key of that authority is kept nowhere: both are made anew together. The provider learns of the new authority when
its files change; until then `helm test` alone is kept out.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.certificates import leaf, limits
from gatekeeper.certificates.authority import OwnAuthority
from gatekeeper.certificates.leaf import Purpose
from gatekeeper.certificates.material import Material
from gatekeeper.certificates.report import CertificateName, Issue
from gatekeeper.certificates.rotation import IssueReason
from gatekeeper.certificates.secret import CertificateSecret


@dataclass(frozen=True)
class ClientState:
    """What becomes of it.

    Attributes:
        ends: when it ends, seconds since 1970.
        issued: what was made anew; None where nothing was.
    """

    ends: float
    issued: Issue | None = None


@dataclass(frozen=True)
class OwnClientSecret:
    """Keeps it.

    Attributes:
        secret: where it is kept.
    """

    secret: CertificateSecret

    def look(self, now: float) -> ClientState:
        """Make it anew, if it is time; `now` is seconds since 1970.

        Raises:
            ClusterError: the Secret cannot be read or written, or is somebody else's.
        """
        found = self.secret.found()
        held, reason = found.material, _why(found.material, now)
        if reason is None and held.leaf is not None:
            return ClientState(held.leaf.ends)
        authority = OwnAuthority.new(now, limits.LEAF_DAYS)
        made = authority.issue(Purpose.CLIENT, (), now)
        self.secret.write(Material((authority.certificate,), None, made), found)
        return ClientState(made.ends, Issue(CertificateName.OWN_CLIENT_CA, reason or IssueReason.ABSENT, made.ends))


def _why(held: Material, now: float) -> IssueReason | None:
    if held.leaf is None or leaf.issued_by(held.leaf.certificate, held.authorities) is None:
        return IssueReason.ABSENT
    left = min(held.leaf.ends, *(each.not_valid_after_utc.timestamp() for each in held.authorities)) - now
    # One that lasts longer than one that is made now is of a time when our clock was ahead.
    longest = limits.LEAF_DAYS * limits.DAY_SECONDS + limits.BACKDATE_SECONDS
    return None if limits.LEAF_RENEWAL_DAYS * limits.DAY_SECONDS <= left <= longest else IssueReason.RENEWAL
