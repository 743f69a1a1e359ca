"""Takes the steps of a plan: the only place that changes the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ConflictError, ObjectAbsentError
from gatekeeper.documents.product import PREFIX
from gatekeeper.reconciliation import limits, present
from gatekeeper.reconciliation.plan import PlanStep
from provider.clock import Clock


class Notebook(Protocol):
    """Takes note of what a write made of an object, before any watch shows it."""

    def note(self, step: PlanStep, found: Object | None) -> None:
        """It is so now, or, None, gone."""


@dataclass
class Outcomes:
    """What became of the steps of one round.

    Attributes:
        errors: by policy, the first thing that went wrong; the steps after it were not taken.
        done: the steps that were taken.
        left: the policy of the first step for which there was no time; empty where there was.
    """

    errors: dict[str, ClusterError] = field(default_factory=dict)
    done: list[PlanStep] = field(default_factory=list)
    left: str = ""


class ObjectWriter:
    """Applies and deletes objects.

    Args:
        api: of the cluster.
        notebook: takes note.
        clock: says when it has been long enough.
        may_write: whether this process is still the one that writes.
    """

    def __init__(self, api: KubernetesApi, notebook: Notebook, clock: Clock, may_write: Callable[[], bool]) -> None:
        self._api = api
        self._notebook = notebook
        self._clock = clock
        self._may_write = may_write

    def take(self, steps: Iterable[PlanStep], outcomes: Outcomes) -> None:
        """Take steps in their order; what goes wrong with one policy does not stop the others."""
        ends = self._clock.monotonic() + limits.WRITE_SECONDS
        for step in steps:
            if not self._may_write():
                return
            if self._clock.monotonic() >= ends:
                outcomes.left = step.policy
                return
            if step.policy in outcomes.errors:
                continue
            try:
                self._take(step)
                outcomes.done.append(step)
            except (ObjectAbsentError, ConflictError):
                # Its kind is not there yet, or somebody was quicker: the next round sees what there is.
                continue
            except ClusterError as error:
                outcomes.errors[step.policy] = error

    def _take(self, step: PlanStep) -> None:
        if step.desired is None:
            self._api.delete(step.resource, step.name, uid=step.uid)
            self._notebook.note(step, None)
            return
        found = self._api.apply(step.resource, step.desired.body)
        if present.digest(found) != step.desired.digest:
            # Somebody else wrote fields that we do not have, such as a namespace that is left out of a Constraint: a
            # server-side apply leaves them.
            found = self._api.replace(step.resource, _over(found, step.desired.body))
        self._notebook.note(step, found)


def _over(found: Object, body: Object) -> Object:
    """Our object in the place of the one that is there, of which its metadata stay, annotations of ours apart."""
    kept = found["metadata"]
    mine = body["metadata"]
    foreign = {name: text for name, text in (kept.get("annotations") or {}).items() if not str(name).startswith(PREFIX)}
    metadata = {
        **{name: value for name, value in kept.items() if name != "managedFields"},
        "annotations": {**foreign, **mine["annotations"]},
        "labels": {**(kept.get("labels") or {}), **mine["labels"]},
    }
    return {**found, **body, "metadata": metadata}
