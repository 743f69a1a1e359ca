"""`bestbefore facts`: what is printed, and what can be kept."""

from __future__ import annotations

import json

import pytest

from gatekeeper.evaluation.facts import RecordedFacts
from provider.errors import ImageError, SettingsError
from provider.questions.answer import Facts, PlatformFacts
from provider.questions.question import FactQuestion, Question
from provider.reasons import Reason
from tests.unit.cli.conftest import Run

DIGEST = "sha256:" + "0" * 64
GOOD = Facts(
    image="index.docker.io/app/web:1",
    digest=DIGEST,
    reference=f"index.docker.io/app/web@{DIGEST}",
    created="2026-01-01T00:00:00Z",
    created_ns=1_767_225_600_000_000_000,
    platforms={"linux/amd64": PlatformFacts(DIGEST, None, None)},
    config={},
)


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registries that know `app/web:1` and nothing else."""

    def inspect(question: Question) -> Facts:
        assert isinstance(question, FactQuestion)
        assert question.config
        if question.image != "app/web:1":
            raise ImageError(Reason.NOT_FOUND, "there is no such image")
        return GOOD

    monkeypatch.setattr("gatekeeper.cli.registries.inspector", lambda **_: inspect)


def test_facts_of_an_image_are_told(run: Run) -> None:
    done = run("facts", "app/web:1")
    assert done.exit_code == 0
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "app/web:1"
    assert f"digest    {DIGEST}" in lines
    assert lines[3].startswith("built     2026-01-01T00:00:00Z (")
    assert lines[4] == f"platform  linux/amd64: built at a time that the image does not tell, {DIGEST}"


def test_image_without_an_answer_ends_with_1_and_the_others_are_told(run: Run) -> None:
    done = run("facts", "app/none:1", "app/web:1")
    assert done.exit_code == 1
    assert "NotFound: there is no such image" in done.stdout
    assert "see: bestbefore explain NotFound" in done.stdout
    assert DIGEST in done.stdout


def test_json_is_what_check_takes(run: Run, tmp_path) -> None:
    done = run("facts", "app/web:1", "app/none:1", "--output", "json")
    assert done.exit_code == 1
    path = tmp_path / "facts.json"
    path.write_text(done.stdout)
    recorded = RecordedFacts.read(path)
    assert recorded.images["app/web:1"]["digest"] == DIGEST
    assert recorded.images["app/none:1"] == {"reason": "NotFound", "message": "there is no such image"}
    assert json.loads(done.stdout)["version"] == 1


def test_file_that_cannot_be_used_ends_with_2_and_every_problem(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def inspect(_: Question) -> Facts:
        raise SettingsError(["docker_config x: no JSON", "registry_ca y: no certificate"])

    monkeypatch.setattr("gatekeeper.cli.registries.inspector", lambda **_: inspect)
    done = run("facts", "app/web:1")
    assert done.exit_code == 2
    assert done.stderr.splitlines() == ["error: docker_config x: no JSON", "error: registry_ca y: no certificate"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing argument"),
        (["app/web:1", "--insecure-registry", "http://x"], "'http://x' is no registry"),
        (["app/web:1", "--docker-config", "/nonexistent"], "'/nonexistent' does not exist"),
        (["app/web:1", "--output", "xml"], "'xml' is not one of"),
    ],
)
def test_word_that_makes_no_sense_ends_with_2(run: Run, words: list[str], said: str) -> None:
    done = run("facts", *words)
    assert done.exit_code == 2
    assert said in done.stderr
