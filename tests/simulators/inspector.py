"""An inspector without registries.

    inspector = InspectorSimulator(clock)
    inspector.images["registry.example/app:1"] = facts(created="2026-11-01T00:00:00Z")
    inspector.failures["registry.example/gone:1"] = ImageError(Reason.NOT_FOUND, "…")
    inspector.held.add("registry.example/slow:1")   # does not answer until `release()`

An image that nobody described is answered with `facts()`. Every call is counted in `calls`.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from provider.clock import Clock, Deadline
from provider.questions.answer import Facts, PlatformFacts
from provider.questions.question import FactQuestion

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
    """Implements `provider.answering.batch.Inspector`."""

    def __init__(self, clock: Clock) -> None:
        self.images: dict[str, Facts] = {}
        self.failures: dict[str, Exception] = {}
        self.held: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.working: Counter[str] = Counter()
        self._clock = clock
        self._lock = threading.Lock()
        self._released = threading.Event()

    def inspect(self, question: FactQuestion, deadline: Deadline, ref: str | None = None) -> Facts:
        self._called(question.image)
        found = self.images.get(question.image) or facts(image=question.image)
        if question.config and found.config is None:
            found = replace(found, config={"linux/amd64": {"created": found.created}})
        return found if found.observed_at else replace(found, observed_at=self._observed())

    def resolve(self, image: str, deadline: Deadline, ref: str | None = None) -> str:
        self._called(image)
        return image if "@" in image else f"{image}@{DIGEST}"

    def release(self) -> None:
        """Let all that is held go on."""
        self._released.set()

    def _called(self, image: str) -> None:
        with self._lock:
            self.calls[image] += 1
            self.working[image] += 1
        try:
            if image in self.held:
                self._released.wait(30)
        finally:
            with self._lock:
                self.working[image] -= 1
        if image in self.failures:
            raise self.failures[image]

    def _observed(self) -> str:
        return datetime.fromtimestamp(self._clock.now(), UTC).isoformat().replace("+00:00", "Z")
