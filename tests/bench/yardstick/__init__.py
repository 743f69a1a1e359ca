"""The yardstick that facts of new images are measured beside: a program of its own, as the provider is."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.registry import Registry
from tests.programs import ROOT

_STOP_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Cost:
    """What a batch of images takes.

    Attributes:
        took: milliseconds for all of it.
        processor: milliseconds an image.
    """

    took: float
    processor: float


@dataclass(frozen=True)
class Yardstick:
    """The running program, connected to one registry."""

    process: subprocess.Popen[str]
    registry: Registry

    def batch(self, images: Sequence[str]) -> Cost:
        """Facts of these images, all at once. It gives each request ten seconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        repositories = [image.removeprefix(f"{self.registry.address}/").removesuffix(":1") for image in images]
        print(json.dumps(repositories), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the yardstick ended with {self.process.wait(_STOP_SECONDS)}")
        told = json.loads(line)
        return Cost(told["took"], told["processor"] / len(images))


@contextlib.contextmanager
def running(registry: Registry) -> Iterator[Yardstick]:
    """Start it; it ends with its input."""
    words = [sys.executable, "-m", "tests.bench.yardstick", registry.url]
    words += [str(registry.authority)] if registry.authority else []
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield Yardstick(process, registry)
        except BaseException:
            process.kill()
            raise
