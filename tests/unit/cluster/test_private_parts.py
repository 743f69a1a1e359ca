"""What we use of lightkube that is not its front door is where it was, and means what it did."""

from __future__ import annotations

import inspect

import httpx2
from lightkube import SingleConfig
from lightkube.config import client_adapter
from lightkube.config.models import Cluster, Context, User
from lightkube.core.generic_client import ALL_NS, GenericSyncClient
from lightkube.generic_resource import GenericNamespacedResource, create_api_info

from gatekeeper.cluster.client import _model
from gatekeeper.cluster.resource import LEASES, PODS


def test_request_of_a_list_has_its_path_and_our_parameters() -> None:
    config = SingleConfig("a", Context(cluster="a"), Cluster(server="http://127.0.0.1:1"), User())
    client = GenericSyncClient(client_adapter.ConnectionParams(trust_env=False), config)
    request = client.prepare_request("list", _model(PODS), namespace=ALL_NS, params={"labelSelector": "a", "limit": 1})
    assert (request.method, request.url, request.params) == ("GET", "api/v1/pods", {"labelSelector": "a", "limit": 1})
    request = client.prepare_request("get", _model(LEASES), name="x", namespace="y")
    assert request.url == "apis/coordination.k8s.io/v1/namespaces/y/leases/x"
    client.close()  # type: ignore[no-untyped-call]


def test_pages_are_what_a_list_gives() -> None:
    assert inspect.isgeneratorfunction(GenericSyncClient.list_chunks)


def test_kind_is_a_dictionary_with_the_information_of_its_paths() -> None:
    assert issubclass(GenericNamespacedResource, dict)
    assert create_api_info("g", "v1", "K", "ks").plural == "ks"
    assert _model(PODS)._api_info.resource.kind == "Pod"


def test_token_is_put_into_the_first_request() -> None:
    auth = client_adapter.user_auth(User(token="t"))
    assert auth is not None
    request = next(auth.sync_auth_flow(httpx2.Request("GET", "http://127.0.0.1")))
    assert request.headers["Authorization"] == "Bearer t"
