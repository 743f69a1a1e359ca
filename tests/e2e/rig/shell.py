"""Command lines as a reader of the documentation types them, with the real kubectl at the rig's API server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.rig.processes import RigError

_SECONDS = 180


@dataclass(frozen=True)
class Shell:
    """A shell with the programs of a reader.

    Attributes:
        kubeconfig: the cluster that kubectl talks to.
        folder: the working folder, which is the reader's home, too.
        path: folders of programs that go before those of the PATH.
        environment: further variables.
    """

    kubeconfig: Path
    folder: Path
    path: Sequence[Path]
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command line as bash does, and wait for it.

        Raises:
            RigError: it did not end in time.
        """
        path = os.pathsep.join([*(str(folder) for folder in self.path), os.environ["PATH"]])
        surroundings = {
            **os.environ,
            "PATH": path,
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.kubeconfig),
            **self.environment,
        }
        words = ["bash", "-o", "pipefail", "-c", command]
        try:
            return subprocess.run(
                words, cwd=self.folder, env=surroundings, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise RigError(f"not ended after {_SECONDS} s: {command}") from None

    def output(self, command: str) -> str:
        """What a command line prints.

        Raises:
            RigError: it failed.
        """
        done = self.run(command)
        if done.returncode != 0:
            raise RigError(f"{command}: {done.stderr or done.stdout}")
        return done.stdout
