"""Images that a policy leaves alone for a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatekeeper.own import schema


@dataclass(frozen=True)
class Exemption:
    """Images that a policy leaves alone for a time.

    Attributes:
        image: glob over the image.
        until: RFC 3339 time, or a date that counts to its end in UTC.
        reason: why.
        owner: whom to ask.
        namespace: where it holds; empty for every namespace.
    """

    image: str
    until: str
    reason: str
    owner: str
    namespace: str = ""

    def to_json(self) -> dict[str, str]:
        """The form of the parameters."""
        found = {"image": self.image, "namespace": self.namespace, "until": self.until}
        return {name: value for name, value in found.items() if value} | {"reason": self.reason, "owner": self.owner}


def exemption_schema() -> dict[str, Any]:
    """The schema of an exemption in the parameters."""
    return {
        "type": "object",
        "required": ["image", "until", "reason", "owner"],
        "properties": {
            "image": schema.glob("Glob over the image; end it with `*` to cover its tags and digests."),
            "namespace": {
                "description": "The namespace where it holds; every one if left out.",
                "type": "string",
            },
            "until": {
                "description": "When it ends: an RFC 3339 time, or a date, which counts to the day's end in UTC.",
                "type": "string",
            },
            "reason": {"description": "Why, for whoever reads it later.", "type": "string", "minLength": 1},
            "owner": {"description": "Whom to ask.", "type": "string", "minLength": 1},
        },
    }
