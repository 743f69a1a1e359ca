"""Where everything that happens becomes a metric and a line: each increment has its event."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from provider import limits
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.observer import FileSetting, NullObserver, Operation, RemoteList, ThrottleCause
from provider.steps import AnswerStep, StepRecorder
from provider.telemetry.events import Event
from provider.telemetry.log import Log
from provider.telemetry.metrics import Metrics
from provider.telemetry.repeats import Repeats

# The exit code of a worker without an event loop; its parent starts another one for every code but 3 and 4.
_LOOP_ENDED: Final = 70


class _StepLines:
    """A line for each step of one answer."""

    def __init__(self, log: Log, ref: str) -> None:
        self._log = log
        self._ref = ref

    def record(self, step: AnswerStep) -> None:
        """See `StepRecorder`."""
        self._log.debug(Event.STEP_TAKEN, "a step of an answer", ref=self._ref, **step.to_json())


class Observation(NullObserver):
    """Told by registries, caches, TLS, the event loop and the server.

    Args:
        metrics: counts.
        log: where events are written.
        clock: for what is logged only so often.
    """

    def __init__(self, metrics: Metrics, log: Log, clock: Clock) -> None:
        self.metrics = metrics
        self.log = log
        self._repeats = Repeats(clock)
        self._told: Memory[str, bool] = Memory(clock, limits.PULL_SECRETS_TOLD)
        self._clock = clock

    def registry_request(self, registry: str, operation: Operation, code: str, seconds: float) -> None:
        """One round trip to a registry."""
        self.metrics.registry_request(registry, operation, code, seconds)

    def registry_throttled(self, registry: str, cause: ThrottleCause) -> None:
        """A registry was, or is being, left alone."""
        self.metrics.registry_throttled(registry, cause)
        count = self._repeats.let_through(f"throttled {cause}")
        if count:
            fields = {"registry": registry, "cause": cause.value, "count": count}
            self.log.warning(Event.REGISTRY_THROTTLED, "a request to a registry was held back", **fields)

    def registry_quota(self, registry: str, account: str, remaining: int, limit: int | None) -> None:
        """A registry said how many requests are left."""
        self.metrics.registry_quota(registry, account, remaining, limit, self._clock.now())

    def registry_retried(self, registry: str) -> None:
        """A request was sent again."""
        self.metrics.registry_retried(registry)

    def registry_ca_rejected(self, problem: str) -> None:
        """The replaced authorities for registries cannot be used."""
        self.metrics.certificate_rejections.inc()
        self.metrics.file_rejections.labels(FileSetting.REGISTRY_CA).inc()
        message = "the new authorities for registries cannot be used; the old ones stay in force"
        self.log.error(Event.AUTHORITIES_REJECTED, message, problem=problem)

    def file_rejected(self, setting: FileSetting, name: str, problem: str) -> None:
        """The file of a setting cannot be used."""
        self.metrics.file_rejections.labels(setting).inc()
        message = "a file cannot be used; what was read before stays in force, if anything was"
        self.log.warning(Event.FILE_REJECTED, message, setting=setting.value, name=name, problem=problem)

    def file_in_force(self, setting: FileSetting, name: str, problems: Sequence[str]) -> None:
        """The file of a setting came into force, perhaps without some of its entries."""
        self.metrics.unusable_entries.labels(setting, name).set(len(problems))
        self.log.info(Event.FILE_LOADED, "a file is in force", setting=setting.value, name=name, unusable=len(problems))
        self._skipped(setting.value, problems, "an entry of a file cannot be used; the others are")

    def setting_in_force(self, setting: str, problems: Sequence[str]) -> None:
        """A setting is in force, perhaps without some of its entries."""
        self.metrics.unusable_entries.labels(setting, "").set(len(problems))
        self._skipped(setting, problems, "an entry of a setting cannot be used; the others are")

    def pull_secret_unusable(self, fault: str, problem: str) -> None:
        """A pull secret cannot be used: counted each time, and in the log once in a while by its name."""
        self.metrics.unusable_pull_secrets.labels(fault.replace(" ", "_")).inc()
        if self._told.get(problem) is None:
            self._told.put(problem, value=True, seconds=limits.PULL_SECRET_TOLD_SECONDS)
            message = "a pull secret cannot be used; the others are tried"
            self.log.warning(Event.PULL_SECRET_SKIPPED, message, cause=fault, problem=problem)

    def _skipped(self, where: str, problems: Sequence[str], message: str) -> None:
        for problem in problems[: limits.PASSED_OVER_SHOWN]:
            fields = {"where": where, "problem": problem, "count": len(problems)}
            self.log.warning(Event.ENTRY_SKIPPED, message, **fields)

    def cloud_asked(self, cloud: str, problem: str) -> None:
        """A cloud gives credentials, or no more."""
        self.metrics.unusable_entries.labels("cloud_credentials", cloud).set(1 if problem else 0)
        if problem:
            self.log.warning(Event.CLOUD_FAILED, "a cloud gives no credentials", cloud=cloud, problem=problem)
        else:
            self.log.info(Event.CLOUD_ANSWERED, "a cloud gives credentials", cloud=cloud)

    def entries_passed_over(self, listed: RemoteList, problems: Sequence[str]) -> None:
        """Entries of a registry's list cannot be used."""
        self.metrics.entries_passed_over.labels(listed).inc(len(problems))
        if self._repeats.let_through(f"passed over {listed}"):
            fields = {"where": listed.value, "problem": problems[0], "count": len(problems)}
            self.log.warning(Event.ENTRY_SKIPPED, "an entry of a list cannot be used; the others are", **fields)

    def recorder(self, ref: str) -> StepRecorder | None:
        """Writes the steps of the answer to a key; None where such lines are not written."""
        return _StepLines(self.log, ref) if self.log.debugging else None

    def unexpected(self, ref: str, image: str, error: Exception) -> None:
        """A fault of ours while a key was worked on."""
        self.log.error(Event.KEY_FAILED, "unexpected error", ref=ref, image=image, exc_info=error)

    def loop_lagged(self, seconds: float) -> None:
        """How late the event loop's pulse was."""
        self.metrics.loop_lag.observe(seconds)

    def loop_failed(self, message: str, error: BaseException | None) -> None:
        """Something on the event loop failed that nobody waits for."""
        count = self._repeats.let_through("loop failed")
        if count:
            self.log.error(Event.LOOP_FAILED, message, count=count, exc_info=error)

    def loop_ended(self, error: BaseException | None) -> None:
        """The event loop turns no more: nothing can be looked up, so the worker ends, and another begins."""
        self.log.error(Event.LOOP_ENDED, "the event loop has ended; the worker ends too", exc_info=error)
        os._exit(_LOOP_ENDED)

    def round_trips(self, count: int) -> None:
        """A question is done."""
        self.metrics.round_trips.observe(count)

    def cache_lookup(self, layer: str, what: str, result: str) -> None:
        """One look-up in a cache."""
        self.metrics.cache_lookup(layer, what, result)

    def renewed(self, what: str, *, done: bool) -> None:
        """Something was looked at again in the background."""
        self.metrics.renewals.labels(what, "done" if done else "failed").inc()

    def store_asked(self, trouble: str, seconds: float) -> None:
        """One round trip to the store that replicas share."""
        self.metrics.store_asked(trouble, seconds)

    def store_away(self, trouble: str) -> None:
        """The store is lost."""
        self.metrics.store_is(up=False)
        count = self._repeats.let_through("store away")
        if count:
            message = "the store that replicas share does not answer; nobody waits for it until it is back"
            self.log.warning(Event.STORE_FAILED, message, cause=trouble, count=count)

    def store_back(self) -> None:
        """The store answers again."""
        self.metrics.store_is(up=True)
        if self._repeats.let_through("store back"):
            self.log.info(Event.STORE_RECOVERED, "the store that replicas share answers again")

    def store_troubled(self, trouble: str) -> None:
        """The store takes nothing."""
        count = self._repeats.let_through("store troubled")
        if count:
            message = "the store that replicas share takes nothing at the moment; what it has is read"
            self.log.warning(Event.WRITE_REFUSED, message, cause=trouble, count=count)

    def store_writes_dropped(self, count: int) -> None:
        """So many values were not written to the store."""
        self.metrics.store_writes_dropped.inc(count)

    def store_entry_rejected(self, kind: str) -> None:
        """An entry of the store is not what it should be."""
        self.metrics.store_entries_rejected.labels(kind).inc()
        count = self._repeats.let_through(f"store entry {kind}")
        if count:
            message = "an entry of the store that replicas share is damaged or forged; the registry is asked instead"
            self.log.warning(Event.ENTRY_REJECTED, message, kind=kind, count=count)

    def certificates_loaded(self, expiries: Mapping[str, float], *, reloaded: bool) -> None:
        """TLS files are in force."""
        for name, seconds in expiries.items():
            self.metrics.certificate_expiry.labels(name).set(seconds)
        event = Event.CERTIFICATE_RELOADED if reloaded else Event.CERTIFICATE_LOADED
        ends = {f"{name}_ends": datetime.fromtimestamp(seconds, UTC).isoformat() for name, seconds in expiries.items()}
        self.log.info(event, "TLS files are in force", **ends)

    def certificates_rejected(self, problem: str) -> None:
        """TLS files were replaced by some that can't be used."""
        self.metrics.certificate_rejections.inc()
        self.log.error(
            Event.CERTIFICATE_REJECTED, "the new TLS files cannot be used; the old ones stay in force", problem=problem
        )

    def handshake_refused(self, cause: str, detail: str, peer: str) -> None:
        """Somebody connected who may not ask.

        Args:
            cause: `silent`, `tls` or `reset`.
            detail: the library's words, which name no secret.
            peer: their address.
        """
        self.metrics.handshakes_refused.labels(cause).inc()
        count = self._repeats.let_through(f"handshake {cause}")
        if count:
            fields = {"cause": cause, "problem": detail, "peer": peer, "count": count}
            self.log.warning(Event.HANDSHAKE_FAILED, "a connection was refused", **fields)
