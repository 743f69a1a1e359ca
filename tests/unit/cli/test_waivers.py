"""`bestbefore waivers`: what holds, until when, and what somebody should look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli import clusters
from gatekeeper.cli.main import cli
from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, WAIVERS, constraints
from tests.simulators.cluster import ClusterSimulator
from tests.unit.waivers.texts import document, synced

NOW = "2026-02-05T00:00:00Z"
CONSTRAINT = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "Age",
    "metadata": {"name": "maximum-image-age"},
    "spec": {"parameters": {"name": "maximum-image-age", "waivers": {"allowed": True}}},
}


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> ClusterSimulator:
    found = ClusterSimulator()
    monkeypatch.setattr(clusters, "connect", lambda *_: found.cluster)
    spec = {"crd": {"spec": {"names": {"kind": "Age"}}}}
    found.add(CONSTRAINT_TEMPLATES, {"metadata": {"name": "age"}, "spec": spec})
    found.add(constraints("Age"), CONSTRAINT)
    return found


def _waivers(*words: str, now: str = NOW) -> Result:
    return CliRunner().invoke(cli, ["waivers", "--now", now, *words])


def test_waiver_that_holds_is_nothing_to_look_at(simulator: ClusterSimulator) -> None:
    simulator.add(WAIVERS, {**synced(), "status": {"lastUsedDate": "2026-02-03"}})
    done = _waivers()
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "WAIVER\tSTATE\tUNTIL\tOWNER\tPOLICIES\tNAMESPACES\tIMAGES\tLAST USED\tLOOK AT",
        "late\tunused\t2026-03-01T00:00:00Z\tteam-shop\tmaximum-image-age\tshop\tregistry.test/vendor/agent\t2026-02-03\t-",
    ]


def test_waiver_that_let_something_pass_today_is_in_use(simulator: ClusterSimulator) -> None:
    simulator.add(WAIVERS, {**synced(), "status": {"lastUsedDate": "2026-02-05"}})
    done = _waivers(now="2026-02-05T18:00:00Z")
    assert (done.exit_code, done.stdout.splitlines()[1].split("\t")[:2]) == (0, ["late", "in_use"])


@pytest.mark.parametrize(
    ("made", "now", "state", "remark"),
    [
        (synced(), "2026-02-20T00:00:00Z", "unused", "it ends within 14 days"),
        (synced(), "2026-03-01T00:00:00Z", "ended", "it ended on 2026-03-01T00:00:00Z"),
        (synced(policies=["other"]), NOW, "idle", "there is no policy other"),
        (synced(images=["agent:1"]), NOW, "invalid", "'agent:1' has no registry"),
    ],
    ids=["ending", "ended", "idle", "invalid"],
)
def test_what_somebody_should_look_at_is_said_and_ends_with_1(
    simulator: ClusterSimulator, made: dict[str, Any], now: str, state: str, remark: str
) -> None:
    simulator.add(WAIVERS, made)
    done = _waivers("-o", "json", now=now)
    (found,) = json.loads(done.stdout)["waivers"]
    assert done.exit_code == 1
    assert found["state"] == state
    assert remark in " ".join(found["lookAt"])


def test_without_waivers_there_is_nothing_to_look_at(simulator: ClusterSimulator) -> None:
    done = _waivers()
    assert (done.exit_code, done.stdout) == (0, "There is no Waiver.\n")


def test_files_are_read_with_the_constraints_beside_them(tmp_path: Path) -> None:
    (tmp_path / "waiver.yaml").write_text(yaml.safe_dump_all([document(), CONSTRAINT]))
    done = _waivers(str(tmp_path))
    assert done.exit_code == 0
    assert "late\tunused" in done.stdout


@pytest.mark.parametrize("change", [{"kind": "waiver"}, {"kind": "WaiverList"}, {"kind": ""}], ids=str)
def test_waiver_of_a_file_whose_kind_is_misspelt_is_shown_and_is_none(change: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "waiver.yaml").write_text(yaml.safe_dump({**document(), **change}), "utf-8")
    done = _waivers(str(tmp_path))
    assert done.exit_code == 1
    assert "\tinvalid\t" in done.stdout
    assert "kind: expected a Waiver of bestbefore.dev/v1alpha1" in done.stdout


@pytest.mark.parametrize("text", ["", "replicas: 3\n", "apiVersion: v1\nkind: List\nitems: []\n"], ids=str.strip)
def test_file_without_waiver_and_constraint_is_no_peace(text: str, tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(text, "utf-8")
    done = _waivers(str(file))
    assert (done.exit_code, done.stdout) == (2, "")
    said = (
        "holds neither a Waiver nor a Constraint (name files with Waivers, of the kind bestbefore.dev/v1alpha1 Waiver)"
    )
    assert f"{file}: {said}" in done.stderr


@pytest.mark.parametrize("way", ["--kubeconfig", "--context"])
def test_way_to_a_cluster_beside_files_is_refused(way: str, tmp_path: Path) -> None:
    """The cluster would not be asked, and nothing would say so."""
    (tmp_path / "waiver.yaml").write_text(yaml.safe_dump(document()), "utf-8")
    done = _waivers(str(tmp_path), way, "there")
    assert done.exit_code == 2
    assert "either FILEs, or a cluster by --kubeconfig or --context: not both" in done.stderr


def test_constraints_of_files_without_waivers_are_nothing_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "constraint.yaml").write_text(yaml.safe_dump(CONSTRAINT), "utf-8")
    done = _waivers(str(tmp_path))
    assert (done.exit_code, done.stdout) == (0, "There is no Waiver.\n")


def test_two_waivers_of_one_name_in_files_are_refused(tmp_path: Path) -> None:
    """A cluster would have the last one alone."""
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(document()), "utf-8")
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(document(owner="team-pay")), "utf-8")
    done = _waivers(str(tmp_path))
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"metadata.name: there is another Waiver late (in {tmp_path / 'a.yaml'})" in done.stderr


def test_waivers_that_may_not_be_read_are_no_peace(simulator: ClusterSimulator) -> None:
    simulator.fail("waivers", AccessDeniedError("list waivers: 403"))
    assert _waivers().exit_code == 3


def test_cluster_without_the_kind_says_who_brings_it(simulator: ClusterSimulator) -> None:
    simulator.without(WAIVERS)
    done = _waivers()
    assert done.exit_code == 3
    assert "waivers.enabled" in done.stderr


def test_words_of_an_object_stay_on_their_line(simulator: ClusterSimulator) -> None:
    simulator.add(WAIVERS, synced(owner="team\n\x1b[31mshop"))
    done = _waivers()
    assert len(done.stdout.splitlines()) == 2
    assert "\x1b" not in done.stdout
