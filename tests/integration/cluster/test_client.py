"""The client of the Kubernetes API, against a server over TLS that behaves as the API server does."""

from __future__ import annotations

import itertools
import json
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.cluster import access, limits
from gatekeeper.cluster.client import LightkubeApi
from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterError,
    ClusterUnavailableError,
    ConflictError,
    NoClusterError,
    ObjectAbsentError,
    ObjectInvalidError,
    VersionGoneError,
)
from gatekeeper.cluster.resource import DEPLOYMENTS, LEASES, NAMESPACES, PODS, POLICY_STATUSES, constraints
from tests.simulators.api_server import ApiAnswer, ApiRequest, ApiServer

pytestmark = pytest.mark.integration

POD = "/api/v1/namespaces/shop/pods/web"
PODS_PATH = "/api/v1/namespaces/shop/pods"
LEASE = {"metadata": {"name": "control", "namespace": "bestbefore"}, "spec": {"holderIdentity": "a"}}
LEASE_PATH = "/apis/coordination.k8s.io/v1/namespaces/bestbefore/leases"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(tmp_path) as running:
        yield running


@pytest.fixture
def api(server: ApiServer) -> Iterator[LightkubeApi]:
    client = LightkubeApi(access.find(server.kubeconfig))
    yield client
    client.close()


def test_object_is_as_the_server_has_it(server, api):
    body = {"metadata": {"name": "web", "labels": {"a": "b"}}, "spec": {"unknown": [1, None]}}
    server.answers[POD] = lambda _: ApiAnswer.of(body)
    assert api.get(PODS, "web", "shop") == body


def test_all_pages_are_read_with_the_selectors_as_they_are(server, api):
    def page(request: ApiRequest) -> ApiAnswer:
        number = int(request.query.get("continue", "0"))
        more = {"continue": str(number + 1)} if number < 2 else {}
        return ApiAnswer.of({"metadata": more, "items": [{"metadata": {"name": f"pod-{number}"}}]})

    server.answers[PODS_PATH] = page
    pages = list(api.pages(PODS, "shop", labels="a=b,c!=d", fields="metadata.name=x"))
    assert [[pod["metadata"]["name"] for pod in each] for each in pages] == [["pod-0"], ["pod-1"], ["pod-2"]]
    assert {request.query["labelSelector"] for request in server.requests} == {"a=b,c!=d"}
    assert {request.query["fieldSelector"] for request in server.requests} == {"metadata.name=x"}
    assert {request.query["limit"] for request in server.requests} == {str(limits.PAGE_OBJECTS)}


def test_all_namespaces_and_objects_of_none_have_their_paths(server, api):
    for path in ("/api/v1/pods", "/api/v1/namespaces", "/apis/constraints.gatekeeper.sh/v1beta1/maximumimageage"):
        server.answers[path] = lambda _: ApiAnswer.of({"items": []})
    for resource in (PODS, NAMESPACES, constraints("MaximumImageAge")):
        assert [list(page) for page in api.pages(resource)] == [[]]


def test_list_that_says_for_ever_that_there_is_more_has_an_end(server, api, monkeypatch):
    monkeypatch.setattr(limits, "PAGES", 5)
    server.answers[PODS_PATH] = lambda _: ApiAnswer.of({"metadata": {"continue": "x"}, "items": []})
    with pytest.raises(ClusterUnavailableError, match="more than 5 pages"):
        list(api.pages(PODS, "shop"))


def test_write_has_the_object_and_its_version(server, api):
    server.answers[LEASE_PATH] = server.answers[f"{LEASE_PATH}/control"] = lambda request: ApiAnswer.of(request.body)
    assert api.create(LEASES, LEASE)["spec"] == LEASE["spec"]
    versioned = {**LEASE, "metadata": {**LEASE["metadata"], "resourceVersion": "7"}}
    assert api.replace(LEASES, versioned)["metadata"]["resourceVersion"] == "7"
    assert [request.method for request in server.requests] == ["POST", "PUT"]
    assert server.requests[0].body["kind"] == "Lease"


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (401, "Unauthorized", AccessDeniedError),
        (403, 'pods "web" is forbidden: User "x" cannot get', AccessDeniedError),
        (403, 'admission webhook "validation.gatekeeper.sh" denied the request: no', ObjectInvalidError),
        (404, 'pods "web" not found', ObjectAbsentError),
        (409, 'pods "web" already exists', ConflictError),
        (410, "The provided continue parameter is too old", VersionGoneError),
        (422, "Pod is invalid", ObjectInvalidError),
        (429, "Too many requests", ClusterUnavailableError),
        (500, "etcdserver: request timed out", ClusterUnavailableError),
        (503, "apiserver is shutting down", ClusterUnavailableError),
    ],
)
def test_what_the_server_says_becomes_one_of_our_errors(server, api, status, message, error):
    server.answers[POD] = lambda _: ApiAnswer.error(status, message)
    with pytest.raises(error) as caught:
        api.get(PODS, "web", "shop")
    assert caught.value.message == f"get pods in shop web: {status}: {message}"


