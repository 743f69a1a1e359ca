"""`bestbefore facts --steps`: how an answer came about."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gatekeeper.evaluation.facts import RecordedFacts
from provider.errors import ImageError
from provider.questions import question
from provider.questions.answer import Facts
from provider.questions.question import FactQuestion, Question
from provider.reasons import Reason
from provider.steps import AnswerStep, StepPurpose, StepRecorder, StepSource, StepTarget
from tests.simulators.inspector import facts
from tests.unit.cli.conftest import Run

INDEX = AnswerStep(
    asked=StepTarget.INDEX,
    purpose=StepPurpose.IMAGE,
    what="manifest of reg.io/app:1",
    source=StepSource.REGISTRY,
    host="reg.io",
    method="GET",
    trip=1,
    bytes=491,
    ms=7.5,
    account="auths['reg.io'] of config.json",
    status=200,
    remaining=76,
)
CHILD = AnswerStep(
    asked=StepTarget.MANIFEST,
    purpose=StepPurpose.PLATFORM,
    what="manifest of reg.io/app@sha256:00",
    source=StepSource.MIRROR,
    host="mirror.example",
    method="HEAD",
    trip=2,
    account="anonymous",
    reason="Timeout",
)
REMEMBERED = AnswerStep(
    asked=StepTarget.BLOB,
    purpose=StepPurpose.CONFIGURATION,
    what="blob sha256:00 of reg.io/app:1",
    source=StepSource.MEMORY,
    bytes=210,
)
ATTESTATION = AnswerStep(
    asked=StepTarget.MANIFEST,
    purpose=StepPurpose.PLATFORM,
    what="manifest of reg.io/app@sha256:11",
    source=StepSource.FLIGHT,
    ms=3,
)
FURTHER = AnswerStep(
    asked=StepTarget.BLOB,
    purpose=StepPurpose.CONFIGURATION,
    what="blob sha256:11 of reg.io/app@sha256:11",
    source=StepSource.REGISTRY,
    host="reg.io",
    method="GET",
    trip=1,
    bytes=100,
    account="anonymous",
    status=404,
)


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registries that know `reg.io/app:1`, and answer in these steps if anybody wants to know them."""

    def inspector(*, recorders: Callable[[Question], StepRecorder] | None, **_: object) -> Callable[[Question], Facts]:
        def inspect(asked: Question) -> Facts:
            assert isinstance(asked, FactQuestion)
            if recorders is not None:
                recorder = recorders(asked)
                for step in [REMEMBERED, ATTESTATION, FURTHER] if asked.config else [INDEX, CHILD, REMEMBERED]:
                    recorder.record(step)
            if asked.image != "reg.io/app:1":
                raise ImageError(Reason.NOT_FOUND, "there is no such image")
            return facts(image=asked.image)

        return inspect

    monkeypatch.setattr("gatekeeper.cli.registries.inspector", inspector)


def table(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines() if "\t" in line]


def test_each_step_is_a_row_and_the_sum_stands_above(run: Run) -> None:
    done = run("facts", "reg.io/app:1", "--steps")
    assert done.exit_code == 0
    assert "  steps: 2 requests, one after the other, 491 bytes" in done.stdout.splitlines()
    heading, *rows = table(done.stdout)[:4]
    assert heading == ["trip", "asked for", "from", "host", "status", "bytes", "ms", "credential", "left"]
    assert rows == [
        ["1", "index", "registry", "reg.io", "200", "491", "7.5", "auths['reg.io'] of config.json", "76"],
        ["2", "HEAD manifest of a platform", "mirror", "mirror.example", "Timeout", "0", "0", "anonymous", "-"],
        ["-", "configuration", "memory", "-", "-", "210", "0", "-", "-"],
    ]


def test_of_the_question_about_the_configuration_requests_are_shown_and_not_what_was_there(run: Run) -> None:
    done = run("facts", "reg.io/app:1", "--steps")
    assert "  further steps, to policies that read the configuration: 1 request, 100 bytes" in done.stdout
    assert table(done.stdout)[5:] == [["1", "configuration", "registry", "reg.io", "404", "100", "0", "anonymous", "-"]]


def test_image_without_an_answer_has_its_steps(run: Run) -> None:
    done = run("facts", "reg.io/none:1", "--steps")
    assert done.exit_code == 1
    assert "NotFound: there is no such image" in done.stdout
    assert len(table(done.stdout)) == 6


def test_json_has_the_steps_of_both_questions_by_image_with_the_ref_of_the_question(run: Run) -> None:
    steps = json.loads(run("facts", "reg.io/app:1", "--steps", "--output", "json").stdout)["steps"]["reg.io/app:1"]
    refs = [question.ref(question.key_of(FactQuestion("reg.io/app:1", config=config))) for config in (False, True)]
    assert [step["ref"] for step in steps] == [refs[0]] * 3 + [refs[1]] * 3
    assert steps[0] == {
        "ref": refs[0],
        "asked": "index",
        "purpose": "image",
        "what": "manifest of reg.io/app:1",
        "source": "registry",
        "host": "reg.io",
        "method": "GET",
        "trip": 1,
        "bytes": 491,
        "ms": 7.5,
        "account": "auths['reg.io'] of config.json",
        "status": 200,
        "reason": "",
        "remaining": 76,
    }


def test_record_with_steps_is_what_check_takes(run: Run, tmp_path) -> None:
    path = tmp_path / "facts.json"
    path.write_text(run("facts", "reg.io/app:1", "--steps", "--output", "json").stdout)
    assert list(RecordedFacts.read(path).images) == ["reg.io/app:1"]


def test_nobody_records_where_nobody_asks(run: Run) -> None:
    done = run("facts", "reg.io/app:1", "--output", "json")
    assert "steps" not in json.loads(done.stdout)
    assert "trip" not in run("facts", "reg.io/app:1").stdout
