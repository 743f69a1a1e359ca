"""When each TrustRoot is looked at."""

from __future__ import annotations

import pytest

from gatekeeper.trust.limits import FRESH_JITTER, FRESH_SECONDS
from gatekeeper.trustroots import limits
from gatekeeper.trustroots.look import RootLook
from gatekeeper.trustroots.root_object import RootObject
from gatekeeper.trustroots.schedule import LookSchedule
from tests.simulators.clock import FakeClock

OWN = RootObject("own", "uid", 1, {})


class Waits:
    """How long a schedule waits after each look."""

    def __init__(self, share: float) -> None:
        self.clock = FakeClock()
        self.schedule = LookSchedule(self.clock, lambda: share)

    def after(self, look: RootLook) -> float:
        self.schedule.took(look)
        waited = 0.0
        while not list(self.schedule.due({"own": OWN})):
            self.clock.advance(1)
            waited += 1
        return waited


GOOD = RootLook(OWN, "{}", "sha256:0")
BAD = RootLook(OWN, problems=["away"])


@pytest.mark.parametrize(
    ("share", "seconds"), [(0.0, FRESH_SECONDS), (1.0, FRESH_SECONDS * (1 - FRESH_JITTER))], ids=["most", "least"]
)
def test_good_look_is_made_again_after_an_hour_or_less(share, seconds):
    assert Waits(share).after(GOOD) == seconds


def test_look_that_failed_is_made_again_later_each_time_to_an_end():
    waits = Waits(0.0)
    found = [waits.after(BAD) for _ in range(7)]
    assert found[:3] == [limits.AGAIN_SECONDS, 2 * limits.AGAIN_SECONDS, 4 * limits.AGAIN_SECONDS]
    assert found[-1] == limits.AGAIN_AT_LAST_SECONDS
    waits.after(GOOD)
    assert waits.after(BAD) == limits.AGAIN_SECONDS


def test_another_text_or_another_object_of_the_name_is_looked_at_at_once():
    schedule = LookSchedule(FakeClock(), lambda: 0.0)
    schedule.took(GOOD)
    for other in (RootObject("own", "uid", 2, {}), RootObject("own", "other", 1, {})):
        assert list(schedule.due({"own": other})) == [other]
        assert schedule.last(other) is None


def test_object_that_is_gone_is_forgotten():
    schedule = LookSchedule(FakeClock(), lambda: 0.0)
    schedule.took(GOOD)
    schedule.keep({})
    assert schedule.last(OWN) is None
