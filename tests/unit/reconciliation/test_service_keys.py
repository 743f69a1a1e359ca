"""Keys of services in the cluster: a rotated one counts within a minute, and a lost one is kept for a declared time."""

from __future__ import annotations

import pytest

from gatekeeper.policy.kms_reference import VaultKey
from gatekeeper.reconciliation.limits import KEY_KEPT_SECONDS, KEY_SAID_SECONDS, KEY_SECONDS
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey
from gatekeeper.translation import names
from tests.simulators.key_services import pem, public_key
from tests.unit.reconciliation.world import World

RELEASE = VaultKey("release")
OLD, NEW = pem(public_key()), pem(public_key())
AWAY = KeyServiceError("Vault: vault.test cannot be reached, or did not answer in time")


@pytest.fixture
def world() -> World:
    """A policy that names a key, and one beside it."""
    made = World()
    made.keys.keys[RELEASE] = ServiceKey(OLD)
    made.apply("signed", "", authorities=[{"name": "team", "key": {"kms": "hashivault://release"}}])
    made.apply("fresh")
    made.run()
    return made


def authority(world: World):
    (found,) = world.constraint("signed", names.SHARED_KIND)["spec"]["parameters"]["authorities"]
    return found


def key(world: World) -> str:
    return authority(world)["verify"]["key"]["data"]


def test_key_is_read_each_minute_and_never_more_often(world):
    assert key(world) == OLD
    before = len(world.keys.asked)
    world.run(3 * KEY_SECONDS)
    assert 2 <= len(world.keys.asked) - before <= 4


def test_rotated_key_counts_within_a_minute(world):
    world.keys.keys[RELEASE] = ServiceKey(NEW)
    world.run(KEY_SECONDS + 5)
    assert key(world) == NEW
    assert world.state("signed") == "enforced InForce"


@pytest.mark.parametrize(
    "error", [AWAY, KeyServiceError("Vault answered with no PEM text", refuses=True)], ids=["away", "garbage"]
)
def test_last_good_key_is_kept_for_its_time_and_then_the_authority_has_none(world, error):
    world.keys.keys[RELEASE] = error
    world.run(KEY_SECONDS + 5)
    assert key(world) == OLD
    world.clock.advance(KEY_KEPT_SECONDS)
    world.run()
    assert authority(world) == {
        "name": "team",
        "absent": {"message": f"the key hashivault://release cannot be had: {error}"},
    }
    assert world.state("fresh") == "enforced InForce"
    world.keys.keys[RELEASE] = ServiceKey(NEW)
    world.run(KEY_SECONDS + 5)
    assert key(world) == NEW


def reasons(world: World) -> list[str]:
    return [each.reason.value for each in world.report("signed").warnings]


def test_key_that_is_kept_is_said_with_its_age_when_more_than_one_answer_did_not_come(world):
    read_at = world.clock.now()
    world.keys.keys[RELEASE] = AWAY
    world.run(KEY_SECONDS + 5)
    assert reasons(world) == []
    world.run(KEY_SAID_SECONDS)
    (warning,) = world.report("signed").warnings
    assert (warning.reason.value, warning.problem.path) == ("KeyKept", "spec.authorities[0].key.kms")
    message = warning.problem.message
    assert message.startswith("the key hashivault://release was last read at ")
    assert message.endswith(f": {AWAY}")
    (found,) = world.report("signed").keys
    assert (found.name, found.error, found.gone) == ("hashivault://release", str(AWAY), False)
    assert abs(found.read_at - read_at) < KEY_SECONDS
    assert world.report("fresh").keys == ()
    world.keys.keys[RELEASE] = ServiceKey(OLD)
    world.run(KEY_SECONDS + 5)
    assert reasons(world) == []


def test_authority_without_its_key_is_warned_of(world):
    world.keys.keys[RELEASE] = KeyServiceError("AWS KMS has no such key, or it is disabled", gone=True)
    world.run(KEY_SECONDS + 5)
    assert reasons(world) == ["KeyUnavailable"]
    (found,) = world.report("signed").keys
    assert (found.read_at, found.gone) == (0.0, True)


def test_hash_that_the_service_does_not_sign_with_is_warned_of_in_the_cluster(world):
    world.keys.keys[RELEASE] = ServiceKey(NEW, "sha384")
    world.run(KEY_SECONDS + 5)
    assert reasons(world) == ["HashAlgorithmDiffers"]
    assert world.state("signed") == "enforced InForce"


@pytest.mark.parametrize("restarted", [False, True], ids=["in-between", "while-nobody-looked"])
def test_key_that_its_service_says_is_gone_counts_no_longer(world, restarted):
    world.keys.keys[RELEASE] = KeyServiceError("AWS KMS has no such key, or it is disabled", gone=True)
    if restarted:
        world.restart()
    world.run(KEY_SECONDS + 5)
    assert "absent" in authority(world)
    assert world.state("fresh") == "enforced InForce"
    world.keys.keys[RELEASE] = AWAY
    world.run(KEY_SECONDS + 5)
    assert "absent" in authority(world), "a service that is away now brings it not back"


def test_what_was_in_force_before_a_restart_stays_while_the_service_is_away_for_the_same_time(world):
    world.keys.keys[RELEASE] = AWAY
    world.restart()
    world.run()
    assert key(world) == OLD
    assert world.state("signed") == "rejected ReferenceInvalid"
    assert str(AWAY) in world.report("signed").message
    assert world.state("fresh") == "enforced InForce"
    world.clock.advance(KEY_KEPT_SECONDS)
    world.run()
    assert "absent" in authority(world)


def test_slow_service_does_not_hold_up_the_policies_without_keys(world):
    read = world.keys.public_key

    def slow(reference):
        world.clock.advance(5.0)
        return read(reference)

    world.keys.public_key = slow
    for number in range(20):
        world.apply(f"k{number}", "", authorities=[{"name": "team", "key": {"kms": f"hashivault://k{number}"}}])
    world.apply("later")
    begun = world.clock.monotonic()
    world.look()
    assert world.clock.monotonic() - begun <= 15
    assert world.state("later").startswith("pending")
