"""Questions of one command, asked on an event loop of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatekeeper.cli import registries
from gatekeeper.cli.session import WAIT_SECONDS, Session
from provider.clock import SystemClock
from provider.errors import ImageError, SettingsError
from provider.images.assembly import Assembly
from provider.questions.proof_question import Key, Verify
from provider.questions.question import FactQuestion, ProofQuestion, key_of, ref
from provider.reasons import Reason
from provider.registry.credentials import NoCredentials
from tests.simulators.inspector import InspectorSimulator, facts

IMAGE = "registry.example/app:1"
LIBRARIES = ("asyncio", "pycurl", "pycares", "docker_registry_client", "sigstore", "cryptography")


class Inspector(InspectorSimulator):
    """Remembers in which calls it was asked, and on which threads."""

    def __init__(self):
        super().__init__(SystemClock())
        self.seen = []
        self.threads = set()
        self.closed = 0

    async def inspect(self, key, call):
        self.seen.append(call)
        self.threads.add(threading.current_thread())
        return await super().inspect(key, call)

    async def examine(self, key, call):
        self.seen.append(call)
        return f"examination of {key.image}"

    async def close(self):
        self.closed += 1


@pytest.fixture
def inspector():
    return Inspector()


@pytest.fixture
def session(inspector):
    session = Session(Assembly(inspector, None, NoCredentials()), SystemClock())
    yield session
    session.close()


def test_answer_comes_from_the_loops_thread(session, inspector):
    inspector.images[IMAGE] = facts(created="2026-11-01T00:00:00Z")
    assert session.inspect(FactQuestion(IMAGE)).created == "2026-11-01T00:00:00Z"
    assert inspector.threads != {threading.current_thread()}


def test_person_waits_longer_than_a_webhook_and_comes_before_audit(session, inspector):
    session.inspect(FactQuestion(IMAGE))
    (call,) = inspector.seen
    assert WAIT_SECONDS - 5 < call.deadline.remaining() <= WAIT_SECONDS
    assert not call.claim.audit
    assert call.ref == ref(key_of(FactQuestion(IMAGE)))


def test_failure_is_raised_where_it_was_asked(session, inspector):
    inspector.failures[IMAGE] = ImageError(Reason.NOT_FOUND, "there is no such image")
    with pytest.raises(ImageError) as caught:
        session.inspect(FactQuestion(IMAGE))
    assert caught.value.reason is Reason.NOT_FOUND


def test_reference_that_nobody_can_read_is_refused_without_asking(session, inspector):
    with pytest.raises(ImageError) as caught:
        session.inspect(FactQuestion("UPPER/case"))
    assert caught.value.reason is Reason.REFERENCE_INVALID
    assert inspector.seen == []


def test_signatures_are_examined(session):
    asked = ProofQuestion(IMAGE, Verify(key=Key("PEM")))
    assert session.examine(asked) == "examination of registry.example/app:1"


def test_many_threads_share_one_loop(session, inspector):
    with ThreadPoolExecutor(4) as pool:
        images = [f"registry.example/app:{number}" for number in range(20)]
        found = list(pool.map(session.inspect, map(FactQuestion, images)))
    assert [one.image for one in found] == images
    assert len(inspector.threads) == 1


def test_end_lets_go_of_connections_and_of_the_thread(inspector):
    session = Session(Assembly(inspector, None, NoCredentials()), SystemClock())
    session.inspect(FactQuestion(IMAGE))
    session.close()
    assert inspector.closed == 1
    (thread,) = inspector.threads
    assert not thread.is_alive()


def test_connection_is_made_when_the_first_question_comes_and_once(session, monkeypatch):
    calls = []

    def connected(*arguments):
        calls.append(arguments)
        return session

    monkeypatch.setattr(registries, "connected", connected)
    inspect = registries.inspector((), None, None)
    assert calls == []
    inspect(FactQuestion(IMAGE))
    inspect(FactQuestion(IMAGE))
    assert calls == [((), None, None, {})]


def test_file_that_cannot_be_used_is_told_when_the_first_question_comes(tmp_path):
    broken = tmp_path / "config.json"
    broken.write_text("{")
    inspect = registries.inspector((), broken, None)
    with pytest.raises(SettingsError):
        inspect(FactQuestion(IMAGE))


def test_command_that_asks_no_registry_loads_nothing_to_ask_with():
    modules = "gatekeeper.cli.check, gatekeeper.cli.facts, gatekeeper.cli.verify"
    code = f"import sys, {modules}\nprint([name for name in {LIBRARIES!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
