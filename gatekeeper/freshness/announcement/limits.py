"""What announcements may not exceed, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

# Series of each family; how many workloads have one of their own, where that is switched on.
DUE_SERIES: Final = 3_000
APPLY_SERIES: Final = 2_000
BEST_BEFORE_SERIES: Final = 1_500
NAMESPACE_SERIES: Final = 500
WORKLOAD_SERIES: Final = 200
# Events of one turn, and how long after a failure the same one is tried again, seconds.
EVENTS: Final = 10
EVENT_RETRY_SECONDS: Final = 300.0
# Of so many workloads and policies the last Events are remembered, and how many of each: so that what was said before
# can be said again.
EVENT_NAMES: Final = 10_000
EVENT_WORDS: Final = 6
# Policies that an Event names beside the first one; that there are more is said.
NAMED_POLICIES: Final = 4
# Results of one report; reports of single workloads: beyond that each namespace has one.
RESULTS: Final = 50
REPORTS: Final = 5_000
# How many fewer there must be until workloads have reports again: where their number goes up and down about the limit,
# not all of them are written and deleted again and again.
REPORTS_MARGIN: Final = 0.1
# Writes of reports: how far apart, and over how long the first ones are spread, seconds: where they are few, each waits
# no longer than this for the one before.
WRITE_SECONDS: Final = 0.5
FIRST_WRITE_SECONDS: Final = 5.0
FIRST_ROUND_SECONDS: Final = 600.0
# How long after they could not be read or written they are tried again, seconds.
REPORT_RETRY_SECONDS: Final = 30.0
# How much of that may be caught up at once, seconds.
WRITE_BURST_SECONDS: Final = 5.0
# Of a report's texts, characters.
TEXT_CHARACTERS: Final = 500
# How long what was known of an image stays while nobody can look, days.
KEPT_DAYS: Final = 7
# Lines of the log of one round; that there are more is said.
LINES: Final = 1_000
