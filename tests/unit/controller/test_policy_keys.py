"""What the log and the health of the controller say of keys in services: each warning once while it lasts."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from gatekeeper.controller.policy_keys import PolicyKeys
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.documents.problems import Problem, Severity
from gatekeeper.reconciliation.report import KeyReading, PolicyReport, PolicyState, RoundReport, StateReason
from gatekeeper.resolution.kms_keys import KeyWarning, KeyWarningReason
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.sources import HealthSimulator

PATH = "spec.authorities[0].key.kms"
SIGNED = PolicyReport("signed", "u-1", 1, PolicyState.ENFORCED, StateReason.IN_FORCE, "in force")
GOOD = KeyReading("hashivault://release", 900.0)
AWAY = replace(GOOD, error="Vault: vault.test cannot be reached")


def warned(*reasons: KeyWarningReason) -> PolicyReport:
    said = [KeyWarning(each, Problem(PATH, "words", Severity.WARNING, fields=(PATH,))) for each in reasons]
    return replace(SIGNED, warnings=tuple(said))


class KeyLogBook:
    """A `PolicyKeys` and what it wrote."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.health = HealthSimulator()
        self.keys = PolicyKeys(Log(self.text, LogLevel.INFO, LogFormat.JSON, FakeClock()), self.health)

    def after(self, *policies: PolicyReport, known: bool = True) -> list[str]:
        """The reasons of one round's warnings."""
        before = len(self.text.getvalue().splitlines())
        self.keys.take(RoundReport(known=known, policies=policies))
        lines = [json.loads(line) for line in self.text.getvalue().splitlines()[before:]]
        assert {each["event"] for each in lines} <= {"policy.warned"}
        return [each["reason"] for each in lines]


@pytest.fixture
def book() -> KeyLogBook:
    return KeyLogBook()


def test_each_warning_is_said_once_while_it_lasts(book):
    kept = warned(KeyWarningReason.KEPT)
    assert book.after(kept) == ["KeyKept"]
    assert book.after(kept) == []
    assert book.after(warned(KeyWarningReason.KEPT, KeyWarningReason.HASH_DIFFERS)) == ["HashAlgorithmDiffers"]
    assert book.after(SIGNED) == []
    assert book.after(kept) == ["KeyKept"]


def test_line_names_the_policy_and_the_field(book):
    book.after(warned(KeyWarningReason.UNAVAILABLE))
    line = json.loads(book.text.getvalue())
    assert (line["policy"], line["path"], line["level"], line["msg"]) == ("signed", PATH, "warning", "words")


def test_source_is_as_old_as_the_last_round_in_which_every_key_was_read(book):
    book.after(SIGNED, replace(SIGNED, name="other", keys=(GOOD,)))
    book.after(SIGNED, replace(SIGNED, name="other", keys=(AWAY, GOOD)))
    assert book.health.events == [(SourceName.KEYS, None), (SourceName.KEYS, SourceProblem.UNAVAILABLE)]


def test_key_that_its_service_says_is_gone_was_read(book):
    book.after(replace(SIGNED, keys=(replace(AWAY, gone=True),)))
    assert book.health.events == [(SourceName.KEYS, None)]


def test_round_that_knows_no_policies_says_nothing(book):
    kept = warned(KeyWarningReason.KEPT)
    book.after(kept)
    book.after(known=False)
    assert book.after(kept) == []
    assert book.health.events == [(SourceName.KEYS, None)] * 2
