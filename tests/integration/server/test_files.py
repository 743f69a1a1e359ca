"""Files that may be replaced: one that cannot be used stops nobody who does not need it, and is told at once."""

from __future__ import annotations

import pytest

from provider.questions.proof_question import Keyless, TrustRootName, Verify
from provider.questions.question import ProofQuestion, key_of
from tests.integration.server.conftest import Client, Provider

PROGRAM = ("-m", "gatekeeper.cli", "serve")
ELSEWHERE = "registry.invalid/app:1"


@pytest.fixture
def real(authority, tmp_path):
    """Starts the real provider, with everything below it."""
    started = []

    def start(*flags):
        started.append(Provider(authority.server(tmp_path), tmp_path, *flags, program=PROGRAM))
        return started[-1]

    yield start
    for provider in started:
        provider.close()


def proof_of(image, root):
    return key_of(ProofQuestion(image, Verify(keyless=Keyless(TrustRootName(root)))))


def test_files_that_cannot_be_used_at_the_start_spoil_only_the_questions_that_need_them(real, tmp_path, trusting):
    (tmp_path / "own.json").write_text("{")
    (tmp_path / "config.json").write_text("{")
    flags = (f"--trust-root=own={tmp_path}/own.json", f"--docker-config={tmp_path}/config.json")
    provider = real(*flags)
    assert {line["setting"] for line in provider.events("file.rejected")} == {"docker_config", "trust_root"}
    client = Client(provider, trusting())
    answer = client.ask(ELSEWHERE, proof_of(ELSEWHERE, "own"))
    assert sorted(answer.reasons().values()) == ["RegistryUnavailable", "TrustRootStale"]
    client.close()


def test_replaced_file_that_cannot_be_used_is_told_while_nobody_asks(real, tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"auths": {}}')
    provider = real(f"--docker-config={config}")
    config.write_text('{"auths": {"reg.io": null}}')
    assert "auths['reg.io']" in provider.await_event("entry.skipped")["problem"]
    assert 'bestbefore_unusable_entries{name="",setting="docker_config"} 1.0' in provider.plain("/metrics")[1]
    config.write_text("half a fi")
    assert provider.await_event("file.rejected")["level"] == "warning"
    assert 'bestbefore_file_rejections_total{setting="docker_config"} 1.0' in provider.plain("/metrics")[1]
    provider.files.certificate.write_bytes(b"broken")
    assert provider.await_event("certificate.rejected")
