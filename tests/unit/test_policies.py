import re
import subprocess
import sys

import pytest

from scripts import policies, rego_tables
from tests import quick_yaml
from tests.gator import ages, signers
from tests.programs import ROOT


def test_what_is_made_from_other_files_is_as_it_would_be_made():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.policies", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_difference_is_named_and_not_mended_by_a_check(tmp_path, monkeypatch, capsys):
    place = tmp_path / "template.yaml"
    monkeypatch.setattr(policies, "ROOT", tmp_path)
    monkeypatch.setattr(policies, "files", lambda: {place: "new"})
    assert policies.main(["--check"]) == 1
    assert "template.yaml is not as scripts/policies.py writes it" in capsys.readouterr().err
    assert not place.exists()
    monkeypatch.setattr(rego_tables, "files", dict)
    assert policies.main([]) == 0
    assert place.read_text() == "new"


def test_samples_say_in_their_names_what_becomes_of_them():
    cases = quick_yaml.load((ages.FOLDER / "cases.yaml").read_text())["cases"]
    applied = {
        entry["object"]: "deny" in entry for entry in cases if entry.keys() <= {"name", "object", "deny", "translated"}
    }
    named = {path: denied for path, denied in applied.items() if path.endswith("allowed.yaml")}
    assert named
    assert all(denied == path.endswith("disallowed.yaml") for path, denied in named.items())


OWN = pytest.mark.parametrize("module", [ages, signers])


@OWN
def test_every_sample_is_part_of_a_case(module):
    text = (module.FOLDER / "cases.yaml").read_text()
    assert [path.name for path in (module.FOLDER / "samples").iterdir() if path.name not in text] == []


@OWN
def test_names_of_cases_are_their_own(module):
    slugs = [case.slug for case in module.read_cases(module.FOLDER).cases]
    assert len(slugs) == len(set(slugs))


def test_files_say_who_writes_them():
    for path, text in policies.files().items():
        assert path.name == "README.md" or text.startswith("# Written by scripts/policies.py"), path
    for path, text in rego_tables.files().items():
        assert "(`make generate`): do not edit." in text, path


FOLDERS = sorted(path for path in policies.POLICIES.iterdir() if path.is_dir())
HEADINGS = ("Avoid", "Prefer", "Install", "What is judged", "Exceptions", "Parameters", "Related")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_folder_of_a_policy_has_its_shape(folder):
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    shape = {"README.md", "cip.yaml", "bestbefore-test.yaml", "translated/template.yaml", "translated/constraint.yaml"}
    assert shape - present == set()
    assert {path.partition("-")[0] for path in present if path.endswith("-allowed.yaml")}
    assert {path.partition("-")[0] for path in present if path.endswith("-disallowed.yaml")}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_page_of_a_policy_has_every_heading(folder):
    found = re.findall(r"^## (.*)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert [heading for heading in found if heading in HEADINGS] == list(HEADINGS)


def test_index_names_every_policy():
    named = re.findall(r"^\| \[(.*?)\]\((.*?)/README.md\)", (policies.POLICIES / "README.md").read_text(), re.MULTILINE)
    assert all(name == folder for name, folder in named)
    assert sorted(name for name, _ in named) == [folder.name for folder in FOLDERS]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_samples_are_in_the_suite_and_say_what_becomes_of_them(folder):
    cases = quick_yaml.load((folder / "bestbefore-test.yaml").read_text())["cases"]
    verdicts = {case["resource"]: case["verdict"] for case in cases if "resource" in case}
    samples = {f"samples/{path.name}" for path in (folder / "samples").glob("*allowed.yaml")}
    assert set(verdicts) == samples
    assert {path for path, verdict in verdicts.items() if verdict == "denied"} == {
        path for path in samples if path.endswith("-disallowed.yaml")
    }


def test_names_of_policies_in_the_cluster_are_all_different():
    names = [
        document["metadata"]["name"]
        for folder in FOLDERS
        for document in quick_yaml.load_all((folder / "cip.yaml").read_text())
    ]
    assert len(names) == len(set(names))
