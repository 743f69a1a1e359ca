"""What is asked to know the proved dates of an image: the very questions that templates ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from provider.questions.attestation_question import AttestationWish
from provider.questions.config_paths import ConfigPaths
from provider.questions.proof_question import Format, Key, Keyless, LogName, TrustRootName, Verify
from provider.signatures.provenance import PLACES


@dataclass(frozen=True)
class Voucher:
    """Whose proofs count.

    Attributes:
        name: what people call it: a file, or a trust root.
        key: a public key; None for whoever an authority of `roots` has certified.
        roots: names of the trust roots whose logs, timestamps and, without a key, certificates count.
    """

    name: str
    key: Key | None
    roots: Sequence[str]


def verifications(voucher: Voucher) -> Iterator[Verify]:
    """What has to be proved, by every way in which it can have a time, or be of a key without one."""
    for base in _bases(voucher):
        yield replace(base, format=Format.ANY)
        for form in (Format.LEGACY, Format.BUNDLE):
            for kind, places in PLACES.items():
                paths = ConfigPaths(tuple(sorted(("predicate", *path) for path in places.all)))
                yield replace(base, format=form, attestation=AttestationWish(kind, statement=paths))


def _bases(voucher: Voucher) -> Iterator[Verify]:
    if voucher.key is not None:
        yield Verify(key=voucher.key)
    for name in voucher.roots:
        root = TrustRootName(name)
        base = Verify(key=voucher.key, keyless=None if voucher.key else Keyless(root))
        yield replace(base, log=LogName(trust_root=root))
        yield replace(base, timestamp=root)
