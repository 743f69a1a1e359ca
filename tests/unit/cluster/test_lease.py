"""One of several processes holds a Lease."""

from __future__ import annotations

import pytest

from gatekeeper.cluster import limits
from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterUnavailableError,
    ConflictError,
    ObjectInvalidError,
)
from gatekeeper.cluster.lease import Election, LeaseName
from gatekeeper.cluster.resource import LEASES
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator


@pytest.fixture
def cluster() -> ClusterSimulator:
    return ClusterSimulator()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def election(cluster: ClusterSimulator, clock: FakeClock, holder: str) -> Election:
    return Election(cluster, clock, LeaseName("bestbefore", "control", holder))


def lease(cluster: ClusterSimulator) -> dict:
    (found,) = cluster.objects(LEASES)
    return found


def test_first_one_takes_it_and_the_second_waits(cluster, clock):
    first, second = election(cluster, clock, "a"), election(cluster, clock, "b")
    assert first.step({})
    assert not second.step({})
    assert lease(cluster)["spec"]["holderIdentity"] == "a"


def test_holder_keeps_it_for_as_long_as_it_renews(cluster, clock):
    first, second = election(cluster, clock, "a"), election(cluster, clock, "b")
    for _ in range(20):
        assert first.step({})
        assert not second.step({})
        clock.advance(limits.LEASE_RENEWAL_SECONDS)


def test_it_is_free_when_nobody_has_renewed_it_for_its_duration(cluster, clock):
    first, second = election(cluster, clock, "a"), election(cluster, clock, "b")
    first.step({"cursors": "{}"})
    first.step({"cursors": "here"})
    assert not second.step({})
    clock.advance(limits.LEASE_SECONDS - 1)
    assert not second.step({})
    clock.advance(1)
    assert second.step({})
    assert second.found == {"cursors": "here"}
    assert not second.found_ours
    assert not first.step({})


def test_clock_that_jumps_changes_nothing(cluster, clock):
    first, second = election(cluster, clock, "a"), election(cluster, clock, "b")
    first.step({})
    second.step({})
    clock._now += 86_400
    assert not second.step({})


def test_what_the_holder_before_left_is_not_lost_before_it_was_read(cluster, clock):
    first, second = election(cluster, clock, "a"), election(cluster, clock, "b")
    first.step({"cursors": "here"})
    first.step({"cursors": "here"})
    first.release({"cursors": "there"})
    assert second.step({"cursors": "nowhere"})
    assert second.found == {"cursors": "there"}
    assert lease(cluster)["metadata"]["annotations"] == {"cursors": "there"}
    second.step({"cursors": "further"})
    assert lease(cluster)["metadata"]["annotations"] == {"cursors": "further"}


def test_released_lease_is_free_at_once(cluster, clock):
    first, second = election(cluster, clock, "a"), election(cluster, clock, "b")
    first.step({})
    first.release({})
    assert not first.held
    assert second.step({})


def test_container_that_begins_again_goes_on_holding_it(cluster, clock):
    election(cluster, clock, "a").step({})
    again = election(cluster, clock, "a")
    assert again.step({})
    assert again.found_ours


def test_lease_is_lost_when_the_api_server_is_away_for_longer_than_the_deadline(cluster, clock):
    one = election(cluster, clock, "a")
    one.step({})
    cluster.fail("*", ClusterUnavailableError("no answer"))
    clock.advance(limits.LEASE_DEADLINE_SECONDS - 1)
    assert one.step({})
    clock.advance(1)
    assert not one.held
    assert not one.step({})
    cluster.recover()
    assert one.step({})
    assert one.found_ours


@pytest.mark.parametrize(
    "refused",
    [ClusterUnavailableError("replace leases: 500"), ObjectInvalidError("webhook"), AccessDeniedError("replace: 403")],
)
def test_lease_that_nobody_can_write_stays_ours(cluster, clock, refused):
    one = election(cluster, clock, "a")
    one.step({})
    cluster.fail("replace leases", refused)
    for _ in range(10):
        clock.advance(limits.LEASE_RENEWAL_SECONDS)
        assert one.step({})
        assert one.error is refused


def test_lease_that_another_one_took_is_lost_at_once(cluster, clock):
    one = election(cluster, clock, "a")
    one.step({})
    taken = lease(cluster)
    taken["spec"]["holderIdentity"] = "b"
    cluster.add(LEASES, taken)
    assert not one.step({})


def test_of_two_that_take_it_at_once_one_gets_it(cluster, clock):
    one = election(cluster, clock, "a")
    cluster.fail("create leases", ConflictError("create leases: 409"))
    assert not one.step({})
    assert isinstance(one.error, ConflictError)


def test_call_that_hangs_does_not_prolong_the_lease(cluster, clock):
    one = election(cluster, clock, "a")
    one.step({})
    clock.advance(limits.LEASE_DEADLINE_SECONDS)
    assert not one.held


def test_two_calls_end_before_the_deadline_and_the_deadline_before_the_duration():
    assert 2 * limits.CALL_SECONDS < limits.LEASE_DEADLINE_SECONDS < limits.LEASE_SECONDS
    assert limits.LEASE_RENEWAL_SECONDS + 2 * limits.CALL_SECONDS < limits.LEASE_SECONDS
