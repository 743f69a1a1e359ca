"""Mutants of a Rego file: the file again and again, each time with one mistake."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from gatekeeper.evaluation import capabilities
from tests.engine import engine
from tests.mutation.mutant import Mutant
from tests.mutation.rego_operators import Mistake, mistakes
from tests.programs import ROOT

_TEST: Final = "_test.rego"


@dataclass(frozen=True, eq=False)
class RegoMutant(Mutant):
    """A Rego file with one mistake."""

    _right: str
    _mistake: Mistake

    @cached_property
    def text(self) -> str:  # type: ignore[override] - kept, as that of any mutant
        """The whole file."""
        return self._right[: self._mistake.start] + self._mistake.text + self._right[self._mistake.end :]

    @cached_property
    def is_valid(self) -> bool:  # type: ignore[override] - kept, because it takes a while
        """Whether it compiles beside the other files of its folder."""
        if self.text == self._right:
            return False
        path = ROOT / self.file
        with tempfile.TemporaryDirectory(prefix="bestbefore-rego-") as scratch:
            for other in path.parent.glob("*.rego"):
                if other.name != path.name and not other.name.endswith(_TEST):
                    shutil.copy(other, scratch)
            (Path(scratch) / path.name).write_text(self.text, encoding="utf-8")
            command = [engine().path, "check", "--v0-compatible", "--capabilities", capabilities.PATH, scratch]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0


def of(file: str, text: str) -> list[RegoMutant]:
    """Every mutant of a file, in the order of its lines; some of them are not valid. A file of tests has none."""
    if file.endswith(_TEST):
        return []
    lines = text.splitlines()
    return sorted(
        (
            RegoMutant(file, lines, one.operator, (_line(text, one.start), _line(text, one.end)), text, one)
            for one in mistakes(text)
        ),
        key=lambda mutant: mutant.line,
    )


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
