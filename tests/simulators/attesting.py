"""Attestations in legacy form, good but for what a test changes.

body = envelope(signer, payload=statement(DIGEST, predicate={"ok": True}))
"""

from __future__ import annotations

from typing import Any

from provider.signatures.content import encoding
from tests.simulators.signing import Signer, b64, canonical

TYPE = "https://example.test/scan/v1"
IN_TOTO = "application/vnd.in-toto+json"
ENVELOPE = "application/vnd.dsse.envelope.v1+json"


def statement(digest: str, **changes: Any) -> bytes:
    """A statement about a digest."""
    base = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": TYPE,
        "subject": [{"name": "reg.example/team/app", "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicate": {"ok": True},
    }
    return canonical(base | changes)


def envelope(*signers: Signer, payload: bytes, kind: str = IN_TOTO, **changes: Any) -> bytes:
    """An envelope with a signature of each."""
    signatures = [{"keyid": "", "sig": b64(each.sign(encoding(kind, payload)))} for each in signers]
    return canonical({"payloadType": kind, "payload": b64(payload), "signatures": signatures} | changes)
