"""What happens becomes a metric and a line."""

from __future__ import annotations

import pytest

from provider.observer import Operation, ThrottleCause


@pytest.fixture
def value(observation):
    def value(name, **labels):
        return observation.metrics.registry.get_sample_value(f"bestbefore_{name}", labels)

    return value


def test_round_trip_is_counted_and_told_only_to_who_asks(observation, value, world):
    observation.registry_request("named.example", Operation.BLOB, "200", 0.25)
    assert value("registry_requests_total", registry="named.example", operation="blob", code="2xx") == 1
    assert value("registry_request_duration_seconds_sum", registry="named.example") == 0.25
    assert world.lines() == []


def test_throttling_is_counted_each_time_and_told_once_in_a_while(observation, value, world):
    for _ in range(5):
        observation.registry_throttled("named.example", ThrottleCause.STATUS)
    assert value("registry_throttled_total", registry="named.example", cause="status") == 5
    (line,) = world.events("registry.throttled")
    assert (line["registry"], line["cause"], line["level"]) == ("named.example", "status", "warning")


def test_what_caches_and_clients_report_is_counted(observation, value):
    observation.cache_lookup("memory", "tag", "hit")
    observation.round_trips(3)
    observation.registry_retried("named.example")
    assert value("cache_requests_total", layer="memory", object="tag", result="hit") == 1
    assert value("registry_round_trips_sum") == 3
    assert value("registry_retries_total", registry="named.example") == 1


@pytest.mark.parametrize(("reloaded", "event"), [(False, "certificate.loaded"), (True, "certificate.reloaded")])
def test_certificates_in_force_are_told_with_their_ends(observation, value, world, reloaded, event):
    observation.certificates_loaded({"server": 1_800_000_000.0, "client_ca": 1_900_000_000.0}, reloaded=reloaded)
    assert value("certificate_expiry_timestamp_seconds", certificate="server") == 1_800_000_000
    assert value("certificate_expiry_timestamp_seconds", certificate="client_ca") == 1_900_000_000
    (line,) = world.events(event)
    assert line["server_ends"] == "2027-01-15T08:00:00+00:00"


def test_certificates_that_cannot_be_used_are_an_error(observation, value, world):
    observation.certificates_rejected("tls_key: not of this certificate")
    assert value("certificate_rejections_total") == 1
    (line,) = world.events("certificate.rejected")
    assert (line["level"], line["problem"]) == ("error", "tls_key: not of this certificate")


def test_refused_handshakes_are_counted_each_and_told_once_in_a_while(observation, value, world):
    for _ in range(3):
        observation.handshake_refused("silent", "no handshake in 3 s", "10.0.0.1")
    world.clock.advance(20)
    observation.handshake_refused("silent", "no handshake in 3 s", "10.0.0.1")
    assert value("handshakes_refused_total", cause="silent") == 4
    assert [line["count"] for line in world.events("handshake.failed")] == [1, 3]
