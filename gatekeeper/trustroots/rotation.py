"""What becomes of the trust roots of one name: pure.

A new one is handed over beside the old one. When every Pod of the provider has it, the Constraints ask for it. When
nobody asks for the old one any more, and what Gatekeeper keeps of answers has passed, the old one goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gatekeeper.trustroots import limits
from gatekeeper.trustroots.handover import HandedRoot
from gatekeeper.trustroots.look import RootLook
from provider import limits as provider_limits

# So seldom what is good for as long as an object says so is written down anew, seconds.
_STANDING_SECONDS = 3600.0


@dataclass(frozen=True)
class RootSurroundings:
    """What is known beside a name's trust roots.

    Attributes:
        now: seconds since 1970.
        everywhere: whether every Pod of the provider that is ready has the one with a digest.
        needed: whether somebody may still ask for the one with a digest.
    """

    now: float
    everywhere: Callable[[str], bool]
    needed: Callable[[str], bool]


def step(before: HandedRoot, look: RootLook | None, around: RootSurroundings) -> HandedRoot | None:
    """What should be handed over next; None for nothing.

    Args:
        before: what is.
        look: the last one at the object as it is now; None where there was none yet.
        around: see there.
    """
    verified = max(before.verified, _verified(look, around.now))
    if around.now - verified >= limits.KEPT_SECONDS:
        return None
    candidate = newest(before, look)
    in_force = before.in_force
    if candidate in before.digests and candidate != in_force and around.everywhere(candidate):
        in_force = candidate
    kept = [each for each in before.digests if around.needed(each)]
    digests = [each for each in dict.fromkeys((in_force, candidate, *kept)) if each]
    if not digests:
        return None
    return HandedRoot(tuple(digests[: provider_limits.TRUST_ROOT_VERSIONS]), in_force, verified)


def newest(before: HandedRoot, look: RootLook | None) -> str:
    """The digest of the one that should be asked for; empty where there is none."""
    if look is not None and look.body:
        return look.digest
    # What was handed over before this process began, and nobody asks for yet.
    return before.in_force or next(iter(before.digests), "")


def awaited(before: HandedRoot, look: RootLook | None) -> str:
    """The digest of the one that Pods are still to load; empty where there is none."""
    found = newest(before, look)
    return found if found in before.digests and found != before.in_force else ""


def _verified(look: RootLook | None, now: float) -> float:
    if look is None or not look.body:
        return 0.0
    return now - now % _STANDING_SECONDS if look.standing else look.verified
