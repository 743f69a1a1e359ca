"""What Prometheus reads. Every label is bounded; an image, a digest, a key never becomes one."""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable, Collection, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from provider.answering.batch import BatchResponse
from provider.observer import FileSetting, RemoteList
from provider.pullsecrets.reader import ReadFault
from provider.questions.endpoint import Endpoint
from provider.reasons import EXPLANATIONS, Lifetime, Reason
from provider.telemetry.quotas import Quotas
from provider.version import VERSION

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
# Hosts that no setting names and that still have a label of their own.
_OTHER_REGISTRIES: Final = 20
# The edges lie on the real limits, so that "share over the timeout" needs no interpolation.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 5, 10)
_ROUND_TRIP_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_STORE_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
_STORE_RESULTS: Final = ("ok", "timeout", "connection", "refused", "full", "read_only", "error")
_STORE_OBJECTS: Final = ("document", "right", "tag", "referrers", "dropped")
_LAG_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_KEYS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_ROUND_TRIPS: Final = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15)
_CODES: Final = frozenset({"304", "401", "403", "404", "429", "timeout", "connection", "tls", "refused"})
_OUTCOMES: Final = ("complete", "item_errors", "system_error", "bad_request", "failed")
# `bestbefore_requests_total{outcome="shed"}` is not separated from system_error here: `requests_shed_total` counts it.
_SHED_REASONS: Final = ("queue",)
_REFUSALS: Final = ("silent", "tls", "reset")


