"""One family of what an API server tells of itself, out of a page of megabytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.cluster import access, limits
from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from gatekeeper.cluster.server_metrics import ApiServerMetrics
from tests.simulators.api_server import ApiAnswer, ApiServer

pytestmark = pytest.mark.integration

_PAGE = b"""# HELP wanted_count What is wanted.
# TYPE wanted_count counter
wanted_count{name="a"} 3
wanted_counts{name="a"} 4
other_count 5
wanted_count 6
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(tmp_path) as running:
        yield running


@pytest.fixture
def metrics(server: ApiServer) -> ApiServerMetrics:
    return ApiServerMetrics(access.find(server.kubeconfig))


def test_lines_of_one_family_are_kept_whatever_pieces_they_come_in(
    server: ApiServer, metrics: ApiServerMetrics
) -> None:
    pieces = [_PAGE[at : at + 7] for at in range(0, len(_PAGE), 7)]
    server.answers["/metrics"] = lambda _: ApiAnswer(200, pieces)
    assert metrics.family("wanted_count") == [
        "# HELP wanted_count What is wanted.",
        "# TYPE wanted_count counter",
        'wanted_count{name="a"} 3',
        "wanted_count 6",
    ]


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_read_them_is_told_which_right_is_missing(
    server: ApiServer, metrics: ApiServerMetrics, status: int
) -> None:
    server.answers["/metrics"] = lambda _: ApiAnswer.error(status, "no")
    with pytest.raises(AccessDeniedError, match=f"{status}; it needs `get` on the nonResourceURL /metrics"):
        metrics.family("wanted_count")


def test_server_that_has_none_is_unavailable(server: ApiServer, metrics: ApiServerMetrics) -> None:
    server.answers["/metrics"] = lambda _: ApiAnswer.error(404, "no")
    with pytest.raises(ClusterUnavailableError, match="404"):
        metrics.family("wanted_count")


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("SERVER_METRICS_BYTES", 20, "more than 20 bytes"),
        ("SERVER_METRICS_SECONDS", -1.0, "not done in -1 s"),
        ("LOG_LINE_BYTES", 5, "a line of more than 5 bytes"),
    ],
)
def test_page_without_an_end_is_cut_off(
    server: ApiServer,
    metrics: ApiServerMetrics,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: float,
    said: str,
) -> None:
    monkeypatch.setattr(limits, limit, value)
    server.answers["/metrics"] = lambda _: ApiAnswer(200, [_PAGE + b"a line without an end"])
    with pytest.raises(ClusterUnavailableError, match=said):
        metrics.family("wanted_count")
