"""An attack of load: callers that ask again and again for some seconds, beside a neighbour that is measured."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.attack import bounds
from tests.attack.attack import Check
from tests.attack.caller import Reply
from tests.attack.neighbour import Latencies, Neighbour, beside
from tests.attack.provider import Provider
from tests.attack.stage import Stage

# Who is refused at once does not ask again at once: more than that is what a flood is, and not what is tried here.
_PAUSE_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Assault:
    """What it did.

    Attributes:
        replies: to those who attacked.
        alone: what the neighbour saw before.
        attacked: what it saw meanwhile.
        processor: seconds that the provider computed meanwhile.
    """

    replies: Sequence[Reply]
    alone: Latencies
    attacked: Latencies
    processor: float

    def checks(self) -> list[Check]:
        """The neighbour no more than twice as slow, and whoever attacks is answered in time as well."""
        return [*beside(self.alone, self.attacked), in_time(self.replies)]


def in_time(replies: Sequence[Reply]) -> Check:
    """All answers before their deadline."""
    late = [reply for reply in replies if reply.late or not reply.status]
    longest = max((reply.seconds for reply in replies), default=0.0)
    text = f"slowest of {len(replies)} own answers {longest:.2f} s"
    return Check(text + (f", {len(late)} late" if late else ""), not late)


def assault(
    stage: Stage,
    provider: Provider,
    neighbour: Neighbour,
    keys: Callable[[int], Sequence[str]],
    *,
    callers: int = 1,
    path: str = "/validate",
    seconds: float = bounds.ATTACK_SECONDS,
) -> Assault:
    """Measure the neighbour alone, then attack.

    Args:
        stage: where.
        provider: what is attacked.
        neighbour: who is measured.
        keys: of the n-th request.
        callers: at a time.
        path: that they ask.
        seconds: how long.
    """
    alone = neighbour.alone()
    before, begun = provider.meter.processor_seconds(), time.monotonic()
    replies = asked_for(stage, provider, keys, callers=callers, path=path, end=begun + seconds)
    attacked = neighbour.during(begun, time.monotonic())
    return Assault(replies, alone, attacked, provider.meter.processor_seconds() - before)


def asked_for(
    stage: Stage,
    provider: Provider,
    keys: Callable[[int], Sequence[str]],
    *,
    callers: int,
    path: str,
    end: float,
) -> list[Reply]:
    """Let callers ask, each one question after the other, until a moment."""
    numbers, replies = itertools.count(), []

    def ask() -> None:
        caller = stage.caller(provider)
        while time.monotonic() < end:
            replies.append(caller.ask(*keys(next(numbers)), path=path))
            time.sleep(_PAUSE_SECONDS)

    threads = [threading.Thread(target=ask, name="assault", daemon=True) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies
