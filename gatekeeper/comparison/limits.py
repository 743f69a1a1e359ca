"""What a comparison looks at, at most; what is left out is said."""

from __future__ import annotations

from typing import Final

# Objects that denials in the shadow are about: each is one call.
OBJECTS: Final = 500
# Pods that are read.
PODS: Final = 20_000
# Distinct Pods that are judged (one of a workload, with its images and labels); a Pod by a policy is one judgement,
# which takes about 10 ms: how many there are in all, and in one run of opa, whose time is bounded.
JUDGED: Final = 2_000
JUDGEMENTS: Final = 20_000
JUDGEMENTS_TOGETHER: Final = 200
# Runs without a result after which no more are tried: each may have taken ten seconds.
FAILED_RUNS: Final = 20
# Kinds of our Constraints: each is one call.
KINDS: Final = 1_000
# By how many seconds two clocks, or a request and its line, may be apart.
APART_SECONDS: Final = 5.0
