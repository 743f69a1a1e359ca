"""What has to be proved of a signature: a question with its key read and its trust roots found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from provider.signatures.trust.keys import PublicKey
from provider.signatures.trust.trust_root import TrustRoot


@dataclass(frozen=True)
class Demands:
    """Exactly one of `key` and `trust_root`.

    Attributes:
        key: signed by this key.
        trust_root: signed by somebody whom an authority of this trust root certified.
        ignore_sct: whether the certificate need not have been logged.
        logs: a log of this trust root must hold the signature; None for no such demand.
        offline: whether nobody named a log to ask, which is what the message says then.
        timestamps: an authority of this trust root must have stamped it; None for no such demand.
    """

    key: PublicKey | None = None
    trust_root: TrustRoot | None = None
    ignore_sct: bool = False
    logs: TrustRoot | None = None
    offline: bool = False
    timestamps: TrustRoot | None = None

    @property
    def for_bundles(self) -> Demands:
        """The same for bundles, whose certificates want a log's word unless a timestamp authority's is asked for."""
        if self.trust_root is None or self.timestamps is not None:
            return self
        return replace(self, logs=self.logs or self.trust_root)

    @cached_property
    def revision(self) -> str:
        """What results are remembered under: whatever has a say in them."""
        roots = [root.digest if root else "" for root in (self.trust_root, self.logs, self.timestamps)]
        return "|".join((self.key.revision if self.key else "", *roots, str(self.ignore_sct), str(self.offline)))
