"""What the kubelet and Prometheus read."""

from __future__ import annotations

from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from gatekeeper.controller.plain_pages import pages


class Reader:
    """Reads pages, of a controller that is as the test says."""

    def __init__(self) -> None:
        self.unhealthy = ""
        self.unready = ""
        self.headers: dict[str, str] = {}
        self._app = pages(lambda: b"a 1\n", lambda: self.unhealthy, lambda: self.unready)

    def read(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        environ: dict[str, Any] = {"PATH_INFO": path, "REQUEST_METHOD": method}
        setup_testing_defaults(environ)
        told: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            told.append(status)
            self.headers = dict(headers)

        body = b"".join(self._app(environ, start))
        return int(told[0].partition(" ")[0]), body


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_metrics_are_text_that_prometheus_reads(reader):
    assert reader.read("/metrics") == (200, b"a 1\n")
    assert reader.headers == {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Content-Length": "4"}


@pytest.mark.parametrize(("path", "attribute"), [("/healthz", "unhealthy"), ("/readyz", "unready")])
def test_state_says_why_it_is_bad(reader, path, attribute):
    assert reader.read(path) == (200, b"ok\n")
    setattr(reader, attribute, "starting")
    assert reader.read(path) == (503, b"starting\n")


def test_nothing_else_is_here(reader):
    assert reader.read("/")[0] == 404
    assert reader.read("/metrics", "POST")[0] == 405
    assert reader.read("/metrics", "HEAD") == (200, b"")
