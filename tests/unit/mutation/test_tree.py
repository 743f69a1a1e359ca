"""Copies of the tree."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from tests.mutation import mutants, tree


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "door.py").write_text("A = 1\n")
    (root / ".gitignore").write_text(".venv/\n")
    (root / ".venv").mkdir()
    (root / ".venv" / "large").touch()
    (root / "gone").touch()
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-C", root, "add", "."], check=True)
    (root / "gone").unlink()
    (root / "new").touch()
    return root


def test_copy_is_what_stands_there_now_but_for_what_is_ignored(repository, tmp_path):
    copy = tree.of_repository(repository, tmp_path / "copy")
    files = sorted(path.relative_to(copy.root) for path in copy.root.rglob("*") if path.is_file())
    assert files == [Path(".gitignore"), Path("new"), Path("shop/door.py")]


def test_mistake_stands_in_the_copy_alone_and_is_taken_back(repository, tmp_path):
    copy = tree.of_repository(repository, tmp_path / "copy")
    (mutant,) = [one for one in mutants.of("shop/door.py", "A = 1\n") if one.operator == "number"]
    compiled = Path(importlib.util.cache_from_source(str(copy.root / "shop" / "door.py")))
    compiled.parent.mkdir()
    compiled.touch()
    with copy.wrong(mutant):
        assert (copy.root / "shop" / "door.py").read_text() == "A = 2\n"
        assert (repository / "shop" / "door.py").read_text() == "A = 1\n"
        assert not compiled.exists()
    assert (copy.root / "shop" / "door.py").read_text() == "A = 1\n"
