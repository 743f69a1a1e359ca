"""Gatekeeper's own counter of denials, read from one of its Pods over plain HTTP: it needs no right in the cluster."""

from __future__ import annotations

import re
from typing import Final, Protocol

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from gatekeeper.cluster import metrics_page
from gatekeeper.controller.cursors import is_count
from provider.settings.values import Address

_NAME: Final = "gatekeeper_validation_request_count"
_DENIED: Final = re.compile(rf'{_NAME}(_total)?{{[^}}]*admission_status="deny"[^}}]*}} ')


class CounterError(Exception):
    """The counter of a Pod cannot be read; the message says why."""


class DenialCounter(Protocol):
    """Reads the counter of one Pod."""

    def denied(self, address: str) -> float:
        """How many requests the process denied, dry runs included.

        Args:
            address: of the Pod.

        Raises:
            CounterError: it cannot be read.
        """


class GatekeeperCounter:
    """Implements `DenialCounter`.

    Args:
        port: of Gatekeeper's metrics.
    """

    def __init__(self, port: int) -> None:
        self._port = port

    def denied(self, address: str) -> float:
        """See `DenialCounter`."""
        try:
            page = metrics_page.fetch(address, self._port)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise CounterError(f"{Address(address, self._port)}: no answer ({type(error).__name__})") from error
        except ValueError as error:
            raise CounterError(f"{Address(address, self._port)}: {error}") from error
        return parse(page.text)


def parse(text: str) -> float:
    """The counter in an exposition; 0 where nothing was denied yet, for then there is no such series.

    Raises:
        CounterError: it is no exposition of Gatekeeper's.
    """
    if "gatekeeper_" not in text:
        raise CounterError("these are not Gatekeeper's metrics: is gatekeeper_metrics_port right?")
    lines = [line for line in text.splitlines() if _DENIED.match(line)]
    try:
        families = text_string_to_metric_families("\n".join([*lines, ""]))
        counts = [sample.value for family in families for sample in family.samples]
    except ValueError as error:
        raise CounterError(f"{_NAME} cannot be read") from error
    if not all(map(is_count, counts)):
        # Added once, what is no number would stay in our own counter for good.
        raise CounterError(f"{_NAME} cannot be read: it has a value that no counter has")
    return sum(counts)
