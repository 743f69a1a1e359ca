"""Questions put to a server, many times, and how long that took."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.e2e.rig.certificates import Pair

# No load of ours takes so long; what does is broken.
_LONGEST_SECONDS: Final = 120.0


@dataclass(frozen=True)
class LoadReport:
    """Times are milliseconds.

    Attributes:
        requests: how many.
        p50: half of the requests took no longer.
        p99: all but one of a hundred took no longer.
        longest: the slowest.
        per_second: requests.
        late: requests that had keys without an answer in time.
        bad: requests that had no answer of use.
        size: bytes of the longest answer.
    """

    requests: int
    p50: float
    p99: float
    longest: float
    per_second: float
    late: int = 0
    bad: int = 0
    size: int = 0


@dataclass(frozen=True)
class Neighbour:
    """Clients who ask about one image after the other, while others do what they do.

    Attributes:
        keys: that nobody has asked, more than there is time for.
        clients: how many; each has one request at a time.
        seconds: how long.
        patience: seconds that a request counts as which had no answer, at least.
    """

    keys: Sequence[str]
    clients: int
    seconds: float
    patience: float


@dataclass(frozen=True)
class Load:
    """Somebody who asks.

    Attributes:
        program: the built tool.
        folder: for the keys.
        pair: the client's certificate.
    """

    program: Path
    folder: Path
    pair: Pair
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def cold(self, url: str, keys: Sequence[str], batch: int) -> LoadReport:
        """Each key once, so many a request, one request after the other."""
        return self._good(url, keys, "-batch", batch, "-requests", len(keys) // batch, "-fresh")

    def warm(self, url: str, keys: Sequence[str], requests: int, clients: int, *, echo: bool = False) -> LoadReport:
        """The same keys in every request."""
        words = ["-batch", len(keys), "-requests", requests, "-clients", clients, "-warmup", 3]
        return self._good(url, keys, *words, *(["-any"] if echo else []))

    def neighbours(self, url: str, neighbours: Mapping[str, Neighbour]) -> dict[str, LoadReport]:
        """All of them at the same time; what fails is counted, not refused."""
        with contextlib.ExitStack() as running:
            started = {name: running.enter_context(self._neighbour(url, one)) for name, one in neighbours.items()}
            return {name: _measured(_told(process)) for name, process in started.items()}

    @contextlib.contextmanager
    def trouble(self, url: str, keys: Sequence[str], batch: int) -> Iterator[None]:
        """Each key once, so many a request, all requests at once, whatever is answered; meanwhile something else."""
        requests = len(keys) // batch
        words = ["-batch", batch, "-requests", requests, "-clients", requests, "-fresh", "-any"]
        with self._running(url, keys, *words):
            yield

    def _neighbour(self, url: str, neighbour: Neighbour) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
        words = ["-requests", len(neighbour.keys), "-clients", neighbour.clients, "-fresh"]
        words += ["-for", f"{neighbour.seconds}s", "-patience", f"{neighbour.patience}s"]
        return self._running(url, neighbour.keys, *words)

    def _good(self, url: str, keys: Sequence[str], *arguments: str | int) -> LoadReport:
        with self._running(url, keys, *arguments) as process:
            told = _told(process)
        if told["bad"]:
            raise RuntimeError(f"{url}: {told['bad']} of {told['requests']} answers are bad: {told['example']}")
        return _measured(told)

    @contextlib.contextmanager
    def _running(self, url: str, keys: Sequence[str], *arguments: str | int) -> Iterator[subprocess.Popen[str]]:
        file = self.folder / f"keys-{next(self._numbers)}.txt"
        file.write_text("\n".join(keys) + "\n")
        words = [self.program, "-url", url, "-keys", file, "-authority", self.pair.authority]
        words += ["-certificate", self.pair.certificate, "-key", self.pair.key, *map(str, arguments)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()
            file.unlink()


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=_LONGEST_SECONDS)
    if process.returncode:
        raise RuntimeError(f"the load failed: {output}")
    told: dict[str, Any] = json.loads(output)
    return told


def _measured(told: Mapping[str, Any]) -> LoadReport:
    names = ("requests", "p50", "p99", "longest", "per_second", "late", "bad", "bytes")
    return LoadReport(*(told[name] for name in names))
