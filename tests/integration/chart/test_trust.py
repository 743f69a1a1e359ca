"""Trust roots and authorities from values: what the provider finds in the files of its Pod."""

from __future__ import annotations

import datetime as dt
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from provider.questions.proof_question import HashAlgorithm
from provider.settings import model, sources
from provider.signatures.trust import keys, trust_root
from tests.integration.chart.helm import CHART, Helm, Object, Rendering

pytestmark = pytest.mark.integration

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def trusting(helm: Helm) -> Rendering:
    return helm.render(CHART / "ci" / "trust-values.yaml")


@pytest.fixture
def signatures(trusting: Rendering, tmp_path: Path) -> model.SignaturesSettings:
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(dict(trusting.settings)), encoding="utf-8")
    return sources.load({"config": str(file)}, {}).signatures


def test_settings_name_each_by_the_name_that_policies_give_it(signatures: model.SignaturesSettings) -> None:
    assert {each.name for each in signatures.trust_root} == {"own", "former", "partner"}
    assert {each.name for each in signatures.authority} == {"release", "nightly"}


def test_every_file_that_is_named_is_in_the_pod(trusting: Rendering, signatures: model.SignaturesSettings) -> None:
    found = {path for path, _ in files(trusting)}
    assert {str(each.path) for each in (*signatures.trust_root, *signatures.authority)} == found


def test_provider_can_use_what_is_written_into_the_values(
    trusting: Rendering, signatures: model.SignaturesSettings
) -> None:
    texts = {path: inline(trusting, source) for path, source in files(trusting) if inline(trusting, source)}
    roots = {each.name: texts[str(each.path)] for each in signatures.trust_root if str(each.path) in texts}
    assert set(roots) == {"own", "former"}
    for text in roots.values():
        assert not trust_root.read_usable(text.encode(), NOW).problems
    (key,) = (texts[str(each.path)] for each in signatures.authority if str(each.path) in texts)
    assert keys.load(key, HashAlgorithm.SHA256)


def test_objects_of_others_are_read_by_name_and_may_come_later(trusting: Rendering) -> None:
    sources_ = [source for _, source in files(trusting)]
    named = {(kind, source[kind]["name"]) for source in sources_ for kind in source}
    assert {("configMap", "partner-sigstore"), ("secret", "cosign")} <= named
    # Missing, it must not keep the Pods from starting: only what names it is denied.
    assert all(next(iter(source.values()))["optional"] is True for source in sources_)


def test_changed_text_is_loaded_without_a_restart(helm: Helm, trusting: Rendering) -> None:
    changed = helm.render(CHART / "ci" / "trust-values.yaml", values=["provider.trustRoots.own.inline=other"])
    assert template(changed) == template(trusting)


def test_without_them_nothing_is_mounted(rendering: Rendering) -> None:
    assert not [volume for volume in rendering.pod["volumes"] if volume["name"] == "trust"]
    assert not [found for found in rendering.of("ConfigMap") if found["metadata"]["name"].endswith("-trust")]


def template(rendering: Rendering) -> Object:
    found: Object = rendering.one("Deployment")["spec"]["template"]
    return found


def files(rendering: Rendering) -> list[tuple[str, dict[str, Any]]]:
    """The path of each file of the volume, and the source that it comes from."""
    (mount,) = (each for each in rendering.pod["containers"][0]["volumeMounts"] if each["name"] == "trust")
    (volume,) = (each for each in rendering.pod["volumes"] if each["name"] == "trust")
    return [
        (str(PurePosixPath(mount["mountPath"]) / item["path"]), source)
        for source in volume["projected"]["sources"]
        for item in next(iter(source.values()))["items"]
    ]


def inline(rendering: Rendering, source: Object) -> str:
    """What our ConfigMap holds of a source; empty for what others hold."""
    (item,) = next(iter(source.values()))["items"]
    name = next(iter(source.values()))["name"]
    ours = (found["data"] for found in rendering.of("ConfigMap") if found["metadata"]["name"] == name)
    return str(next(ours, {}).get(item["key"], ""))
