"""A TrustRoot object of the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.cluster.api import Object
from gatekeeper.documents import fields


@dataclass(frozen=True)
class RootObject:
    """A TrustRoot, as far as it is looked at.

    Attributes:
        name: its name.
        uid: of this object; another one of the same name has another.
        generation: raised by each change of its spec.
        value: the object, without what the cluster writes into it.
    """

    name: str
    uid: str
    generation: int
    value: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, found: Object) -> RootObject:
        """From the object."""
        value = {
            "apiVersion": found.get("apiVersion", ""),
            "kind": found.get("kind", ""),
            "metadata": {"name": fields.name(found)},
            "spec": found.get("spec"),
        }
        uid = fields.text(found, "metadata", "uid")
        return cls(fields.name(found), uid, fields.number(found, "metadata", "generation"), value)

    @property
    def version(self) -> tuple[str, int]:
        """What changes when its text does."""
        return self.uid, self.generation
