"""An inspector without registries.

    inspector = InspectorSimulator(clock)
    inspector.images["registry.example/app:1"] = facts(created="2026-11-01T00:00:00Z")
    inspector.failures["registry.example/gone:1"] = ImageError(Reason.NOT_FOUND, "…")
    inspector.held.add("registry.example/slow:1")       # does not answer until `release()`
    inspector.held_hosts.add("slow.example")             # nor anything of this registry
    inspector.delays["registry.example/slow:2"] = 2.0    # answers after so many seconds of the loop
    inspector.stale = True                               # registries are away, and this is what was seen before

An image that nobody described is answered with `facts()`. Every call is counted in `calls`, by the image as written.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from provider.clock import Clock
from provider.questions.answer import Facts, PlatformFacts
from provider.questions.item_key import ItemKey
from provider.questions.question import FactQuestion
from provider.registry.call import Call
from provider.registry.presence import PRESENT, PresenceFinding

DIGEST = "sha256:" + "a" * 64


def facts(**changes: object) -> Facts:
    """The fact sheet of a good image; the test states what differs."""
    image = str(changes.get("image", "registry.example/app:1"))
    plain = Facts(
        image=image,
        digest=DIGEST,
        reference=f"registry.example/app@{DIGEST}",
        created="2026-11-01T00:00:00Z",
        created_ns=1_793_491_200_000_000_000,
        platforms={"linux/amd64": PlatformFacts(DIGEST, "2026-11-01T00:00:00Z", 1_793_491_200_000_000_000)},
    )
    return replace(plain, **changes)


class InspectorSimulator:
    """Implements `provider.answering.work.Inspector`."""

    def __init__(self, clock: Clock) -> None:
        self.images: dict[str, Facts] = {}
        self.failures: dict[str, Exception] = {}
        self.presences: dict[str, PresenceFinding] = {}
        self.held: set[str] = set()
        self.held_hosts: set[str] = set()
        self.delays: dict[str, float] = {}
        self.holding = False
        self.stale = False
        self.calls: Counter[str] = Counter()
        self.claims: list[object] = []
        self.credentials: list[object] = []
        self.recorders: list[object] = []
        self.patiences: list[float] = []
        self._clock = clock
        self._waiting: list[asyncio.Future[None]] = []

    async def inspect(self, key: ItemKey, call: Call) -> Facts:
        question = key.question
        assert isinstance(question, FactQuestion)
        await self._called(question.image, key, call)
        found = self.images.get(question.image) or facts(image=question.image)
        if question.config and found.config is None:
            found = replace(found, config={"linux/amd64": {"created": found.created}})
        return found if found.observed_at else replace(found, observed_at=self._observed())

    async def presence(self, key: ItemKey, call: Call) -> PresenceFinding:
        await self._called(key.image, key, call)
        return self.presences.get(key.image, PRESENT)

    async def resolve(self, key: ItemKey, call: Call) -> str:
        await self._called(key.text, key, call)
        return key.text if "@" in key.text else f"{key.text}@{DIGEST}"

    async def close(self) -> None:
        """Nothing to let go of."""

    def release(self) -> None:
        """Let all that is held go on."""
        self.holding = False
        self.held.clear()
        self.held_hosts.clear()
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def _called(self, image: str, key: ItemKey, call: Call) -> None:
        call.stale = self.stale
        self.calls[image] += 1
        self.claims.append(call.claim)
        self.credentials.append(call.credentials)
        self.recorders.append(call.recorder)
        self.patiences.append(call.patience)
        if self.holding or image in self.held or key.reference.registry in self.held_hosts:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        if image in self.delays:
            await asyncio.sleep(self.delays[image])
        if image in self.failures:
            raise self.failures[image]

    def _observed(self) -> str:
        return datetime.fromtimestamp(self._clock.now(), UTC).isoformat().replace("+00:00", "Z")
