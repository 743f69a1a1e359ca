"""Images that run, a provider that says what is present, and a clock of the test's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import SECOND, Outlook, OutlookSubject, OutlookTurn, OutlookVerdict, Question
from gatekeeper.freshness.presence.presence import PresenceAnswer
from gatekeeper.freshness.presence.presence_book import PresenceBook
from gatekeeper.freshness.presence.presence_outlooks import PresenceOutlooks
from gatekeeper.freshness.presence.presence_rounds import PresenceRounds
from provider.registry.presence import PresenceState
from tests.simulators.clock import FakeClock

DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"
PRESENT = PresenceAnswer(PresenceState.PRESENT)
GONE = PresenceAnswer(PresenceState.GONE, "NotFound", "reg.io had it, and has it no more")
UNKNOWN = PresenceAnswer(PresenceState.UNKNOWN, "RegistryUnavailable", "it does not answer")
UNASKED = PresenceAnswer(PresenceState.UNKNOWN, "ProviderUnavailable", "it is away", asked=False)


class PresenceSimulator:
    """Implements `Presence`; what nobody described is there."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.answer = PRESENT

    def ask(self, keys: Sequence[str]) -> Mapping[str, PresenceAnswer]:
        self.asked.append(tuple(keys))
        return dict.fromkeys(keys, self.answer)


class World:
    """Looks for images; each draw is the middle."""

    def __init__(self) -> None:
        self.clock, self.presence = FakeClock(), PresenceSimulator()
        self.restart()

    def restart(self, kept: str = "") -> None:
        """Another process, with what is kept of the one before."""
        self.book = PresenceBook(self.clock, lambda: 0.5)
        if kept:
            self.book.restore(kept)
        self.outlooks = PresenceOutlooks(self.book)
        self.rounds = PresenceRounds(self.book, self.presence)

    def see(self, *found: Outlook, keys: Sequence[str] = ()) -> Sequence[Outlook]:
        """A round of the forecast: what it says of pulling."""
        return self.outlooks.of(found or (running(),), keys)

    def look(self, hours: float = 1.0) -> None:
        """Let time pass, and ask what is due then."""
        self.clock.advance(hours * 3600)
        while self.book.due():
            self.rounds.step()
            self.clock.advance(1)


def running(image: str = f"reg.io/shop/web@{DIGEST}", digest: str = DIGEST, **more: Any) -> Outlook:
    """What a policy says of an image that runs."""
    name = WorkloadName(more.pop("namespace", "shop"), "Deployment", more.pop("name", "web"))
    policy, question = more.pop("policy", "maximum-image-age"), more.pop("question", Question.RUNNING)
    subject = OutlookSubject(name, "spec.containers[0].image", image, digest, **{"running": 2, **more})
    return Outlook(policy, subject, question, (OutlookTurn(1 * SECOND, OutlookVerdict.ADMITTED),))
