"""The routes: what Gatekeeper gets for whatever it sends."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from provider import limits
from provider.errors import ImageError
from provider.loop import EventLoop
from provider.questions.question import ref
from provider.reasons import Reason
from provider.server.routes import create_metrics_app
from tests.simulators.gatekeeper import Answer, body
from tests.simulators.inspector import DIGEST

KEY = "registry.example/app:1"
PATHS = ["/validate", "/audit", "/mutate"]


def sample(observation, name, **labels):
    return observation.metrics.registry.get_sample_value(f"bestbefore_{name}", labels)


@pytest.mark.parametrize("path", ["/validate", "/audit"])
def test_question_is_answered(client, path):
    response = client.post(path, data=body(KEY))
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert Answer(response.data).values[KEY]["digest"] == DIGEST


def test_mutation_is_answered_with_a_text(client):
    assert Answer(client.post("/mutate", data=body(KEY)).data).values == {KEY: f"{KEY}@{DIGEST}"}


@pytest.mark.parametrize("path", PATHS)
def test_request_without_keys_gets_an_empty_answer(client, path):
    response = client.post(path, data=body())
    answer = Answer(response.data)
    assert (response.status_code, answer.items, answer.system_error) == (200, [], "")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"no json", 400, "KeyInvalid"),
        (body(kind="Something"), 400, "KeyInvalid"),
        (body(apiVersion="externaldata.gatekeeper.sh/v1"), 400, "KeyInvalid"),
        (body(request={"keys": [1]}), 400, "KeyInvalid"),
        (body(*["a"] * 10_000), 413, "LimitExceeded"),
        (b" " * (limits.REQUEST_BYTES + 1), 413, "LimitExceeded"),
    ],
)
def test_request_that_cannot_be_read_is_refused_in_the_words_of_the_wire(client, path, content, status, reason):
    response = client.post(path, data=content)
    answer = Answer(response.data)
    assert (response.status_code, answer.items) == (status, [])
    assert answer.system_error.startswith(f"{reason}: ")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(client, path, method):
    response = client.open(path, method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    if method != "HEAD":
        assert Answer(response.data).system_error == f"KeyInvalid: {method} is not for this path"


@pytest.mark.parametrize("path", ["/", "/validate/", "/metrics", "/healthz", "/static/a", "/validate%00"])
def test_other_paths_are_refused_as_json(client, path):
    response = client.post(path, data=body(KEY))
    assert response.status_code == 404
    assert "error" in response.get_json()


def test_good_keys_of_a_request_are_answered_beside_bad_ones(client, world):
    world.inspector.failures["registry.example/gone:1"] = ImageError(Reason.NOT_FOUND, "it is not there")
    answer = Answer(client.post("/validate", data=body(KEY, "Bad", "a" * limits.MIB, "registry.example/gone:1")).data)
    assert set(answer.values) == {KEY}
    assert set(answer.errors) == {"Bad"}
    assert answer.reasons() == {ref("a" * limits.MIB): "KeyInvalid", ref("registry.example/gone:1"): "NotFound"}


@pytest.mark.parametrize("path", PATHS)
def test_fault_of_ours_is_an_answer_too(client, world, monkeypatch, path):
    monkeypatch.setattr(world.batch, "answer", lambda *_: 1 // 0)
    response = client.post(path, data=body(KEY, KEY))
    answer = Answer(response.data)
    assert response.status_code == 200
    if path == "/mutate":
        assert list(answer.errors) == [KEY]
        assert answer.errors[KEY].startswith("Internal: ")
        assert answer.system_error == ""
    else:
        assert answer.reasons() == {ref(KEY): "Internal"}
    (line,) = world.events("request.failed")
    assert "ZeroDivisionError" in line["exception"]


def test_request_without_a_loop_is_answered(client, world, observation, monkeypatch):
    monkeypatch.setattr(world.batch, "_hand", EventLoop(world.clock, observation).hand)
    response = client.post("/validate", data=body(KEY))
    assert response.status_code == 200
    assert Answer(response.data).reasons() == {ref(KEY): "Internal"}


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from([*PATHS, "/", "/other"]),
    method=st.sampled_from(["POST", "GET", "PUT"]),
    content=st.binary(max_size=200)
    | st.lists(st.text(max_size=50), max_size=5).map(lambda keys: body(*keys))
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["apiVersion", "kind", "request", "keys"]) | st.text(), inner)
        ),
        max_leaves=10,
    ).map(lambda document: json.dumps(document).encode()),
)
def test_whatever_is_sent_the_answer_is_json(client, path, method, content):
    response = client.open(path, method=method, data=content)
    assert response.content_type == "application/json"
    if path in PATHS:
        Answer(response.data)
    else:
        assert "error" in json.loads(response.data)
    assert response.status_code < 500


def test_request_is_counted_and_logged_with_its_keys(client, world, observation):
    client.post("/validate", data=body(KEY, "Bad"))
    client.post("/validate", data=body(KEY))
    assert sample(observation, "requests_total", endpoint="validate", outcome="item_errors") == 1
    assert sample(observation, "requests_total", endpoint="validate", outcome="complete") == 1
    assert sample(observation, "keys_total", endpoint="validate", outcome="answered", reason="") == 2
    assert sample(observation, "keys_total", endpoint="validate", outcome="item_error", reason="ReferenceInvalid") == 1
    assert sample(observation, "cache_requests_total", layer="answers", object="key", result="hit") == 1
    assert sample(observation, "cache_requests_total", layer="answers", object="key", result="miss") == 2
    assert sample(observation, "requests_in_progress") == 0
    first, bad, second = world.events("key.answered")
    assert (first["ref"], first["outcome"], first["digest"], first["remembered"]) == (
        ref(KEY),
        "answered",
        DIGEST,
        False,
    )
    assert (bad["outcome"], bad["reason"]) == ("item_error", "ReferenceInvalid")
    assert second["remembered"] is True
    requests = list(world.events("request.answered"))
    assert [line["keys"] for line in requests] == [2, 1]
    assert [first["request_id"], second["request_id"]] == [line["request_id"] for line in requests]
    assert len({line["request_id"] for line in requests}) == 2


def test_late_key_is_logged_with_its_reason(client, world, observation):
    world.inspector.holding = True
    client.post("/validate", data=body(KEY))
    (line,) = world.events("key.answered")
    assert (line["ref"], line["outcome"], line["reason"]) == (ref(KEY), "unfinished", "Timeout")
    assert sample(observation, "keys_total", endpoint="validate", outcome="unfinished", reason="Timeout") == 1
    assert sample(observation, "requests_total", endpoint="validate", outcome="system_error") == 1


def test_refused_request_is_counted_and_logged(client, world, observation):
    client.post("/audit", data=b"{")
    assert sample(observation, "requests_total", endpoint="audit", outcome="bad_request") == 1
    (line,) = world.events("request.refused")
    assert (line["endpoint"], line["reason"], line["level"]) == ("audit", "KeyInvalid", "warning")


@pytest.fixture
def make_plain(observation):
    def make_plain(*, unhealthy="", unready=""):
        return create_metrics_app(observation.metrics.exposition, lambda: unhealthy, lambda: unready).test_client()

    return make_plain


@pytest.fixture
def plain(make_plain):
    return make_plain()


def test_metrics_can_be_parsed(plain, client):
    client.post("/validate", data=body(KEY))
    names = {family.name for family in text_string_to_metric_families(plain.get("/metrics").text)}
    assert {"bestbefore_requests", "bestbefore_build_info", "process_resident_memory_bytes"} <= names


def test_healthy_and_ready(plain):
    assert [plain.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_unready_says_why_and_stays_healthy(make_plain):
    plain = make_plain(unready="draining")
    response = plain.get("/readyz")
    assert (response.status_code, response.text) == (503, "draining\n")
    assert plain.get("/healthz").status_code == 200


def test_unhealthy_says_why_and_metrics_can_still_be_read(make_plain):
    plain = make_plain(unhealthy="stuck")
    response = plain.get("/healthz")
    assert (response.status_code, response.text) == (503, "stuck\n")
    assert plain.get("/metrics").status_code == 200


@pytest.mark.parametrize("path", ["/", "/validate"])
def test_plain_port_answers_no_questions(plain, path):
    response = plain.post(path, data=body(KEY))
    assert response.status_code == 404
    assert "error" in response.get_json()


def test_trust_roots_that_are_loaded_can_be_read(observation):
    digest = f"sha256:{64 * '0'}"
    plain = create_metrics_app(observation.metrics.exposition, str, str, lambda: {"own": (digest,)}).test_client()
    assert plain.get("/trust-roots").json == {"roots": {"own": [digest]}}
