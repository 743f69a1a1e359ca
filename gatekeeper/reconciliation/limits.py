"""What nobody may exceed of what is reconciled, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

from provider.limits import KIB

# How often, seconds, what no watch shows is read again at rest: Gatekeeper's Pods, the Secrets and ConfigMaps that
# policies name, and the Constraints of each kind, of which so many lists a minute are asked at most.
PODS_SECONDS: Final = 30.0
PODS_SOON_SECONDS: Final = 3.0
REFERENCE_SECONDS: Final = 60.0
CONSTRAINTS_SECONDS: Final = 60.0
CONSTRAINT_LISTS_A_MINUTE: Final = 40
# How soon what is on the way is looked at again: at first, and at last, seconds.
SOON_SECONDS: Final = 0.25
LATE_SECONDS: Final = 15.0
# After how long a Pod that has not taken up a policy counts as one that does not, seconds.
OVERDUE_SECONDS: Final = 30.0
# How long a kind that is not there is waited for before it is asked for again, at last, seconds.
ABSENT_SECONDS: Final = 30.0
# After how long a list is made anew although a watch showed everything, seconds.
RESYNC_SECONDS: Final = 900.0
# How long a round that was called for waits for more, seconds: one save of many policies is one round.
GATHER_SECONDS: Final = 0.05
# How long a round translates, and how long it writes, before what is left waits for the next one, seconds: of 500
# policies that come at once the first is in force before the last is translated.
TRANSLATION_SECONDS: Final = 2.0
WRITE_SECONDS: Final = 2.0
# How long after something unexpected in a round the next one begins, seconds.
UNEXPECTED_SECONDS: Final = 5.0

# How long nobody may have deleted a policy before the end of one counts as meant, and within which time the end of all
# of them (of two at least) counts as a fault, seconds.
QUIET_SECONDS: Final = 2.0
ALL_GONE_SECONDS: Final = 60.0

# After how long a text at a URL that could not be had is tried again, and how long a round may spend on such texts
# before the others wait for the next one, seconds.
REMOTE_AGAIN_SECONDS: Final = 60.0
REMOTE_ROUND_SECONDS: Final = 5.0
# How often a key in a key management service is read again, seconds; how long the last good one is used while it
# cannot be; and how long a round may spend on such keys before the others wait for the next one.
KEY_SECONDS: Final = 60.0
KEY_KEPT_SECONDS: Final = 12 * 3600.0
KEY_ROUND_SECONDS: Final = 5.0
# How old a key may be before that is said: one answer that did not come is nobody's business, seconds.
KEY_SAID_SECONDS: Final = 180.0
# After how long a rule that was not compiled in time is tried again, for a machine may have been busy: at first, and at
# last, seconds. Each time costs a processor as long as the engine waits.
COSTLY_SECONDS: Final = 60.0
COSTLY_LATE_SECONDS: Final = 3600.0
# Rules that are compiled in one run of opa, and how much memory it may take before it looks for garbage, MiB: with
# fifty rules, and garbage left to the end, it takes as much as all the rest of the controller twice over.
RULES_TOGETHER: Final = 20
COMPILER_MIB: Final = 30
# A Secret or ConfigMap that a policy names.
REFERENCE_BYTES: Final = 1024 * KIB
# Of a message about a policy, characters.
MESSAGE_CHARACTERS: Final = 1000
