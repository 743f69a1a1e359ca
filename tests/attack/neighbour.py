"""A neighbour of the attack: asks about healthy images all the while, and writes down how long that took.

A process of its own, so that what an attack costs the attacker does not count as the neighbour's time. Questions are
sent by a timetable, and times count from it: one answer that takes a second makes those after it late too.
"""

from __future__ import annotations

import itertools
import math
import ssl
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.attack import bounds
from tests.attack.attack import Check
from tests.attack.caller import Caller, fact
from tests.e2e.rig import processes
from tests.e2e.rig.certificates import Pair
from tests.e2e.rig.processes import Program

EVERY_SECONDS: Final = 0.025
# Of the first answers, which open connections and import what is needed, none counts.
_WARM_UP: Final = 40
_LAST_SECONDS: Final = 3.0
# How often it is measured alone where the machine is busy with something else.
_ROUNDS: Final = 3
_FIRST_SECONDS: Final = 10.0
_ANSWERED: Final = "answered"


@dataclass(frozen=True)
class Latencies:
    """How long answers took.

    Attributes:
        milliseconds: of each, ascending.
        failures: reasons of questions that had no value.
    """

    milliseconds: Sequence[float]
    failures: Sequence[str]

    @property
    def p99(self) -> float:
        """The slowest in a hundred."""
        return percentile(self.milliseconds, 0.99)

    @property
    def p50(self) -> float:
        """The middle."""
        return statistics.median(self.milliseconds) if self.milliseconds else math.inf

    @property
    def longest(self) -> float:
        """The slowest of all."""
        return self.milliseconds[-1] if self.milliseconds else math.inf


def percentile(ascending: Sequence[float], share: float) -> float:
    """The value that a share of the values does not exceed (nearest rank); infinite where there are none."""
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)] if ascending else math.inf


def beside(alone: Latencies, attacked: Latencies) -> list[Check]:
    """What an attack did to a neighbour."""
    text = f"neighbour's p99 {attacked.p99:.0f} ms, alone {alone.p99:.0f}"
    if alone.p99 > bounds.BUSY_MS:
        return [Check(f"{text}: the machine is too busy to tell", held=False)]
    checks = [Check(text, attacked.p99 <= bounds.bearable_ms(alone.p99))]
    if attacked.failures:
        most = max(set(attacked.failures), key=attacked.failures.count)
        count = len(attacked.milliseconds)
        checks.append(Check(f"{len(attacked.failures)} of its {count} answers without a value ({most})", held=False))
    return checks


class Neighbour:
    """The running neighbour."""

    def __init__(self, program: Program, record: Path) -> None:
        self._program = program
        self._record = record
        processes.wait_until(lambda: len(self._lines()) >= _WARM_UP, "neighbour's answer", _FIRST_SECONDS, program)

    def during(self, begin: float, end: float) -> Latencies:
        """What it saw of questions that were due between two moments, monotonic seconds; waits for the last of them."""
        until = time.monotonic() + _LAST_SECONDS
        while time.monotonic() < until and float(self._lines()[-1].split()[0]) < end:
            time.sleep(EVERY_SECONDS)
        rows = [(float(due), float(took), what) for due, took, what in map(str.split, self._lines())]
        within = [(took, what) for due, took, what in rows if begin <= due < end]
        return Latencies(sorted(took * 1000 for took, _ in within), [what for _, what in within if what != _ANSWERED])

    def alone(self) -> Latencies:
        """What it sees while nothing else goes on: takes some seconds, and more on a machine that is busy."""
        rounds: list[Latencies] = []
        while len(rounds) < _ROUNDS and all(seen.p99 > bounds.CALM_MS for seen in rounds):
            begin = time.monotonic()
            time.sleep(bounds.ALONE_SECONDS)
            rounds.append(self.during(begin, time.monotonic()))
        return min(rounds, key=lambda seen: seen.p99)

    def stop(self) -> None:
        """It asks no more."""
        self._program.stop()

    def _lines(self) -> list[str]:
        """Whole lines only."""
        return self._record.read_text().split("\n")[:-1] if self._record.exists() else []


def start(port: int, client: Pair, registry: str, folder: Path, every: float = EVERY_SECONDS) -> Neighbour:
    """Start one that asks about images of a registry.

    Args:
        port: of the provider.
        client: its certificate.
        registry: host, or `*.` and a domain for another host each time.
        folder: for its record.
        every: seconds from question to question.
    """
    record = folder / f"neighbour-{port}-{time.monotonic_ns()}"
    command = [
        sys.executable,
        "-m",
        "tests.attack.neighbour",
        str(port),
        str(client.folder),
        registry,
        str(record),
        str(every),
    ]
    return Neighbour(processes.start("neighbour", command, folder), record)


def main(port: str, client: str, registry: str, record: str, every: str) -> None:
    """Ask until ended."""
    pair = Pair(Path(client))
    context = trusting(pair)
    caller = Caller(int(port), context)
    begun = time.monotonic()
    with Path(record).open("w", buffering=1, encoding="ascii") as file:
        for number in itertools.count():
            due = begun + number * float(every)
            time.sleep(max(0.0, due - time.monotonic()))
            kind = "index" if number % 2 else "single"
            key = fact(f"{registry.replace('*', f'n{number}')}/{kind}/neighbour-{begun:.0f}-{number}:1")
            reply = caller.ask(key)
            what = reply.failure or reply.reason(key) or _ANSWERED
            file.write(f"{due:.6f} {time.monotonic() - due:.6f} {what.replace(' ', '-')}\n")


def trusting(client: Pair) -> ssl.SSLContext:
    """Gatekeeper's side of TLS."""
    context = ssl.create_default_context(cafile=str(client.authority))
    context.load_cert_chain(client.certificate, client.key)
    return context


if __name__ == "__main__":
    main(*sys.argv[1:])
