"""`python -m demo [IMAGE…]`. Exits 0 only if every step came out as told."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final

from demo import fridge, made_up, real
from demo.stage import DemoError, Reach, stage
from demo.story import tell
from demo.teller import Teller

_INTERRUPTED: Final = 130


def main(images: Sequence[str]) -> int:
    """Tell the story of images made up for it, or of real ones.

    Returns:
        0 if everything came out as told, 1 if not, 130 after Ctrl-C.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without ✓ is no reason to stop.
        sys.stdout.reconfigure(errors="replace")
    teller = Teller(sys.stdout)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _tell(images, teller)
    except KeyboardInterrupt:
        teller.plain("\nStopped; everything that was started has been cleaned up.")
        return _INTERRUPTED
    except DemoError as error:
        teller.failed(str(error))
        return 1
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _tell(images: Sequence[str], teller: Teller) -> int:
    teller.headline("bestbefore: images past their best-before date are not admitted")
    if images:
        with stage(real.reach(images)) as set_up:
            return 0 if tell(real.steps(images), set_up, teller) else 1
    with fridge.stocked() as registry, stage(Reach([registry])) as set_up:
        return 0 if tell(made_up.steps(registry), set_up, teller) else 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
