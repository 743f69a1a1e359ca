"""`bestbefore simulate` with the real opa: who, when, by day, and the ramp."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests import quick_yaml
from tests.integration.overview.cluster import FileCluster
from tests.integration.test_proven_age import BUILDERS, EPOCH, provenance

pytestmark = pytest.mark.integration


@pytest.fixture
def found(tmp_path: Path) -> FileCluster:
    cluster = FileCluster(tmp_path)
    for name, days in (("web", 20), ("api", 50), ("old", 80)):
        cluster.add(name, days)
    return cluster


def test_who_is_denied_is_said_day_by_day(found: FileCluster) -> None:
    done = found.run("simulate", "--policy", found.policy(), "--inventory", found.inventory)
    assert done.exit_code == 1
    rows = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
    assert rows[:3] == [
        ["DAY", "WORKLOADS", "WHICH"],
        ["now", "2", "shop/api, shop/old"],
        ["Fri 11 Dec 2026", "1", "shop/web"],
    ]


def test_the_ramp_hurts_nobody_by_the_very_template(found: FileCluster) -> None:
    done = found.run("simulate", "--policy", found.policy(), "--inventory", found.inventory, "-o", "json")
    (ramp,) = json.loads(done.stdout)["ramps"]
    assert ramp["parameters"] == {
        "maxAge": "95d",
        "schedule": [
            {"from": "2026-12-16", "maxAge": "79d"},
            {"from": "2026-12-30", "maxAge": "63d"},
            {"from": "2027-01-13", "maxAge": "30d"},
        ],
    }
    assert (ramp["early"], ramp["undated"]) == ([], [])
    # Whoever takes it over gets what was promised.
    made = list(quick_yaml.load_all(Path(found.policy()).read_text("utf-8")))
    for each in made:
        each["spec"]["parameters"] |= ramp["parameters"]
    with_ramp = found.file("ramp.yaml", yaml.safe_dump_all(made))
    common = ("simulate", "--policy", with_ramp, "--inventory", found.inventory)
    again = found.run(*common, "--until", "+90d", "-o", "json")
    assert [each["day"] for each in json.loads(again.stdout)["days"]] == ["2026-12-16", "2026-12-30", "2027-01-13"]
    assert json.loads(again.stdout)["ramps"] == []


@pytest.mark.parametrize("dates", [("provenance",), ("config", "provenance")], ids=["alone", "beside-config"])
def test_the_ramp_begins_from_the_date_that_the_policy_judges_by(found: FileCluster, dates: tuple[str, ...]) -> None:
    """A reproducible build says 1970; its provenance says when it was built."""
    for fact in found.facts.values():
        fact |= {"signed": [], "attested": [provenance(fact["created"], fact["created"])]}
        for each in (fact, fact["platforms"]["linux/amd64"]):
            each |= {"created": EPOCH, "createdNs": "0"}
    policy = found.policy(dates=dates, provenance=BUILDERS)
    done = found.run("simulate", "--policy", policy, "--inventory", found.inventory, "-o", "json")
    (ramp,) = json.loads(done.stdout)["ramps"]
    assert (ramp["early"], ramp["undated"]) == ([], [])
    assert ramp["parameters"] == {
        "maxAge": "95d",
        "schedule": [
            {"from": "2026-12-16", "maxAge": "79d"},
            {"from": "2026-12-30", "maxAge": "63d"},
            {"from": "2027-01-13", "maxAge": "30d"},
        ],
    }


def test_a_limit_that_denies_nobody_soon_needs_no_ramp(found: FileCluster) -> None:
    done = found.run("simulate", "--policy", found.policy(max_age="200d"), "--inventory", found.inventory)
    assert done.exit_code == 0
    assert "200d denies nothing for its age in the next 14 days: no ramp is needed." in done.stdout


def test_images_without_a_date_are_named_beside_the_ramp(found: FileCluster) -> None:
    found.add("blob", 1)
    fact = found.facts["registry.test/shop/blob:1"]
    for each in (fact, fact["platforms"]["linux/amd64"]):
        each.update({"created": None, "createdNs": None, "createdFrom": None})
    done = found.run("simulate", "--policy", found.policy(), "--inventory", found.inventory)
    assert "no ramp helps those without a date; `unknownAge: warn` does: shop/blob" in done.stderr


def test_the_page_is_that_of_the_report(found: FileCluster) -> None:
    done = found.run("simulate", "--policy", found.policy(), "--inventory", found.inventory, "-o", "html")
    assert "2 workloads would be denied now" in done.stdout


def test_policies_that_cover_nothing_are_no_yes(found: FileCluster) -> None:
    done = found.run("simulate", "--policy", found.policy(images=("ghcr.io/**",)), "--inventory", found.inventory)
    assert done.exit_code == 2
    assert "nothing was judged" in done.stderr


def test_trust_root_that_is_not_there_is_refused_beside_recorded_facts(found: FileCluster) -> None:
    done = found.run(
        "simulate", "--policy", found.policy(), "--inventory", found.inventory, "--trust-root", "none.json"
    )
    assert (done.exit_code, done.stderr) == (2, "error: none.json: cannot be read: No such file or directory\n")
