"""`bestbefore version`: ours, and those of the libraries that nothing else shows."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from provider.version import VERSION
from tests.unit.cli.conftest import Run


def test_libraries_inside_of_wheels_are_named(run: Run) -> None:
    done = run("version", "--output", "json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["version"] == VERSION
    found = {(library["name"], library["inside"].split()[0]): library["version"] for library in told["libraries"]}
    wanted = {("libcurl", "pycurl"), ("OpenSSL", "pycurl"), ("nghttp2", "pycurl"), ("c-ares", "pycares")}
    assert wanted | {("OpenSSL", "cryptography"), ("OpenSSL", "Python")} <= set(found)
    assert [name for name, version in found.items() if not version[:1].isdigit()] == []


def test_text_begins_with_our_version(run: Run) -> None:
    done = run("version")
    assert done.stdout.startswith(f"bestbefore {VERSION}\n")
    assert "\nlibcurl\t" in done.stdout


@pytest.mark.parametrize("package", ["pycurl", "pycares"])
def test_missing_package_is_told_beside_what_is_there(run: Run, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    done = run("version")
    assert done.exit_code == 3
    assert f"error: {package} cannot be used: " in done.stderr
    assert f"bestbefore {VERSION}\n" in done.stdout
    assert "\nOpenSSL\t" in done.stdout


@pytest.mark.parametrize("words", [["--version"], ["version", "--help"], ["explain"]])
def test_nobody_else_pays_for_the_libraries(words: list[str]) -> None:
    code = "import sys\nfrom gatekeeper.cli.main import cli\ncli(standalone_mode=False)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert {"pycurl", "pycares", "cryptography"}.isdisjoint(done.stdout.split())
