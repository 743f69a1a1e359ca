"""What `pip install .` gives: the command, the types and the Rego library."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from provider.version import VERSION

ROOT = Path(__file__).parents[2]
SOURCES = ("provider", "gatekeeper")
METADATA = ("setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md")

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy so that the checkout stays clean."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "bin"))
    for name in METADATA:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "dist"), str(copy))
    (built,) = (copy / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; its dependencies are borrowed from ours, so that no network is needed."""
    home = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", str(home))
    site = next((home / "lib").glob("python*")) / "site-packages"
    run(
        *(sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")),
        *("install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)),
    )
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return home


def run(*command: str, cwd: Path | None = None) -> str:
    """The program's output; its complaints are the failure's text."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_wheel_holds_every_source_file_and_nothing_else(wheel: Path) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for name in SOURCES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and (ROOT / "gatekeeper/evaluation/bin") not in path.parents
    }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_wheel_holds_its_license(wheel: Path) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_command_of_a_fresh_environment_tells_its_version(environment: Path, tmp_path: Path) -> None:
    assert VERSION in run(str(environment / "bin" / "bestbefore"), "--version", cwd=tmp_path)


def test_rego_library_is_found_in_a_fresh_environment(environment: Path, tmp_path: Path) -> None:
    listing = "import importlib.resources as r; print(*(p.name for p in r.files('gatekeeper.rego').iterdir()))"
    found = run(str(environment / "bin" / "python"), "-c", listing, cwd=tmp_path).split()
    wanted = {path.name for path in (ROOT / "gatekeeper" / "rego").glob("*.rego")}
    assert wanted <= set(found)
