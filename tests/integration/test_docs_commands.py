"""Every command of every page runs as printed, with the real bestbefore, opa, helm and a registry.

kubectl is a stand-in here, which sees that files are there and can be read; `tests/e2e/test_docs.py` has the real one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.documentation import folders, images, programs
from tests.documentation.exceptions import CLUSTER_EXIT_CODES, EXIT_CODES, NOT_RUN, Exemption
from tests.documentation.reader import Reader
from tests.e2e.rig import registry as registries
from tests.programs import program
from tests.unit.docs.pages import PAGES, commands, name

pytestmark = pytest.mark.integration

_WITH_COMMANDS = [page for page in PAGES if list(commands(page))]


@pytest.fixture(scope="module")
def reachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A registry with the pages' images, by what they replace."""
    registry = registries.start(program("registry"), tmp_path_factory.mktemp("registry"))
    yield images.push(registry)
    registry.stop()


@pytest.fixture
def reader(tmp_path: Path, reachable: Mapping[str, str]) -> Reader:
    """A reader whose kubectl is a stand-in, and whose helm installs nothing."""
    home, folder, stand_ins = (tmp_path / part for part in ("home", "folder", "bin"))
    for made in (home, folder, stand_ins):
        made.mkdir()
    programs.stand_in(stand_ins, "kubectl")
    programs.helm(stand_ins, program("helm"))
    path = [stand_ins, Path(sys.executable).parent, program("opa").parent, program("gator").parent]
    return Reader(folder, home, path, reachable, {"PYTHONPATH": os.environ.get("PYTHONPATH", "")})


@pytest.mark.parametrize("page", _WITH_COMMANDS, ids=name)
def test_commands_of_a_page_run_as_printed(page: Path, reader: Reader) -> None:
    folders.fill(reader, name(page))
    before = folders.BEFORE.get(name(page), [])
    typed = [line for line in commands(page) if not any(entry.covers(line) for entry in NOT_RUN)]
    for run in reader.type([*before, *typed]):
        assert run.code == EXIT_CODES.get(run.command, 0), f"{run.command}\n{run.output}"


@pytest.mark.parametrize("entry", NOT_RUN, ids=lambda entry: entry.pattern)
def test_every_reason_not_to_run_a_command_has_a_command(entry: Exemption) -> None:
    assert any(entry.covers(line) for page in PAGES for line in commands(page))


@pytest.mark.parametrize("command", [*EXIT_CODES, *CLUSTER_EXIT_CODES])
def test_every_command_that_says_no_is_on_a_page(command: str) -> None:
    assert any(command == line for page in PAGES for line in commands(page))


@pytest.mark.parametrize("page", sorted({*folders.OWN, *folders.BEFORE}))
def test_every_page_that_a_reader_is_prepared_for_has_commands(page: str) -> None:
    assert page in {name(each) for each in _WITH_COMMANDS}
