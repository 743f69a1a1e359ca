"""What happens becomes a metric and a line."""

from __future__ import annotations

import io
import json
import os

import pytest

from provider import limits
from provider.observer import FileSetting, Operation, RemoteList, ThrottleCause
from provider.questions.endpoint import Endpoint
from provider.settings.values import LogFormat, LogLevel
from provider.steps import AnswerStep, StepPurpose, StepSource, StepTarget
from provider.telemetry.log import Log
from provider.telemetry.metrics import Metrics
from provider.telemetry.observation import Observation


@pytest.fixture
def value(observation):
    def value(metric, **labels):
        return observation.metrics.registry.get_sample_value(f"bestbefore_{metric}", labels)

    return value


def test_round_trip_is_counted_and_told_only_to_who_asks(observation, value, world):
    observation.registry_request("named.example", Operation.BLOB, "200", 0.25)
    assert value("registry_requests_total", registry="named.example", operation="blob", code="2xx") == 1
    assert value("registry_request_duration_seconds_sum", registry="named.example") == 0.25
    assert world.lines() == []


STEP = AnswerStep(
    asked=StepTarget.MANIFEST,
    purpose=StepPurpose.IMAGE,
    what="manifest of named.example/app:1",
    source=StepSource.REGISTRY,
    host="named.example",
    method="GET",
    trip=1,
    bytes=248,
    ms=7.5,
    account="auths['named.example'] of config.json",
    status=200,
)


def test_steps_of_an_answer_are_told_to_who_asks_with_the_keys_ref(world):
    stream = io.StringIO()
    log = Log(stream, LogLevel.DEBUG, LogFormat.JSON, world.clock)
    observation = Observation(Metrics(dict.fromkeys(Endpoint, 1.0)), log, world.clock)
    observation.recorder("0123456789ab").record(STEP)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["ref"]) == ("step.taken", "debug", "0123456789ab")
    assert STEP.to_json().items() <= line.items()


def test_nobody_records_steps_where_they_are_not_written(observation):
    assert observation.recorder("0123456789ab") is None


def test_throttling_is_counted_each_time_and_told_once_in_a_while(observation, value, world):
    for _ in range(5):
        observation.registry_throttled("named.example", ThrottleCause.STATUS)
    assert value("registry_throttled_total", registry="named.example", cause="status") == 5
    (line,) = world.events("registry.throttled")
    assert (line["registry"], line["cause"], line["level"]) == ("named.example", "status", "warning")


def test_what_caches_and_clients_report_is_counted(observation, value):
    observation.cache_lookup("memory", "tag", "hit")
    observation.renewed("tag", done=True)
    observation.renewed("referrers", done=False)
    observation.round_trips(3)
    observation.registry_retried("named.example")
    assert value("cache_requests_total", layer="memory", object="tag", result="hit") == 1
    assert value("cache_renewals_total", object="tag", result="done") == 1
    assert value("cache_renewals_total", object="referrers", result="failed") == 1
    assert value("registry_round_trips_sum") == 3
    assert value("registry_retries_total", registry="named.example") == 1


def test_fewest_requests_that_a_registry_has_left_are_shown_and_when_it_said_so(observation, value, world):
    name = {"registry": "named.example"}
    observation.registry_quota("named.example", "auths['named.example'] of f", 80, 100)
    world.clock.advance(10)
    observation.registry_quota("named.example", "anonymous", 3, 10)
    observation.registry_quota("named.example", "auths['named.example'] of f", 79, 100)
    assert (value("registry_quota_remaining", **name), value("registry_quota_limit", **name)) == (3, 10)
    assert value("registry_quota_timestamp_seconds", **name) == world.clock.now()
    world.clock.advance(limits.QUOTA_SHOWN_SECONDS + 1)
    observation.registry_quota("named.example", "auths['named.example'] of f", 78, None)
    assert (value("registry_quota_remaining", **name), value("registry_quota_limit", **name)) == (78, None)


def test_quotas_have_no_more_labels_than_registries_have(observation, value):
    for number in range(100):
        observation.registry_quota(f"r{number}.example", "anonymous", 100 - number, None)
    assert value("registry_quota_remaining", registry="other") is not None
    assert value("registry_quota_remaining", registry="r99.example") is None


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


def test_authorities_for_registries_that_cannot_be_used_are_an_error(observation, value, world):
    observation.registry_ca_rejected("registry_ca: no certificate in it")
    assert value("certificate_rejections_total") == 1
    (line,) = world.events("authorities.rejected")
    assert (line["level"], line["problem"]) == ("error", "registry_ca: no certificate in it")


