"""Questions of one command, asked on an event loop of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gatekeeper.cli import registries
from gatekeeper.cli.session import WAIT_SECONDS, Session
from provider.clock import SystemClock
from provider.errors import ImageError, SettingsError
from provider.images.assembly import Assembly
from provider.questions.proof_question import Key, Verify
from provider.questions.question import FactQuestion, ProofQuestion, key_of, ref
from provider.reasons import Reason
from provider.registry.credentials.credentials import NoCredentials
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

    def connected(**arguments):
        calls.append(arguments)
        return session

    monkeypatch.setattr(registries, "connected", connected)
    inspect = registries.inspector(insecure_registry=("reg.lab",))
    assert calls == []
    inspect(FactQuestion(IMAGE))
    inspect(FactQuestion(IMAGE))
    assert calls == [{"trust_roots": {}, "command": None, "insecure_registry": ("reg.lab",)}]


def _loops() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == "loop"}


@pytest.mark.parametrize("ask", [None, ThreadPoolExecutor], ids=["here", "on a thread"])
def test_command_that_ends_lets_go_of_its_connections_though_the_process_goes_on(ask, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    before, during = _loops(), set()

    @click.command()
    def command() -> None:
        inspect = registries.inspector()
        with suppress(ImageError):
            if ask:
                with ask() as pool:
                    pool.submit(inspect, FactQuestion("not a reference")).result()
            else:
                inspect(FactQuestion("not a reference"))
        during.update(_loops() - before)

    CliRunner().invoke(command, catch_exceptions=False)
    assert len(during) == 1
    assert _loops() == before


def test_file_that_cannot_be_used_is_told_when_the_first_question_comes(tmp_path):
    broken = tmp_path / "config.json"
    broken.write_text("{")
    inspect = registries.inspector(docker_config=broken)
    with pytest.raises(SettingsError):
        inspect(FactQuestion(IMAGE))


def test_command_that_asks_no_registry_loads_nothing_to_ask_with():
    modules = "gatekeeper.cli.check, gatekeeper.cli.facts, gatekeeper.cli.verify"
    code = f"import sys, {modules}\nprint([name for name in {LIBRARIES!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nobody_without_a_home_has_a_docker_config(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the provider's own Pod, where `facts` shows what the provider sees."""

    def unknown(_uid: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert registries._own_docker_config() is None


@pytest.fixture(autouse=True)
def no_files_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_docker_config_of_the_home_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert registries._own_docker_config() is None
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{}")
    assert registries._own_docker_config() == tmp_path / ".docker" / "config.json"


class TestEnvironment:
    """Where Docker and podman look as well."""

    @pytest.fixture(autouse=True)
    def files(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        for path in (".docker/config.json", "docker/config.json", "auth.json"):
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text("{}")

    def test_directory_of_docker_config_comes_before_the_home(self, monkeypatch, tmp_path):
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
        assert registries._own_docker_config() == tmp_path / "docker" / "config.json"

    def test_directory_without_the_file_is_nobody(self, monkeypatch, tmp_path):
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        assert registries._own_docker_config() is None

    def test_file_of_podman_comes_first(self, monkeypatch, tmp_path):
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
        assert registries._own_docker_config() == tmp_path / "auth.json"

    def test_file_that_is_named_and_not_there_is_told(self, monkeypatch, tmp_path, capsys):
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none.json"))
        assert registries._own_docker_config() is None
        assert "passed over: docker_config" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["nope", "[]"])
def test_own_docker_config_that_cannot_be_used_is_passed_over_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".docker").mkdir()
    path = tmp_path / ".docker" / "config.json"
    path.write_text(content)
    assert registries._own_docker_config() is None
    assert f"passed over: docker_config {path}: no " in capsys.readouterr().err
