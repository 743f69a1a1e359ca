"""The registry that questions are about: its delay, its signatures, and what it was asked for."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provider.questions.proof_question import Key, Verify
from provider.questions.question import FactQuestion, ProofQuestion, key_of
from tests.e2e.rig import processes
from tests.e2e.rig.processes import Program

_START_SECONDS = 10.0


@dataclass
class Registry:
    """The running registry. Every name is an image; so a number that was not used before is a cold one."""

    program: Program
    address: str
    public_key: str
    used: int = 0

    def set(self, *, delay_ms: int = 0, signatures: int = 0, token: bool = False) -> None:
        """Change how it behaves."""
        query = {"delay": f"{delay_ms}ms", "signatures": str(signatures), "token": str(token).lower()}
        self._send("POST", f"/bench/settings?{urllib.parse.urlencode(query)}")

    def counts(self) -> Mapping[str, int]:
        """What was asked for since the last call."""
        kinds: dict[str, int] = json.loads(self._send("GET", "/bench/counts"))["kinds"]
        return kinds

    def images(self, count: int, kind: str = "plain") -> list[str]:
        """References of images that nobody has asked for; of the kind `index` they are for two platforms."""
        first, self.used = self.used, self.used + count
        return [f"{self.address}/{kind}/image-{number}:1" for number in range(first, self.used)]

    def pinned(self, images: list[str]) -> list[str]:
        """The images by their digests."""
        return [f"{image.removesuffix(':1')}@{self._digest(image)}" for image in images]

    def proof(self, image: str) -> str:
        """The question that a policy with this registry's key asks about an image."""
        return key_of(ProofQuestion(image, Verify(key=Key(self.public_key))))

    def stop(self) -> None:
        self.program.stop()

    def _digest(self, image: str) -> str:
        repository = image.removeprefix(f"{self.address}/").removesuffix(":1")
        request = urllib.request.Request(f"http://{self.address}/v2/{repository}/manifests/1", method="HEAD")
        with urllib.request.urlopen(request, timeout=10) as response:
            return str(response.headers["Docker-Content-Digest"])

    def _send(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(f"http://{self.address}{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            content: bytes = response.read()
            return content


def start(tools: Path, folder: Path) -> Registry:
    """Start one on a free port."""
    key = folder / "registry.pub"
    program = processes.start("registry", [tools / "registry", "-key", key], folder)
    processes.wait_until(lambda: program.output().endswith("\n"), "registry", _START_SECONDS, program)
    return Registry(program, program.output().split()[0], key.read_text())


def fact(image: str) -> str:
    """The question that a policy with a rule over the configuration asks."""
    return key_of(FactQuestion(image, config=True))
