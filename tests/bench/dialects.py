"""Requests that an image's date costs at registries with different habits, beside those of `crane config`."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.report import Section, Table, Value
from tests.e2e.rig.provider import command_line
from tests.simulators.registry import RegistrySimulator

_REPOSITORY: Final = "team/app"
_USER: Final = ("reader", "secret")
_BASIC: Final = "Basic cmVhZGVyOnNlY3JldA=="
_SECONDS: Final = 60


@dataclass(frozen=True)
class Dialect:
    """How a registry asks who we are, and where its blobs are.

    Attributes:
        scope: that its challenge names; empty for Basic, None where anybody may read.
        redirects: whether another host has the blobs.
        taken: the scope whose token is taken, where it is another than it names.
    """

    scope: str | None = None
    redirects: bool = False
    taken: str = ""


_OURS: Final = f"repository:{_REPOSITORY}:pull"
_DIALECTS: Final = {
    "no token (MCR)": Dialect(redirects=True),
    "Basic (distribution, zot)": Dialect(""),
    "Basic, blobs elsewhere (ECR)": Dialect("", redirects=True),
    "token (Harbor, GAR)": Dialect(_OURS),
    "token, blobs elsewhere (Docker Hub, Quay, GitLab)": Dialect(_OURS, redirects=True),
    "scope `*` (Artifactory)": Dialect("*", redirects=True, taken="*"),
    "scope `aws` (ECR Public)": Dialect("aws", redirects=True, taken="aws"),
    "a placeholder as scope (GHCR)": Dialect("repository:user/image:pull", redirects=True, taken=_OURS),
    "scope with more (`pull,push`)": Dialect(f"repository:{_REPOSITORY}:pull,push", taken=_OURS),
}


def missing() -> str:
    """Why it cannot be measured; empty where it can."""
    return "" if shutil.which("crane") else "crane is not built"


def measure() -> Section:
    """One image with one platform; each a command that has asked nothing before."""
    rows: dict[str, list[Value]] = {}
    for name, dialect in _DIALECTS.items():
        with _simulated(dialect) as place:
            rows[name] = [*place.asked_by(place.facts), *place.asked_by(place.crane)]
    columns = ["bestbefore facts", "of these", "crane config", "of its"]
    note = "all of them are made one after the other, so they are round trips, too; connections are not counted"
    return Section([Table("Dialects: requests for the date of an image with one platform", columns, rows, note)])


@dataclass(frozen=True)
class _Place:
    """A simulated registry, and who asks it."""

    registry: RegistrySimulator
    host: str
    elsewhere: str
    folder: Path

    def asked_by(self, words: list[str]) -> list[Value]:
        """How many requests a command makes, and of which kinds; a command that fails says so."""
        self.registry.requests.clear()
        environment = {"DOCKER_CONFIG": str(self.folder), "PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        done = subprocess.run(words, capture_output=True, env=environment, timeout=_SECONDS, check=False)
        kinds = Counter(_kind(request.path) for request in self.registry.requests)
        listed = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        return [sum(kinds.values()), listed if done.returncode == 0 else f"{listed}; no answer"]

    @property
    def facts(self) -> list[str]:
        """Our command."""
        config = f"--docker-config={self.folder}/config.json"
        hosts = [f"--insecure-registry={host}" for host in (self.host, self.elsewhere)]
        return [*command_line(), "facts", f"{self.host}/{_REPOSITORY}:v1", config, *hosts]

    @property
    def crane(self) -> list[str]:
        """Theirs, which gives the configuration."""
        return [shutil.which("crane") or "crane", "config", "--insecure", f"{self.host}/{_REPOSITORY}:v1"]


@contextlib.contextmanager
def _simulated(dialect: Dialect) -> Iterator[_Place]:
    registry = RegistrySimulator()
    registry.push_image(_REPOSITORY, "v1")
    with (
        tempfile.TemporaryDirectory(prefix="bestbefore-bench-") as name,
        registry.serve() as host,
        registry.serve() as elsewhere,
    ):
        if dialect.redirects:
            registry.blob_location = lambda digest: f"http://{elsewhere}/store/{digest}"
        if dialect.scope == "":
            registry.challenge, registry.authorizations = 'Basic realm="registry"', {_BASIC}
        elif dialect.scope is not None:
            registry.challenge = f'Bearer realm="http://{host}/token",service="registry",scope="{dialect.scope}"'
            registry.token_paths = {"/token"}
            registry.token_answer = {"token": "t-{scope}", "expires_in": 300}
            registry.authorizations = {f"Bearer t-{scope}" for scope in (_OURS, dialect.taken)}
        auths = {host: {"username": _USER[0], "password": _USER[1], "auth": _BASIC.removeprefix("Basic ")}}
        (Path(name) / "config.json").write_text(json.dumps({"auths": auths}))
        yield _Place(registry, host, elsewhere, Path(name))


def _kind(path: str) -> str:
    if path.startswith("/token"):
        return "token"
    if path.startswith("/store/"):
        return "blob elsewhere"
    if path.rstrip("/") == "/v2":
        return "greeting"
    return "manifest" if "/manifests/" in path else "blob"
