"""Runs what belongs to the Rego itself: its tests, its format, its strict compilation."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from gatekeeper.evaluation import capabilities
from tests.engine import engine
from tests.programs import short_run

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
REGO = ROOT / "gatekeeper" / "rego"
FILES = sorted(REGO.glob("*.rego"))


def run(command, *arguments):
    words = [engine().path, command, "--v0-compatible", *arguments, REGO]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=short_run())


def test_every_rego_test_passes():
    # Each has 5 seconds otherwise, which on a machine with other work is no statement about the rule.
    done = run("test", "--timeout", "60s", "--capabilities", capabilities.PATH)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^PASS: (\d+)/\1$", done.stdout, re.MULTILINE), done.stdout


def test_rego_is_formatted():
    assert run("fmt", "--list", "--fail").stdout == ""


def test_rego_compiles_strictly_with_what_gatekeeper_has():
    done = run("check", "--strict", "--capabilities", capabilities.PATH)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "file", [file for file in FILES if not file.stem.endswith("_test")], ids=lambda file: file.stem
)
def test_every_public_rule_and_package_has_a_description(file):
    blocks = re.split(r"\n\n+", file.read_text())
    heads = [(block, re.search(r"^(?:default )?(\w+)", block, re.MULTILINE)[1]) for block in blocks]
    public = {name for _, name in heads if not name.startswith("_")} - {"package", "import", "violation", "questions"}
    described = {name for block, name in heads if block.startswith("# METADATA")}
    assert public - described == set()
    assert blocks[0].startswith("# METADATA\n# title: ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_names_of_tests_are_their_own(file):
    # opa renames a repeated one, and a runner that goes by names would take either for both.
    names = Counter(re.findall(r"^(test_\w+)", file.read_text(), re.MULTILINE))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_library_has_tests():
    stems = {file.stem for file in FILES}
    libraries = {file.stem for file in FILES if "package lib." in file.read_text() and not file.stem.endswith("_test")}
    # What a whole template does is tested through it, and what is made of a table with the table.
    assert {stem for stem in libraries if f"{stem}_test" not in stems} <= {"cip", "kinds", "limits", "reasons"}