def test_kind_that_does_not_exist_is_absent_though_the_server_says_so_in_plain_text(api):
    with pytest.raises(ObjectAbsentError) as caught:
        list(api.pages(constraints("MaximumImageAge")))
    assert caught.value.message == "list maximumimageage: 404"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[1]", b'"x"', b'{"items": [5]}', b'{"metadata": 5}', b"\xff", b"{" * 10_000, b"[" * 100_000],
)
def test_answer_that_is_none_is_an_error_of_ours(server, api, body):
    server.answers[POD] = server.answers[PODS_PATH] = lambda _: ApiAnswer(200, [body])
    with pytest.raises(ClusterError):
        api.get(PODS, "web", "shop")
    with pytest.raises(ClusterError):
        list(api.pages(PODS, "shop"))


def test_answer_without_end_is_cut_off(server, api, monkeypatch):
    monkeypatch.setattr(limits, "ANSWER_BYTES", 1 << 20)
    server.answers[POD] = lambda _: ApiAnswer(200, itertools.repeat(b" " * 65536))
    with pytest.raises(ClusterUnavailableError, match="no answer"):
        api.get(PODS, "web", "shop")


def test_answer_that_trickles_is_cut_off_by_time(server, api, monkeypatch):
    monkeypatch.setattr(limits, "CALL_SECONDS", 0.0)
    server.answers[POD] = lambda _: ApiAnswer(200, itertools.repeat(b" "))
    with pytest.raises(ClusterUnavailableError, match="no answer"):
        api.get(PODS, "web", "shop")


def test_token_that_was_replaced_is_read_again(server, api):
    server.answers[POD] = lambda _: ApiAnswer.of({"metadata": {"name": "web"}})
    api.get(PODS, "web", "shop")
    server.rotate("second")
    assert api.get(PODS, "web", "shop")["metadata"]["name"] == "web"


def test_token_is_in_no_error(server, api):
    server.token_file.write_text("s3cr3t-token")
    for answer in (ApiAnswer.error(403, "no"), ApiAnswer.text(b"x", status=500), ApiAnswer(200, [b"{"])):
        server.answers[POD] = lambda _, answer=answer: answer
        with pytest.raises(ClusterError) as caught:
            api.get(PODS, "web", "shop")
        told = "".join(traceback.format_exception(caught.value))
        assert "s3cr3t" not in told


def test_server_that_is_not_there_or_is_another_one_is_unavailable(server, api, tmp_path):
    (tmp_path / "other").mkdir()
    with ApiServer(tmp_path / "other") as other:
        text = other.kubeconfig.read_text().replace(str(tmp_path / "other" / "ca.crt"), str(tmp_path / "ca.crt"))
        other.kubeconfig.write_text(text)
        stranger = LightkubeApi(access.find(other.kubeconfig))
        with pytest.raises(ClusterUnavailableError, match="no answer"):
            stranger.get(PODS, "web", "shop")
    with pytest.raises(ClusterUnavailableError, match="no answer"):
        stranger.get(PODS, "web", "shop")
    stranger.close()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "- a",
        "clusters: x",
        "current-context: a",
        "{",
        "current-context: a\nclusters: []\ncontexts: []\nusers: []",
    ],
)
def test_kubeconfig_that_cannot_be_used_is_named(tmp_path, text):
    file = tmp_path / "kubeconfig"
    if text is not None:
        file.write_text(text)
    with pytest.raises(NoClusterError) as caught:
        access.find(file)
    assert "cluster" in caught.value.message


def test_certificate_file_that_is_not_there_is_named(server, tmp_path):
    (tmp_path / "ca.crt").unlink()
    with pytest.raises(NoClusterError, match="certificates"):
        LightkubeApi(access.find(server.kubeconfig))


