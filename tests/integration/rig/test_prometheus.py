"""The Prometheus and the Alertmanager that other tests use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e.rig.processes import RigError, wait_until
from tests.e2e.rig.prometheus import Alertmanager, Prometheus, Sample, Target

_SECONDS = 20.0
_RULE = """
groups:
  - name: rig
    rules:
      - alert: Answered
        expr: answer == 42
        labels: {severity: page}
"""


class _Exposition(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b'answer{question="life"} 42\n')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.fixture
def target() -> Iterator[Target]:
    """A process with one metric."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Exposition) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Target("rig", f"127.0.0.1:{server.server_port}", labels={"cluster": "one"})
        server.shutdown()
        thread.join()


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    """Running."""
    alertmanager = Alertmanager(tmp_path / "alertmanager", tmp_path)
    alertmanager.start()
    yield alertmanager
    alertmanager.stop()


@pytest.fixture
def prometheus(tmp_path: Path, target: Target, alertmanager: Alertmanager) -> Iterator[Prometheus]:
    """Running, with a rule."""
    rule = tmp_path / "rule.yaml"
    rule.write_text(_RULE)
    prometheus = Prometheus(tmp_path / "prometheus", tmp_path, [target], [rule], alertmanager.address)
    prometheus.start()
    yield prometheus
    prometheus.stop()


def test_it_scrapes_answers_and_alerts_and_keeps_its_data_over_a_restart(
    prometheus: Prometheus, alertmanager: Alertmanager
) -> None:
    (sample,) = prometheus.wait_for("answer")
    assert sample.value == 42
    assert sample.labels["cluster"] == "one"
    assert prometheus.query("scalar(answer) + 1") == [Sample({}, 43)]
    assert prometheus.value("answer > 43") is None
    with pytest.raises(RigError, match="parse error"):
        prometheus.query("answer{")
    wait_until(lambda: any(alert["alertname"] == "Answered" for alert in alertmanager.alerts()), "alert", _SECONDS)
    assert [alert["severity"] for alert in prometheus.alerts()] == ["page"]
    prometheus.stop()
    prometheus.start()
    assert prometheus.wait_for("answer offset 3s")
