"""The cluster and `bestbefore check` never differ: one table of policies and objects, asked of both.

The whole table is applied once, each case to a namespace of its own (its Constraints look for a label that only that
namespace has); then objects are tried by dry-run creations. The expectation in the table is a third opinion.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from gatekeeper.evaluation import opa
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import coverage, objects, translate
from tests.e2e.parity import table
from tests.e2e.parity.table import ParityCase, Probe
from tests.e2e.rig.kubernetes import Answer, KubernetesClient, Object
from tests.e2e.rig.objects import INCLUDE
from tests.e2e.rig.policies import until, wait_for_policy
from tests.e2e.rig.processes import RigError
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import OCI, Registry, days_ago
from tests.e2e.rig.world import World

CASES = table.cases()
TRIED = [
    pytest.param(case, probe, id=f"{case.name}-{number}") for case in CASES for number, probe in enumerate(case.probes)
]
_LABEL = "parity"


@dataclass(frozen=True)
class CheckMessages:
    """What was said of an object.

    Attributes:
        verdict: `allowed`, `warned` or `denied`.
        messages: every one, without the Constraint's name.
    """

    verdict: str
    messages: frozenset[str]


@pytest.fixture(scope="module")
def images(world: World) -> Callable[[str], str]:
    """Turns the names of images in the table into references."""
    made = pushed(world.registry)
    return lambda name: made.get(name, name.replace("{digest}", table.DIGEST))


@pytest.fixture(scope="module")
def spaces(world: World, provider: RealProvider) -> Iterator[dict[str, str]]:
    """The namespace of each case, with its policies in force."""
    spaces = {case.name: world.namespace({**INCLUDE, _LABEL: case.name}) for case in CASES}
    documents = list(in_cluster(world.folder))
    templates = [each for each in documents if each["kind"] == "ConstraintTemplate"]
    constraints = [each for each in documents if each["kind"] != "ConstraintTemplate"]
    for group in (templates, constraints):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda each: in_force(world.client.clone(), each), group))
    yield spaces
    for document in reversed(documents):
        world.client.delete(document)


@pytest.mark.parametrize(("case", "probe"), TRIED)
def test_cluster_and_check_say_the_same(
    world: World,
    client: KubernetesClient,
    spaces: dict[str, str],
    images: Callable[[str], str],
    tmp_path: Path,
    case: ParityCase,
    probe: Probe,
) -> None:
    tried = probe.build(spaces[case.name], images)
    admitted = by_cluster(client, tried, probe)
    checked = by_check(tmp_path, case, tried)
    assert (admitted.verdict, checked.verdict) == (probe.verdict, probe.verdict), (admitted, checked)
    if case.same_text:
        assert admitted.messages == checked.messages
    assert any(probe.says in message for message in checked.messages) or not probe.says


def in_cluster(folder: Path) -> Iterator[Object]:
    """The table's templates and Constraints, each Constraint for its case's namespace alone."""
    found: dict[tuple[str, str], Object] = {}
    loaded = {case.name: load_policies([written(folder, case)]).policies for case in CASES}
    every = [policy for policies in loaded.values() for policy in policies]
    engine = opa.find()
    made = translate(every, engine, parser=engine)
    translated = dict(zip((policy.name for policy in every), made, strict=True))
    for case in CASES:
        translations = [translated[policy.name] for policy in loaded[case.name]]
        if case.no_match != "allow":
            translations.append(coverage(loaded[case.name], case.no_match))
        for each in objects(translations):
            document = copy.deepcopy(dict(each))
            if document["kind"] != "ConstraintTemplate":
                document["spec"]["match"]["namespaceSelector"]["matchLabels"][_LABEL] = case.name
            if document["kind"] == "ClusterImagePolicyCoverage":
                document["metadata"]["name"] = case.name
            found[document["kind"], document["metadata"]["name"]] = document
    yield from found.values()


def in_force(client: KubernetesClient, document: Object) -> None:
    """Apply a template or Constraint and wait for Gatekeeper."""
    try:
        client.apply(document)
        wait_for_policy(client, document)
    finally:
        client.close()


def by_cluster(client: KubernetesClient, tried: Object, probe: Probe) -> CheckMessages:
    """What the API server says to a creation; asked again for a while, for policies come into force late."""

    def expected(answer: Answer) -> bool:
        return said(answer).verdict == probe.verdict

    try:
        return said(until(lambda: client.create(tried, dry_run=True), expected, probe.verdict, seconds=3.0))
    except RigError:
        return said(client.create(tried, dry_run=True))


def said(answer: Answer) -> CheckMessages:
    """An answer of the API server."""
    warnings = [text for text in answer.warnings if text.startswith("[")]
    refused = answer.message.partition("denied the request: ")[2] or answer.message
    lines = [] if answer.ok else refused.split("\n")
    messages = frozenset(re.sub(r"^\[[^]]*\] ", "", line) for line in (*lines, *warnings))
    verdict = "denied" if not answer.ok else "warned" if warnings else "allowed"
    return CheckMessages(verdict, messages)


def by_check(folder: Path, case: ParityCase, tried: Object) -> CheckMessages:
    """What `bestbefore check` says."""
    resource = folder / "object.json"
    resource.write_text(json.dumps(tried))
    words = ["check", "--policy", written(folder, case), "--resource", resource, "--no-match", case.no_match]
    done = CliRunner().invoke(cli, [*map(str, words), "--output", "json"], prog_name="bestbefore")
    assert done.exit_code in {0, 1}, done.output
    found = json.loads(done.stdout)
    messages = frozenset([*found["errors"], *found["warnings"]])
    verdict = "denied" if not found["allowed"] else "warned" if found["warnings"] else "allowed"
    return CheckMessages(verdict, messages)


def written(folder: Path, case: ParityCase) -> Path:
    """The case's policies as a file."""
    place = folder / f"{case.name}.yaml"
    place.write_text(yaml.safe_dump_all(case.documents()), "utf-8")
    return place


def pushed(registry: Registry) -> dict[str, str]:
    """The table's images, by name."""
    both = ("linux/amd64", "linux/arm64")
    young, old = days_ago(1), days_ago(31)
    singles = {
        "fresh": young,
        "old": old,
        "undated": None,
        "year-one": "0001-01-01T00:00:00Z",
        "epoch": "1970-01-01T00:00:00Z",
        "future": days_ago(-400),
        "malformed": "yesterday",
    }
    indexes = {"both-fresh": (young, young), "one-fresh": (old, young), "both-old": (old, old)}
    made = {name: registry.push(f"parity/{name}", created).reference for name, created in singles.items()}
    for name, dates in indexes.items():
        made[name] = registry.push_index(f"parity/{name}", dict(zip(both, dates, strict=True))).reference
    made["configured"] = configured(registry)
    made["absent"] = f"{registry.host}/parity/absent:1"
    return made


def configured(registry: Registry) -> str:
    """An image with a user, a label and a port."""
    name = "parity/configured"
    layer = registry._push_blob(name, b"layer")
    settings: dict[str, Any] = {"User": "10001", "Labels": {"team": "shop"}, "ExposedPorts": {"8080/tcp": {}}}
    rootfs = {"type": "layers", "diff_ids": [layer["digest"]]}
    config = {"os": "linux", "architecture": "amd64", "created": days_ago(1), "config": settings, "rootfs": rootfs}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": {"mediaType": f"{OCI}.config.v1+json", **registry._push_blob(name, json.dumps(config).encode())},
        "layers": [{"mediaType": f"{OCI}.layer.v1.tar", **layer}],
    }
    registry._push_manifest(name, manifest, "latest")
    return f"{registry.host}/{name}:latest"
