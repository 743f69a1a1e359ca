"""Whether our service account may read what a setting says that it reads; asked while nobody waits.

What is missing is named before a Pod is denied for it: in the log, in a metric, and by `bestbefore doctor`. Without an
answer nothing is said: an API server that is away is seen elsewhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from provider import json_weight, limits
from provider.observer import Observer
from provider.pullsecrets.reader import ClusterResource, ReadError, RightsReader

SETTING: Final = "pull_secret_namespace"
_ANY: Final = "*"


class PullSecretRights:
    """Looks at rights every `limits.PULL_SECRET_RIGHTS_SECONDS`, more often while some lack; for one event loop.

    Args:
        reader: asks the cluster.
        namespaces: whose Secrets and service accounts are read.
        observer: gets what is missing, when that changes.
    """

    def __init__(self, reader: RightsReader, namespaces: Collection[str], observer: Observer) -> None:
        self._reader = reader
        self._namespaces = sorted(namespaces)
        self._observer = observer
        self._known: dict[str, Sequence[str]] = {}
        self._told: Sequence[str] | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to look, for as long as the loop turns. On its thread."""
        self._task = asyncio.ensure_future(self._watch())

    async def look(self) -> None:
        """Ask for each namespace; of one of which nothing is heard, what was known holds."""
        for namespace in self._namespaces:
            try:
                readable = await self._reader.readable(namespace)
            except ReadError:
                continue
            if readable is not None:
                self._known[namespace] = [
                    _sentence(namespace, each) for each in ClusterResource if each not in readable
                ]
        problems = [problem for namespace in self._namespaces for problem in self._known.get(namespace, ())]
        if self._known and problems != self._told:
            self._told = problems
            self._observer.setting_in_force(SETTING, problems)

    async def _watch(self) -> None:
        while True:
            await self.look()
            # Whoever gives what is missing sees soon that it is there.
            lacking = bool(self._told) or len(self._known) < len(self._namespaces)
            seconds = limits.PULL_SECRET_RIGHTS_LACKING_SECONDS if lacking else limits.PULL_SECRET_RIGHTS_SECONDS
            await asyncio.sleep(seconds)


def readable_of(body: bytes) -> frozenset[ClusterResource] | None:
    """What a SelfSubjectRulesReview says may be read; None where it is none, or may lack what is not in it."""
    try:
        json_weight.check(body)
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    status = document.get("status") if isinstance(document, dict) else None
    if not isinstance(status, dict) or not isinstance(status.get("resourceRules"), list):
        return None
    rules = [rule for rule in status["resourceRules"] if isinstance(rule, dict)]
    found = frozenset(each for each in ClusterResource if any(_allows(rule, each) for rule in rules))
    return None if status.get("incomplete") and len(found) < len(ClusterResource) else found


def _allows(rule: Mapping[str, Any], resource: ClusterResource) -> bool:
    """Whether a rule allows to get some at least of a resource of the core group."""
    return all(
        isinstance(words := rule.get(field), list) and (word in words or _ANY in words)
        for field, word in (("verbs", "get"), ("apiGroups", ""), ("resources", resource.value))
    )


def _sentence(namespace: str, resource: ClusterResource) -> str:
    return (
        f"{SETTING} names {namespace}, where the provider's service account has no right to `get` {resource}: the "
        "chart gives it by `provider.podCredentials.namespaces`"
    )
