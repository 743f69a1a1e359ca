"""The registry that questions are about: how it behaves, and what it was asked for."""

from __future__ import annotations

import json
import ssl
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.rig import processes
from tests.e2e.rig.certificates import Pair
from tests.e2e.rig.processes import Program

_START_SECONDS = 10.0
_ANSWER_SECONDS = 30.0


@dataclass
class Registry:
    """A running registry. Every name is an image; so a number that was not used before is a cold one.

    Attributes:
        program: the process.
        address: `host:port`.
        public_key: PEM; all signatures are by this key.
        authority: PEM file of who certified it; None where it speaks plain HTTP.
        used: how many images were named.
        digests: of the images that were named, by their references.
    """

    program: Program
    address: str
    public_key: str
    authority: Path | None = None
    used: int = 0
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Scheme and address."""
        return f"{'https' if self.authority else 'http'}://{self.address}"

    def set(
        self,
        kind: str = "",
        *,
        delay_ms: int = 0,
        signatures: int = 0,
        usual: bool = False,
        token: bool = False,
        hang: bool = False,
    ) -> None:
        """Change how it behaves, whole.

        Args:
            kind: of which repositories; all, where none is named, which ends what was said of single kinds.
            delay_ms: before each answer.
            signatures: of an image that is named from now on.
            usual: whether the first of them is over the payload that tools write by default.
            token: whether one is wanted.
            hang: whether children of an index are never told.
        """
        flags = {"usual": usual, "token": token, "hang": hang}
        query = {"kind": kind, "delay": f"{delay_ms}ms", "signatures": str(signatures)}
        query |= {name: str(value).lower() for name, value in flags.items()}
        self._send("POST", f"/bench/settings?{urllib.parse.urlencode(query)}")

    def counts(self) -> Mapping[str, int]:
        """What was asked for since the last call."""
        kinds: dict[str, int] = json.loads(self._send("GET", "/bench/counts"))["kinds"]
        return kinds

    def images(self, count: int, kind: str = "plain") -> list[str]:
        """References of images that nobody has asked for, made beforehand; tools/registry/main.go tells the kinds."""
        first, self.used = self.used, self.used + count
        repositories = [f"{kind}/image-{number}" for number in range(first, self.used)]
        digests: list[str] = json.loads(self._send("POST", "/bench/images", "\n".join(repositories).encode()))
        references = [f"{self.address}/{repository}:1" for repository in repositories]
        self.digests.update(zip(references, digests, strict=True))
        return references

    def pinned(self, images: Sequence[str]) -> list[str]:
        """The images by their digests."""
        return [f"{image.removesuffix(':1')}@{self.digests[image]}" for image in images]

    def stop(self) -> None:
        self.program.stop()

    def _send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.url}{path}", body, method=method)
        context = ssl.create_default_context(cafile=self.authority) if self.authority else None
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS, context=context) as response:
            content: bytes = response.read()
            return content


def start(
    tools: Path, folder: Path, name: str = "registry", pair: Pair | None = None, *, http2: bool = False
) -> Registry:
    """Start one on a free port; with a certificate it speaks TLS."""
    key = folder / f"{name}.pub"
    words: list[str | Path] = [tools / "registry", "-key", key]
    if pair is not None:
        words += ["-tls", pair.folder, f"-http2={str(http2).lower()}"]
    program = processes.start(name, words, folder)
    processes.wait_until(lambda: program.output().endswith("\n"), name, _START_SECONDS, program)
    return Registry(program, program.output().split()[0], key.read_text(), pair.authority if pair else None)
