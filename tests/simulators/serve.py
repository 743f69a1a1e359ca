"""`python -m tests.simulators.serve --listen …`: the real server over an inspector without registries.

An image whose repository ends in `-held-SECONDS` is answered after that time, one that ends in `-blocks-SECONDS` keeps
the event loop from turning for that time, and one that ends in `-dies` ends it. All else is the program's own.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time

from provider.clock import SystemClock
from provider.images.assembly import Assembly
from provider.questions.answer import Facts
from provider.questions.item_key import ItemKey
from provider.registry.call import Call
from provider.registry.credentials.credentials import NoCredentials
from provider.server.serving import run
from provider.settings.sources import load
from tests.simulators.inspector import InspectorSimulator

_HELD = re.compile(r"-held-(\d+(?:\.\d+)?)")
_BLOCKS = re.compile(r"-blocks-(\d+(?:\.\d+)?)")


class _SlowInspector(InspectorSimulator):
    async def inspect(self, key: ItemKey, call: Call) -> Facts:
        if match := _HELD.search(key.image):
            await asyncio.sleep(float(match[1]))
        if match := _BLOCKS.search(key.image):
            time.sleep(float(match[1]))  # noqa: ASYNC251 - that is the point
        if "-dies" in key.image:
            asyncio.get_running_loop().stop()
        return await super().inspect(key, call)


class _NoStore:
    """Keeps nothing."""

    used = 0

    def __len__(self) -> int:
        return 0

    async def enter(self) -> None:
        """There is nothing to connect to."""

    async def leave(self) -> None:
        print('{"event": "store.left"}', flush=True)  # noqa: T201 - for tests of a stop


def main(arguments: list[str]) -> int:
    flags: dict[str, object] = {
        name.removeprefix("--").replace("-", "_"): value
        for name, value in zip(arguments[::2], arguments[1::2], strict=True)
    }
    assembly = Assembly(_SlowInspector(SystemClock()), _NoStore(), NoCredentials())  # type: ignore[arg-type]
    return run(load(flags, os.environ), assembly)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
