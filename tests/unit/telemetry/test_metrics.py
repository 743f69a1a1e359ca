"""What Prometheus is told."""

from __future__ import annotations

from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from provider.answering.batch import BatchResponse
from provider.answering.result import KeyResult
from provider.questions.endpoint import Endpoint
from provider.reasons import Reason
from provider.telemetry.metrics import Metrics
from provider.version import VERSION


@pytest.fixture
def metrics():
    waits = {Endpoint.VALIDATE: 1.2, Endpoint.AUDIT: 9.0, Endpoint.MUTATE: 0.7, Endpoint.PRESENCE: 9.0}
    return Metrics(waits, ["named.example"], "abc")


@pytest.fixture
def value(metrics):
    def value(name, **labels):
        return metrics.registry.get_sample_value(f"bestbefore_{name}", labels)

    return value


def result(number, reason=None):
    return KeyResult(f"{number:012}", b"{}" if reason is None or reason.durable else None, reason=reason)


def test_build_and_deadlines_are_told(value):
    assert value("build_info", version=VERSION, revision="abc") == 1
    assert [value("deadline_seconds", endpoint=endpoint) for endpoint in Endpoint] == [1.2, 9.0, 0.7, 9.0]


def test_counters_are_there_before_anything_happens(value):
    assert value("requests_total", endpoint="validate", outcome="complete") == 0
    assert value("keys_total", endpoint="mutate", outcome="unfinished", reason="Timeout") == 0
    assert value("keys_total", endpoint="validate", outcome="item_error", reason="ReferenceInvalid") == 0
    assert value("requests_shed_total", reason="queue") == 0


def test_request_is_counted_and_timed(metrics, value):
    metrics.request(Endpoint.VALIDATE, "complete", 0.02)
    assert value("requests_total", endpoint="validate", outcome="complete") == 1
    assert value("request_duration_seconds_sum", endpoint="validate") == 0.02
    assert value("request_duration_seconds_bucket", endpoint="validate", le="0.025") == 1


def test_keys_are_counted_by_what_became_of_them(metrics, value):
    results = [result(1), result(2), result(3, Reason.TIMEOUT), result(4, Reason.KEY_INVALID)]
    worked = frozenset({results[2].ref, results[3].ref})
    metrics.count_response(Endpoint.AUDIT, BatchResponse(results, worked, joined=1, shed=True))
    assert value("keys_total", endpoint="audit", outcome="answered", reason="") == 2
    assert value("keys_total", endpoint="audit", outcome="unfinished", reason="Timeout") == 1
    assert value("keys_total", endpoint="audit", outcome="item_error", reason="KeyInvalid") == 1
    assert value("request_keys_sum", endpoint="audit") == 4
    assert value("cache_requests_total", layer="answers", object="key", result="hit") == 2
    assert value("cache_requests_total", layer="answers", object="key", result="miss") == 2
    assert value("cache_requests_total", layer="inflight", object="key", result="hit") == 1
    assert value("requests_shed_total", reason="queue") == 1


def test_request_whose_keys_were_all_in_memory_is_no_miss(metrics, value):
    metrics.count_response(Endpoint.VALIDATE, BatchResponse([result(1), result(2)]))
    assert value("cache_requests_total", layer="answers", object="key", result="hit") == 2
    assert value("cache_requests_total", layer="answers", object="key", result="miss") == 0
    assert value("requests_shed_total", reason="queue") == 0


def test_registries_beyond_the_first_twenty_are_folded(metrics, value):
    for number in range(30):
        metrics.registry_request(f"stranger-{number}.example", "manifest", "200", 0.1)
    metrics.registry_request("named.example", "manifest", "200", 0.1)
    metrics.registry_request("stranger-0.example", "manifest", "200", 0.1)
    counted = {"operation": "manifest", "code": "2xx"}
    assert value("registry_requests_total", registry="other", **counted) == 10
    assert value("registry_requests_total", registry="named.example", **counted) == 1
    assert value("registry_requests_total", registry="stranger-0.example", **counted) == 2
    assert value("registry_requests_total", registry="stranger-29.example", **counted) is None


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("200", "2xx"),
        ("206", "2xx"),
        ("304", "304"),
        ("307", "3xx"),
        ("401", "401"),
        ("403", "403"),
        ("404", "404"),
        ("418", "4xx"),
        ("429", "429"),
        ("503", "5xx"),
        ("timeout", "timeout"),
        ("connection", "connection"),
        ("tls", "tls"),
        ("refused", "refused"),
        ("999", "other"),
        ("2 or more", "other"),
        ("", "other"),
    ],
)
def test_codes_are_few(metrics, value, code, label):
    metrics.registry_request("named.example", "token", code, 0.1)
    assert value("registry_requests_total", registry="named.example", operation="token", code=label) == 1


