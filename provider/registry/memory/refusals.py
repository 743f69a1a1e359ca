"""What a registry says of a thing that it does not give."""

from __future__ import annotations

from typing import Final

from provider.reasons import Reason

# It is there, and what was known before counts no more.
SAID_NO: Final = frozenset({Reason.NOT_FOUND, Reason.UNAUTHORIZED, Reason.PULL_REFUSED})
