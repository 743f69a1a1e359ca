"""Who knows whether images are still in their registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from provider.registry.presence import PresenceState


@dataclass(frozen=True, slots=True)
class PresenceAnswer:
    """What is known of one image.

    Attributes:
        state: see there.
        reason: why it is not present, as a reason code; empty where it is.
        message: a sentence for people; empty where it is present.
        asked: whether the provider answered; where it did not, no registry was asked.
    """

    state: PresenceState
    reason: str = ""
    message: str = ""
    asked: bool = True


class Presence(Protocol):
    """Looks for images."""

    def ask(self, keys: Sequence[str]) -> Mapping[str, PresenceAnswer]:
        """An answer to each key; what cannot be asked is `UNKNOWN`, never gone.

        Args:
            keys: questions, as the provider's `/presence` takes them.
        """


PATH: Final = "/presence"
