"""What the provider tells about an image: the value of an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PlatformFacts:
    """One runnable platform of an image.

    Attributes:
        digest: `sha256:…` of the platform's manifest.
        created: the text found in the image configuration; None when there is none or it is no string.
        created_ns: nanoseconds since 1970, None when `created` cannot be read as RFC 3339.
        created_from: where the date came from, `config`.
    """

    digest: str
    created: str | None
    created_ns: int | None
    created_from: str = "config"

    def to_json(self) -> dict[str, Any]:
        """The wire form; nanoseconds as a string, for JSON numbers lose precision above 2^53."""
        return {
            "digest": self.digest,
            "created": self.created,
            "createdNs": None if self.created_ns is None else str(self.created_ns),
            "createdFrom": self.created_from,
        }


@dataclass(frozen=True)
class Facts:
    """The fact sheet of an image.

    Attributes:
        image: the normalised reference (`index.docker.io/library/alpine:3.20`).
        digest: `sha256:…` of what the reference points to: the index where there is one.
        reference: `repository@sha256:…`.
        created: of an index, that of the oldest runnable platform; None when any platform has no readable date.
        created_ns: the same in nanoseconds.
        platforms: runnable platforms by name (`linux/arm64/v8`); BuildKit attestation manifests are not platforms.
        config: the document that policy-controller puts in `input.config`; None when it was not asked for.
        observed_at: when the tag was last seen to point to this digest, RFC 3339 in UTC.
    """

    image: str
    digest: str
    reference: str
    created: str | None
    created_ns: int | None
    platforms: Mapping[str, PlatformFacts] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    observed_at: str = ""
    created_from: str = "config"

    def to_json(self, ref: str) -> dict[str, Any]:
        """The wire form, with the short name of the key that asked."""
        value: dict[str, Any] = {
            "image": self.image,
            "digest": self.digest,
            "reference": self.reference,
            "created": self.created,
            "createdNs": None if self.created_ns is None else str(self.created_ns),
            "createdFrom": self.created_from,
            "platforms": {name: platform.to_json() for name, platform in self.platforms.items()},
            "signature": {"status": "unchecked", "by": []},
            "observedAt": self.observed_at,
            "ref": ref,
        }
        if self.config is not None:
            value["config"] = self.config
        return value
