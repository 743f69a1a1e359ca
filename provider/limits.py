"""Every remote size, count and time that is trusted to nobody, with its unit.

One place, so that a reader can see how much a stranger may cost us. What an administrator may change is in
`provider.settings`; these are not settings.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# What Gatekeeper sends.
REQUEST_BYTES: Final = 2 * MIB
REQUEST_KEYS: Final = 500
KEY_BYTES: Final = 4 * KIB

# What we answer: it stays in Gatekeeper's memory and is marshalled anew at each evaluation.
ITEM_BYTES: Final = 256 * KIB
BATCH_BYTES: Final = 1 * MIB

# What a registry sends.
MANIFEST_BYTES: Final = 4 * MIB
CONFIG_BYTES: Final = 2 * MIB
TOKEN_BYTES: Final = 64 * KIB
ERROR_BYTES: Final = 4 * KIB
HEADER_BYTES: Final = 64 * KIB
INDEX_MANIFESTS: Final = 100
INDEX_DEPTH: Final = 3
REDIRECTS: Final = 3

# How long a registry may take, seconds.
CONNECT_SECONDS: Final = 1.0
READ_SECONDS: Final = 8.0
RETRY_AFTER_SECONDS: Final = 60.0
UNREACHABLE_SECONDS: Final = 3.0

# How much is asked of one registry at a time.
REGISTRY_REQUESTS: Final = 32

# How much of a foreign text is shown, characters.
SHOWN_CHARACTERS: Final = 64
