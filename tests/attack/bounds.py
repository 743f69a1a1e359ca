"""What is expected in numbers, and how long an attack may go on."""

from __future__ import annotations

from typing import Final

# Seconds that a call of each path may wait for registries (docs/reference/wire.md).
WAITS: Final = {"/validate": 1.2, "/audit": 9.0, "/mutate": 0.7}
# Seconds beside them: for the way there and back, on a machine of two processors that attacks itself.
GRACE_SECONDS: Final = 0.3

# Memory of the provider and all that it has started, whatever a caller asks, MiB.
MEMORY_MIB: Final = 200
# Memory at which a run of ours ends a provider, so that no attack fills the machine that it is tried on, MiB.
MACHINE_MIB: Final = 3000

# How much longer a neighbour's answers may take beside an attack: a factor of the slowest in a hundred, and what is
# noise however short they are alone, milliseconds.
NEIGHBOUR_FACTOR: Final = 2.0
NOISE_MS: Final = 20.0

# Beyond it a neighbour that is alone is measured again: the machine is busy with something else, milliseconds.
CALM_MS: Final = 60.0
# Beyond it there is nothing to compare with.
BUSY_MS: Final = 250.0

# How long a neighbour is measured alone, and an attack of load goes on, seconds.
ALONE_SECONDS: Final = 3.0
ATTACK_SECONDS: Final = 4.0

# What is used soon, seconds: after a fault has passed, after a worker has been killed.
SOON_SECONDS: Final = 3.0
# What has been replaced is used, seconds.
RELOAD_SECONDS: Final = 15.0

# After so many seconds a single attack is broken off, and has not held; beside what `--minutes` asks for.
OVERDUE_SECONDS: Final = 90


def wait(path: str) -> float:
    """By when an answer must be there, seconds from its question."""
    return WAITS[path] + GRACE_SECONDS


def bearable_ms(alone: float) -> float:
    """How long a neighbour's slowest answer in a hundred may take, by how long it takes alone; milliseconds."""
    return max(NEIGHBOUR_FACTOR * alone, alone + NOISE_MS)
