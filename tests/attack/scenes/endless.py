"""Answers without an end: the provider lets go of them, and nobody else waits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from tests.attack import streams
from tests.attack.assault import in_time
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Reply, fact
from tests.attack.neighbour import beside
from tests.attack.registries import Registry
from tests.attack.stage import Stage

# After which a registry that goes on is let go of: longer than the slowest that is waited for (READ_SECONDS).
_LET_GO_SECONDS: Final = 10.0
# How long each is asked for again and again.
_EACH_SECONDS: Final = 1.0
# How long a question is worked on at most, seconds (docs/reference/limits.md, `WORK_SECONDS`).
_WORK_SECONDS: Final = 30.0

_FLOODS: Final[Mapping[str, streams.Stream]] = {
    "a chunk's extension": streams.extensions,
    "`100 Continue`": streams.interim,
    "trailers": streams.trailers,
    "headers": streams.headers,
    "one header": streams.header,
    "a body": streams.body,
    "empty lines": streams.empty_lines,
}
_DRIPS: Final[Mapping[str, streams.Stream]] = {
    "a byte of the body every tenth of a second": streams.slow_body,
    "a byte of a header every tenth of a second": streams.slow_header,
    "half a body and then nothing": streams.half,
}


def _floods(stage: Stage) -> Outcome:
    """One after the other, beside a neighbour."""
    registries = {name: stage.registry(stream) for name, stream in _FLOODS.items()}
    provider = stage.provider(*registries.values())
    neighbour = stage.neighbour(provider)
    caller = stage.caller(provider)
    alone, begun = neighbour.alone(), time.monotonic()
    replies: list[Reply] = []
    times: dict[str, float | None] = {}
    for name, registry in registries.items():
        asked = time.monotonic()
        while time.monotonic() < asked + _EACH_SECONDS:
            replies.append(caller.ask(fact(f"{registry.host}/endless-{len(replies)}:1")))
        times[name] = _let_go(registry, time.monotonic() + _LET_GO_SECONDS)
    late = {name: seconds for name, seconds in times.items() if seconds is None}
    slowest = max(seconds for seconds in times.values() if seconds is not None) if len(late) < len(times) else 0.0
    return outcome(
        Check(
            f"{len(times) - len(late)} of {len(times)} let go of, after {slowest:.1f} s at most"
            + "".join(f", not {name}" for name in late),
            not late,
        ),
        in_time(replies),
        *beside(alone, neighbour.during(begun, time.monotonic())),
    )


def _let_go(registry: Registry, end: float) -> float | None:
    """After how many seconds nobody reads any more; None when somebody still does at the end."""
    begun = time.monotonic()
    while registry.open_connections:
        if time.monotonic() > end:
            return None
        time.sleep(0.05)
    return time.monotonic() - begun


def _drips(stage: Stage) -> Outcome:
    """All of them at a time."""
    registries = [stage.registry(stream) for stream in _DRIPS.values()]
    provider = stage.provider(*registries)
    caller = stage.caller(provider)
    begun = time.monotonic()
    reply = caller.ask(*(fact(f"{registry.host}/slow:1") for registry in registries))
    key = fact(f"{stage.healthy}/single/meanwhile:1")
    meanwhile = caller.ask(key)
    left = [registry for registry in registries if _let_go(registry, begun + _WORK_SECONDS + 2) is None]
    text = f"{len(left)} still read" if left else f"all let go of after {time.monotonic() - begun:.0f} s"
    return outcome(
        Check(text, not left),
        in_time([reply, meanwhile]),
        Check("another registry's image has a value meanwhile", key in meanwhile.values),
    )


_EXPECTED: Final = (
    f"all let go of within {_LET_GO_SECONDS:.0f} s; own answers in time; a neighbour's p99 at most doubles"
)

DRIPS: Final = Attack(
    f"Slow: {'; '.join(_DRIPS)}",
    f"let go of when the work's {_WORK_SECONDS:.0f} s are over at the latest; others are answered",
    _drips,
)

SCENE: Final = Scene(
    "endless",
    "answers without an end",
    (Attack(f"Without end, one after the other: {', '.join(_FLOODS)}", _EXPECTED, _floods),),
)
