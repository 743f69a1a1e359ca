"""Pods of many images, laid out for one evaluation of a policy: how the work grows with their number."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gatekeeper.evaluation import capabilities, opa, program
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.program import StubAnswers, Template
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import coverage, translate

_ROOT: Final = Path(__file__).parents[1]
_NOW: Final = 1_767_225_600_000_000_000
_BUILT: Final = 1_759_276_800_000_000_000
_DIGEST: Final = f"sha256:{'a' * 64}"
_QUERY: Final = "data.bestbefore_driver.violations"


@dataclass(frozen=True)
class Policy:
    """A template with the parameters of its Constraint."""

    template: Mapping[str, Any]
    parameters: Mapping[str, Any]


def _translated(name: str) -> Policy:
    (made,) = translate(load_policies([_ROOT / "policies" / name / "cip.yaml"]).policies)
    return Policy(made.template, made.constraints[0]["spec"]["parameters"])


def _own() -> Policy:
    policy = MaximumImageAge()
    return Policy(policy.KIND.template(), policy.constraints()[0]["spec"]["parameters"])


def _covered() -> Policy:
    made = coverage(load_policies([_ROOT / "policies" / "maximum-image-age" / "cip.yaml"]).policies, "deny")
    return Policy(made.template, made.constraints[0]["spec"]["parameters"])


POLICIES: Final[Mapping[str, Callable[[], Policy]]] = {
    "maximum-image-age-rego": lambda: _translated("maximum-image-age"),
    "digest-only": lambda: _translated("digest-only"),
    "MaximumImageAge": _own,
    "no policy covers": _covered,
}


def lay_out(folder: Path, name: str, images: int, *, audit: bool = False) -> None:
    """Write the policy, a Pod of so many images that are all too old, and the answers about them."""
    policy = POLICIES[name]()
    case = ConstraintReview(Template.of(policy.template), policy.parameters, _review(images, audit=audit), _NOW)
    keys = Evaluator(opa.Opa(opa.find().path)).questions([case])
    program.write(
        folder, [case.template], [{**case.to_json(), "book": 0}], [StubAnswers({key: _facts(key) for key in keys}, {})]
    )


def evaluated(folder: Path, *options: str) -> dict[str, Any]:
    """What `opa eval` prints of what is laid out there, its metrics among it."""
    words: list[str | Path] = [opa.find().path, "eval", "--v0-compatible", "--format", "json", "--metrics"]
    words += ["--capabilities", capabilities.DRIVER_PATH, "--data", folder, *options, _QUERY]
    done = subprocess.run(words, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def violations(printed: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The violations in what was printed."""
    (result,) = printed["result"]
    return list(result["expressions"][0]["value"]["0"])


def _review(images: int, *, audit: bool) -> dict[str, Any]:
    names = [(f"c{number}", f"registry.example.com/shop/web{number}") for number in range(images)]
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "uid": "1"},
        "spec": {"containers": [{"name": name, "image": f"{image}:1"} for name, image in names]},
    }
    if audit:
        ids = [{"name": name, "imageID": f"{image}@{_DIGEST}"} for name, image in names]
        pod["status"] = {"containerStatuses": ids}
    return {
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "" if audit else "CREATE",
        "uid": "" if audit else "7",
        "name": "web",
        "namespace": "shop",
        "userInfo": {"username": "" if audit else "ann"},
        "object": pod,
        "oldObject": None,
    }


def _facts(key: str) -> dict[str, Any]:
    image = str(json.loads(key)["image"])
    built = {"created": "2025-10-01T00:00:00Z", "createdNs": str(_BUILT), "createdFrom": "config"}
    platforms = ("linux/amd64", "linux/arm64")
    return {
        "image": image,
        "digest": _DIGEST,
        **built,
        "platforms": {name: {"digest": _DIGEST, **built} for name in platforms},
        "config": {name: {"created": built["created"]} for name in platforms},
    }
