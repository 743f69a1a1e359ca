"""The steps that a person reads are those of the documentation, and of the attacks that they keep out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provider.errors import ImageError
from provider.signatures.demands import Demands
from provider.signatures.examination import StepOutcome, steps
from provider.signatures.formats import bundle, simple_signing
from provider.signatures.rejection import RejectionError, step
from tests.unit.signatures.test_attacks import ATTACKS
from tests.unit.signatures.world import DIGEST

DOCS = Path(__file__).parents[3] / "docs"
ROWS = re.findall(r"^\| `([a-z0-9-]+)` \|.*\| ([0-9]+) \|$", (DOCS / "attacks.md").read_text("utf-8"), re.MULTILINE)


def outcomes(form, demands, failed=None):
    return [each.outcome.value for each in steps(form, DIGEST, demands, failed)]


@pytest.mark.parametrize(
    ("heading", "form"), [("Legacy signatures", simple_signing.FORMAT), ("Bundles", bundle.FORMAT)]
)
def test_steps_are_those_of_the_page(heading, form):
    page = (DOCS / "verification.md").read_text("utf-8")
    section = re.split(rf"^## {heading}.*$", page, flags=re.MULTILINE)[1].split("\n## ")[0]
    numbers = [int(number) for number in re.findall(r"^\| ([0-9]+) \|", section, re.MULTILINE)]
    assert [each.number for each in steps(form, DIGEST, Demands(), None)] == numbers


@pytest.mark.parametrize(("name", "number"), [row for row in ROWS if row[0] in ATTACKS])
def test_attack_is_rejected_at_the_step_that_the_page_names(case, name, number):
    with pytest.raises((RejectionError, bundle.NoSignatureError)) as refused:
        ATTACKS[name][0](case)
    # What claims to be something else is passed over at the first step.
    found = refused.value.step if isinstance(refused.value, RejectionError) else 1
    assert found == int(number)


def test_what_nobody_asks_for_is_skipped_and_told_so(case):
    assert outcomes("legacy", case.by_key) == ["holds", "skipped", "skipped", "skipped", "holds", "holds", "holds"]
    assert outcomes("legacy", case.keyless_logged)[1:4] == ["skipped", "holds", "holds"]
    assert outcomes("legacy", case.keyless_stamped)[1:4] == ["holds", "skipped", "holds"]
    assert outcomes("bundle", case.by_key.for_bundles) == ["holds", "skipped", "skipped", "skipped", "holds"]
    assert outcomes("bundle", case.keyless.for_bundles) == ["holds", "skipped", "holds", "holds", "holds"]
    assert outcomes("bundle", case.keyless_stamped.for_bundles) == ["holds", "holds", "skipped", "holds", "holds"]


def test_steps_behind_the_failed_one_were_not_reached(case):
    assert outcomes("bundle", case.keyless.for_bundles, 3) == ["holds", "skipped", "fails", "unreached", "unreached"]


def test_refusal_outside_of_every_step_reaches_none(case):
    assert set(outcomes("bundle", case.keyless.for_bundles, 0)) == {"unreached", "skipped"}


def test_digest_that_must_be_signed_is_what_is_expected(case):
    assert DIGEST in steps("legacy", DIGEST, case.by_key, 6)[5].expected
    assert DIGEST in steps("bundle", DIGEST, case.by_key, 1)[0].expected


def test_step_marks_what_is_rejected_in_it_and_nothing_else():
    with pytest.raises(RejectionError) as refused, step(3):
        raise RejectionError("no")
    assert refused.value.step == 3
    with pytest.raises(ImageError), step(3):
        raise ImageError("Timeout", "no")


def test_every_outcome_has_its_sign():
    from gatekeeper.cli.verify import _MARKS  # noqa: PLC0415

    assert set(_MARKS) == {outcome.value for outcome in StepOutcome}
