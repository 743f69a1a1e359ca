"""A small cluster in files: Namespaces, workloads, and what is known of their images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli.main import cli
from gatekeeper.own.maximum_image_age import MaximumImageAge
from tests.engine import engine

NOW: Final = "2026-12-01T06:00:00Z"
_NOW_SECONDS: Final = 1_796_104_800
_DAY: Final = 86_400


@dataclass
class FileCluster:
    """Where the files are.

    Attributes:
        folder: of all of them.
    """

    folder: Path

    def __post_init__(self) -> None:
        self.objects: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}
        self.add_namespace("shop", "team-shop")

    def add_namespace(self, name: str, team: str) -> None:
        labels = {"team": team, "policy.sigstore.dev/include": "true"}
        self.objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def add(self, name: str, days: float | None, namespace: str = "shop") -> None:
        """A Deployment whose image is so old; None for one of which nothing is known."""
        image = f"registry.test/{namespace}/{name}:1"
        pod = {"containers": [{"name": name, "image": image}]}
        template = {"metadata": {"labels": {"app": name}}, "spec": pod}
        metadata = {"name": name, "namespace": namespace, "uid": f"u-{name}"}
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
        self.objects.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
        if days is not None:
            self.facts[image] = _facts(image, days)

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return str(path)

    @property
    def inventory(self) -> str:
        return self.file("inventory.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": self.objects}))

    def policy(self, name: str = "policy.yaml", **settings: Any) -> str:
        made = MaximumImageAge(**{"reschedule": "deny", **settings})
        return self.file(name, yaml.safe_dump_all(made.constraints()))

    def run(self, *words: str) -> Result:
        facts = self.file("facts.json", json.dumps({"version": 1, "images": self.facts}))
        common = ["--facts", facts, "--now", NOW, "--team-label", "team"]
        return CliRunner().invoke(cli, [*words, *common], env={"BESTBEFORE_OPA": str(engine().path)})


def _facts(image: str, days: float) -> Mapping[str, Any]:
    seconds = _NOW_SECONDS - int(days * _DAY)
    created = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    date = {"created": created, "createdNs": str(seconds * 1_000_000_000), "createdFrom": "config"}
    digest = "sha256:" + "ab" * 32
    return {
        "image": image,
        "digest": digest,
        **date,
        "platforms": {"linux/amd64": {"digest": digest, **date}},
        "signature": {"status": "unchecked"},
    }
