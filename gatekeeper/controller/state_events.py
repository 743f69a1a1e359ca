"""Kubernetes Events about the states of objects that people wrote: each thing is said once while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from gatekeeper.cluster import event
from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ConflictError
from gatekeeper.cluster.event import EventText
from gatekeeper.cluster.resource import EVENTS, Resource
from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from provider.clock import Clock


@dataclass(frozen=True)
class StateNews:
    """What is to be said of an object.

    Attributes:
        name: of the object.
        uid: of the object.
        reason: the column REASON of `kubectl get events`.
        word: what makes it another thing to say, beside uid and reason.
        note: for people.
        is_warning: whether somebody should look at it.
    """

    name: str
    uid: str
    reason: str
    word: str
    note: str
    is_warning: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """The same as long as it says the same."""
        return self.uid, self.reason, self.word


class StateEvents:
    """Writes them.

    Args:
        api: of the cluster.
        kind: of the objects, which are in no namespace.
        action: what we do with them.
        source: that fails where they cannot be written.
        health: takes note of that.
        clock: says when.
        instance: our Pod, which writes.
        may_write: whether this process is still the one that writes.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its parts
        self,
        api: KubernetesApi,
        kind: Resource,
        action: str,
        source: SourceName,
        health: SourceHealth,
        clock: Clock,
        instance: str,
        may_write: Callable[[], bool],
    ) -> None:
        self._api = api
        self._kind = kind
        self._action = action
        self._source = source
        self._health = health
        self._clock = clock
        self._instance = instance
        self._may_write = may_write
        self._said: dict[str, StateNews] = {}

    def said(self, name: str) -> StateNews | None:
        """What was said last of an object; None where nothing was."""
        return self._said.get(name)

    def keep(self, names: Collection[str]) -> None:
        """Forget what was said of all others."""
        self._said = {name: news for name, news in self._said.items() if name in names}

    def say(self, several: Iterable[StateNews]) -> None:
        """Say what was not said yet; what cannot be written is tried again the next time."""
        for news in several:
            before = self._said.get(news.name)
            if before is not None and before.key == news.key:
                continue
            if not self._may_write():
                return
            try:
                self._api.create(EVENTS, self._text(news).body(self._clock.now(), self._instance))
            except ConflictError:
                # Said by the process before this one, or before something else was so for a while.
                pass
            except ClusterError as error:
                self._health.failed(self._source, problem_of(error), error.message)
                if isinstance(error, ClusterUnavailableError):
                    # All others would wait for the same.
                    return
                continue
            self._said[news.name] = news

    def _text(self, news: StateNews) -> EventText:
        kind = self._kind
        return EventText(
            name=event.name_of(news.name, fingerprint(*news.key)),
            namespace=event.NOWHERE,
            regarding={"apiVersion": kind.api_version, "kind": kind.kind, "name": news.name, "uid": news.uid},
            reason=news.reason,
            action=self._action,
            note=news.note,
            is_warning=news.is_warning,
        )
