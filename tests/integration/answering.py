"""Questions to real registries, answered in this process as the provider does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from provider.clock import Deadline, SystemClock
from provider.images.assembly import assemble
from provider.loop import EventLoop
from provider.questions import item_key
from provider.questions.answer import Answer
from provider.questions.item_key import KeyKind
from provider.registry.call import Call
from provider.registry.settings import RegistrySettings
from provider.registry.turns.claim import Claim

_SECONDS = 20.0


class LoopInspector:
    """An inspector on an event loop of its own, until `close`."""

    def __init__(
        self,
        trust_roots: Mapping[str, Path] | None = None,
        authorities: Mapping[str, Path] | None = None,
        tag_ttl: float = 30.0,
    ) -> None:
        self._clock = SystemClock()
        settings = RegistrySettings(allow_loopback_http=True, allow_private=True, tag_ttl=tag_ttl)
        self._assembly = assemble(settings, self._clock, trust_roots=trust_roots, authorities=authorities)
        self._loop = EventLoop(self._clock, Reports())
        self._loop.start()

    def answer(self, text: str) -> Answer:
        """The answer to a key.

        Raises:
            ImageError: there is none.
        """
        key = item_key.read(KeyKind.QUESTION, text)
        call = Call(Deadline.after(self._clock, _SECONDS), Claim(self), self._assembly.credentials, key.ref)
        return self._loop.run(self._assembly.inspector.inspect(key, call))

    def close(self) -> None:
        """Let go of all connections."""
        self._loop.run(self._assembly.inspector.close())
        self._loop.stop()


class Reports:
    """What an event loop reports fails the test."""

    def loop_lagged(self, seconds: float) -> None:
        """However late it is."""

    def loop_failed(self, message: str, error: BaseException | None) -> None:
        raise AssertionError(message) from error

    def loop_ended(self, error: BaseException | None) -> None:
        raise AssertionError("the event loop has ended") from error
