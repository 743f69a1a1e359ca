"""A reader: a home of their own, a folder with the files that a page speaks of, programs, and a registry."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.rig.processes import PATIENCE

# `bestbefore test policies/` alone takes a minute.
_SECONDS = 120 * PATIENCE


@dataclass(frozen=True)
class Run:
    """A command that was run.

    Attributes:
        command: as the page has it.
        code: its exit code.
        output: both of its output streams.
    """

    command: str
    code: int
    output: str


@dataclass(frozen=True)
class Reader:
    """Somebody who types what a page says.

    Attributes:
        folder: where they type.
        home: their home, empty at first.
        path: folders of programs that go before those of the PATH.
        images: what stands in place of the images and hosts of the pages, since those are not reachable.
        environment: further variables.
    """

    folder: Path
    home: Path
    path: Sequence[Path]
    images: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)

    def type(self, commands: Sequence[str]) -> list[Run]:
        """Run commands one after another in one shell, so that what one exports the next has."""
        outputs = self.home / "outputs"
        outputs.mkdir()
        lines = ["set -o pipefail"]
        for number, command in enumerate(commands):
            lines.append(f"{{ {self.spelt(command)}\n}} >{shlex.quote(str(outputs / str(number)))} 2>&1 </dev/null")
            lines.append(f"echo $? >{shlex.quote(str(outputs / f'{number}.code'))}")
        path = os.pathsep.join([*(str(folder) for folder in self.path), os.environ["PATH"]])
        surroundings = {**os.environ, **self.environment, "PATH": path, "HOME": str(self.home)}
        words = ["bash", "-c", "\n".join(lines)]
        subprocess.run(words, cwd=self.folder, env=surroundings, timeout=_SECONDS, check=True)
        return [
            Run(command, int((outputs / f"{number}.code").read_text()), (outputs / str(number)).read_text())
            for number, command in enumerate(commands)
        ]

    def spelt(self, text: str) -> str:
        """A text of a page with the reachable images in it."""
        for ours, reachable in self.images.items():
            text = text.replace(ours, reachable)
        return text