class Metrics:
    """All metrics of one provider.

    Args:
        deadlines: seconds that each endpoint allows itself.
        named: registries that the settings name; they always have a label of their own.
        revision: what it was built from.
        store: how the servers of the store that replicas share belong together; empty where they share none.
    """

    def __init__(
        self,
        deadlines: Mapping[Endpoint, float],
        named: Collection[str] = (),
        revision: str = "",
        *,
        store: str = "",
    ) -> None:
        # A series more for each counter, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._hosts = _Hosts(named)
        # Looked up once for each of a bounded number of labels, because this happens with each request to a registry.
        self._round_trips: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self._look_ups: dict[tuple[str, str, str], Counter] = {}
        self._build(revision)
        self._serving(deadlines)
        self._registries()
        self._store(store)
        self._process()

    def exposition(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)

    def watch_questions(self, count: Callable[[], float]) -> None:
        """Read how many questions are worked on whenever metrics are read."""
        self.questions.set_function(count)

    def request(self, endpoint: Endpoint, outcome: str, seconds: float) -> None:
        """A request has its answer."""
        self.requests.labels(endpoint, outcome).inc()
        self.durations[endpoint].observe(seconds)

    def count_response(self, endpoint: Endpoint, response: BatchResponse) -> None:
        """What became of a request's keys."""
        self.request_keys.labels(endpoint).observe(len(response.results))
        for reason, count in Tally(result.reason for result in response.results).items():
            self.keys.labels(endpoint, *_outcome(reason)).inc(count)
        worked = len(response.worked)
        self._answer_hits.inc(len(response.results) - worked)
        if worked:
            self._answer_misses.inc(worked)
            self._inflight_hits.inc(response.joined)
        stale = sum(result.stale for result in response.results)
        if stale:
            self.stale_keys.labels(endpoint).inc(stale)
        if response.shed:
            self.shed.labels("queue").inc()

    def registry_request(self, registry: str, operation: str, code: str, seconds: float) -> None:
        """One round trip."""
        key = (self._hosts.label(registry), operation, _code(code))
        children = self._round_trips.get(key)
        if children is None:
            children = self.registry_requests.labels(*key), self.registry_durations.labels(key[0])
            self._round_trips[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def cache_lookup(self, layer: str, what: str, result: str) -> None:
        """One look-up in a cache."""
        key = (layer, what, result)
        child = self._look_ups.get(key)
        if child is None:
            child = self._look_ups[key] = self.cache_requests.labels(*key)
        child.inc()

    def registry_throttled(self, registry: str, cause: str) -> None:
        """A registry was left alone."""
        self.throttled.labels(self._hosts.label(registry), cause).inc()

    def registry_quota(self, registry: str, account: str, remaining: int, limit: int | None, now: float) -> None:
        """A registry said how many requests are left."""
        self._quotas.said(self._hosts.label(registry), account, remaining, limit, now)

    def registry_retried(self, registry: str) -> None:
        """A request was sent again."""
        self.retried.labels(self._hosts.label(registry)).inc()

    def watch_cache(self, layer: str, entries: Callable[[], float], size: Callable[[], float]) -> None:
        """Read a cache's size whenever metrics are read."""
        self.cache_entries.labels(layer).set_function(entries)
        self.cache_bytes.labels(layer).set_function(size)

    def _build(self, revision: str) -> None:
        info = Gauge("bestbefore_build_info", "Always 1", ["version", "revision"], registry=self.registry)
        info.labels(VERSION, revision).set(1)

    def _serving(self, deadlines: Mapping[Endpoint, float]) -> None:
        self.requests = self._counter("requests", "Requests from Gatekeeper", "endpoint", "outcome")
        duration = self._histogram(
            "request_duration_seconds", "From the request read to its answer", _SECONDS, "endpoint"
        )
        self.durations = {endpoint: duration.labels(endpoint) for endpoint in Endpoint}
        deadline = self._gauge("deadline_seconds", "Time the provider allows itself", "endpoint")
        self.in_progress = self._gauge("requests_in_progress", "Requests that are being answered")
        self.shed = self._counter("requests_shed", "Requests whose keys were refused without waiting", "reason")
        self.request_keys = self._histogram("request_keys", "Keys in one request", _KEYS, "endpoint")
        self.keys = self._counter(
            "keys", "Keys: answered, refused for good, or left to a retry", "endpoint", "outcome", "reason"
        )
        self.stale_keys = self._counter(
            "stale_keys", "Keys answered with what was seen before their registry went away", "endpoint"
        )
        for endpoint in Endpoint:
            self.stale_keys.labels(endpoint)
            deadline.labels(endpoint).set(deadlines[endpoint])
            self.request_keys.labels(endpoint)
            # A counter that is born at 1 is invisible to increase().
            for outcome in _OUTCOMES:
                self.requests.labels(endpoint, outcome)
            for reason in (
                None,
                *(reason for reason in Reason if EXPLANATIONS[reason].lifetime is not Lifetime.VERDICT),
            ):
                self.keys.labels(endpoint, *_outcome(reason))
        for why in _SHED_REASONS:
            self.shed.labels(why)

    def _registries(self) -> None:
        self.registry_requests = self._counter(
            "registry_requests", "Round trips to registries", "registry", "operation", "code"
        )
        self.registry_durations = self._histogram(
            "registry_request_duration_seconds", "One round trip", _ROUND_TRIP_SECONDS, "registry"
        )
        self.round_trips = self._histogram(
            "registry_round_trips", "Sequential round trips that one question took", _ROUND_TRIPS
        )
        self.retried = self._counter(
            "registry_retries", "Requests sent again: to another address, or because a registry was busy", "registry"
        )
        self._quotas = Quotas(
            self._gauge("registry_quota_remaining", "Requests that a registry says are left", "registry"),
            self._gauge("registry_quota_limit", "Of how many, where it says so", "registry"),
            self._gauge("registry_quota_timestamp_seconds", "When it said so, seconds since 1970", "registry"),
        )
        self.throttled = self._counter(
            "registry_throttled", "Times a registry held us back, or we ourselves", "registry", "cause"
        )
        self.cache_requests = self._counter("cache_requests", "Look-ups", "layer", "object", "result")
        self.renewals = self._counter(
            "cache_renewals", "What is asked often, looked at again in the background", "object", "result"
        )
        self._answer_hits = self.cache_requests.labels("answers", "key", "hit")
        self._answer_misses = self.cache_requests.labels("answers", "key", "miss")
        self._inflight_hits = self.cache_requests.labels("inflight", "key", "hit")
        self.cache_entries = self._gauge("cache_entries", "Entries that are kept", "layer")
        self.cache_bytes = self._gauge("cache_size_bytes", "Bytes that they take", "layer")

    def _store(self, servers: str) -> None:
        """Of the store that replicas share."""
        self._store_kind = servers
        self._store_known = False
        # Without a series until it is known: one that is not set is neither up nor away.
        self.store_up = self._gauge("store_up", "Whether the store that replicas share answers", "kind")
        self.store_requests = self._counter("store_requests", "Round trips to the store that replicas share", "result")
        self.store_durations = self._histogram("store_request_duration_seconds", "One round trip", _STORE_SECONDS)
        self.store_writes_dropped = self._counter("store_writes_dropped", "Values that were not written to the store")
        self.store_entries_rejected = self._counter(
            "store_entries_rejected", "Entries of the store that were damaged or forged", "object"
        )
        for result in _STORE_RESULTS:
            self.store_requests.labels(result)
        for kind in _STORE_OBJECTS:
            self.store_entries_rejected.labels(kind)

    def store_asked(self, trouble: str, seconds: float) -> None:
        """One round trip to the store that replicas share."""
        self.store_requests.labels(trouble or "ok").inc()
        self.store_durations.observe(seconds)
        if not (trouble or self._store_known):
            self.store_is(up=True)

    def store_is(self, *, up: bool) -> None:
        """The store was found to answer, or to be lost."""
        self._store_known = True
        self.store_up.labels(self._store_kind).set(up)

    def _process(self) -> None:
        self.handshakes_refused = self._counter("handshakes_refused", "Connections without a good handshake", "cause")
        for cause in _REFUSALS:
            self.handshakes_refused.labels(cause)
        self.certificate_expiry = self._gauge(
            "certificate_expiry_timestamp_seconds", "When TLS material in force ends, seconds since 1970", "certificate"
        )
        self.certificate_rejections = self._counter(
            "certificate_rejections", "Replaced TLS files, and authorities for registries, that can't be used"
        )
        self.file_rejections = self._counter(
            "file_rejections", "Files of a setting that could not be used, at the start or replaced", "setting"
        )
        self.unusable_entries = self._gauge(
            "unusable_entries",
            "Entries of files and settings in force, clouds, and rights, that cannot be used or are missing",
            "setting",
            "name",
        )
        self.entries_passed_over = self._counter(
            "entries_passed_over", "Entries of registries' lists of signatures that could not be used", "list"
        )
        self.unusable_pull_secrets = self._counter(
            "unusable_pull_secrets", "Pull secrets and service accounts of Pods that were of no use when read", "reason"
        )
        for fault in ReadFault:
            self.unusable_pull_secrets.labels(fault.replace(" ", "_"))
        for setting in FileSetting:
            self.file_rejections.labels(setting)
        for listed in RemoteList:
            self.entries_passed_over.labels(listed)
        self.loop_lag = self._histogram(
            "loop_lag_seconds", "How late the pulse of the event loop was, four times a second", _LAG_SECONDS
        )
        self.questions = self._gauge("questions_in_progress", "Questions that are being worked on")
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"bestbefore_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"bestbefore_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"bestbefore_{name}", text, labels, buckets=buckets, registry=self.registry)


class _Hosts:
    """Labels of registries: strangers choose the hosts, so only the first few have their own."""

    def __init__(self, named: Collection[str]) -> None:
        self._named = frozenset(named)
        self._others: set[str] = set()
        self._lock = threading.Lock()

    def label(self, host: str) -> str:
        if host in self._named or host in self._others:
            return host
        with self._lock:
            if len(self._others) >= _OTHER_REGISTRIES:
                return OTHER
            self._others.add(host)
        return host


def _code(code: str) -> str:
    if code in _CODES:
        return code
    return f"{code[0]}xx" if code[:1] in set("2345") and code.isdigit() else OTHER


def _outcome(reason: Reason | None) -> tuple[str, str]:
    """The labels `outcome` and `reason` of a key."""
    if reason is None:
        return "answered", ""
    return ("item_error" if reason.durable else "unfinished"), reason
