"""Bundles of sigstore's own suite for clients, each accepted or refused as the suite says.

The suite stands beside the checkout, never in it: `BESTBEFORE_CONFORMANCE` names its `test/assets/bundle-verify`.
Its bundles sign a file; the file's SHA-256 takes the place of an image's digest. Attestations of it are taken for
signatures here: what is looked at is the evidence.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from provider.errors import ImageError
from provider.questions.answer import Proof
from provider.questions.proof_question import HashAlgorithm
from provider.signatures.demands import Demands
from provider.signatures.formats import bundle
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import keys, public_good, trust_root

pytestmark = pytest.mark.integration
SUITE = os.environ.get("BESTBEFORE_CONFORMANCE", "")
CASES = sorted(path.parent.name for path in Path(SUITE).glob("*/bundle.sigstore.json")) if SUITE else []
IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"


def verified(case: str, monkeypatch: pytest.MonkeyPatch) -> Proof:
    folder = Path(SUITE) / case
    raw = (folder / "bundle.sigstore.json").read_bytes()
    monkeypatch.setattr(bundle, "SIGN", predicate_type(raw))
    artifact = folder / "artifact" if (folder / "artifact").exists() else Path(SUITE) / "a.txt"
    proof = bundle.verify(raw, "sha256:" + hashlib.sha256(artifact.read_bytes()).hexdigest(), demands(folder))
    if not (folder / "key.pub").exists():
        assert proof.issuer == text(folder / "issuer", ISSUER)
        assert text(folder / "identity", IDENTITY) in proof.subjects
    return proof


def demands(folder: Path) -> Demands:
    own = folder / "trusted_root.json"
    root = trust_root.read(own.read_bytes() if own.exists() else public_good.trusted_root())
    if not (folder / "key.pub").exists():
        return Demands(trust_root=root, logs=root)
    return Demands(key=keys.load((folder / "key.pub").read_text(), HashAlgorithm.SHA256), logs=root)


def predicate_type(raw: bytes) -> str:
    try:
        statement = base64.b64decode(json.loads(raw)["dsseEnvelope"]["payload"])
        return str(json.loads(statement)["predicateType"])
    except (ValueError, KeyError):
        return bundle.SIGN


def text(path: Path, otherwise: str) -> str:
    return path.read_text().strip() if path.exists() else otherwise


TREE = "not in the tree that its log has signed: "
NO_TIME = "no time of signing that a log or a timestamp authority proves"
EXPIRED = "certificate expired before observed time"
# Why each must be refused, by the first words of its name that no other has.
REASONS = {
    "bundle-empty-certificate-chain": "x509CertificateChain is empty",
    "bundle-from-wrong-instance": "of no log in the trust root",
    "bundle-invalid-base64-signature": "illegal base64 data",
    "bundle-malformed-json": "it is no JSON",
    "bundle-negative-log-index": "missing or of a wrong type",
    "bundle-unknown-version": "version=99.9 is not supported",
    "bundle-with-root-cert": "holds a root certificate",
    "checkpoint-bad-keyhint": TREE + "the checkpoint is not signed by its log",
    "checkpoint-wrong-roothash": TREE + "the checkpoint is of another tree",
    "dsse-": "the log entry is of another signature",
    "inclusion-proof-corrupted-hash": TREE + "its proof leads to another root",
    "incorrect-public-key": "the log entry is of another signature",
    "integrated-time-in-future": EXPIRED,
    "intoto-expired-certificate": "certificate was issued after observed time",
    "intoto-log-entry-mismatch": "the log entry is of another signature",
    "intoto-missing-inclusion-proof": "the log entry has no inclusion proof",
    "intoto-set-outside-signing-cert-validity": EXPIRED,
    "intoto-tsa-timestamp-outside-cert-validity": EXPIRED,
    "invalid-checkpoint-signature": TREE + "the checkpoint is not signed by its log",
    "invalid-ct-key": "ctfe public key not found",
    "invalid-inclusion-proof": TREE + "its proof leads to another root",
    "managed-key-no-key": "no certificate found on signature",
    # It is no point of its curve.
    "managed-key-wrong-key": "holds no public key that can be read",
    "message-digest-mismatch": "invalid or missing digest in claim",
    "rekor2-checkpoint-missing": TREE + "the checkpoint cannot be read",
    "rekor2-checkpoint-no-matching-signature": TREE + "the checkpoint is not signed by its log",
    "rekor2-dsse-": "the log entry is of another signature",
    "rekor2-no-inclusion-proof": "the log entry has no inclusion proof",
    "rekor2-no-timestamp": NO_TIME,
    "rekor2-timestamp-outside": "the timestamp is of a time at which its authority was not valid",
    "rekor2-timestamp-payload-mismatch": "the timestamp is of another signature",
    # Its certificates are not in the order of DER, so that nobody learns whose it is.
    "rekor2-timestamp-untrusted-tsa-with-": "is no response of a timestamp authority, or is not DER",
    "rekor2-timestamp-untrusted-tsa-without-": "the timestamp is of no authority in the trust root",
    "rekor2-timestamp-with-incorrect-time": EXPIRED,
    "set-invalid-signature": "unable to verify SET",
    "signature-mismatch": "the log entry is of another signature",
    "trust-root-tlog-missing-validity-start": "the log entry is of no log in the trust root",
    "wrong-hashedrekord-": "the log entry is of another signature",
    "wrong-material": "invalid or missing digest in claim",
}


@pytest.mark.skipif(not SUITE, reason="BESTBEFORE_CONFORMANCE names no folder")
@pytest.mark.parametrize("case", [name for name in CASES if not name.endswith("_fail")] or [""])
def test_bundle_that_must_pass_passes(case, monkeypatch):
    assert verified(case, monkeypatch)


@pytest.mark.skipif(not SUITE, reason="BESTBEFORE_CONFORMANCE names no folder")
@pytest.mark.parametrize("case", [name for name in CASES if name.endswith("_fail")] or [""])
def test_bundle_that_must_fail_is_refused_for_its_own_reason(case, monkeypatch):
    (reason,) = [reason for name, reason in REASONS.items() if case.startswith(name)]
    with pytest.raises((RejectionError, ImageError)) as refused:
        verified(case, monkeypatch)
    assert reason in str(refused.value)
