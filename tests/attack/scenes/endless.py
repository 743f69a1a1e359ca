"""Answers without an end: the provider lets go of them, and nobody else waits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.attack import bounds, streams
from tests.attack.assault import in_time
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact
from tests.attack.neighbour import beside
from tests.attack.registries import Exchange
from tests.attack.stage import Stage

# After which a registry that goes on is let go of: longer than the slowest that is waited for (READ_SECONDS).
_LET_GO_SECONDS: Final = 10.0
# A processor's share that reading one of them may take meanwhile.
_SHARE: Final = 0.5

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


@dataclass
class _Held:
    """When connections were begun and let go of, monotonic seconds."""

    seconds: list[float] = field(default_factory=list)
    begun: int = 0

    def by(self, stream: streams.Stream) -> Callable[[Exchange], Awaitable[None]]:
        """The stream, with a look at the clock at its end."""

        async def handler(exchange: Exchange) -> None:
            begun = time.monotonic()
            self.begun += 1
            try:
                await stream(exchange)
            finally:
                self.seconds.append(time.monotonic() - begun)

        return handler

    @property
    def check(self) -> Check:
        """All let go of, and soon."""
        if len(self.seconds) < self.begun:
            return Check(f"{self.begun - len(self.seconds)} of {self.begun} still read after {_LET_GO_SECONDS:.0f} s", held=False)
        return Check(f"let go of after {max(self.seconds, default=0):.1f} s at most")


def _flood(stream: streams.Stream) -> Callable[[Stage], Outcome]:
    """One such answer, beside a neighbour."""

    def run(stage: Stage) -> Outcome:
        held = _Held()
        registry = stage.registry(held.by(stream))
        provider = stage.provider(registry)
        neighbour = stage.neighbour(provider)
        caller = stage.caller(provider)
        before, begun = provider.meter.processor_seconds(), time.monotonic()
        time.sleep(bounds.ALONE_SECONDS)
        alone = neighbour.during(begun, time.monotonic())
        usual = (provider.meter.processor_seconds() - before) / (time.monotonic() - begun)
        before, begun = provider.meter.processor_seconds(), time.monotonic()
        reply = caller.ask(fact(f"{registry.host}/endless:1"))
        while time.monotonic() < begun + _LET_GO_SECONDS and registry.open_connections:
            time.sleep(0.05)
        seconds = time.monotonic() - begun
        share = (provider.meter.processor_seconds() - before) / seconds - usual
        return outcome(
            held.check,
            Check(f"{max(0.0, share):.0%} of a processor meanwhile", share <= _SHARE or seconds < 1),
            in_time([reply]),
            *beside(alone, neighbour.during(begun, max(time.monotonic(), begun + 1))),
        )

    return run


def _drips(stage: Stage) -> Outcome:
    """All of them at a time."""
    held = [_Held() for _ in _DRIPS]
    registries = [stage.registry(each.by(stream)) for each, stream in zip(held, _DRIPS.values(), strict=True)]
    provider = stage.provider(*registries)
    caller = stage.caller(provider)
    begun = time.monotonic()
    reply = caller.ask(*(fact(f"{registry.host}/slow:1") for registry in registries))
    while time.monotonic() < begun + 3 * _LET_GO_SECONDS + 2 and any(one.open_connections for one in registries):
        time.sleep(0.1)
    longest = time.monotonic() - begun
    key = fact(f"{stage.healthy}/single/after:1")
    after = caller.ask(key)
    left = sum(one.open_connections for one in registries)
    return outcome(
        Check(f"all let go of after {longest:.0f} s" if not left else f"{left} still read", not left),
        in_time([reply, after]),
        Check("another registry's image has a value", key in after.values),
    )


_EXPECTED: Final = (
    f"let go of within {_LET_GO_SECONDS:.0f} s, {_SHARE:.0%} of a processor at most; own answer in time; a neighbour's p99 "
    "at most doubles"
)

SCENE: Final = Scene(
    "endless",
    "answers without an end",
    (
        *(Attack(f"Without end: {name}", _EXPECTED, _flood(stream)) for name, stream in _FLOODS.items()),
        Attack(
            f"Slow: {'; '.join(_DRIPS)}",
            "let go of when the work's 30 s are over at the latest; own answer in time; others are answered",
            _drips,
        ),
    ),
)
