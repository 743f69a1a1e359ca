"""Credential helpers: programs that know who we are."""

import asyncio
import json
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.credentials.credential import Credential
from provider.registry.credentials.credentials import SharedCredentials
from provider.registry.credentials.docker_credentials import ReloadedCredentials
from provider.registry.credentials.helpers import HelperCredentials, HelperError, HostPrograms
from provider.registry.reference import parse
from provider.registry.turns.claim import Claim

ANSWER = json.dumps({"ServerURL": "x", "Username": "me", "Secret": "secret"}).encode()


class Programs:
    """Gives what a test put in, and remembers what was asked."""

    def __init__(self, answer=ANSWER, seconds=0.0):
        self.answer, self.seconds, self.asked = answer, seconds, []

    async def get(self, name, server):
        self.asked.append((name, server))
        await asyncio.sleep(self.seconds)
        if isinstance(self.answer, str):
            raise HelperError(self.answer)
        return self.answer


@pytest.fixture
def made(tmp_path, clock):
    """Makes credentials of a file and of programs."""

    def made(programs, **file):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(file))
        return HelperCredentials(ReloadedCredentials(path, clock), programs, clock)

    return made


@pytest.fixture
def credential(run, made):
    """The credential of a registry, with what the helper was asked."""

    def credential(registry, programs=None, **file):
        programs = programs or Programs()
        found = made(programs, **file)
        run(found.prepare(registry, "app"))
        return found.of(registry, "app"), programs.asked

    return credential


def test_helper_of_a_registry_is_asked(credential):
    found, asked = credential("reg.io", credHelpers={"reg.io": "ecr-login"})
    assert (found.username, found.password) == ("me", "secret")
    assert asked == [("ecr-login", "reg.io")]


def test_helper_of_all_registries_is_asked_for_those_in_the_file(credential):
    file = {"auths": {"https://index.docker.io/v1/": {}, "reg.io": {}}, "credsStore": "desktop"}
    assert credential("reg.io", **file)[1] == [("desktop", "reg.io")]
    assert credential("index.docker.io", **file)[1] == [("desktop", "https://index.docker.io/v1/")]


def test_name_that_a_stranger_writes_starts_no_program(credential):
    found, asked = credential("evil.io", auths={"reg.io": {}}, credsStore="desktop", credHelpers={"a.io": "x"})
    assert found.anonymous
    assert asked == []


def test_helper_of_a_registry_comes_before_that_of_all(credential):
    assert credential("reg.io", auths={"reg.io": {}}, credsStore="desktop", credHelpers={"reg.io": "own"})[1] == [
        ("own", "reg.io")
    ]


def test_credential_in_the_file_needs_no_helper(credential):
    found, asked = credential("reg.io", auths={"reg.io": {"username": "own", "password": "x"}}, credsStore="desktop")
    assert found.username == "own"
    assert asked == []


def test_identity_token_is_one(credential):
    programs = Programs(json.dumps({"Username": "<token>", "Secret": "refresh"}).encode())
    assert credential("reg.io", programs, credHelpers={"reg.io": "acr"})[0] == Credential(identity_token="refresh")


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "a b", "-x", "a\n", "x" * 64, 7, {"a": 1}, ["x"]])
def test_name_that_is_no_programs_is_passed_over(credential, name):
    found, asked = credential("reg.io", credHelpers={"reg.io": name}, auths={"reg.io": {}}, credsStore=name)
    assert found.anonymous
    assert asked == []


def test_answer_is_kept_for_a_while(run, made, clock):
    programs = Programs()
    found = made(programs, credHelpers={"reg.io": "x"})
    for seconds in (0, limits.HELPER_KEPT_SECONDS - 1):
        clock.advance(seconds)
        run(found.prepare("reg.io", "app"))
    assert len(programs.asked) == 1
    clock.advance(1)
    programs.answer = json.dumps({"Username": "me", "Secret": "newer"}).encode()
    run(found.prepare("reg.io", "app"))
    assert found.of("reg.io", "app").password == "newer"


def test_failure_is_asked_again_soon_and_not_at_once(run, made, clock):
    programs = Programs("knows nobody, or failed")
    found = made(programs, credHelpers={"reg.io": "x"})
    for _ in range(5):
        run(found.prepare("reg.io", "app"))
    assert len(programs.asked) == 1
    clock.advance(limits.HELPER_FAILED_SECONDS)
    programs.answer = ANSWER
    run(found.prepare("reg.io", "app"))
    assert found.of("reg.io", "app").username == "me"


