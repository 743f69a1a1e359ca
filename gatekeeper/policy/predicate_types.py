"""Types of predicates by the names that policies write (cosign, `cmd/cosign/cli/options/predicate.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provider.questions.attestation_question import PredicateForm

_SLSA_02: Final = "https://slsa.dev/provenance/v0.2"
_SPDX: Final = "https://spdx.dev/Document"
_NAMED: Final[Mapping[str, tuple[str, PredicateForm]]] = {
    "custom": ("https://cosign.sigstore.dev/attestation/v1", PredicateForm.GENERIC),
    "vuln": ("https://cosign.sigstore.dev/attestation/vuln/v1", PredicateForm.VULN),
    "slsaprovenance": (_SLSA_02, PredicateForm.SLSA_PROVENANCE),
    "slsaprovenance02": (_SLSA_02, PredicateForm.GENERIC),
    "slsaprovenance1": ("https://slsa.dev/provenance/v1", PredicateForm.GENERIC),
    "link": ("https://in-toto.io/Link/v1", PredicateForm.LINK),
    "spdx": (_SPDX, PredicateForm.GENERIC),
    "spdxjson": (_SPDX, PredicateForm.GENERIC),
    "cyclonedx": ("https://cyclonedx.org/bom", PredicateForm.GENERIC),
    "openvex": ("https://openvex.dev/ns", PredicateForm.GENERIC),
}


def meaning(written: str) -> tuple[str, PredicateForm]:
    """What a policy means by a type: the URI, compared as text, and what the predicate is read as.

    Whatever is no short name is a type as it stands.
    """
    return _NAMED.get(written, (written, PredicateForm.GENERIC))
