"""What is logged, and what never is."""

from __future__ import annotations

import gc
import io
import json
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.answering import result
from provider.answering.result import KeyResult
from provider.errors import ImageError
from provider.questions import item_key
from provider.questions.item_key import KeyKind
from provider.questions.question import ref
from provider.reasons import Reason
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry import request_lines
from provider.telemetry.events import Event
from provider.telemetry.log import Log
from provider.telemetry.redaction import redact
from provider.telemetry.repeats import Repeats
from provider.telemetry.request_lines import RequestRecord
from provider.version import VERSION
from tests.simulators.clock import FakeClock
from tests.simulators.inspector import DIGEST, facts

SOURCES = Path(__file__).parents[3] / "provider"


IMAGE = "registry.example/app:1"
KEY = item_key.read(KeyKind.QUESTION, IMAGE)


def failed(message, reason=Reason.NOT_FOUND):
    return result.of_error(KEY, ImageError(reason, message), 0.0)


def request(*results, worked=frozenset(), outcome="complete", seconds=0.0):
    return RequestRecord("a-1", "validate", outcome, seconds, results, frozenset(worked))


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
    log.request_done(request(result.of_answer(KEY, facts(created=None), 0.1), seconds=0.1))
    text = re.sub(r"\x1b\[\d*m", "", terminal.getvalue())
    assert "server.started" in text
    assert "listen=:8443" in text
    assert f"digest={DIGEST}" in text
    assert "remembered=True" in text
    assert "created=" not in text, "what is not known is left out"
    assert "request.answered request_id=a-1 endpoint=validate keys=1 remembered=1 outcome=complete ms=100.0\n" in text


def test_stream_that_has_gone_is_no_failure(clock):
    stream = io.StringIO()
    log = Log(stream, LogLevel.INFO, LogFormat.JSON, clock)
    stream.close()
    log.info(Event.SERVER_STARTED, "ready")


def test_key_that_was_answered_is_one_line(log, stream):
    other = item_key.read(KeyKind.QUESTION, "registry.example/other:1")
    answers = [result.of_answer(key, facts(created=None), 0.01234) for key in (KEY, other)]
    log.request_done(request(*answers, worked={KEY.ref}, seconds=0.0015))
    first, second, whole = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("pod") == second.pop("pod") == whole.pop("pod")
    common = {"ts": "2026-11-24T22:40:00.000Z", "level": "info", "logger": "provider", "semantic": True}
    common |= {"version": VERSION, "request_id": "a-1", "endpoint": "validate"}
    found = {"digest": DIGEST, "created": None, "created_from": "config", "ms": 12.3}
    found |= {"event": "key.answered", "outcome": "answered"}
    assert first == common | found | {"ref": ref(IMAGE), "image": IMAGE, "remembered": False}
    assert second == common | found | {"ref": other.ref, "image": other.image, "remembered": True}
    assert whole == common | {
        "event": "request.answered",
        "outcome": "complete",
        "keys": 2,
        "remembered": 1,
        "ms": 1.5,
    }


@pytest.mark.parametrize(("reason", "outcome"), [(Reason.NOT_FOUND, "unfinished"), (Reason.KEY_INVALID, "item_error")])
def test_key_that_failed_is_logged_with_its_reason(log, stream, reason, outcome):
    log.request_done(request(failed("it is not there", reason)))
    line = json.loads(stream.getvalue().splitlines()[0])
    assert (line["outcome"], line["reason"], line["problem"]) == (outcome, reason, "it is not there")


def test_lines_of_keys_are_left_out_above_info(stream, clock):
    log = Log(stream, LogLevel.WARNING, LogFormat.JSON, clock)
    log.request_done(request(failed("")))
    assert stream.getvalue() == ""


def test_line_of_a_result_is_rendered_once_for_as_long_as_the_result_is_remembered(log, stream, monkeypatch):
    rendered = []
    monkeypatch.setattr(request_lines, "redact", lambda *parts: rendered.append(parts) or redact(*parts))
    known = failed("it is not there")
    for _ in range(3):
        log.request_done(request(known))
    assert len(rendered) == 1
    assert len(stream.getvalue().splitlines()) == 6
    assert len(log._request_lines._rendered) == 1
    del known
    gc.collect()
    assert len(log._request_lines._rendered) == 0


def test_lines_of_a_request_stand_together(log, stream):
    """Written by one call, or those of another thread could come between."""
    written = []
    stream.write = written.append
    log.request_done(request(*(failed(f"{number}") for number in range(3))))
    (text,) = written
    assert len(text.splitlines()) == 4


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_out_of_its_line(key, image, message):
    stream = io.StringIO()
    log = Log(stream, LogLevel.INFO, LogFormat.JSON, FakeClock())
    log.request_done(request(KeyResult(key, None, log_fields={"ref": key, "image": image, "problem": message})))
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
    log.request_done(request(failed(text, Reason.INTERNAL)))
    assert secret not in stream.getvalue()
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
