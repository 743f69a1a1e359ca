"""What a forecast may cost, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

# Images that are judged in one review, where a template judges each by itself.
IMAGES_TOGETHER: Final = 50
# Evaluations of one image in one run of opa: about 1.5 ms of a processor each.
EVALUATIONS_TOGETHER: Final = 2_000
# Evaluations of the samples of one Constraint: so many that some dozens of images are looked at each hour of a month.
EVALUATIONS: Final = 30_000
# Runs of opa that a Constraint may fail in, before the rest of what it judges is unknown.
FAILED_RUNS: Final = 8
# How long one run may take, seconds: a forecast is in no hurry.
RUN_SECONDS: Final = 60.0
# Rounds in which a template asks more, the answers of the round before at hand.
ROUNDS: Final = 5
# Moments at which one image's verdict changes; a rule that changes more often is shown up to here.
TURNS: Final = 64
# How long facts stay that were had before a registry went away, nanoseconds: a week.
FACTS_KEPT: Final = 7 * 24 * 60 * 60 * 1_000_000_000
# How far beyond the horizon is looked, nanoseconds, so that a round an hour later need not look again: a day.
BEYOND: Final = 24 * 60 * 60 * 1_000_000_000
