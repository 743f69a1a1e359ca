"""A legacy signature or attestation with its content, as it was found."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from provider.registry.content.manifest import Descriptor
from provider.signatures.target import Target


@dataclass(frozen=True, slots=True)
class LegacyLayer:
    """A layer under cosign's tag, or of a referrer that holds such layers.

    Attributes:
        layer: its descriptor, whose annotations carry what cosign has to say beside it.
        payload: its content; None when it could not be had.
        problem: why not.
    """

    layer: Descriptor
    payload: bytes | None
    problem: str = ""

    @property
    def name(self) -> str:
        """Digest of all that is verified of it; the payload is in its descriptor."""
        layer = self.layer
        material = json.dumps(
            [layer.media_type, layer.digest, self.payload is None, dict(layer.annotations)], sort_keys=True
        )
        return hashlib.sha256(material.encode()).hexdigest()


def usual_payload(target: Target) -> bytes:
    """What cosign signs of an image unless asked otherwise; a layer with its digest needs no fetching."""
    critical = {
        "identity": {"docker-reference": target.image.context},
        "image": {"docker-manifest-digest": target.digest},
        "type": "cosign container image signature",
    }
    return json.dumps({"critical": critical, "optional": None}, separators=(",", ":")).encode()
