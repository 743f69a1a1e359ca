"""What nobody may exceed of the cluster's trust roots, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

from provider.limits import KIB, MIB

# What the ConfigMap that is handed over may hold, bytes: the API server takes 1 MiB, names of files among it.
HANDED_OVER_BYTES: Final = 1000 * KIB
# Mirrors whose state is kept, each in a ConfigMap of its own, whose names the chart allows; what one may hold, bytes,
# packed and unpacked, and how many files.
MIRRORS: Final = 16
STATE_BYTES: Final = 700 * KIB
STATE_UNPACKED_BYTES: Final = 16 * MIB
STATE_FILES: Final = 1000

# Looks at sources that go on side by side; one has an end (`gatekeeper.trust.limits`).
LOOKS: Final = 4
# After how long one that failed is made again, seconds: at first, and at last.
AGAIN_SECONDS: Final = 30.0
AGAIN_AT_LAST_SECONDS: Final = 600.0

# How often all is looked at while nothing happens, and while something is on the way, seconds.
REST_SECONDS: Final = 30.0
SOON_SECONDS: Final = 2.0
# After how long a Pod that does not show a new trust root is named, seconds: a kubelet takes up to two minutes to bring
# a ConfigMap into a Pod.
LATE_SECONDS: Final = 180.0
# How long nobody may have asked for an old trust root before it goes, seconds: what Gatekeeper keeps of answers has
# passed (its default is 3 minutes), and an admission that began before has ended.
UNASKED_SECONDS: Final = 300.0
# How long an object must have been gone before its trust root is, seconds: with the definition all of them vanish.
GONE_SECONDS: Final = 60.0
# How long a trust root is used that could not be verified anew, seconds: then it is `TrustRootStale`.
KEPT_SECONDS: Final = 14 * 86_400.0

# Pods of the provider that are asked what they have loaded, and those that a sentence names.
PODS: Final = 200
PODS_NAMED: Final = 5
# What a Pod says, bytes.
PAGE_BYTES: Final = 256 * KIB
# Of a sentence about a trust root, characters.
SENTENCE_CHARACTERS: Final = 600

# How long a round that was called for waits for more, and how long after something unexpected the next one begins,
# seconds.
GATHER_SECONDS: Final = 0.2
UNEXPECTED_SECONDS: Final = 5.0
