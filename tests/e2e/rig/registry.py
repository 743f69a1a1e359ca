"""A real registry, and images made up for it.

An image is a configuration with a date and a manifest that names it; nobody pulls, so the one layer is a few bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.e2e.rig import processes
from tests.e2e.rig.processes import Program
from tests.ports import free_port

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker.distribution"
_START_SECONDS = 30.0
_REQUEST_SECONDS = 30.0


@dataclass(frozen=True)
class PushedImage:
    """An image in the registry.

    Attributes:
        reference: `HOST:PORT/REPOSITORY:TAG`.
        repository: `HOST:PORT/REPOSITORY`.
        digest: of what the tag points to.
        config_digest: of its configuration (of the first platform's).
    """

    reference: str
    repository: str
    digest: str
    config_digest: str

    @property
    def pinned(self) -> str:
        """`HOST:PORT/REPOSITORY@sha256:…`."""
        return f"{self.repository}@{self.digest}"


@dataclass(frozen=True)
class Registry:
    """A running registry.

    Attributes:
        host: `127.0.0.1:PORT`, plain HTTP.
    """

    program: Program
    host: str

    def push(
        self, name: str, created: str | None, tag: str = "latest", history: Sequence[str | None] = ()
    ) -> PushedImage:
        """Push an image for one platform whose configuration says when it, and each step, was created, or nothing."""
        digest, _, config_digest = self._push_platform(name, "linux/amd64", created, tag, history)
        return PushedImage(f"{self.host}/{name}:{tag}", f"{self.host}/{name}", digest, config_digest)

    def push_index(self, name: str, platforms: Mapping[str, str | None], tag: str = "latest") -> PushedImage:
        """Push an image for several platforms: `{"linux/amd64": created, …}`."""
        manifests, configs = [], []
        for platform, created in platforms.items():
            digest, size, config_digest = self._push_platform(name, platform, created)
            system, architecture = platform.split("/")
            configs.append(config_digest)
            manifests.append(
                {
                    "mediaType": f"{OCI}.manifest.v1+json",
                    "digest": digest,
                    "size": size,
                    "platform": {"os": system, "architecture": architecture},
                }
            )
        index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": manifests}
        digest, _ = self._push_manifest(name, index, tag)
        return PushedImage(f"{self.host}/{name}:{tag}", f"{self.host}/{name}", digest, configs[0])

    def stop(self) -> None:
        """Stop it; its images are gone."""
        self.program.stop()

    def _push_platform(
        self,
        name: str,
        platform: str,
        created: str | None,
        tag: str | None = None,
        history: Sequence[str | None] = (),
    ) -> tuple[str, int, str]:
        system, architecture = platform.split("/")
        config: dict[str, Any] = {"os": system, "architecture": architecture, "config": {}}
        if created is not None:
            config["created"] = created
        if history:
            config["history"] = [{} if each is None else {"created": each} for each in history]
        layer = self._push_blob(name, f"layer of {name} {platform}".encode())
        config["rootfs"] = {"type": "layers", "diff_ids": [layer["digest"]]}
        config_blob = self._push_blob(name, json.dumps(config).encode())
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": {"mediaType": f"{OCI}.config.v1+json", **config_blob},
            "layers": [{"mediaType": f"{OCI}.layer.v1.tar", **layer}],
        }
        digest, size = self._push_manifest(name, manifest, tag)
        return digest, size, config_blob["digest"]

    def _push_blob(self, name: str, content: bytes) -> dict[str, Any]:
        digest = digest_of(content)
        response = requests.post(
            f"http://{self.host}/v2/{name}/blobs/uploads/",
            params={"digest": digest},
            data=content,
            timeout=_REQUEST_SECONDS,
        )
        response.raise_for_status()
        return {"digest": digest, "size": len(content)}

    def _push_manifest(self, name: str, manifest: Mapping[str, Any], tag: str | None) -> tuple[str, int]:
        content = json.dumps(manifest).encode()
        digest = digest_of(content)
        response = requests.put(
            f"http://{self.host}/v2/{name}/manifests/{tag or digest}",
            data=content,
            headers={"Content-Type": manifest["mediaType"]},
            timeout=_REQUEST_SECONDS,
        )
        response.raise_for_status()
        return digest, len(content)


def start(program: Path, logs: Path) -> Registry:
    """Start an empty registry and wait until it answers.

    Args:
        program: go-containerregistry's `registry`, or ours that answers referrers too.
        logs: for what it says.
    """
    port = free_port()
    running = processes.start(program.name, [program, "-port", str(port)], logs)
    processes.wait_until(lambda: processes.listening(port), "listening registry", _START_SECONDS, running)
    return Registry(running, f"127.0.0.1:{port}")


def days_ago(days: float) -> str:
    """The moment so many days before now, as image configurations write it."""
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def digest_of(content: bytes) -> str:
    """The digest by which content is addressed."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
