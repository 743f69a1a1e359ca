"""The page of metrics of one Pod, over plain HTTP: it needs no right in the cluster."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from http import HTTPStatus

import urllib3

from gatekeeper.cluster import limits
from provider import http_body
from provider.settings.values import Address


@dataclass(frozen=True)
class MetricsPage:
    """A page.

    Attributes:
        text: what is not UTF-8 in it is replaced.
        date: the header `Date` of the answer; empty where there is none.
    """

    text: str
    date: str


def fetch(host: str, port: int, path: str = "/metrics") -> MetricsPage:
    """The page at an address.

    Args:
        host: a name, or an address of either family.
        port: of the metrics.
        path: of another page there.

    Raises:
        OSError: no answer, or it is not done in time.
        urllib3.exceptions.HTTPError: the same.
        ValueError: it answers with another status than 200, or with too much.
    """
    url = f"http://{Address(host, port)}{path}"
    timeout = urllib3.Timeout(connect=limits.METRICS_CONNECT_SECONDS, read=limits.METRICS_READ_SECONDS)
    with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
        answer = pool.request("GET", url, preload_content=False, redirect=False)
        with contextlib.closing(answer):
            if answer.status != HTTPStatus.OK:
                raise ValueError(f"it answered {answer.status}")
            body = http_body.read(answer, limits.METRICS_BYTES, limits.METRICS_SECONDS)
    if len(body) > limits.METRICS_BYTES:
        raise ValueError(f"its page has more than {limits.METRICS_BYTES} bytes")
    return MetricsPage(body.decode("utf-8", "replace"), answer.headers.get("Date", ""))
