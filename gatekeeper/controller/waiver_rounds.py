"""The Waivers of the cluster: the SyncSet that brings them to Gatekeeper, their status, metrics and log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import urllib3

from gatekeeper.cluster import metrics_page
from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, SYNC_SETS, WAIVERS, constraints
from gatekeeper.controller.constraint_status import is_ours
from gatekeeper.controller.referential_rules import ReferentialRules
from gatekeeper.controller.waiver_statuses import WaiverStatuses
from gatekeeper.controller.waiver_uses import WaiverUses
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.ledger.waiver_metrics import WaiverMetrics
from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem, problem_of
from gatekeeper.documents import fields
from gatekeeper.documents.product import MANAGED_BY, NAME, SYNC_SET
from gatekeeper.waivers import limits
from gatekeeper.waivers.state import STATES, WaiverState
from provider.clock import Clock
from provider.telemetry.log import Log

_SYNCED: Final = re.compile(r'^gatekeeper_sync\{([^}]*kind="Waiver"[^}]*)\} ([0-9.e+]+)\s*$', re.MULTILINE)
# Of what could not be copied there is no copy, or an old one.
_UNSYNCED: Final = 'status="error"'
_OFF: Final = "Gatekeeper has --enable-referential-rules=false, so no template reads Waivers"
_NOBODY: Final = "no Pod of Gatekeeper is there to say that it has referential rules on, so no template reads Waivers"
_NO_SYNC: Final = "Gatekeeper has no kind SyncSet, so it keeps no copies of Waivers"


class WaiverCopies(Protocol):
    """Says how many Waivers a Pod of Gatekeeper has copies of."""

    def count(self, address: str) -> int:
        """How many.

        Raises:
            OSError: no answer.
            urllib3.exceptions.HTTPError: no answer.
            ValueError: it cannot be read.
        """


@dataclass(frozen=True)
class GatekeeperCopies:
    """Implements `WaiverCopies` by Gatekeeper's metrics.

    Attributes:
        port: of them.
    """

    port: int

    def count(self, address: str) -> int:
        """See `WaiverCopies`."""
        return copies(metrics_page.fetch(address, self.port).text)


def copies(text: str) -> int:
    """The copies in an exposition; 0 where there is no such series, as before the first.

    Raises:
        ValueError: it is no exposition of Gatekeeper's.
    """
    if "gatekeeper_" not in text:
        raise ValueError("these are not Gatekeeper's metrics")
    return sum(int(float(count)) for labels, count in _SYNCED.findall(text) if _UNSYNCED not in labels)


@dataclass(frozen=True)
class WaiverParts:
    """What a round needs beside the cluster.

    Attributes:
        rules: whether Gatekeeper takes templates that read Waivers.
        uses: when Waivers let something pass.
        copies: how many Waivers a Pod of Gatekeeper has.
        metrics: what is found is written there.
        health: takes note whether all could be read.
        log: of what begins and ends; it outlives the objects.
        clock: says when.
        may_write: whether this process is still the one that writes.
    """

    rules: ReferentialRules
    uses: WaiverUses
    copies: WaiverCopies
    metrics: WaiverMetrics
    health: SourceHealth
    log: Log
    clock: Clock
    may_write: Callable[[], bool]


class WaiverRounds:
    """Looks at all Waivers.

    Args:
        api: of the cluster.
        parts: see there.
    """

    def __init__(self, api: KubernetesApi, parts: WaiverParts) -> None:
        self._api = api
        self._parts = parts
        self._statuses = WaiverStatuses(api, parts.clock, parts.may_write)
        # What was said of each in the log, by name.
        self._said: dict[str, WaiverState] = {}

    def look(self) -> None:
        """One round; what cannot be read stays as it was."""
        parts = self._parts
        try:
            problem = self._round()
        except ClusterError as error:
            parts.health.failed(SourceName.WAIVERS, problem_of(error), error.message)
        else:
            if problem is None:
                parts.health.succeeded(SourceName.WAIVERS)
            else:
                parts.health.failed(SourceName.WAIVERS, *problem)

    def _round(self) -> tuple[SourceProblem, str] | None:
        """What has to be looked at; None for nothing.

        Raises:
            ClusterError: something cannot be read, or a status is refused.
        """
        pods = self._parts.rules.look()
        problem, obstacle = self._way(pods)
        found = [each for page in self._api.pages(WAIVERS) for each in page]
        self._forget(found)
        states = self._states(found, obstacle)
        self._show(states)
        self._tell(states)
        self._compare(pods, len(found))
        self._statuses.write(found, states)
        if problem is None and len(found) > limits.MANY:
            said = f"there are {len(found)} Waivers; with more than {limits.MANY} each denial takes noticeably longer"
            return SourceProblem.INVALID, said
        return problem

    def _way(self, pods: Sequence[Object]) -> tuple[tuple[SourceProblem, str] | None, str]:
        """What is wrong with the way of Waivers to Gatekeeper, and why none lets anything pass; empty where some may.

        It holds up nothing else: people read in the status of their Waiver why it lets nothing pass.
        """
        problem, obstacle = self._sync()
        if not self._parts.rules.on():
            said = _OFF if pods else _NOBODY
            return (SourceProblem.INVALID, f"{said}, and every Waiver of the cluster lets nothing pass"), said
        return problem, obstacle

    def _sync(self) -> tuple[tuple[SourceProblem, str] | None, str]:
        """Gatekeeper keeps copies of Waivers while there is this object; the same as of `_way`."""
        if not self._parts.may_write():
            return None, ""
        try:
            self._api.apply(SYNC_SETS, sync_set())
        except ObjectAbsentError as error:
            return (problem_of(error), f"{_NO_SYNC}, and every Waiver lets nothing pass: {error.message}"), _NO_SYNC
        except ClusterError as error:
            # What it has copies of already stays in force.
            return (problem_of(error), error.message), ""
        return None, ""

    def _forget(self, found: Sequence[Object]) -> None:
        """What one let pass does not count for another that is made anew under its name."""
        there = {fields.name(each): fields.text(each, "metadata", "uid") for each in found}
        for name, before in self._said.items():
            if there.get(name) != before.uid:
                self._parts.uses.forget(name)

    def _states(self, found: Sequence[Object], obstacle: str) -> list[WaiverState]:
        policies, seen, now = list(self._constraints()), self._parts.uses.seen(), self._parts.clock.now()
        return [WaiverState.of(each, policies, now, seen.get(fields.name(each)), obstacle) for each in found]

    def _constraints(self) -> Iterator[Mapping[str, Any]]:
        """Those of our policies: only what they say of Waivers is kept."""
        for page in self._api.pages(CONSTRAINT_TEMPLATES):
            for template in page:
                kind = fields.text(template, "spec", "crd", "spec", "names", "kind")
                if is_ours(template) and kind.isascii() and kind.isalnum():
                    yield from self._of_kind(kind)

    def _of_kind(self, kind: str) -> Iterator[Mapping[str, Any]]:
        try:
            for page in self._api.pages(constraints(kind)):
                for each in page:
                    given = fields.mapping(each, "spec", "parameters")
                    kept = {name: given[name] for name in ("name", "waivers") if name in given}
                    yield {"spec": {"parameters": kept}}
        except ObjectAbsentError:
            # Gatekeeper makes the kind a moment after the template.
            return

    def _show(self, states: Sequence[WaiverState]) -> None:
        counts = Counter(each.word for each in states)
        watched = {
            "ending": sum(each.ending for each in states),
            "break_glass": sum(each.emergency for each in states),
        }
        self._parts.metrics.show({state: counts[state] for state in STATES}, watched)

    def _tell(self, states: Sequence[WaiverState]) -> None:
        """What is new since the last round; right after the start, what there is."""
        now, log = {each.name: each for each in states}, self._parts.log
        for name, before in sorted(self._said.items()):
            if name not in now or now[name].uid != before.uid:
                log.info(ControllerEvent.WAIVER_REMOVED, f"the Waiver {name} is gone", waiver=name, state=before.word)
        for each in states:
            last = self._said.get(each.name)
            if last is None or _version(last) != _version(each):
                fields_of = _log_fields(each)
                log.info(ControllerEvent.WAIVER_CHANGED, f"the Waiver {each.name} is {each.word}", **fields_of)
        self._said = now

    def _compare(self, pods: Sequence[Object], count: int) -> None:
        """A copy that stays after its Waiver is gone admits; one that is missing denies."""
        results = dict.fromkeys(("same", "different", "unknown"), 0)
        for pod in pods:
            results[self._result(fields.text(pod, "status", "podIP"), count)] += 1
        self._parts.metrics.show_copies(results)

    def _result(self, address: str, count: int) -> str:
        if not address:
            return "unknown"
        try:
            return "same" if self._parts.copies.count(address) == count else "different"
        except (OSError, urllib3.exceptions.HTTPError, ValueError):
            return "unknown"


def sync_set() -> dict[str, Any]:
    """The object by which Gatekeeper keeps copies of Waivers."""
    return {
        "apiVersion": SYNC_SETS.api_version,
        "kind": SYNC_SETS.kind,
        "metadata": {"name": SYNC_SET, "labels": {MANAGED_BY: NAME}},
        "spec": {"gvks": [{"group": WAIVERS.group, "version": WAIVERS.version, "kind": WAIVERS.kind}]},
    }


def _version(state: WaiverState) -> tuple[str, int, str]:
    """Another one when its state is another, or what it says: it may end earlier, or be made anew to end later."""
    return state.uid, state.generation, state.word


def _log_fields(state: WaiverState) -> dict[str, Any]:
    found: dict[str, Any] = {"waiver": state.name, "state": state.word}
    if state.why:
        found["why"] = "; ".join(state.why)[:1000]
    if state.waiver is not None:
        found |= {
            "until": state.waiver.until,
            "owner": state.waiver.owner,
            "waiver_reason": state.waiver.reason,
            "ticket": state.waiver.ticket,
            "break_glass": state.waiver.break_glass,
            "policies": list(state.waiver.policies),
            "namespaces": list(state.waiver.namespaces),
            "images": list(state.waiver.images),
        }
    return found
