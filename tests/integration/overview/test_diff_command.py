"""`bestbefore diff` with the real opa: what a change of policies changes, for a pull request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from gatekeeper.waivers.reading import waivers_of
from tests.integration.overview.cluster import FileCluster

pytestmark = pytest.mark.integration


@pytest.fixture
def found(tmp_path: Path) -> FileCluster:
    cluster = FileCluster(tmp_path)
    cluster.add_namespace("pay", "team-pay")
    cluster.add("web", 40)
    cluster.add("api", 2)
    cluster.add("till", 10, "pay")
    return cluster


def _policies(found: FileCluster) -> tuple[str, str]:
    return found.policy("old.yaml", max_age="60d"), found.policy("new.yaml", max_age="33d")


def test_what_a_shorter_limit_denies_is_a_table_for_people(found: FileCluster) -> None:
    done = found.run("diff", *_policies(found), "--inventory", found.inventory)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "### 2 workloads would be denied"
    rows = [[cell.strip() for cell in line.split("|")[1:6]] for line in lines if line.startswith("| `")]
    asked = "if applied, on reschedule"
    assert rows == [
        ["`pay/Deployment/till`", "`team-pay`", asked, "admitted", "admitted → **denied**"],
        ["`shop/Deployment/web`", "`team-shop`", asked, "admitted → **denied**", "**denied**"],
    ]


def test_the_same_policies_change_nothing(found: FileCluster) -> None:
    old, _ = _policies(found)
    done = found.run("diff", old, old, "--inventory", found.inventory)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "### No verdict changes for 3 workloads")


def test_nothing_that_could_be_looked_at_is_no_promise(found: FileCluster) -> None:
    old, _ = _policies(found)
    found.add("secret", None)
    done = found.run("diff", old, old, "--inventory", found.inventory)
    assert done.exit_code == 3
    assert "Of 1 workload not everything could be looked at." in done.stdout


def test_the_waivers_are_such_as_can_be_read_again(found: FileCluster, tmp_path: Path) -> None:
    done = found.run("diff", *_policies(found), "--inventory", found.inventory, "-o", "json")
    made = json.loads(done.stdout)["waivers"]
    for each in made:
        # What a file has and an object of the cluster has not.
        each["spec"]["from"] = "2026-12-01T06:00:00Z"
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump_all(made), "utf-8")
    assert [(each.owner, each.namespaces) for each in waivers_of([str(file)])] == [
        ("team-pay", ("pay",)),
        ("team-shop", ("shop",)),
    ]


def test_policies_that_cover_nothing_are_no_yes(found: FileCluster) -> None:
    policy = found.policy(images=("ghcr.io/**",))
    done = found.run("diff", policy, policy, "--inventory", found.inventory)
    assert done.exit_code == 2
    assert "neither the old nor the new policies cover an image" in done.stderr


def test_a_file_that_is_not_there_is_named(found: FileCluster) -> None:
    done = found.run("diff", "nowhere.yaml", found.policy(), "--inventory", found.inventory)
    assert done.exit_code == 2
    assert "nowhere.yaml" in done.stderr
