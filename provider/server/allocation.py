"""What large documents took goes back to the system when they are let go of.

The C library learns from the first large block that is let go of to take the next ones from the heap, where whatever is
allocated after them keeps their room. With a fixed threshold each has pages of its own (mallopt(3)).
"""

from __future__ import annotations

import ctypes
from typing import Final

from provider import limits

# Of glibc's `malloc.h`.
_TRIM_THRESHOLD: Final = -1
_MAPPED_THRESHOLD: Final = -3


def give_large_blocks_back() -> bool:
    """Have it so from now on, in this process and its forks.

    Returns:
        Whether the C library knows how.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(each, limits.LARGE_BLOCK_BYTES) == 1 for each in (_TRIM_THRESHOLD, _MAPPED_THRESHOLD))