def test_apply_forces_our_fields_by_server_side_apply(server, api):
    server.answers[f"{LEASE_PATH}/control"] = lambda request: ApiAnswer.of(request.body)
    written = api.apply(LEASES, LEASE)
    (request,) = server.requests
    assert request.method == "PATCH"
    assert request.query == {"force": "true", "fieldManager": "bestbefore"}
    assert written == {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", **LEASE}


def test_status_is_applied_by_its_subresource(server, api):
    path = "/apis/bestbefore.dev/v1alpha1/policystatuses/fresh/status"
    server.answers[path] = lambda request: ApiAnswer.of(request.body)
    body = {"metadata": {"name": "fresh"}, "status": {"state": "enforced"}}
    written = api.apply_status(POLICY_STATUSES, body)
    (request,) = server.requests
    assert (request.method, request.query) == ("PATCH", {"force": "true", "fieldManager": "bestbefore"})
    assert written == {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "PolicyStatus", **body}
    server.answers[path] = lambda _: ApiAnswer(404, [b"404 page not found"], "text/plain")
    with pytest.raises(ObjectAbsentError, match="apply the status of policystatuses fresh"):
        api.apply_status(POLICY_STATUSES, body)


def test_workload_is_scaled_by_its_subresource_alone(server, api):
    path = "/apis/apps/v1/namespaces/shop/deployments/web/scale"
    server.answers[path] = lambda _: ApiAnswer.of({"kind": "Scale", "metadata": {"name": "web"}})
    api.scale(DEPLOYMENTS, "web", "shop", 0)
    (request,) = server.requests
    assert (request.method, request.body) == ("PATCH", {"spec": {"replicas": 0}})
    server.answers[path] = lambda _: ApiAnswer.error(403, "no")
    with pytest.raises(AccessDeniedError, match="scale deployments in shop web: 403"):
        api.scale(DEPLOYMENTS, "web", "shop", 0)


def test_object_is_deleted_only_where_it_has_the_uid(server, api):
    server.answers[POD] = lambda _: ApiAnswer.of({"kind": "Status"})
    api.delete(PODS, "web", "shop", uid="u-1")
    (request,) = server.requests
    assert (request.method, request.body) == ("DELETE", {"preconditions": {"uid": "u-1"}})
    api.delete(PODS, "web", "shop")
    assert server.requests[-1].body is None


def _watched(server: ApiServer, *events: dict[str, object]) -> None:
    lines = [json.dumps(event).encode() + b"\n" for event in events]
    server.answers[PODS_PATH] = lambda _: ApiAnswer(200, lines)


def test_watch_tells_what_happened_until_the_server_ends_it(server, api):
    pod = {"metadata": {"name": "web", "resourceVersion": "8"}}
    mark = {"metadata": {"resourceVersion": "9"}}
    _watched(server, {"type": "ADDED", "object": pod}, {"type": "BOOKMARK", "object": mark})
    events = list(api.watch(PODS, "7", "shop", labels="a=b"))
    assert [(event.kind, event.version) for event in events] == [("ADDED", "8"), ("BOOKMARK", "9")]
    query = server.requests[0].query
    assert query["resourceVersion"] == "7"
    assert query["watch"] == "true"
    assert query["allowWatchBookmarks"] == "true"
    assert query["labelSelector"] == "a=b"


def test_watch_from_a_version_that_is_forgotten_says_so_in_either_way(server, api):
    _watched(server, {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}})
    with pytest.raises(VersionGoneError):
        list(api.watch(PODS, "7", "shop"))
    server.answers[PODS_PATH] = lambda _: ApiAnswer.error(410, "Gone")
    with pytest.raises(VersionGoneError):
        list(api.watch(PODS, "7", "shop"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ApiAnswer.error(403, "no"), AccessDeniedError),
        (ApiAnswer.text(b"404 page not found", status=404), ObjectAbsentError),
        (ApiAnswer.text(b"who?\n"), ClusterUnavailableError),
        (ApiAnswer.text(b"[" * 100_000 + b"\n"), ClusterUnavailableError),
        (ApiAnswer.text(b'{"type": "SOMETHING", "object": {"metadata": {}}}\n'), ClusterUnavailableError),
        (ApiAnswer.text(b'{"type": "ADDED", "object": []}\n'), ClusterUnavailableError),
    ],
)
def test_watch_that_is_refused_or_means_nothing_is_one_of_our_errors(server, api, answer, error):
    server.answers[PODS_PATH] = lambda _: answer
    with pytest.raises(error):
        list(api.watch(PODS, "7", "shop"))


def test_object_in_a_watch_has_a_bound(server, api, monkeypatch):
    monkeypatch.setattr(limits, "WATCH_LINE_BYTES", 1000)
    server.answers[PODS_PATH] = lambda _: ApiAnswer.text(b"x" * 800, b"x" * 800)
    with pytest.raises(ClusterUnavailableError):
        list(api.watch(PODS, "7", "shop"))


def test_watch_that_goes_silent_ends_with_an_error(server, monkeypatch):
    monkeypatch.setattr(limits, "WATCH_SILENCE_SECONDS", 0.2)
    silence = threading.Event()
    _watched(server)
    server.answers[PODS_PATH] = lambda _: ApiAnswer(200, _silent(silence))
    client = LightkubeApi(access.find(server.kubeconfig))
    with pytest.raises(ClusterUnavailableError, match="no answer"):
        list(client.watch(PODS, "7", "shop"))
    silence.set()
    client.close()


def _silent(until: threading.Event) -> Iterator[bytes]:
    yield b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "8"}}}\n'
    until.wait(10)
