"""A real Prometheus that scrapes what it is told to, and answers queries; and a real Alertmanager behind it."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import yaml

from tests.e2e.rig import processes
from tests.e2e.rig.processes import POLL_SECONDS, Program, RigError
from tests.ports import free_port
from tests.programs import program

_START_SECONDS = 30.0
_REQUEST_SECONDS = 10.0
_INTERVAL = "1s"


@dataclass(frozen=True)
class Target:
    """What is scraped.

    Attributes:
        job: the label of that name.
        address: `HOST:PORT`.
        token: bearer token; then it is asked over TLS, whoever certifies it. None: plain HTTP.
        labels: further ones, of all its series.
    """

    job: str
    address: str
    token: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def config(self) -> dict[str, Any]:
        """Its part of the configuration."""
        tls = {"scheme": "https", "authorization": {"credentials": self.token}, "tls_config": _TLS}
        static = {"targets": [self.address], "labels": dict(self.labels)}
        return {"job_name": self.job, "static_configs": [static], **(tls if self.token else {})}


_TLS = {"insecure_skip_verify": True}


@dataclass(frozen=True)
class Sample:
    """One series of an answer, with its value now."""

    labels: Mapping[str, str]
    value: float


@dataclass
class Prometheus:
    """A Prometheus that scrapes every second.

    Attributes:
        folder: for its configuration and its data, which outlive a restart.
        logs: for what it says.
        targets: one a job.
        rules: files of rules, evaluated every second.
        alertmanager: `HOST:PORT` where alerts go; none where empty.
    """

    folder: Path
    logs: Path
    targets: Sequence[Target] = ()
    rules: Sequence[Path] = ()
    alertmanager: str = ""
    port: int = field(default_factory=free_port)
    program: Program | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config()))
        command: list[str | Path] = [
            program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]
        self.program = processes.start("prometheus", command, self.logs)
        url = f"http://127.0.0.1:{self.port}/-/ready"
        processes.wait_until(lambda: _answers(url), "ready Prometheus", _START_SECONDS, self.program)

    def stop(self) -> None:
        """Stop it; its data stay."""
        running, self.program = self.program, None
        if running is not None:
            running.stop()

    def query(self, expression: str) -> list[Sample]:
        """The series of an expression now; a scalar is one without labels.

        Raises:
            RigError: it does not take the expression.
        """
        result = self._get("query", {"query": expression})
        if result["resultType"] == "scalar":
            return [Sample({}, float(result["result"][1]))]
        return [Sample(found["metric"], float(found["value"][1])) for found in result["result"]]

    def value(self, expression: str) -> float | None:
        """The value of an expression that gives one series; none where it gives none.

        Raises:
            RigError: it gives several.
        """
        samples = self.query(expression)
        if len(samples) > 1:
            raise RigError(f"{len(samples)} series, not one: {expression}")
        return samples[0].value if samples else None

    def wait_for(self, expression: str, seconds: float = 20.0) -> list[Sample]:
        """The series of an expression, as soon as there are any.

        Raises:
            RigError: there were none in time.
        """
        seconds *= processes.PATIENCE
        end = time.monotonic() + seconds
        while not (samples := self.query(expression)):
            if time.monotonic() > end:
                raise RigError(f"no series after {seconds} s: {expression}")
            time.sleep(POLL_SECONDS)
        return samples

    def alerts(self) -> list[Mapping[str, str]]:
        """Labels of the alerts that fire."""
        found = self._get("alerts", {})["alerts"]
        return [alert["labels"] for alert in found if alert["state"] == "firing"]

    def _get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            answer = _get(url)
        except HTTPError as error:
            with error:
                raise RigError(f"Prometheus: {error.read().decode()}") from None
        data: dict[str, Any] = answer["data"]
        return data

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "global": {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL, "evaluation_interval": _INTERVAL},
            "scrape_configs": [target.config() for target in self.targets],
            "rule_files": [str(path) for path in self.rules],
        }
        if self.alertmanager:
            config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [self.alertmanager]}]}]}
        return config


@dataclass
class Alertmanager:
    """An Alertmanager that tells nobody; it can be asked.

    Attributes:
        folder: for its configuration and data.
        logs: for what it says.
        config: as `alertmanager.yml` has it.
    """

    folder: Path
    logs: Path
    config: Mapping[str, Any] = field(
        default_factory=lambda: {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    )
    port: int = field(default_factory=free_port)
    program: Program | None = None

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "alertmanager.yml"
        config.write_text(yaml.safe_dump(dict(self.config)))
        command: list[str | Path] = [
            program("prometheus-alertmanager"),
            f"--config.file={config}",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address={self.address}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]
        self.program = processes.start("alertmanager", command, self.logs)
        url = f"http://{self.address}/-/ready"
        processes.wait_until(lambda: _answers(url), "ready Alertmanager", _START_SECONDS, self.program)

    def stop(self) -> None:
        """Stop it."""
        running, self.program = self.program, None
        if running is not None:
            running.stop()

    def alerts(self) -> list[Mapping[str, str]]:
        """Labels of the alerts that it knows."""
        return [alert["labels"] for alert in _get(f"http://{self.address}/api/v2/alerts")]


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=_REQUEST_SECONDS) as response:
        return json.loads(response.read())


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_REQUEST_SECONDS) as response:
            return bool(response.status == HTTPStatus.OK)
    except OSError:
        return False
