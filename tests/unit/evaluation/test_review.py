import pytest
import yaml

from gatekeeper.documents.problems import PolicyError
from gatekeeper.evaluation.review import Review, problems_in, read_reviews

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"containers": [{"image": "a:1"}, {"image": "b:1"}], "initContainers": [{"image": "c:1"}]},
}


def test_review_is_a_creation_by_a_person():
    found = Review(POD).to_json()
    assert found["operation"] == "CREATE"
    assert found["kind"] == {"group": "", "version": "v1", "kind": "Pod"}
    assert (found["namespace"], found["name"]) == ("shop", "web")
    assert found["object"] == POD
    assert found["oldObject"] is None
    assert not found["userInfo"]["username"].startswith("system:")


def test_group_is_taken_from_the_version():
    spec = {"template": {"spec": {"containers": [{"image": "a:1"}]}}}
    assert Review({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}).to_json()["kind"] == {
        "group": "apps",
        "version": "v1",
        "kind": "Deployment",
    }


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        ({"name": "web", "namespace": "shop"}, "Pod shop/web"),
        ({"name": "web"}, "Pod web"),
        ({"generateName": "web-"}, "Pod web-"),
        ({}, "Pod (no name)"),
        (None, "Pod (no name)"),
    ],
)
def test_title_is_as_people_say_it(metadata, title):
    assert Review({"kind": "Pod", "metadata": metadata}).title == title


def test_review_of_images_alone_has_no_title():
    assert Review(images=("a:1",)).title == ""


def test_own_images_are_not_overridden():
    assert Review(POD).overridden() is None


def test_named_image_keeps_its_field():
    assert [image["path"] for image in Review(POD, ("c:1", "b:1", "x:1")).overridden()] == [
        "spec.initContainers[0].image",
        "spec.containers[1].image",
        "image",
    ]


@pytest.mark.parametrize("spec", [None, [], "x", {"containers": None}, {"containers": [None, {"image": 1}]}])
def test_object_of_another_shape_is_no_traceback(spec):
    found = Review({"kind": "Pod", "spec": spec}, ("a:1",)).overridden()
    assert [image["path"] for image in found] == ["image"]


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        (
            "Deployment",
            {"template": {"spec": {"containers": [{"image": "a:1"}]}}},
            "spec.template.spec.containers[0].image",
        ),
        (
            "CronJob",
            {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "a:1"}]}}}}},
            "spec.jobTemplate.spec.template.spec.containers[0].image",
        ),
    ],
)
def test_named_image_of_a_workload_keeps_its_field(kind, spec, path):
    assert Review({"kind": kind, "spec": spec}, ("a:1",)).overridden()[0]["path"] == path


def test_objects_of_files_are_reviewed_one_by_one_and_know_their_file(tmp_path):
    file = tmp_path / "pods.yaml"
    file.write_text(yaml.safe_dump_all([POD, {**POD, "kind": "Job", "apiVersion": "batch/v1"}]))
    found, _ = read_reviews([file], ("x:1",))
    assert [(each.title, each.images, each.file) for each in found] == [
        ("Pod shop/web", ("x:1",), str(file)),
        ("Job shop/web", ("x:1",), str(file)),
    ]


@pytest.mark.parametrize("text", ["", "---\n---\n", "# nothing\n", "kind: List\napiVersion: v1\nitems: []\n"])
def test_place_without_an_object_is_refused(tmp_path, text):
    """A program that failed writes nothing, and nothing must not pass for a manifest without problems."""
    file = tmp_path / "empty.yaml"
    file.write_text(text)
    with pytest.raises(PolicyError, match="holds no Kubernetes object"):
        read_reviews([file])


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (POD, []),
        ({"apiVersion": "v1", "kind": "Pod"}, []),
        ({}, ["apiVersion", "kind"]),
        ({"apiVersion": 1, "kind": ""}, ["apiVersion", "kind"]),
        ({"apiVersion": "v1", "kind": ["Pod"]}, ["kind"]),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": []}, ["metadata"]),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": None}, ["metadata"]),
        (
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 1, "namespace": []}},
            ["metadata.name", "metadata.namespace"],
        ),
    ],
)
def test_what_is_no_object_is_told_by_its_fields(value, paths):
    assert [problem.path for problem in problems_in(value)] == paths


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text("{}")
    with pytest.raises(PolicyError) as caught:
        read_reviews([tmp_path / "a.json", tmp_path / "b.json"])
    assert len(caught.value.problems) == 4


def test_yaml_of_a_directory_that_is_no_object_is_passed_over(tmp_path):
    (tmp_path / "values.yaml").write_text("replicas: 1")
    with pytest.raises(PolicyError, match="holds no Kubernetes object"):
        read_reviews([tmp_path])
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays" / "pod.yaml").write_text(yaml.safe_dump(POD))
    found, passed_over = read_reviews([tmp_path])
    assert [each.title for each in found] == ["Pod shop/web"]
    assert [each.file for each in passed_over] == [str(tmp_path / "values.yaml")]
    with pytest.raises(PolicyError, match="apiVersion"):
        read_reviews([tmp_path / "values.yaml"])


def test_line_of_a_field_is_that_of_the_file(tmp_path):
    (tmp_path / "pods.yaml").write_text(
        "apiVersion: v1\nkind: PodTemplate\ntemplate:\n  spec:\n    containers:\n    - image: a:1\n"
    )
    ((review,), _) = read_reviews([tmp_path / "pods.yaml"], with_lines=True)
    assert review.path("spec.containers[0].image") == "template.spec.containers[0].image"
    assert review.line(review.path("spec.containers[0].image")) == 6
