"""The settings that policies/proven-age starts from: images that Tekton builds, and Chains attests."""

from __future__ import annotations

from typing import Final

from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.own.proven_time import LogSource, ProvenanceSource
from gatekeeper.own.signer import Signer
from provider.questions.proof_question import Key, LogName, Verify

_BUILDER: Final = "https://tekton.dev/chains/v2"
_LOG: Final = "https://rekor.sigstore.dev"
# An example: whoever takes the policy writes the key of their own builder in its place.
_KEY: Final = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsV4CKQEtVKiwf/M01oEodugoHsD4
KF/+iVuzMzyKaBJOPzMmyqSNRCy4TcrpoMMFR/RuHer+HPQnD4dS6q2rlg==
-----END PUBLIC KEY-----
"""


def settings() -> MaximumImageAge:
    """Images that a trusted builder has proved to be young, and that no log has seen before."""
    key = Key(_KEY)
    return MaximumImageAge(
        dates=("provenance", "log"),
        provenance=ProvenanceSource((Signer("chains", Verify(key=key)),), (_BUILDER,)),
        log=LogSource(attestors=(Signer("in-rekor", Verify(key=key, log=LogName(_LOG))),)),
        name="proven-age",
    )
