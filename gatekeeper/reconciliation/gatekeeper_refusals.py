"""Templates that Gatekeeper does not take: what its Pods say in their status, and for how long it counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from gatekeeper.reconciliation.present import PresentObject

# What Gatekeeper says of a template that it cannot use, whatever else is right; and what it says with the same code
# when the API server did not let it make the kind at that moment, as when two of its Pods make it at once.
_REFUSALS: Final = ("ingest_error", "create_error", "conversion_error", "rego_")
_PASSING: Final = "create_error: Could not create CRD"


@dataclass(frozen=True)
class GatekeeperRefusal:
    """What Pods of Gatekeeper have against the template of a policy.

    Attributes:
        digest: of that template.
        words: what they say.
        pods: those that say it.
    """

    digest: str
    words: str
    pods: frozenset[str]


class GatekeeperRefusals:
    """Remembers them, also after the last good template took the place of the refused one; one thread uses it.

    One counts until a Pod has taken the very template up and none is against it, or until no Pod is left that was:
    Gatekeeper may have other options now.
    """

    def __init__(self) -> None:
        self._known: dict[str, GatekeeperRefusal] = {}

    def look(self, uid: str, there: PresentObject | None, digest: str, pods: frozenset[str]) -> None:
        """A round looks at a policy.

        Args:
            uid: of the policy.
            there: the template of its name in the cluster, if there is one.
            digest: of the template that it should have.
            pods: of Gatekeeper, those that are ready.
        """
        if there is not None and there.digest == digest:
            against = frozenset(pod for pod in pods if _refusals(there, {pod}))
            if against:
                words = "; ".join(_refusals(there, against))
                self._known[uid] = GatekeeperRefusal(digest, words, against)
            elif any(there.in_force(pod) for pod in pods):
                self._known.pop(uid, None)
        known = self._known.get(uid)
        if known is not None and pods and known.pods.isdisjoint(pods):
            del self._known[uid]

    def of(self, uid: str, digest: str) -> str:
        """What Gatekeeper has against this template of a policy; empty where that is nothing."""
        known = self._known.get(uid)
        return known.words if known is not None and known.digest == digest else ""

    def keep(self, uids: Collection[str]) -> None:
        """Forget all other policies."""
        self._known = {uid: kept for uid, kept in self._known.items() if uid in uids}


def _refusals(template: PresentObject, pods: Collection[str]) -> list[str]:
    errors = template.errors(pods)
    return [error for error in errors if error.startswith(_REFUSALS) and not error.startswith(_PASSING)]
