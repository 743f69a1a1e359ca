"""Copies of the tree, so that no mistake ever stands in the one that somebody works in."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutant import Mutant


@dataclass(frozen=True)
class Tree:
    """A copy.

    Attributes:
        root: its folder.
    """

    root: Path

    @contextmanager
    def wrong(self, mutant: Mutant) -> Iterator[None]:
        """The copy with one mistake, which is taken back at the end."""
        path = self.root / mutant.file
        right = path.read_bytes()
        # Compiled code is found by time and size of its source, and a mistake may change neither.
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
        path.write_text(mutant.text, encoding="utf-8")
        try:
            yield
        finally:
            path.write_bytes(right)


def of_repository(repository: Path, root: Path) -> Tree:
    """Copy what git knows of, as it stands there now, and what is new but not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (source := repository / name).is_file():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return Tree(root)


def of_tree(tree: Tree, root: Path) -> Tree:
    """Another copy, with what is compiled in it."""
    shutil.copytree(tree.root, root)
    return Tree(root)