def test_file_that_cannot_be_used_is_a_warning_and_counted(observation, value, world):
    observation.file_rejected(FileSetting.TRUST_ROOT, "own", "trust_root: own=/x: it is neither JSON nor YAML")
    assert value("file_rejections_total", setting="trust_root") == 1
    assert value("file_rejections_total", setting="docker_config") == 0
    (line,) = world.events("file.rejected")
    assert (line["level"], line["setting"], line["name"]) == ("warning", "trust_root", "own")


def test_entries_of_a_file_that_cannot_be_used_are_named_and_shown_while_they_are_there(observation, value, world):
    problems = [f"docker_config /x: auths['{number}.io']: it is null" for number in range(12)]
    observation.file_in_force(FileSetting.DOCKER_CONFIG, "", problems)
    assert value("unusable_entries", setting="docker_config", name="") == 12
    lines = world.events("entry.skipped")
    assert [line["problem"] for line in lines] == problems[: limits.PASSED_OVER_SHOWN]
    assert {line["count"] for line in lines} == {12}
    observation.file_in_force(FileSetting.DOCKER_CONFIG, "", [])
    assert value("unusable_entries", setting="docker_config", name="") == 0


def test_entries_of_a_setting_that_cannot_be_used_are_named_and_counted(observation, value, world):
    observation.setting_in_force("no_proxy", ["no_proxy has '10.0.0.0/99', which names nobody"])
    assert value("unusable_entries", setting="no_proxy", name="") == 1
    (line,) = world.events("entry.skipped")
    assert (line["where"], line["problem"][:8]) == ("no_proxy", "no_proxy")


def test_pull_secret_of_no_use_is_counted_each_time_and_named_once_in_a_while(observation, value, world):
    problem = "pull secret shop/regcred has more than 2097152 bytes"
    for _ in range(3):
        observation.pull_secret_unusable("too large", problem)
    observation.pull_secret_unusable("missing", "pull secret yard/regcred does not exist")
    assert value("unusable_pull_secrets_total", reason="too_large") == 3
    assert value("unusable_pull_secrets_total", reason="forbidden") == 0
    first, second = world.events("pull_secret.skipped")
    assert (first["cause"], first["problem"]) == ("too large", problem)
    assert second["problem"].startswith("pull secret yard/regcred")
    world.clock.advance(limits.PULL_SECRET_TOLD_SECONDS + 1)
    observation.pull_secret_unusable("too large", problem)
    assert len(world.events("pull_secret.skipped")) == 3


def test_entries_of_a_list_that_cannot_be_used_are_counted_each_and_told_once_in_a_while(observation, value, world):
    for _ in range(3):
        observation.entries_passed_over(RemoteList.REFERRERS, ["one", "two"])
    assert value("entries_passed_over_total", list="referrers") == 6
    (line,) = world.events("entry.skipped")
    assert (line["where"], line["problem"], line["count"]) == ("referrers", "one", 2)


def test_fault_of_ours_is_told_with_its_traceback(observation, world):
    observation.unexpected("0" * 12, "registry.example/app:1", RuntimeError("so it goes"))
    (line,) = world.events("key.failed")
    assert (line["ref"], line["image"]) == ("0" * 12, "registry.example/app:1")
    assert line["exception"].endswith("RuntimeError: so it goes")


def test_lag_of_the_loop_is_counted(observation, value):
    observation.loop_lagged(0.25)
    assert value("loop_lag_seconds_sum") == 0.25


def test_failures_on_the_loop_are_told_once_in_a_while_with_their_tracebacks(observation, world):
    for _ in range(3):
        observation.loop_failed("Exception in callback", RuntimeError("Bearer c2VjcmV0LXNlY3JldA=="))
    world.clock.advance(20)
    observation.loop_failed("Task was destroyed but it is pending!", None)
    first, second = world.events("loop.failed")
    assert (first["level"], first["msg"], first["count"]) == ("error", "Exception in callback", 1)
    assert "RuntimeError" in first["exception"]
    assert "c2VjcmV0" not in world.stream.getvalue()
    assert (second["count"], "exception" in second) == (3, False)


@pytest.mark.parametrize(("error", "told"), [(None, False), (MemoryError("so it goes"), True)])
def test_worker_without_a_loop_ends_after_it_has_said_so(observation, world, monkeypatch, error, told):
    """Ended by the system's own call, for this is said on the loop's thread, and no thread may hold it up."""
    lines = []
    monkeypatch.setattr(os, "_exit", lambda code: lines.append((code, list(world.events("loop.ended")))))
    observation.loop_ended(error)
    ((code, (line,)),) = lines
    assert line["level"] == "error"
    assert ("MemoryError: so it goes" in line.get("exception", "")) is told
    # gunicorn starts no other worker after these.
    assert code not in {0, 3, 4}
