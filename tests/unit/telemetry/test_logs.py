"""What is logged, and what never is."""

from __future__ import annotations

import io
import json
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.errors import ImageError
from provider.reasons import Reason
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.logs import AnsweredRequest, Event, KeyRecords, Log, Repeats
from provider.telemetry.redaction import redact
from provider.version import VERSION
from tests.simulators.clock import FakeClock
from tests.simulators.inspector import DIGEST, facts

SOURCES = Path(__file__).parents[3] / "provider"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def log(stream, clock):
    return Log(stream, LogLevel.INFO, LogFormat.JSON, clock)


@pytest.fixture
def root():
    """The root logger, put back afterwards."""
    logger = logging.getLogger()
    handlers, level = logger.handlers, logger.level
    yield logger
    logger.handlers = handlers
    logger.setLevel(level)


def only(stream):
    (line,) = stream.getvalue().splitlines()
    return json.loads(line)


def test_event_is_one_json_object_a_line(log, stream):
    log.info(Event.SERVER_STARTED, "ready\nfor questions", listen=":8443")
    line = only(stream)
    assert line.pop("pod")
    assert line == {
        "ts": "2026-11-24T22:40:00.000Z",
        "level": "info",
        "event": "server.started",
        "msg": "ready\nfor questions",
        "logger": "provider",
        "semantic": True,
        "listen": ":8443",
        "version": VERSION,
    }


@pytest.mark.parametrize("level", LogLevel)
def test_less_serious_levels_are_left_out(stream, clock, level):
    log = Log(stream, level, LogFormat.JSON, clock)
    for write in (log.debug, log.info, log.warning, log.error):
        write(Event.CONFIG_LOADED, "")
    levels = [json.loads(line)["level"] for line in stream.getvalue().splitlines()]
    assert levels == list(LogLevel)[list(LogLevel).index(level) :]


def test_exception_is_a_field(log, stream):
    log.error(Event.KEY_FAILED, "unexpected error", exc_info=RuntimeError("so it goes"))
    assert only(stream)["exception"].endswith("RuntimeError: so it goes")


def test_terminal_gets_text(clock):
    terminal = Terminal()
    log = Log(terminal, LogLevel.INFO, LogFormat.AUTO, clock)
    log.info(Event.SERVER_STARTED, "ready", listen=":8443")
    record = KeyRecords(log).answered("0" * 12, "app", facts(), 0.1)
    log.answered(AnsweredRequest("id", "validate", "complete", 0.1, [(record, True)]))
    text = re.sub(r"\x1b\[\d*m", "", terminal.getvalue())
    assert "server.started" in text
    assert "listen=:8443" in text
    assert f"digest={DIGEST}" in text
    assert "request.answered request_id=id" in text


def test_stream_that_has_gone_is_no_failure(clock):
    stream = io.StringIO()
    log = Log(stream, LogLevel.INFO, LogFormat.JSON, clock)
    stream.close()
    log.info(Event.SERVER_STARTED, "ready")


def test_key_that_was_answered_is_one_line(log, stream):
    record = KeyRecords(log).answered("0" * 12, "registry.example/app:1", facts(created=None), 0.01234)
    log.answered(AnsweredRequest("a-1", "validate", "complete", 0.0015, [(record, False), (record, True)]))
    first, second, request = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("pod") == second.pop("pod") == request.pop("pod")
    common = {"ts": "2026-11-24T22:40:00.000Z", "level": "info", "logger": "provider", "semantic": True}
    common |= {"version": VERSION, "request_id": "a-1", "endpoint": "validate"}
    found = {"digest": DIGEST, "created": None, "created_from": "config", "ms": 12.3}
    key = {"event": "key.answered", "ref": "0" * 12, "image": "registry.example/app:1", "outcome": "answered"}
    assert first == common | key | found | {"remembered": False}
    assert second == common | key | found | {"remembered": True}
    assert request == common | {
        "event": "request.answered",
        "outcome": "complete",
        "keys": 2,
        "remembered": 1,
        "ms": 1.5,
    }


@pytest.mark.parametrize(("reason", "outcome"), [(Reason.NOT_FOUND, "unfinished"), (Reason.KEY_INVALID, "item_error")])
def test_key_that_failed_is_logged_with_its_reason(log, reason, outcome):
    record = KeyRecords(log).failed("0" * 12, "app", ImageError(reason, "it is not there"), 0.0)
    line = json.loads(f"{{{record}}}")
    assert (line["outcome"], line["reason"], line["problem"]) == (outcome, reason, "it is not there")


