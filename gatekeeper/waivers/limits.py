"""What a Waiver may not exceed; `gatekeeper/rego/waivers.rego` and the CRD have the same."""

from __future__ import annotations

from typing import Final

POLICIES: Final = 16
NAMESPACES: Final = 64
IMAGES: Final = 32
REASON_CHARACTERS: Final = 10
# No text of a Waiver is longer.
TEXT_CHARACTERS: Final = 1024

# How long one may hold where the policy does not say, at most where it does, and by break-glass; seconds.
DAY: Final = 24 * 60 * 60
DAYS: Final = 90
MOST_DAYS: Final = 366
BREAK_GLASS: Final = DAY

# By how much the clocks of a cluster may differ, seconds: what it created later than that is not believed.
CLOCK_DIFFERENCE: Final = 60 * 60

# More than these cost each denial milliseconds, and nobody keeps them in mind.
MANY: Final = 500
