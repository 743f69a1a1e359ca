"""What nobody may exceed who writes lines that we read, with its unit."""

from typing import Final

# One line: a longer one is not parsed. Gatekeeper's own take 1 to 8 KiB.
LINE_CHARACTERS: Final = 256 * 1024
# A segment of the admission export; Gatekeeper's have 1 MiB.
SEGMENT_BYTES: Final = 8 * 1024 * 1024
# What is kept of a message or a sentence, and of a name (Kubernetes allows 253). A question stays whole, or goes.
MESSAGE_CHARACTERS: Final = 2048
NAME_CHARACTERS: Final = 253
QUESTION_CHARACTERS: Final = 4096
# A capsule's file, and how deep its JSON is nested.
CAPSULE_BYTES: Final = 16 * 1024 * 1024
CAPSULE_DEPTH: Final = 100
# How long it is remembered that a denial was counted, seconds, and how many of them are remembered at most.
REMEMBERED_SECONDS: Final = 1200.0
REMEMBERED: Final = 100_000
# How far apart the lines of one request may be, seconds, and how many requests without a uid wait for such a line.
REQUEST_SECONDS: Final = 0.05
WAITING_REQUESTS: Final = 2_000
# Lines without a verdict that wait until it is known whether Gatekeeper's webhook fails closed; the last ones.
UNDECIDED: Final = 2_000
# Pods of Gatekeeper of which it is remembered how far their logs were read.
CURSORS: Final = 256
# Blocks that are open at a time; what more there are is counted as folded.
BLOCKS: Final = 3_000
# What is kept of a block's image, message and remedy; the log line has them whole.
BLOCK_CHARACTERS: Final = 300
# After how much silence a block ends, seconds: ReplicaSets retry after 1,000 s at most, people and GitOps tools at
# leisure, and a CronJob may run once a week.
CONTROLLER_SILENCE_SECONDS: Final = 1200.0
PERSON_SILENCE_SECONDS: Final = 3600.0
CRON_SILENCE_SECONDS: Final = 8 * 86_400.0
# Labels: namespaces, policies and kinds that have one of their own.
NAMESPACES: Final = 500
POLICIES: Final = 500
KINDS: Final = 200
# Policies of the cluster whose state is shown, those that are not in force first: each has eight series.
SHOWN_POLICIES: Final = 200
POLICY_SERIES: Final = 9 * SHOWN_POLICIES
# Trust roots of the cluster that are shown: each has two series.
SHOWN_TRUST_ROOTS: Final = 64
# Series of all families together, and of the families that could become large.
SERIES: Final = 28_000
VIOLATION_SERIES: Final = 6_500
REQUEST_SERIES: Final = 2_600
DRY_RUN_SERIES: Final = 520
BLOCKED_SERIES: Final = 2_520
BLOCK_SERIES: Final = 2_000
AUDIT_SERIES: Final = 2_600
TRUNCATED_SERIES: Final = 500
# What the ledger remembers over a restart, bytes: the chart's volume has room for two of them.
SNAPSHOT_BYTES: Final = 24 * 1024 * 1024
