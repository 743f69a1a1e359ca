"""An image volume that is an OCI artifact, from a real registry to the verdict of MaximumImageAge."""

import pytest
import yaml
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from tests.engine import engine
from tests.integration.registry.conftest import copy

pytestmark = pytest.mark.integration

NAME = "org.opencontainers.image.created"
EMPTY = "application/vnd.oci.empty.v1+json"
YOUNG, OLD = "2026-01-20T00:00:00Z", "2025-01-20T00:00:00Z"


def pod(image):
    volume = {"name": "model", "image": {"reference": image}}
    # The container is the volume's own image: so all that is judged is the artifact.
    spec = {"volumes": [volume], "containers": [{"name": "web", "image": image}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


@pytest.fixture
def checked(registry, real_registry, tmp_path):
    """Pushes an artifact with its annotation, and checks a Pod that mounts it."""

    def checked(annotated, *dates):
        annotations = {NAME: annotated} if annotated else None
        registry.push_image("team/model", "v1", config=b"{}", config_type=EMPTY, annotations=annotations)
        copy(registry, real_registry)
        policy = MaximumImageAge(dates=dates, namespaces={})
        (tmp_path / "policy.yaml").write_text(yaml.safe_dump_all([KIND.template(), *policy.constraints()]))
        (tmp_path / "pod.yaml").write_text(yaml.safe_dump(pod(f"{real_registry}/team/model:v1")))
        files = ["--policy", str(tmp_path / "policy.yaml"), "--resource", str(tmp_path / "pod.yaml")]
        words = ["check", *files, "--now", "2026-01-31T12:00:00Z"]
        return CliRunner().invoke(cli, words, env={"BESTBEFORE_OPA": str(engine().path)})

    return checked


def test_young_artifact_is_allowed_where_annotations_count(checked):
    done = checked(YOUNG, "config", "annotation")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("annotated", "said"),
    [
        (OLD, "376 days old, 30 days are allowed"),
        ("1970-01-01T00:00:00Z", "before there were such images"),
        ("2099-01-01T00:00:00Z", "in the future"),
        ("last week", "in a way that is no RFC 3339"),
        (None, "does not say when it was built"),
    ],
)
def test_any_other_is_denied_for_what_its_annotation_says(checked, annotated, said):
    done = checked(annotated, "config", "annotation")
    assert done.exit_code == 1, done.output
    assert said in done.output
    assert "spec.volumes[0]" in done.output


def test_artifact_is_no_image_where_annotations_do_not_count(checked):
    done = checked(YOUNG, "config")
    assert done.exit_code == 1, done.output
    assert "is no image that runs" in done.output
