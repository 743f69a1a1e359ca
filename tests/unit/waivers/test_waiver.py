"""What a Waiver says of itself, and why one lets nothing pass."""

import pytest

from gatekeeper.waivers import idle
from gatekeeper.waivers.reading import waiver
from gatekeeper.waivers.schema import waivers_schema
from gatekeeper.waivers.terms import WaiverTerms
from gatekeeper.waivers.waiver import moment
from tests.unit.waivers.texts import document, synced

NOW = moment("2026-02-16T00:00:00Z")


def constraint(name="maximum-image-age", **terms):
    return {"spec": {"parameters": {"name": name, "waivers": terms}}}


def reasons(made, *constraints, now=NOW):
    return list(idle.reasons(waiver(made), constraints, now))


def test_waiver_holds_until_its_end():
    made = waiver(synced())
    assert made.holds(made.end - 1)
    assert not made.holds(made.end)


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({"until": "2026-05-02T00:00:00Z"}, True),
        ({"until": "2026-05-02T00:00:01Z"}, False),
        ({"until": "2026-01-01T00:00:00Z"}, False),
        ({"until": "2026-02-16T12:00:00Z", "breakGlass": True, "ticket": "SEC-12"}, False),
    ],
)
def test_waiver_that_lasts_too_long_or_ends_before_it_begins_never_holds(changes, holds):
    assert waiver(synced(**changes)).holds(NOW) is holds


def test_entry_is_what_the_parameters_take():
    made = waiver(document(ticket="SEC-12", breakGlass=True, until="2026-02-01T12:00:00Z"))
    entry = made.entry()
    assert set(entry) == set(waivers_schema()["properties"]["entries"]["items"]["properties"])
    assert (entry["from"], entry["breakGlass"]) == ("2026-02-01T00:00:00Z", True)
    assert "ticket" not in waiver(document()).entry()


def test_waiver_that_is_in_force_has_nothing_against_it():
    assert reasons(document(), constraint(allowed=True)) == []


@pytest.mark.parametrize(
    ("changes", "terms", "reason"),
    [
        ({}, None, "there is no policy maximum-image-age"),
        ({}, {}, "the policy maximum-image-age takes no Waivers"),
        ({}, {"allowed": False}, "the policy maximum-image-age takes no Waivers"),
        (
            {},
            {"allowed": True, "maxDays": 27},
            "it lasts more than the 27 days that the policy maximum-image-age allows",
        ),
        ({"until": "2026-02-10T00:00:00Z"}, {"allowed": True}, "it ended on 2026-02-10T00:00:00Z"),
        ({"from": "2026-02-20T00:00:00Z"}, {"allowed": True}, "it does not hold before 2026-02-20T00:00:00Z"),
    ],
)
def test_waiver_that_lets_nothing_pass_says_why(changes, terms, reason):
    constraints = [] if terms is None else [constraint(**terms)]
    assert reasons(document(**changes), *constraints) == [reason]


def test_constraints_of_one_name_that_do_not_agree_are_told():
    """Of a pair the one that warns would not show what the other one lets pass; of two kinds a name is for both."""
    made = document()
    assert reasons(made, constraint(allowed=True), constraint(allowed=True)) == []
    for other in ({}, {"allowed": True, "maxDays": 1}):
        for pair in ((constraint(allowed=True), constraint(**other)), (constraint(**other), constraint(allowed=True))):
            (said,) = reasons(made, *pair)
            assert said.startswith("the Constraints with the name maximum-image-age do not say the same of Waivers")
            assert idle.lets_pass(waiver(made), pair, NOW)


def test_emergency_needs_a_policy_that_takes_waivers():
    made = document(
        policies=["*"],
        breakGlass=True,
        ticket="SEC-12",
        **{"from": "2026-02-15T12:00:00Z", "until": "2026-02-16T12:00:00Z"},
    )
    assert reasons(made, constraint(allowed=True, maxDays=1)) == []
    assert reasons(made, constraint()) == ["no policy takes Waivers"]


@pytest.mark.parametrize("days", [0, -1, 367])
def test_policy_allows_at_most_a_year(days):
    (problem,) = WaiverTerms(allowed=True, max_days=days).problems("waivers")
    assert problem.path == "waivers.maxDays"
