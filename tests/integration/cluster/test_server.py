"""What an API server says of itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.cluster import access, limits
from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from gatekeeper.cluster.server import ApiServerDesk
from tests.simulators.api_server import ApiAnswer, ApiServer

pytestmark = pytest.mark.integration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(tmp_path) as running:
        yield running


@pytest.fixture
def desk(server: ApiServer) -> ApiServerDesk:
    return ApiServerDesk(access.find(server.kubeconfig), time.time)


def test_version_and_clock_are_those_of_the_server(server: ApiServer, desk: ApiServerDesk) -> None:
    server.answers["/version"] = lambda _: ApiAnswer.of({"gitVersion": "v1.36.2"})
    found = desk.facts()
    assert found.version == "v1.36.2"
    assert found.ahead is not None
    assert abs(found.ahead) < 5


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_ask_is_told(server: ApiServer, desk: ApiServerDesk, status: int) -> None:
    server.answers["/version"] = lambda _: ApiAnswer.error(status, "no")
    with pytest.raises(AccessDeniedError, match=f"/version: {status}"):
        desk.facts()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"[" * 100_000])
def test_answer_without_a_version_is_an_error_of_ours(server: ApiServer, desk: ApiServerDesk, body: bytes) -> None:
    server.answers["/version"] = lambda _: ApiAnswer(200, [body])
    with pytest.raises(ClusterUnavailableError, match="the answer has no version"):
        desk.facts()


def test_answer_that_trickles_is_cut_off_by_time(
    server: ApiServer, desk: ApiServerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CALL_SECONDS", -1.0)
    server.answers["/version"] = lambda _: ApiAnswer.of({"gitVersion": "v1.36.2"})
    with pytest.raises(ClusterUnavailableError, match="no answer"):
        desk.facts()