def test_size_of_a_cache_is_read_when_metrics_are(metrics, value):
    entries = []
    metrics.watch_cache("answers", lambda: len(entries), lambda: 10 * len(entries))
    entries.append(1)
    assert value("cache_entries", layer="answers") == 1
    assert value("cache_size_bytes", layer="answers") == 10


def test_questions_that_are_worked_on_are_counted_when_metrics_are_read(metrics, value):
    going_on = ["a"]
    metrics.watch_questions(lambda: len(going_on))
    going_on.append("b")
    assert value("questions_in_progress") == 2


def test_lag_of_the_loop_is_counted_by_how_late_it_was(metrics, value):
    for seconds in (0.0, 0.003, 0.3):
        metrics.loop_lag.observe(seconds)
    assert value("loop_lag_seconds_bucket", le="0.001") == 1
    assert value("loop_lag_seconds_bucket", le="0.005") == 2
    assert value("loop_lag_seconds_count") == 3


def test_round_trip_of_one_registry_is_counted_beside_those_of_another(metrics, value):
    for _ in range(2):
        metrics.registry_request("named.example", "manifest", "200", 0.1)
    metrics.registry_request("other.example", "manifest", "200", 0.1)
    metrics.registry_request("named.example", "blob", "200", 0.1)
    counted = {"operation": "manifest", "code": "2xx"}
    assert value("registry_requests_total", registry="named.example", **counted) == 2
    assert value("registry_requests_total", registry="other.example", **counted) == 1
    assert value("registry_request_duration_seconds_count", registry="named.example") == 3


def test_look_ups_are_counted_by_layer_object_and_result(metrics, value):
    for _ in range(2):
        metrics.cache_lookup("memory", "tag", "hit")
    metrics.cache_lookup("memory", "tag", "miss")
    metrics.cache_lookup("memory", "config", "hit")
    assert value("cache_requests_total", layer="memory", object="tag", result="hit") == 2
    assert value("cache_requests_total", layer="memory", object="tag", result="miss") == 1


class TestStore:
    """What is known of the store that replicas share."""

    def test_store_that_is_not_set_has_no_series(self, metrics):
        assert b"bestbefore_store_up{" not in metrics.exposition()

    def test_store_that_was_not_asked_yet_is_neither_up_nor_away(self):
        metrics = Metrics(dict.fromkeys(Endpoint, 1.0), store="single")
        assert b"bestbefore_store_up{" not in metrics.exposition()

    def test_store_is_up_when_it_has_answered_and_not_when_it_is_lost(self):
        metrics = Metrics(dict.fromkeys(Endpoint, 1.0), store="cluster")
        up = partial(metrics.registry.get_sample_value, "bestbefore_store_up", {"kind": "cluster"})
        metrics.store_asked("timeout", 0.25)
        assert up() is None
        metrics.store_asked("", 0.01)
        assert up() == 1
        metrics.store_is(up=False)
        metrics.store_asked("", 0.01)
        assert up() == 0
        metrics.store_is(up=True)
        assert up() == 1


def test_exposition_has_every_family_with_a_help_and_no_creation_times(metrics):
    families = list(text_string_to_metric_families(metrics.exposition().decode()))
    ours = {family.name.removeprefix("bestbefore_") for family in families if family.name.startswith("bestbefore_")}
    assert ours >= {
        "build_info",
        "cache_entries",
        "cache_requests",
        "cache_size_bytes",
        "certificate_expiry_timestamp_seconds",
        "deadline_seconds",
        "keys",
        "loop_lag_seconds",
        "questions_in_progress",
        "registry_quota_limit",
        "registry_quota_remaining",
        "registry_quota_timestamp_seconds",
        "registry_request_duration_seconds",
        "registry_requests",
        "registry_retries",
        "registry_round_trips",
        "registry_throttled",
        "request_duration_seconds",
        "request_keys",
        "requests",
        "requests_in_progress",
        "requests_shed",
    }
    assert all(family.documentation for family in families)
    assert not [name for name in ours if name.endswith("_created")]


def test_two_providers_in_one_process_share_nothing():
    waits = dict.fromkeys(Endpoint, 1.0)
    one, two = Metrics(waits), Metrics(waits)
    one.request(Endpoint.VALIDATE, "complete", 0.1)
    labels = {"endpoint": "validate", "outcome": "complete"}
    assert two.registry.get_sample_value("bestbefore_requests_total", labels) == 0
