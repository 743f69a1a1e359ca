"""Does what a plan says: the only place of this room that changes the cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TypeVar

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterUnavailableError, ConflictError, ObjectAbsentError
from gatekeeper.cluster.resource import DEPLOYMENTS
from gatekeeper.documents import fields
from gatekeeper.uninstallation import limits
from gatekeeper.uninstallation.errors import ControllerRunsError, ObjectsRemainError, ProviderNeededError
from gatekeeper.uninstallation.inventory import ControllerDeployment, ControllerObject, Inventory
from gatekeeper.uninstallation.plan import UninstallationPlan, plan
from gatekeeper.uninstallation.reader import InventoryReader
from provider.clock import Clock, Deadline

T = TypeVar("T")


class Uninstaller:
    """Stops the controller, and removes what it wrote. Each step may be done twice: a further try goes on.

    Args:
        api: of the cluster.
        reader: of what there is.
        clock: for how long a step may take.
        pause: waits so many seconds.
        say: gets a sentence about each step that is done.
    """

    def __init__(
        self,
        api: KubernetesApi,
        reader: InventoryReader,
        clock: Clock,
        pause: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self._api = api
        self._reader = reader
        self._clock = clock
        self._pause = pause
        self._say = say

    def run(self, planned: UninstallationPlan) -> None:
        """Do it. What is removed is read anew once the controller has ended: it may have written until then.

        Raises:
            ProviderNeededError: there are obstacles; nothing was removed.
            ControllerRunsError: the controller does not stop, or is started again.
            ObjectsRemainError: objects do not go, or come back.
            ClusterError: the API server refuses something, or does not answer.
        """
        _refuse_obstacles(planned)
        for each in planned.stops:
            self._stop(each)
        final = plan(self._inventory())
        _refuse_obstacles(final)
        for stage in final.stages:
            if stage == final.providers:
                self._see_that_nothing_asks()
            self._remove(stage)
            self._pause(limits.SETTLE_SECONDS)
        self._remove(final.records)
        self._see_that_nothing_is_back()

    def _stop(self, controller: ControllerDeployment) -> None:
        """Scale it to 0, and wait for its last Pod: until then it puts back what is deleted."""
        deadline = Deadline.after(self._clock, limits.STOP_SECONDS)
        if controller.replicas > 0:
            self._retried(deadline, lambda: self._api.scale(DEPLOYMENTS, controller.name, self._reader.namespace, 0))
        while pods := self._retried(deadline, lambda: self._reader.pods(controller)):
            self._see_that_it_is_stopped(deadline)
            if deadline.passed():
                raise ControllerRunsError(
                    f"the controller's Pods do not end within {limits.STOP_SECONDS:.0f} seconds: {_some(pods)}. "
                    "See why (kubectl describe pod; a node that is away?), and try again"
                )
            self._pause(limits.POLL_SECONDS)
        self._say(f"the controller is stopped: Deployment {controller.name}")

    def _remove(self, stage: tuple[ControllerObject, ...]) -> None:
        """Delete objects, and wait until the last of them is gone."""
        deadline = Deadline.after(self._clock, limits.GONE_SECONDS)
        for each in stage:
            self._retried(deadline, partial(self._delete, each))
        left = stage
        while left := tuple(each for each in left if self._retried(deadline, partial(self._there, each))):
            self._see_that_it_is_stopped(deadline)
            if deadline.passed():
                raise ObjectsRemainError(self._why(left))
            self._pause(limits.POLL_SECONDS)
        for each in stage:
            self._say(f"gone: {each.title}")

    def _delete(self, each: ControllerObject) -> None:
        try:
            self._api.delete(each.resource, each.name, each.namespace, uid=each.uid)
        except (ObjectAbsentError, ConflictError):
            # It is gone, or another one has its name: the last look finds that one.
            return

    def _there(self, each: ControllerObject) -> Object | None:
        try:
            found = self._api.get(each.resource, each.name, each.namespace)
        except ObjectAbsentError:
            return None
        return found if fields.text(found, "metadata", "uid") == each.uid else None

    def _inventory(self) -> Inventory:
        return self._retried(Deadline.after(self._clock, limits.LOOK_SECONDS), self._reader.read)

    def _see_that_it_is_stopped(self, deadline: Deadline) -> None:
        running = [each.name for each in self._retried(deadline, self._reader.controllers) if each.replicas > 0]
        if running:
            raise ControllerRunsError(
                f"somebody starts the controller again (Deployment {_some(running)}): an autoscaler, or a GitOps tool. "
                "Pause that one, and try again"
            )

    def _see_that_nothing_asks(self) -> None:
        """What came since the last look would deny everything as soon as the Providers are gone."""
        now = plan(self._inventory())
        _refuse_obstacles(now)
        _refuse_returned([each for each in now.policies if each not in now.providers])

    def _see_that_nothing_is_back(self) -> None:
        """Whoever writes what we delete is found by what is there at the end.

        A record that somebody writes again, such as a PolicyStatus of a repository, is in nobody's way.
        """
        self._see_that_it_is_stopped(Deadline.after(self._clock, limits.LOOK_SECONDS))
        now = plan(self._inventory())
        _refuse_obstacles(now)
        _refuse_returned(now.policies)

    def _why(self, left: Collection[ControllerObject]) -> str:
        """Why objects do not go: mostly a finalizer, whose owner is away."""
        held = []
        for each in left:
            found = self._there(each)
            names = fields.texts(found, "metadata", "finalizers")
            held.append(f"{each.title} (held by the finalizer {', '.join(names)})" if names else each.title)
        return (
            f"not gone within {limits.GONE_SECONDS:.0f} seconds: {_some(held)}. "
            "Start what takes a finalizer away, or take it away by kubectl edit, and try again"
        )

    def _retried(self, deadline: Deadline, call: Callable[[], T]) -> T:
        """A call that is made again while nobody answers, until the deadline."""
        while True:
            try:
                return call()
            except ClusterUnavailableError:
                if deadline.passed():
                    raise
            self._pause(limits.POLL_SECONDS)


def _refuse_obstacles(planned: UninstallationPlan) -> None:
    if planned.obstacles:
        raise ProviderNeededError(needed([each.title for each in planned.obstacles]))


def _refuse_returned(back: Collection[ControllerObject]) -> None:
    if back:
        raise ObjectsRemainError(
            f"somebody writes again what was deleted: {_some([each.title for each in back])}. Is there a "
            "controller in another namespace, or a GitOps tool that has these objects in its repository? "
            "Stop it, and try again"
        )


def needed(titles: Collection[str]) -> str:
    """That objects of somebody else need the provider, and what to do."""
    return (
        f"not made by the controller, and they deny everything once the provider is gone: {_some(titles)}. "
        "Delete them, or give them enforcementAction: dryrun (a mutator failurePolicy: Ignore), and try again"
    )


def _some(titles: Collection[str]) -> str:
    named = [*titles][: limits.NAMED]
    more = len(titles) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
