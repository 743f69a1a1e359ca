"""What a forecast may cost, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

# Images that are judged in one review, where a template judges each by itself: at most as many as it judges.
IMAGES_TOGETHER: Final = 200
# Evaluations of one image in one run of opa: 1 to 2 ms of a processor each, and a run begins with 200 ms.
EVALUATIONS_TOGETHER: Final = 2_000
# Images of Constraints that are searched at once, where they are not all of one policy: each takes 2 KiB of memory.
UNITS_TOGETHER: Final = 5_000
# Evaluations of the samples of all Constraints together whose rules somebody wrote: so many that under one such rule
# some dozens of images are looked at each hour of a month.
EVALUATIONS: Final = 30_000
# Memory of opa from which on it collects its garbage, MiB; what it needs comes on top of that.
OPA_MIB: Final = 64
# Runs of opa that a Constraint may fail in, before the rest of what it judges is unknown.
FAILED_RUNS: Final = 8
# How long one run may take, seconds: a forecast is in no hurry.
RUN_SECONDS: Final = 120.0
# Rounds in which a template asks more, the answers of the round before at hand.
ROUNDS: Final = 5
# Moments at which one image's verdict changes; a rule that changes more often is shown up to here.
TURNS: Final = 64
# How long facts stay that were had before a registry went away, nanoseconds: a week.
FACTS_KEPT: Final = 7 * 24 * 60 * 60 * 1_000_000_000
# How far beyond the horizon is looked at least, nanoseconds, so that a round an hour later need not look again: a day;
# and over how much more the ends of all rules are spread, so that not all are looked at anew in one round.
BEYOND: Final = 24 * 60 * 60 * 1_000_000_000
SPREAD: Final = 24 * 60 * 60 * 1_000_000_000
