"""What lies in a reader's folder: a clone of the repository, or files of their own that a page speaks of."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml

from tests.documentation.reader import Reader
from tests.programs import ROOT
from tests.unit.docs.pages import blocks

# Pages for people who stand in a folder of their own; all others are for a clone.
OWN: Final = frozenset(
    {
        "docs/how-to/check-in-ci.md",
        "docs/how-to/debug-a-denial.md",
        "docs/how-to/write-a-policy.md",
        "docs/how-to/private-registries.md",
        "docs/how-to/upgrade.md",
    }
)
# What a reader of a page has done before.
_TRANSLATE: Final = "bestbefore translate policies/maximum-image-age/cip.yaml > translated.yaml"
BEFORE: Final = {
    "README.md": [_TRANSLATE],
    "docs/tutorials/first-policy.md": [_TRANSLATE],
    "docs/how-to/check-in-ci.md": ["bestbefore translate policies/ --output-dir translated"],
    "docs/how-to/upgrade.md": ["bestbefore translate policies/ --output-dir translated"],
    "docs/how-to/nothing-can-be-deployed.md": [_TRANSLATE],
    "docs/how-to/uninstall.md": [_TRANSLATE],
    "helm/bestbefore/README.md": [_TRANSLATE],
}
_POLICY: Final = ROOT / "policies" / "maximum-image-age" / "cip.yaml"
_RULE: Final = ROOT / "docs" / "how-to" / "write-a-policy.md"
_TEMPLATE: Final = ROOT / "docs" / "how-to" / "write-your-own-template.md"
_DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "registry.example.com/shop/web:1.4"}
"""


def fill(reader: Reader, page: str) -> None:
    """Lay into a reader's folder what a page takes for granted."""
    if page in OWN:
        own(reader.folder, reader.spelt)
    else:
        clone(reader.folder)


def clone(folder: Path) -> None:
    """A copy of what is committed here, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for path in filter(None, listed.stdout.decode().split("\0")):
        source, target = ROOT / path, folder / path
        if source.is_file() and not path.startswith(".build"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def own(folder: Path, spelt: Callable[[str], str]) -> None:
    """A repository with manifests, a chart and policies, its texts with reachable images in them."""
    rule = next(block.text for block in blocks(_RULE) if block.language == "rego")
    policy = yaml.safe_load(_POLICY.read_text("utf-8"))
    policy["spec"]["policy"]["data"] = rule
    suite = next(block.text for block in blocks(_RULE) if block.language == "yaml" and "cases:" in block.text)
    shutil.copytree(ROOT / "helm", folder / "helm")
    for path, text in {
        "policies/cip.yaml": _POLICY.read_text("utf-8"),
        "policy.yaml": yaml.safe_dump(policy, sort_keys=False),
        "bestbefore-test.yaml": suite,
        "template.yaml": (_POLICY.parent / "template.yaml").read_text("utf-8"),
        "constraint.yaml": (_POLICY.parent / "constraint.yaml").read_text("utf-8"),
        "ca.crt": "",
        "config.json": '{"auths": {}}',
        "configmap.yaml": yaml.safe_dump(_config_map(rule)),
        "deployment.yaml": _DEPLOYMENT,
        "deploy/web.yaml": _DEPLOYMENT,
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "chart/templates/web.yaml": _DEPLOYMENT,
    }.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(spelt(text), "utf-8")


def _config_map(rule: str) -> dict[str, object]:
    metadata = {"name": "rules", "namespace": "cosign-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"policy": rule}}
