"""What the system says when it has nothing left to take a connection with."""

from __future__ import annotations

import errno
from typing import Final

NOTHING_LEFT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC})
