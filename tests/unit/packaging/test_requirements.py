"""Dependencies: each has a reason and a pin, and none says where it was fetched from."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "requirements"
PURPOSES = ("runtime", "build", "dev")
PIN = re.compile(r"([a-z0-9.-]+)==[^ ]+ \\")


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


def wanted(purpose: str) -> set[str]:
    """The names that an .in file asks for itself."""
    return {line.split()[0] for line in lines(f"{purpose}.in") if line and line[0] not in "#-"}


def pinned(purpose: str) -> dict[str, str]:
    """Each pin by its name."""
    return {found[1]: line for line in lines(f"{purpose}.txt") if (found := PIN.match(line))}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_dependency_has_a_reason(purpose: str) -> None:
    for line in lines(f"{purpose}.in"):
        assert not line or line[0] in "#-" or re.fullmatch(r"\S+ +# \S.+", line), line


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_dependency_is_pinned(purpose: str) -> None:
    assert wanted(purpose) <= set(pinned(purpose))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_pin_has_a_hash_and_no_line_is_anything_else(purpose: str) -> None:
    text = lines(f"{purpose}.txt")
    for number, line in enumerate(text):
        if PIN.match(line):
            assert text[number + 1].startswith("    --hash=sha256:")
        else:
            assert not line or line.startswith(("    --hash=sha256:", "    #", "#")), line


@pytest.mark.parametrize("purpose", PURPOSES)
def test_pins_name_no_host_and_no_folder_of_a_machine(purpose: str) -> None:
    assert not re.search(r"://|\s/|--(extra-)?index|--trusted|--find-links", "\n".join(lines(f"{purpose}.txt")))


@pytest.mark.parametrize("purpose", ["runtime", "build"])
def test_what_is_tested_is_what_is_shipped(purpose: str) -> None:
    assert pinned(purpose).items() <= pinned("dev").items()


def test_package_asks_for_what_runtime_in_explains() -> None:
    package = configparser.ConfigParser()
    package.read(ROOT / "setup.cfg", encoding="utf-8")
    assert set(package["options"]["install_requires"].split()) == wanted("runtime")
