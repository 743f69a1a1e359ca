"""A policy's text over https, from a server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.resolution.remote_text import fetch
from provider import http_body, limits
from tests.simulators.texts import TextAnswer, TextServer

TEXT = b"package sigstore\nisCompliant = true\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TextServer]:
    with TextServer(tmp_path) as running:
        yield running


def refused(url: str, server: TextServer) -> str:
    with pytest.raises(PolicyError) as caught:
        fetch(url, server.ca_file)
    (problem,) = caught.value.problems
    assert problem.path == "spec.policy.remote.url"
    assert url in problem.message
    return problem.message


def test_text_comes_as_it_is(server: TextServer) -> None:
    server.answers["/policy"] = TextAnswer(content=TEXT)
    assert fetch(server.url("/policy"), server.ca_file) == TEXT


def test_text_without_a_stated_length_comes_whole(server: TextServer) -> None:
    server.answers["/policy"] = TextAnswer(content=TEXT * 10_000, length=None)
    assert fetch(server.url("/policy"), server.ca_file) == TEXT * 10_000


def test_text_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(server: TextServer) -> None:
    server.answers["/most"] = TextAnswer(content=b"#" * limits.POLICY_BYTES)
    server.answers["/more"] = TextAnswer(content=b"#" * (limits.POLICY_BYTES + 1))
    assert len(fetch(server.url("/most"), server.ca_file)) == limits.POLICY_BYTES
    assert f"is larger than {limits.POLICY_BYTES} bytes" in refused(server.url("/more"), server)


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
def test_any_other_status_than_200_refuses(server: TextServer, status: int) -> None:
    server.answers["/policy"] = TextAnswer(status, TEXT if status not in {204, 304} else b"")
    assert f"the server answered {status}" in refused(server.url("/policy"), server)


def test_redirect_is_not_followed(server: TextServer) -> None:
    server.answers["/policy"] = TextAnswer(302, headers={"Location": server.url("/elsewhere")})
    server.answers["/elsewhere"] = TextAnswer(content=TEXT)
    assert "the server answered 302" in refused(server.url("/policy"), server)
    assert server.asked == ["/policy"]


def test_text_that_ends_too_early_is_refused(server: TextServer) -> None:
    server.answers["/policy"] = TextAnswer(content=TEXT, length=len(TEXT) + 1)
    assert "ProtocolError" in refused(server.url("/policy"), server)


def test_text_that_never_seems_to_end_is_given_up(server: TextServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> bytes:
        raise TimeoutError

    monkeypatch.setattr(http_body, "read", late)
    server.answers["/policy"] = TextAnswer(content=TEXT)
    assert f"takes longer than {limits.REMOTE_READ_SECONDS:g} s" in refused(server.url("/policy"), server)


def test_compressed_text_is_not_unpacked(server: TextServer) -> None:
    """A small text that unpacks to a huge one is a trap; we ask for none, and take none."""
    server.answers["/policy"] = TextAnswer(content=TEXT, headers={"Content-Encoding": "gzip"})
    assert fetch(server.url("/policy"), server.ca_file) == TEXT


def test_server_that_nobody_vouches_for_is_refused(server: TextServer) -> None:
    server.answers["/policy"] = TextAnswer(content=TEXT)
    with pytest.raises(PolicyError, match="SSLError"):
        fetch(server.url("/policy"))
    assert server.asked == []


def test_plain_http_is_refused_before_anything_is_asked(server: TextServer) -> None:
    url = server.url("/policy").replace("https://", "http://")
    assert "is no https URL" in refused(url, server)
    assert server.asked == []


def test_server_that_is_not_there_is_refused(server: TextServer) -> None:
    url = server.url("/policy")
    server._server.server_close()
    assert f"cannot get {url}: " in refused(url, server)
