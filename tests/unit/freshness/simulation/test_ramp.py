"""The ramp: nothing is denied that was not announced for long enough, and the limit that is wanted comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import DAY
from gatekeeper.freshness.simulation.ramp import STEPS, Ramp, ramp
from tests.unit.freshness.overview.outlooks import NOW

_AGES = st.lists(st.integers(0, 2_000 * 24), min_size=1, max_size=60)


def births(*ages: float) -> dict[WorkloadName, int]:
    return {WorkloadName("shop", "Deployment", f"web-{n}"): NOW - int(age * DAY) for n, age in enumerate(ages)}


def first_denial(found: Ramp, birth: int) -> int:
    """When an image is older than the limit that holds at that moment."""
    spans = [(0, found.days), *((step.start, step.days) for step in found.steps)]
    for (start, days), (end, _) in zip(spans, [*spans[1:], (2**62, 0)], strict=True):
        at = max(start, birth + days * DAY)
        if at < end:
            return at
    raise AssertionError("no limit holds for ever")


def test_a_limit_that_denies_nobody_soon_needs_no_ramp() -> None:
    found = ramp("age", 30, births(1, 10), NOW, 14)
    assert found.parameters == {"maxAge": "30d"}


def test_the_example_of_the_module() -> None:
    found = ramp("age", 30, births(20, 50, 80), NOW, 14)
    assert found.parameters == {
        "maxAge": "95d",
        "schedule": [
            {"from": "2026-12-16", "maxAge": "79d"},
            {"from": "2026-12-30", "maxAge": "63d"},
            {"from": "2027-01-13", "maxAge": "30d"},
        ],
    }
    assert [[name.name for name in step.workloads] for step in found.steps] == [["web-2"], ["web-1"], ["web-0"]]


@given(_AGES, st.integers(1, 400), st.integers(1, 60))
def test_nothing_is_denied_before_its_notice_is_over(hours: list[int], target: int, notice: int) -> None:
    known = births(*(each / 24 for each in hours))
    found = ramp("age", target, known, NOW, notice)
    early = [birth for birth in known.values() if first_denial(found, birth) < NOW + notice * DAY]
    assert early == []
    assert [found.days, *(step.days for step in found.steps)][-1] == target
    assert len(found.steps) <= STEPS


@given(_AGES, st.integers(1, 400), st.integers(1, 366))
def test_nothing_is_denied_before_the_first_entry_and_each_in_the_step_that_names_it(
    hours: list[int], target: int, notice: int
) -> None:
    known = births(*(each / 24 for each in hours))
    found = ramp("age", target, known, NOW, notice)
    named = {name: step for step in found.steps for name in step.workloads}
    ends = [*(step.start for step in found.steps[1:]), *(step.start + notice * DAY for step in found.steps[-1:])]
    for step, end in zip(found.steps, ends, strict=True):
        denied = {name for name, birth in known.items() if step.start <= first_denial(found, birth) < end}
        assert {name for name, its in named.items() if its is step} == denied
    assert all(first_denial(found, birth) >= found.steps[0].start for birth in known.values() if found.steps)


def test_images_of_nearly_one_age_and_a_long_notice_are_one_step() -> None:
    """No limit between them would be lower: the one step is when the limit before it would begin to deny."""
    found = ramp("age", 10, births(2, 27, 50), NOW, 366)
    assert found.parameters == {"maxAge": "417d", "schedule": [{"from": "2027-12-03", "maxAge": "10d"}]}
    assert [[name.name for name in step.workloads] for step in found.steps] == [["web-2", "web-1", "web-0"]]


@given(_AGES, st.integers(1, 400), st.integers(1, 60))
def test_limits_only_shrink_and_a_workload_is_named_once(hours: list[int], target: int, notice: int) -> None:
    found = ramp("age", target, births(*(each / 24 for each in hours)), NOW, notice)
    limits = [found.days, *(step.days for step in found.steps)]
    assert limits == sorted(limits, reverse=True)
    assert [step.start for step in found.steps] == sorted({step.start for step in found.steps})
    names = [name for step in found.steps for name in step.workloads]
    assert len(names) == len(set(names))
