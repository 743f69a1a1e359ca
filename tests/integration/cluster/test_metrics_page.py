"""Pages of metrics of Pods, and of what should not be there."""

from __future__ import annotations

import pytest

from gatekeeper.cluster import limits, metrics_page
from gatekeeper.controller.gatekeeper_metrics import CounterError, GatekeeperCounter
from tests.simulators.fixed_answer import serving

pytestmark = pytest.mark.integration

COUNTER = b'gatekeeper_validation_request_count{admission_status="deny"} 7\n'


def page(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nDate: Mon, 30 Nov 2026 08:00:00 GMT\r\n\r\n"
    return head.encode() + body


def test_page_has_its_text_and_its_time() -> None:
    with serving(page(b"up 1\n\xff")) as port:
        found = metrics_page.fetch("127.0.0.1", port)
    assert (found.text, found.date) == ("up 1\n\ufffd", "Mon, 30 Nov 2026 08:00:00 GMT")


def test_gatekeepers_counter_is_read_from_its_page() -> None:
    with serving(page(COUNTER)) as port:
        assert GatekeeperCounter(port).denied("127.0.0.1") == 7


def test_page_of_another_status_says_no_count() -> None:
    with serving(page(COUNTER, "503 Service Unavailable")) as port:
        assert said(port) == f"127.0.0.1:{port}: it answered 503"


def test_page_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "METRICS_BYTES", len(COUNTER))
    with serving(page(COUNTER)) as port:
        assert GatekeeperCounter(port).denied("127.0.0.1") == 7
    with serving(page(COUNTER + b"\n")) as port:
        assert "its page has more than" in said(port)


def test_page_that_never_seems_to_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "METRICS_SECONDS", -1.0)
    with serving(page(COUNTER)) as port:
        assert said(port) == f"127.0.0.1:{port}: no answer (TimeoutError)"


def test_nobody_there_is_said_with_the_address_as_people_write_it() -> None:
    with pytest.raises(CounterError, match=r"^\[::1\]:1: no answer"):
        GatekeeperCounter(1).denied("::1")


def said(port: int) -> str:
    with pytest.raises(CounterError) as caught:
        GatekeeperCounter(port).denied("127.0.0.1")
    return str(caught.value)
