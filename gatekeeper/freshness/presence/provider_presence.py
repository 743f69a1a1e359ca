"""Has the provider look, over its `/presence`: it has the credentials, and knows what they have seen before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from gatekeeper.documents import fields
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.freshness.presence.limits import SENTENCE_CHARACTERS
from gatekeeper.freshness.presence.presence import PATH, PresenceAnswer
from gatekeeper.freshness.provider_facts import ProviderTarget
from provider.foreign_text import shown
from provider.reasons import Reason
from provider.registry.presence import PresenceState


@dataclass(frozen=True)
class ProviderPresence:
    """Implements `Presence`.

    Attributes:
        source: asks the provider at that path.
    """

    source: FactSource

    def ask(self, keys: Sequence[str]) -> Mapping[str, PresenceAnswer]:
        """See `Presence`."""
        found = self.source.answers(keys)
        return {key: _answer(found.fact(key), found.errors.get(key, "")) for key in keys}


def path_of(target: ProviderTarget) -> ProviderTarget:
    """The same provider, where it says what is present."""
    return replace(target, url=urljoin(target.url, PATH))


def _answer(fact: Mapping[str, object], error: str) -> PresenceAnswer:
    """What was answered; a provider of an earlier release has no such path, which is no answer either."""
    reason, message = fields.text(fact, "reason"), shown(fields.text(fact, "message"), SENTENCE_CHARACTERS)
    try:
        state = PresenceState(fields.text(fact, "presence"))
    except ValueError:
        said = message or shown(error, SENTENCE_CHARACTERS) or "the provider said nothing of it"
        asked = reason not in {Reason.PROVIDER_UNAVAILABLE, Reason.OVERLOADED}
        return PresenceAnswer(PresenceState.UNKNOWN, reason or error.partition(":")[0], said, asked=asked)
    return PresenceAnswer(state, reason, message)
