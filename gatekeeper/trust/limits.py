"""What a TUF repository may be and take, with the unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

from provider.limits import KIB, MIB

# A mirror in an object: files, bytes of one and of all when it is unpacked, characters of a name.
MIRROR_FILES: Final = 1000
MIRROR_FILE_BYTES: Final = 8 * MIB
MIRROR_BYTES: Final = 32 * MIB
MIRROR_NAME_CHARACTERS: Final = 512
# The first root; a file that the repository signs; how many of those a trust root is made of.
ROOT_BYTES: Final = 512_000
TARGET_BYTES: Final = 4 * MIB
TARGETS: Final = 200
# Metadata: new roots in a row, roles that targets are delegated to, bytes of each.
ROTATIONS: Final = 256
DELEGATIONS: Final = 32
TIMESTAMP_BYTES: Final = 16 * KIB
SNAPSHOT_BYTES: Final = 2_000_000
TARGETS_BYTES: Final = 5_000_000

# A look at a mirror: to connect, until the next byte, and all of it, seconds; and how much it may send, bytes.
CONNECT_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 30.0
LOOK_BYTES: Final = 32 * MIB
# How long what a mirror said is taken without a look, shortened by up to this share so that not all look at once;
# and how long one that could not be used is left alone, seconds.
FRESH_SECONDS: Final = 3600.0
FRESH_JITTER: Final = 0.2
AGAIN_SECONDS: Final = 600.0
# How long the last trust root of a mirror is used when nothing newer can be had, seconds.
KEPT_SECONDS: Final = 14 * 86_400.0
# How long another process that looks at the same mirror is waited for, and how often it is asked, seconds.
TURN_SECONDS: Final = LOOK_SECONDS
TURN_PAUSE_SECONDS: Final = 0.05
