"""Mirrors over https, from a server on loopback: bounded in size and time, and never anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.trust import limits
from gatekeeper.trust.errors import TrustSourceError
from gatekeeper.trust.fetchers import MirrorFetcher
from gatekeeper.trust.sources import TrustSources
from gatekeeper.trust.specification import Repository, TufMirror
from tests.simulators.texts import TextAnswer, TextServer
from tests.simulators.tuf_repository import TufRepository


@pytest.fixture
def server(tmp_path: Path, repository: TufRepository) -> Iterator[TextServer]:
    with TextServer(tmp_path) as running:
        for name, content in repository.files.items():
            running.answers[f"/tuf/{name}"] = TextAnswer(content=content)
        yield running


@pytest.fixture
def at_server(server: TextServer, repository: TufRepository) -> TufMirror:
    return TufMirror(server.url("/tuf"), Repository(repository.root))


@pytest.fixture
def looks(sources: TrustSources, server: TextServer) -> TrustSources:
    return replace(sources, fetcher=lambda: MirrorFetcher(server.ca_file))


def refusal(looks: TrustSources, source: TufMirror) -> TrustSourceError:
    with pytest.raises(TrustSourceError) as caught:
        looks.find(source)
    assert caught.value.passing
    return caught.value


def test_mirror_is_read(looks: TrustSources, at_server: TufMirror, body: bytes) -> None:
    assert looks.find(at_server).body == body


@pytest.mark.parametrize("status", [204, 302, 401, 404, 500, 503])
def test_other_answer_than_200_is_no_file_and_no_redirect_is_followed(
    looks: TrustSources, at_server: TufMirror, server: TextServer, status: int
) -> None:
    server.answers["/tuf/timestamp.json"] = TextAnswer(status, headers={"Location": server.url("/elsewhere")})
    assert f"the server answered {status}" in str(refusal(looks, at_server))
    assert "/elsewhere" not in server.asked


def test_absent_next_root_ends_the_walk_and_a_fault_there_does_not(
    looks: TrustSources, at_server: TufMirror, server: TextServer, body: bytes
) -> None:
    server.answers["/tuf/2.root.json"] = TextAnswer(500)
    assert "the server answered 500" in str(refusal(looks, at_server))
    server.answers["/tuf/2.root.json"] = TextAnswer(403)
    assert looks.find(at_server, anew=True).body == body


def test_mirror_that_is_away_is_named(looks: TrustSources, repository: TufRepository) -> None:
    error = refusal(looks, TufMirror("https://127.0.0.1:1/tuf", Repository(repository.root)))
    assert "cannot get https://127.0.0.1:1/tuf/2.root.json: NewConnectionError" in str(error)


def test_mirror_with_a_certificate_of_a_stranger_is_not_read(sources: TrustSources, at_server: TufMirror) -> None:
    assert "SSLError" in str(refusal(replace(sources, fetcher=MirrorFetcher), at_server))


def test_file_without_an_end_is_let_go(looks: TrustSources, at_server: TufMirror, server: TextServer) -> None:
    server.answers["/tuf/timestamp.json"] = TextAnswer(content=b" " * (8 << 20), length=None)
    assert "exceeding the maximum allowed length of 16384" in str(refusal(looks, at_server))


def test_look_has_an_end_in_bytes_and_in_time(
    looks: TrustSources, at_server: TufMirror, server: TextServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOOK_BYTES", 100)
    assert "sends more than 100 bytes" in str(refusal(looks, at_server))
    monkeypatch.setattr(limits, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(limits, "AGAIN_SECONDS", 0.0)
    assert "takes longer than 0 s" in str(refusal(looks, at_server))