def test_lines_of_keys_are_left_out_above_info(stream, clock):
    log = Log(stream, LogLevel.WARNING, LogFormat.JSON, clock)
    log.answered(AnsweredRequest("a-1", "validate", "complete", 0.0, [("", True)]))
    assert stream.getvalue() == ""


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_out_of_its_line(ref, image, message):
    stream = io.StringIO()
    log = Log(stream, LogLevel.INFO, LogFormat.JSON, FakeClock())
    record = KeyRecords(log).failed(ref, image, ImageError(Reason.NOT_FOUND, message), 0.0)
    log.answered(AnsweredRequest("a-1", "validate", "complete", 0.0, [(record, True)]))
    log.info(Event.CONFIG_LOADED, message, image=image)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["key.answered", "request.answered", "config.loaded"]


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("aGVsbG86d29ybGQ=", "Authorization: Basic aGVsbG86d29ybGQ="),
        ("eyJhbGciOi.eyJzdWIi.c2ln", "sent bearer eyJhbGciOi.eyJzdWIi.c2ln to it"),
        ("hunter2", "GET https://user:hunter2@registry.example/v2/ failed"),
        ("X-Amz-Signature", "GET https://blobs.example/sha256/a?X-Amz-Signature=0123 failed"),
        ("0123", "GET https://blobs.example/sha256/a?X-Amz-Signature=0123 failed"),
        ("hunter2", '{"password": "hunter2"}'),
        ("hunter2", "token=hunter2"),
        ("MIIEvQ", "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ\n-----END RSA PRIVATE KEY-----"),
        ("MIIEvQ", "cut short: -----BEGIN PRIVATE KEY-----\nMIIEvQ"),
    ],
)
def test_secret_in_a_text_is_taken_out(log, stream, secret, text):
    log.info(Event.CONFIG_LOADED, text, detail=text, nested={"list": [text]})
    log.error(Event.KEY_FAILED, "unexpected error", exc_info=ImageError(Reason.INTERNAL, text))
    record = KeyRecords(log).failed("0" * 12, "app", ImageError(Reason.INTERNAL, text), 0.0)
    assert secret not in stream.getvalue()
    assert secret not in record
    assert "[redacted]" in stream.getvalue()


@pytest.mark.parametrize(
    "name", ["authorization", "Authorization", "set_cookie", "password", "identity_token", "secret"]
)
def test_field_that_is_named_like_a_secret_is_taken_out(name):
    assert redact(None, "", {name: "abc", "inner": {name: ["abc"]}, "none": None}) == {
        name: "[redacted]",
        "inner": {name: "[redacted]"},
        "none": None,
    }


def test_what_is_no_secret_is_left(log, stream):
    text = f"registry.example/app@{DIGEST} from https://registry.example:5000/v2/app/manifests/1"
    log.info(Event.CONFIG_LOADED, text, ms=1.5, ok=True)
    line = only(stream)
    assert (line["msg"], line["ms"], line["ok"]) == (text, 1.5, True)


def test_line_of_a_library_passes_the_same_way(log, stream, root):
    log.take_over(root)
    logging.getLogger("urllib3").warning("retry of %s", "https://user:hunter2@registry.example/v2/")
    line = only(stream)
    assert (line["event"], line["logger"], line["level"]) == ("line.written", "urllib3", "warning")
    assert line["msg"] == "retry of https://[redacted]@registry.example/v2/"
    assert line["ts"]
    assert "semantic" not in line


def test_exception_of_a_library_is_a_field(log, stream, root):
    log.take_over(root)
    logging.getLogger("gunicorn.error").error("failed", exc_info=RuntimeError("so it goes"))
    assert only(stream)["exception"].endswith("RuntimeError: so it goes")


def test_libraries_are_heard_from_warning_on(log, stream, root):
    log.take_over(root)
    logging.getLogger("urllib3").info("chatter")
    assert stream.getvalue() == ""


def test_what_happens_over_and_over_is_told_once_in_a_while():
    clock = FakeClock()
    repeats = Repeats(clock, seconds=10.0)
    assert [repeats.let_through("a") for _ in range(4)] == [1, None, None, None]
    assert repeats.let_through("b") == 1
    clock.advance(10.0)
    assert repeats.let_through("a") == 4


def test_every_event_is_a_noun_and_a_verb_in_the_past_and_is_used():
    text = "".join(path.read_text() for path in SOURCES.rglob("*.py"))
    for event in Event:
        assert re.fullmatch(r"[a-z_]+\.[a-z]+(ed|ing|en)", event.value), event
        assert len(re.findall(rf"\bEvent\.{event.name}\b", text)) >= 1, event
