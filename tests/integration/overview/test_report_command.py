"""`bestbefore report` with the real opa: of files, and of a cluster."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli import clusters
from gatekeeper.cli.main import cli
from gatekeeper.cluster.errors import ClusterUnavailableError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, NAMESPACES, WORKLOADS, constraints
from gatekeeper.own.maximum_image_age import MaximumImageAge
from tests import quick_yaml
from tests.engine import engine
from tests.integration.overview.cluster import NOW, FileCluster
from tests.simulators.cluster import ClusterSimulator

pytestmark = pytest.mark.integration


@pytest.fixture
def found(tmp_path: Path) -> FileCluster:
    return FileCluster(tmp_path)


def test_an_image_of_27_days_is_due_in_three(found: FileCluster) -> None:
    found.add("web", 27)
    found.add("api", 2)
    done = found.run("report", "--policy", found.policy(), "--inventory", found.inventory, "--until", "+20d")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "1 workload will be denied in the next 7 days"
    assert lines[1] == "The first on Fri 4 Dec 2026 06:00 UTC: shop/web, by maximum-image-age."
    assert lines[2] == "Workloads: 1 due, 1 fine, as far as Mon 21 Dec 2026 06:00 UTC."
    (row,) = [line.split("\t") for line in lines if line.startswith("due\t")]
    assert row[:5] == [
        "due",
        "Fri 4 Dec 2026 06:00 UTC",
        "team-shop",
        "shop/Deployment/web",
        "registry.test/shop/web:1",
    ]
    assert row[5:7] == ["maximum-image-age", "if applied, on reschedule"]
    assert "Rebuild it, or move to a newer tag." in row[7]


def test_fresh_images_are_nothing_to_look_at(found: FileCluster) -> None:
    found.add("web", 2)
    done = found.run("report", "--policy", found.policy(), "--inventory", found.inventory, "--until", "+20d")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "Nothing will be denied before Mon 21 Dec 2026")


@pytest.mark.parametrize("form", ["table", "json", "csv", "html"])
def test_each_form_has_the_workload_and_the_date(found: FileCluster, form: str) -> None:
    found.add("web", 27)
    done = found.run("report", "--policy", found.policy(), "--inventory", found.inventory, "-o", form)
    assert done.exit_code == 1
    assert "web" in done.stdout
    if form == "json":
        assert json.loads(done.stdout)["rows"][0]["bestBefore"] == "2026-12-04T06:00:00Z"
    if form == "csv":
        assert [row["name"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["web"]
    if form == "html":
        assert done.stdout.startswith("<!doctype html>")
        assert "Fri 4 Dec 2026" in done.stdout


def test_a_saved_inventory_says_the_same_again(found: FileCluster, tmp_path: Path) -> None:
    found.add("web", 27)
    saved = str(tmp_path / "saved.json")
    common = ("report", "--policy", found.policy(), "-o", "json", "--inventory")
    first = found.run(*common, found.inventory, "--save-inventory", saved)
    second = found.run(*common, saved)
    assert json.loads(first.stdout)["rows"] == json.loads(second.stdout)["rows"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", "shpo"), "--namespace shpo: nothing of the inventory runs there; it has shop"),
        (("--team", "team-shpo"), "--team team-shpo: nothing of the inventory is this team's; it has team-shop"),
    ],
    ids=["namespace", "team"],
)
@pytest.mark.parametrize("command", ["report", "simulate"])
def test_a_slip_of_the_pen_is_no_policy_that_covers_nothing(
    found: FileCluster, command: str, words: tuple[str, ...], said: str
) -> None:
    found.add("web", 45)
    done = found.run(command, "--policy", found.policy(), "--inventory", found.inventory, *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_namespace_and_team_leave_out_the_others(found: FileCluster) -> None:
    found.add_namespace("pay", "team-pay")
    found.add("web", 27)
    found.add("till", 28, "pay")
    common = ("report", "--policy", found.policy(), "--inventory", found.inventory, "-o", "json")
    for words, name in ((("-n", "pay"), "till"), (("--team", "team-shop"), "web")):
        assert {row["name"] for row in json.loads(found.run(*common, *words).stdout)["rows"]} == {name}


def test_an_image_without_facts_is_not_judged_and_said(found: FileCluster) -> None:
    found.add("web", 2)
    found.add("secret", None)
    done = found.run("report", "--policy", found.policy(), "--inventory", found.inventory, "--until", "+20d")
    assert done.exit_code == 1
    assert "1 not judged, 1 fine" in done.stdout
    assert "Of 1 workload not everything could be looked at." in done.stdout
    # The image may well be in its registry.
    recorded = "`bestbefore check --policy … --image registry.test/shop/secret:1 --output json`"
    assert (
        f"the recorded facts say nothing of registry.test/shop/secret:1. Record its facts: {recorded}." in done.stdout
    )


def test_what_csv_has_no_place_for_is_said_beside_it(found: FileCluster) -> None:
    """The exit code alone would say that not everything was judged."""
    found.add("web", 2)
    found.objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
    words = ("--policy", found.policy(), "--inventory", found.inventory, "--until", "+20d")
    done = found.run("report", *words, "-o", "csv")
    assert (done.exit_code, len(done.stdout.splitlines())) == (3, 2)
    assert "not judged: objects of these kinds were passed over: ConfigMap" in done.stderr


def test_no_facts_at_all_is_no_verdict(found: FileCluster) -> None:
    found.add("secret", None)
    done = found.run("report", "--policy", found.policy(), "--inventory", found.inventory)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (3, "Nobody could look at any image")


def test_policies_that_cover_nothing_are_no_yes(found: FileCluster) -> None:
    found.add("web", 2)
    done = found.run("report", "--policy", found.policy(images=("ghcr.io/**",)), "--inventory", found.inventory)
    assert done.exit_code == 2
    assert "error: nothing was judged: no policy covers an image of the inventory" in done.stderr


def test_an_inventory_without_namespaces_says_what_is_taken_for_granted(found: FileCluster) -> None:
    found.objects.clear()
    found.add("web", 2)
    done = found.run("report", "--policy", found.policy(), "--inventory", found.inventory, "--until", "+20d")
    assert done.exit_code == 3
    assert "the inventory has no Namespaces" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds nothing that runs"),
        ('{"inventoryVersion": 99, "workloads": []}', "inventoryVersion: is 99, expected 1"),
        ("{", "inventory"),
        ("kind: Service\napiVersion: v1\nmetadata: {name: x}\n", "holds nothing that runs"),
    ],
    ids=["empty", "another version", "broken", "no workloads"],
)
def test_a_file_that_is_no_inventory_is_refused_by_name(found: FileCluster, text: str, said: str) -> None:
    done = found.run("report", "--policy", found.policy(), "--inventory", found.file("inventory.json", text))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "inventory.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_without_an_end_is_refused_before_it_fills_the_memory(found: FileCluster, tmp_path: Path) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(1024 * 1024 * 1024)
    done = found.run("report", "--policy", found.policy(), "--inventory", str(huge))
    assert done.exit_code == 2
    assert "huge.json" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--inventory", "x.yaml"), "--inventory has no policies: name some with --policy"),
        (("--waiver", "w.yaml"), "--waiver goes with --policy: by the policies of a cluster its own Waivers count"),
        (("--inventory", "x.yaml", "--policy", "y", "--context", "prod"), "not both"),
        (("--until", "-1d", "--policy", "y", "--inventory", "x.yaml"), "expected a time after --now"),
        (("--until", "+500d", "--policy", "y", "--inventory", "x.yaml"), "at most 400 days later"),
        (("--until", "soon", "--policy", "y", "--inventory", "x.yaml"), "--until soon: expected"),
        (("--policy", "nowhere.yaml", "--inventory", "x.yaml"), "nowhere.yaml"),
    ],
    ids=["no policy", "waiver of a file", "two places", "the past", "too far", "no time", "no file"],
)
def test_options_that_make_no_sense_are_refused(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(cli, ["report", *words], env={"BESTBEFORE_OPA": str(engine().path)})
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_place_that_cannot_be_written_is_refused(found: FileCluster, tmp_path: Path) -> None:
    found.add("web", 2)
    place = str(tmp_path / "nowhere" / "saved.json")
    done = found.run("report", "--policy", found.policy(), "--inventory", found.inventory, "--save-inventory", place)
    assert done.exit_code == 2
    assert place in done.stderr


def test_without_opa_there_is_no_verdict(found: FileCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    found.add("web", 2)
    words = ["report", "--policy", found.policy(), "--inventory", found.inventory, "--now", NOW]
    done = CliRunner().invoke(cli, words, env={"BESTBEFORE_OPA": "/nowhere/opa"})
    assert done.exit_code == 3
    assert "no verdict" in done.stderr


@pytest.fixture
def simulator(found: FileCluster, monkeypatch: pytest.MonkeyPatch) -> ClusterSimulator:
    """The same objects in a cluster."""
    found.add("web", 27)
    simulator = ClusterSimulator()
    for each in found.objects:
        simulator.add(NAMESPACES if each["kind"] == "Namespace" else WORKLOADS[each["kind"]], each)
    monkeypatch.setattr(clusters, "connect", lambda *_: simulator.cluster)
    return simulator


def _due(done: Result) -> list[str]:
    return [row["name"] for row in json.loads(done.stdout)["rows"] if row["state"] == "due"]


@pytest.mark.usefixtures("simulator")
def test_a_cluster_is_read_by_policies_of_files(found: FileCluster) -> None:
    done = found.run("report", "--policy", found.policy(), "-o", "json")
    assert done.exit_code == 1, done.stderr
    assert _due(done) == ["web"]


def test_a_cluster_is_asked_for_its_policies_and_nothing_is_written(
    found: FileCluster, simulator: ClusterSimulator
) -> None:
    made = MaximumImageAge(reschedule="deny")
    simulator.add(CONSTRAINT_TEMPLATES, made.KIND.template())
    for constraint in made.constraints():
        simulator.add(constraints("MaximumImageAge"), constraint)
    before = simulator.objects(WORKLOADS["Deployment"])
    done = found.run("report", "-o", "json")
    assert done.exit_code == 1, done.stderr
    assert _due(done) == ["web"]
    assert simulator.objects(WORKLOADS["Deployment"]) == before


@pytest.mark.usefixtures("simulator")
def test_a_cluster_without_policies_of_ours_is_no_yes(found: FileCluster) -> None:
    done = found.run("report")
    assert done.exit_code == 2
    assert "nothing was judged" in done.stderr


def test_a_cluster_that_is_away_is_no_verdict(found: FileCluster, simulator: ClusterSimulator) -> None:
    simulator.fail("*", ClusterUnavailableError("the API server does not answer"))
    done = found.run("report")
    assert done.exit_code == 3
    assert "the API server does not answer" in done.stderr


def test_what_a_waiver_lets_pass_is_waived_until_its_end(found: FileCluster) -> None:
    found.add("web", 40)
    spec = {
        "policies": ["maximum-image-age"],
        "namespaces": ["shop"],
        "images": ["registry.test/shop/web"],
        "from": "2026-11-30T00:00:00Z",
        "until": "2026-12-10T00:00:00Z",
        "reason": "the vendor is late",
        "owner": "team-shop",
    }
    metadata = {"name": "late"}
    waiver = {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "Waiver", "metadata": metadata, "spec": spec}
    policy = found.policy()
    made = list(quick_yaml.load_all(Path(policy).read_text("utf-8")))
    for each in made:
        each["spec"]["parameters"]["waivers"] = {"allowed": True}
    found.file("policy.yaml", yaml.safe_dump_all(made))
    words = (
        "--policy",
        policy,
        "--inventory",
        found.inventory,
        "--waiver",
        found.file("w.yaml", yaml.safe_dump(waiver)),
    )
    (row,) = [
        row for row in json.loads(found.run("report", *words, "-o", "json").stdout)["rows"] if row["state"] != "fine"
    ]
    assert (row["state"], row["bestBefore"], row["waivedUntil"]) == ("waived", *["2026-12-10T00:00:00Z"] * 2)
