from __future__ import annotations

from pathlib import Path

from gatekeeper.evaluation.facts import RecordedFacts
from provider.questions.question import FactQuestion, key_of
from tests.bench.commands import write_facts


def test_facts_that_check_is_measured_with_can_be_read_and_answer(tmp_path: Path) -> None:
    key = key_of(FactQuestion("registry.test/app:1", config=True))
    answers = RecordedFacts.read(write_facts(tmp_path)).answers([key])
    assert list(answers.values) == [key]
    assert answers.errors == {}
