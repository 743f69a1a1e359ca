import subprocess
import sys

import yaml

from scripts import policies
from tests.programs import ROOT


def test_what_is_made_from_other_files_is_as_it_would_be_made():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.policies", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_difference_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(policies, "POLICIES", tmp_path / "policies")
    monkeypatch.setattr(policies, "FOLDER", tmp_path / "policies" / "age")
    monkeypatch.setattr(policies, "files", lambda _: {tmp_path / "template.yaml": "new"})
    assert policies.main(["--check"]) == 1
    assert "template.yaml is not as scripts/policies.py writes it" in capsys.readouterr().err


def test_samples_say_in_their_names_what_becomes_of_them():
    cases = yaml.safe_load((policies.FOLDER / "cases.yaml").read_text())["cases"]
    applied = {
        entry["object"]: "deny" in entry for entry in cases if entry.keys() <= {"name", "object", "deny", "translated"}
    }
    named = {path: denied for path, denied in applied.items() if path.endswith("allowed.yaml")}
    assert named
    assert all(denied == path.endswith("disallowed.yaml") for path, denied in named.items())


def test_every_sample_is_part_of_a_case():
    text = (policies.FOLDER / "cases.yaml").read_text()
    assert [path.name for path in (policies.FOLDER / "samples").iterdir() if path.name not in text] == []


def test_names_of_cases_make_files_of_their_own():
    slugs = [case.slug for case in policies.read_cases(policies.FOLDER).cases]
    assert len(slugs) == len(set(slugs))


def test_files_say_who_writes_them():
    for path, text in policies.files(policies.FOLDER).items():
        assert path.name == "README.md" or text.startswith("# Written by scripts/policies.py"), path
