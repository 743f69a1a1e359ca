"""Whether an image that somebody had is still in its registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from provider.reasons import Reason


class PresenceState(StrEnum):
    """What a registry says of a digest."""

    PRESENT = "present"
    # It says that there is none, to a credential that it has shown it to before.
    GONE = "gone"
    # Nobody could look, or it says no to somebody who may only lack the right: that is neither a yes nor a no.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PresenceFinding:
    """An answer.

    Attributes:
        state: see there.
        reason: why it is not present; None where it is.
        message: a sentence for people; empty where it is present.
    """

    state: PresenceState
    reason: Reason | None = None
    message: str = ""

    def to_json(self, ref: str) -> Mapping[str, Any]:
        """The value of an item.

        Args:
            ref: short name of the key.
        """
        more = {"reason": self.reason.value, "message": self.message} if self.reason is not None else {}
        return {"ref": ref, "presence": self.state.value, **more}


PRESENT: Final = PresenceFinding(PresenceState.PRESENT)
