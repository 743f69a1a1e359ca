"""Questions put to a server, many times, and how long that took."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.rig.certificates import Pair


@dataclass(frozen=True)
class Measured:
    """Times are milliseconds.

    Attributes:
        p50: half of the requests took no longer.
        p99: all but one of a hundred took no longer.
        longest: the slowest.
        per_second: requests.
        late: requests that had keys without an answer in time.
    """

    p50: float
    p99: float
    longest: float
    per_second: float
    late: int = 0


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

    def cold(self, url: str, keys: Sequence[str], batch: int) -> Measured:
        """Each key once, so many a request, one request after the other."""
        return self._run(url, keys, "-batch", batch, "-requests", len(keys) // batch, "-fresh")

    def warm(self, url: str, keys: Sequence[str], requests: int, clients: int, *, echo: bool = False) -> Measured:
        """The same keys in every request."""
        words = ["-batch", len(keys), "-requests", requests, "-clients", clients, "-warmup", 3]
        return self._run(url, keys, *words, *(["-any"] if echo else []))

    def _run(self, url: str, keys: Sequence[str], *arguments: str | int) -> Measured:
        file = self.folder / "keys.txt"
        file.write_text("\n".join(keys) + "\n")
        words = [self.program, "-url", url, "-keys", file, "-authority", self.pair.authority]
        words += ["-certificate", self.pair.certificate, "-key", self.pair.key, *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        told: dict[str, Any] = json.loads(done.stdout)
        if told["bad"]:
            raise RuntimeError(f"{url}: {told['bad']} of {told['requests']} answers are bad: {told['example']}")
        return Measured(told["p50"], told["p99"], told["longest"], told["per_second"], told["late"])
