"""Signatures of one image, good but for what a test changes, and what is demanded of them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from provider.questions.answer import Proof
from provider.questions.proof_question import HashAlgorithm
from provider.registry.content.manifest import Descriptor
from provider.signatures.demands import Demands
from provider.signatures.formats import bundle, simple_signing
from provider.signatures.legacy_layer import LegacyLayer
from provider.signatures.trust import keys, trust_root
from tests.simulators.signing import NOW, Signer, SigningWorld, b64, canonical

MANIFEST = b'{"schemaVersion":2}'
DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()
OTHER = "sha256:" + "b" * 64


class SignatureWorld:
    """What tests of signatures begin with."""

    def __init__(self, world: SigningWorld) -> None:
        self.world = world
        self.root = trust_root.of_document(world.trust_root)
        self.ann = world.signer()
        self.by_key = Demands(key=self.public(world.key))
        self.by_key_logged = Demands(key=self.public(world.key), logs=self.root)
        self.by_key_stamped = Demands(key=self.public(world.key), timestamps=self.root)
        self.keyless = Demands(trust_root=self.root)
        self.keyless_logged = Demands(trust_root=self.root, logs=self.root)
        self.keyless_stamped = Demands(trust_root=self.root, timestamps=self.root)

    @staticmethod
    def public(signer: Signer, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> keys.PublicKey:
        return keys.load(signer.public_pem, algorithm)

    # Legacy.

    def layer(
        self, payload: bytes, notes: Mapping[str, str], media_type: str = simple_signing.MEDIA_TYPE
    ) -> LegacyLayer:
        digest = "sha256:" + hashlib.sha256(payload).hexdigest()
        return LegacyLayer(Descriptor(media_type, digest, len(payload), annotations=dict(notes)), payload)

    def legacy(self, signer: Signer | None = None, digest: str = DIGEST, **parts: Any) -> LegacyLayer:
        """A simple signing. Parts: `payload`; `signature`; `logged`, `stamped`: True or what changes; `notes`."""
        signer = signer or self.world.key
        payload = parts.get("payload") or self.world.payload(digest)
        signature = parts.get("signature")
        signature = signer.sign(payload) if signature is None else signature
        notes = {"dev.cosignproject.cosign/signature": b64(signature)}
        if signer.certificate:
            notes["dev.sigstore.cosign/certificate"] = signer.pem
        if parts.get("logged"):
            changes = parts["logged"] if isinstance(parts["logged"], dict) else {}
            notes["dev.sigstore.cosign/bundle"] = self.world.rekor_bundle(payload, signature, signer, **changes)
        if parts.get("stamped"):
            changes = parts["stamped"] if isinstance(parts["stamped"], dict) else {}
            tsa = changes.get("tsa", self.world.tsa)
            more = {name: changes[name] for name in ("moment", "embedded") if name in changes}
            response = tsa.stamp(changes.get("message", signature), **more)
            notes["dev.sigstore.cosign/rfc3161timestamp"] = canonical(
                {"SignedRFC3161Timestamp": b64(response)}
            ).decode()
        return self.layer(payload, notes | parts.get("notes", {}))

    def verify(
        self, signature: LegacyLayer, demands: Demands | None = None, digest: str = DIGEST, now: dt.datetime = NOW
    ) -> Proof:
        return simple_signing.verify(signature, digest, demands or self.by_key, now)

    # Bundles.

    def bundle(self, signer: Signer | None = None, digest: str = DIGEST, **parts: Any) -> dict[str, Any]:
        return self.world.bundle(digest, signer or self.ann, **parts)

    def verify_bundle(
        self, document: Mapping[str, Any] | bytes, demands: Demands | None = None, digest: str = DIGEST
    ) -> Proof:
        raw = document if isinstance(document, bytes) else canonical(document)
        return bundle.verify(raw, digest, demands or self.keyless_logged)
