"""A document in memory, and who may read it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from provider import limits
from provider.cache.keys import Right
from provider.registry.client import Content


@dataclass(slots=True)
class StoredDocument:
    """A document in memory, and who may read it.

    Attributes:
        document: as it came.
        rights: who may read it; the one that was used last is the last.
    """

    document: Content
    rights: OrderedDict[Right, None] = field(default_factory=OrderedDict)

    def may_read(self, right: Right) -> bool:
        """Whether it was fetched or proved with this right."""
        return right in self.rights

    def came_from(self, registry: str) -> bool:
        """Whether this registry once sent it; only then does its word on who may read it count."""
        return any(right.registry == registry for right in self.rights)

    def revoke(self, right: Right) -> None:
        """Give it to this right no more."""
        self.rights.pop(right, None)

    def grant(self, right: Right) -> None:
        """Give it to this right from now on; of too many the one that was granted longest ago is forgotten."""
        self.rights[right] = None
        self.rights.move_to_end(right)
        if len(self.rights) > limits.RIGHTS:
            self.rights.popitem(last=False)