def test_many_questions_share_one_program_and_no_registry_waits_for_anothers(loop, made, clock):
    programs = Programs(seconds=3.0)
    found = made(programs, credHelpers={"a.io": "x", "b.io": "y"}, auths={"c.io": {"username": "me", "password": "x"}})
    tasks = [loop.create_task(found.prepare(name, "app")) for name in ["a.io"] * 20 + ["b.io", "c.io"]]
    loop.run_for(3.5)
    assert all(task.done() for task in tasks)
    assert sorted(programs.asked) == [("x", "a.io"), ("y", "b.io")]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no json secret",
        b"[]",
        b"null",
        b"[" * 60_000,
        b'{"Username": "me"}',
        b'{"Secret": "secret"}',
        b'{"Username": "", "Secret": "secret"}',
        b'{"Username": "me", "Secret": ["secret"]}',
        b'{"Username": "me", "Secret": "\\ud800secret"}',
        b'{"Username": "me", "Secret": "' + b"s" * (limits.CREDENTIAL_CHARACTERS + 1) + b'"}',
        b"\xff",
    ],
)
def test_answer_that_is_none_is_nobody_and_is_not_shown(credential, answer):
    found, _ = credential("reg.io", Programs(answer), credHelpers={"reg.io": "x"})
    assert found.anonymous
    assert found.absence.startswith("its credential helper x ")
    assert "secret" not in found.absence.partition("secret of")[0].replace("no secret", "").replace("a secret", "")


def test_what_the_helper_said_stands_in_the_refusal(run, client, registry, made, clock):
    registry.push_image("app", "v1")
    registry.challenge, registry.authorizations = 'Basic realm="x"', {"other"}
    found = made(Programs("did not end within 5 seconds"), credHelpers={"reg.io": "ecr-login"})
    call = Call(Deadline.after(clock, 30), Claim(object()), found)
    with pytest.raises(ImageError, match="its credential helper ecr-login did not end within 5 seconds") as caught:
        run(client.manifest(parse("reg.io/app:v1"), call))
    assert caught.value.reason is Reason.UNAUTHORIZED


def test_image_is_read_with_what_the_helper_gave(run, client, registry, made, clock):
    registry.push_image("app", "v1")
    registry.challenge, registry.authorizations = 'Basic realm="x"', {Credential("me", "secret").basic}
    call = Call(Deadline.after(clock, 30), Claim(object()), made(Programs(), credHelpers={"reg.io": "x"}))
    assert run(client.manifest(parse("reg.io/app:v1"), call)).body


def test_credential_is_named_by_its_helper(credential):
    found, _ = credential("reg.io", Programs(), credHelpers={"reg.io": "ecr-login"})
    assert found.shown_as == "docker-credential-ecr-login for reg.io"


def test_host_of_the_same_owner_has_the_helpers_answer(run, made):
    found = SharedCredentials(made(Programs(), credHelpers={"reg.io": "x"}), lambda _: ["reg.io"])
    run(found.prepare("reg.io:5000", "app"))
    assert found.of("reg.io:5000", "app").username == "me"


class TestPrograms:
    """Real ones, of which a test writes one."""

    @pytest.fixture
    def get(self, tmp_path, monkeypatch):
        """Runs a script as a helper."""
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

        def get(script, seconds=limits.HELPER_SECONDS):
            monkeypatch.setattr(limits, "HELPER_SECONDS", seconds)
            path = Path(tmp_path / "docker-credential-test")
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
            return asyncio.run(HostPrograms().get("test", "reg.io"))

        return get

    def test_server_is_its_input_and_its_output_the_answer(self, get):
        assert get('read -r server; printf "%s %s" "$1" "$server"') == b"get reg.io"

    def test_loop_on_another_thread_runs_it_as_well(self, get):
        """As the provider's own loop is."""
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(get, "echo x").result() == b"x\n"

    def test_program_that_reads_nothing_is_no_error(self, get):
        assert get("exec <&-; echo x") == b"x\n"

    def test_program_that_fails_is_told_without_what_it_wrote(self, get, capfd):
        with pytest.raises(HelperError) as caught:
            get("echo secret; echo secret >&2; exit 1")
        assert "secret" not in str(caught.value)
        assert "secret" not in "".join(capfd.readouterr())

    @pytest.mark.parametrize(
        "script", ["sleep 600", "sleep 600 & echo x", "trap '' TERM; sleep 600", "exec >&-; sleep 600"]
    )
    def test_program_that_never_ends_is_killed_with_all_that_it_started(self, get, tmp_path, script):
        began = time.monotonic()
        with pytest.raises(HelperError, match="did not end within"):
            get(f"echo $$ > {tmp_path}/pid; {script}", seconds=0.3)
        assert time.monotonic() - began < limits.HELPER_SECONDS + 30
        group = int((tmp_path / "pid").read_text())
        assert _is_gone(group)

    def test_program_that_writes_without_end_is_cut_off(self, get):
        with pytest.raises(HelperError, match="writes more than"):
            get("yes secret", seconds=30)

    def test_program_that_is_not_there_is_told(self):
        with pytest.raises(HelperError, match="is not there"):
            asyncio.run(HostPrograms().get("none-of-that-name", "reg.io"))


def _is_gone(group: int) -> bool:
    """Whether no process of a group runs; what is killed may take a moment to be taken away."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        if all(state == "Z" for state in _states(group)):
            return True
        time.sleep(0.05)
    return False


def _states(group: int) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            found.append(fields[0])
    return found
