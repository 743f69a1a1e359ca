"""`bestbefore facts`: what is printed, and what can be kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gatekeeper.evaluation.facts import RecordedFacts
from provider.errors import ImageError, SettingsError
from provider.questions.answer import Facts, PlatformFacts
from provider.questions.config_paths import ConfigPaths
from provider.questions.date_source import DateSource
from provider.questions.question import FactQuestion, Question, key_of
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
        if question.image == "app/odd:1" and question.config:
            raise ImageError(Reason.CONTENT_INVALID, "failed to get a ConfigFile: [the attestation is gone]")
        if question.image == "app/chart:1" and not question.config:
            raise ImageError(Reason.CONTENT_INVALID, "it is no image that runs")
        if question.image == "app/large:1":
            labels = {"a": "x" * 600 * 1024}
            config = {"linux/amd64": {"created": GOOD.created, "config": {"Labels": labels}}}
            return replace(GOOD, config=config if question.config else None)
        if question.image in {"app/odd:1", "app/chart:1"}:
            return GOOD if question.config else replace(GOOD, config=None)
        if question.image == "app/model:1" and question.dates:
            dated = PlatformFacts(DIGEST, GOOD.created, GOOD.created_ns, DateSource.ANNOTATION)
            return replace(GOOD, platforms={"unknown": dated}, created_from=DateSource.ANNOTATION)
        if question.image != "app/web:1":
            raise ImageError(Reason.NOT_FOUND, "there is no such image")
        return GOOD if question.config else replace(GOOD, config=None)

    monkeypatch.setattr("gatekeeper.cli.registries.inspector", lambda **_: inspect)


def test_facts_of_an_image_are_told(run: Run) -> None:
    done = run("facts", "app/web:1")
    assert done.exit_code == 0
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "app/web:1"
    assert f"digest    {DIGEST}" in lines
    assert lines[3].startswith("built     2026-01-01T00:00:00Z (")
    assert lines[4] == f"platform  linux/amd64: built at a time that the image does not name, {DIGEST}"


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


def test_answer_is_that_to_the_question_of_maximum_image_age_and_another_one_is_shown_beside_it(run: Run) -> None:
    done = run("facts", "app/odd:1")
    assert done.exit_code == 0
    assert f"digest    {DIGEST}" in done.stdout
    assert "to policies that read the configuration: ContentInvalid: failed to get a ConfigFile" in done.stdout


@pytest.mark.parametrize("image", ["app/odd:1", "app/chart:1"])
def test_recorded_facts_answer_each_question_as_the_registry_did(run: Run, tmp_path, image: str) -> None:
    path = tmp_path / "facts.json"
    path.write_text(run("facts", image, "--output", "json").stdout)
    recorded = RecordedFacts.read(path)
    keys = {config: key_of(FactQuestion(image, config=config)) for config in (False, True)}
    facts = {config: recorded.answers([key]).fact(key) for config, key in keys.items()}
    failing = image == "app/odd:1"
    assert facts[failing]["reason"] == "ContentInvalid"
    assert facts[not failing]["digest"] == DIGEST
    assert "withConfig" not in facts[not failing]


def test_facts_too_large_for_one_answer_are_recorded_and_refused_only_to_who_asks_for_all(run: Run, tmp_path) -> None:
    assert "to policies that read the configuration: LimitExceeded" in run("facts", "app/large:1").stdout
    path = tmp_path / "facts.json"
    path.write_text(run("facts", "app/large:1", "--output", "json").stdout)
    recorded = RecordedFacts.read(path)
    part = key_of(FactQuestion("app/large:1", config=ConfigPaths((("created",),))))
    assert recorded.answers([part]).fact(part)["config"] == {"linux/amd64": {"created": GOOD.created}}
    all_of_it = key_of(FactQuestion("app/large:1", config=True))
    assert recorded.answers([all_of_it]).fact(all_of_it)["reason"] == "LimitExceeded"


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


def test_date_of_an_annotation_is_shown_where_it_is_asked_for(run: Run) -> None:
    done = run("facts", "app/model:1", "--dates", "annotation")
    assert done.exit_code == 0
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[3].startswith("built     2026-01-01T00:00:00Z (")
    assert lines[3].endswith(" days ago, as an annotation says)")
    assert run("facts", "app/model:1").exit_code == 1
    assert run("facts", "app/model:1", "--dates", "label").exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--key", "cosign.pub"], "--key and --trust-root say whose proofs count: give --proofs, too"),
        (["--trust-root", "root.json"], "--key and --trust-root say whose proofs count: give --proofs, too"),
        (["--proofs", "--key", "cosign.pub"], "--key cosign.pub: it is no public key in PEM, or cannot be read"),
        (["--proofs", "--trust-root", "none.json"], "none.json"),
    ],
)
def test_options_of_proofs_that_cannot_be_used_end_with_2(run: Run, tmp_path, monkeypatch, words, said) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cosign.pub", "root.json"):
        (tmp_path / name).write_text("-----BEGIN PRIVATE KEY-----")
    done = run("facts", "app/web:1", *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output
