"""What nobody in a cluster may exceed, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

from provider.limits import KIB, MIB

# One call to the API server: to connect, until the next byte, and from its beginning to its end, seconds. A Lease must
# be renewed in less than its duration, so the whole call ends well before that.
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 5.0
CALL_SECONDS: Final = 8.0
# One answer; a page of 250 Pods takes 2.5 MB, one of 25 templates as much.
ANSWER_BYTES: Final = 32 * MIB
PAGE_OBJECTS: Final = 250
PAGE_TEMPLATES: Final = 25
# A watch: how long the API server is asked to go on with it, how long it may be silent (a bookmark comes each minute),
# seconds, and how large one object may be.
WATCH_SECONDS: Final = 240
WATCH_SILENCE_SECONDS: Final = 90.0
WATCH_LINE_BYTES: Final = 4 * MIB
# How many pages one list may have: the API server says where it ends, and could say it never.
PAGES: Final = 4000
# How much of what the API server says about an error is repeated, characters.
SAID_CHARACTERS: Final = 300

# A log of a Pod: how long no line may come before it is opened anew (a silent dead peer shows by nothing else), the
# longest line that is read, and the pieces in which it is read.
LOG_SILENCE_SECONDS: Final = 60.0
LOG_LINE_BYTES: Final = 256 * KIB
LOG_PIECE_BYTES: Final = 64 * KIB

# The page of metrics of one Pod: to connect, until the next byte, and all of it, seconds; and how large it may be.
METRICS_CONNECT_SECONDS: Final = 2.0
METRICS_READ_SECONDS: Final = 3.0
METRICS_SECONDS: Final = 10.0
METRICS_BYTES: Final = 4 * MIB
# The page of the API server itself, of which one family is kept: how large it may be, and all of it, seconds.
SERVER_METRICS_BYTES: Final = 256 * MIB
SERVER_METRICS_SECONDS: Final = 30.0

# A Lease: how long it holds, how often it is renewed, and after how long without a word of it it counts as lost,
# seconds. The two calls of a renewal take less than that together.
LEASE_SECONDS: Final = 30
LEASE_RENEWAL_SECONDS: Final = 10.0
LEASE_DEADLINE_SECONDS: Final = 20.0
