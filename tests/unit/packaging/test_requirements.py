"""Dependencies: each has a reason and a pin, and none says where it was fetched from."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "requirements"
PURPOSES = ("runtime", "build", "dev")
PIN = re.compile(r"([a-z0-9.-]+)==[^ ]+ \\")


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


def wanted(purpose: str) -> set[str]:
    """The names that an .in file asks for itself."""
    return {Requirement(line.split()[0]).name for line in lines(f"{purpose}.in") if line and line[0] not in "#-"}


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


@pytest.fixture(scope="module")
def package() -> dict[str, Requirement]:
    """What `pip install .[…]` takes with all extras, by name."""
    read = configparser.ConfigParser()
    read.read(ROOT / "setup.cfg", encoding="utf-8")
    asked = [read["options"]["install_requires"], *read["options.extras_require"].values()]
    requirements = map(Requirement, filter(None, "\n".join(asked).splitlines()))
    return {requirement.name: requirement for requirement in requirements}


def test_package_asks_for_what_runtime_in_explains(package: dict[str, Requirement]) -> None:
    assert set(package) == wanted("runtime")


def test_package_takes_no_version_that_is_older_than_the_tests_know(package: dict[str, Requirement]) -> None:
    assert [name for name, requirement in package.items() if requirement.specifier.contains("0.0.1")] == []


def test_package_takes_what_is_tested_and_shipped(package: dict[str, Requirement]) -> None:
    versions = {name: line.partition("==")[2].split()[0] for name, line in pinned("runtime").items()}
    assert {name for name in package if not package[name].specifier.contains(versions[name])} == set()


# Where private parts are used, and what the next version is that may have moved them.
@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("botocore", "1.45"),
        ("docker-registry-client", "0.6"),
        ("gunicorn", "27.1"),
        ("pyyaml", "7"),
        ("sigstore", "4.6"),
    ],
)
def test_package_takes_no_version_that_may_have_moved_private_parts(
    package: dict[str, Requirement], name: str, version: str
) -> None:
    assert not package[name].specifier.contains(version)


def test_package_takes_no_urllib3_that_lets_a_line_fill_the_memory(package: dict[str, Requirement]) -> None:
    assert not package["urllib3"].specifier.contains("2.7.0")
