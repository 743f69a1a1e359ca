"""Dates by the manifest's annotation: only where asked for, and never against the configuration."""

from __future__ import annotations

import json

import pytest

from provider.errors import ImageError
from provider.questions.date_source import DateSource
from provider.reasons import Reason
from provider.registry.content import media_types
from tests.simulators.registry import canonical, descriptor
from tests.unit.images.world import FRESH, IMAGE, OLD, OLDER

NAME = "org.opencontainers.image.created"
EMPTY = "application/vnd.oci.empty.v1+json"
MODEL = "application/vnd.example.model.config.v1"
AMD64 = {"os": "linux", "architecture": "amd64"}


def key(**fields):
    return canonical({"v": 1, "image": IMAGE, "dates": ["annotation"], **fields}).decode()


def artifact(world, tag="v1", created=FRESH, config=b"{}", config_type=EMPTY):
    annotations = None if created is None else {NAME: created}
    return world.push(tag, config=config, config_type=config_type, annotations=annotations)


def entry(pushed, **fields):
    """What an index says of an artifact."""
    return {name: value for name, value in descriptor(pushed).items() if name != "platform"} | fields


def refused(world, text):
    with pytest.raises(ImageError) as caught:
        world.ask_key(text)
    return caught.value


def test_image_without_a_date_has_that_of_its_annotation_where_that_is_asked_for(world):
    world.push("v1", created=None, annotations={NAME: OLD})
    facts = world.ask_key(key())
    (platform,) = facts.platforms.values()
    assert (facts.created, facts.created_from) == (OLD, DateSource.ANNOTATION)
    assert (platform.created, platform.created_from) == (OLD, DateSource.ANNOTATION)
    assert platform.created_ns == 1_704_067_200_000_000_000
    assert facts.to_json("r")["platforms"]["linux/amd64"]["createdFrom"] == "annotation"


def test_nobody_else_sees_it(world):
    world.push("v1", created=None, annotations={NAME: OLD})
    for facts in (world.ask(), world.ask_key(IMAGE), world.ask(config=True)):
        assert (facts.created, facts.created_from) == (None, DateSource.CONFIG)
        assert facts.platforms["linux/amd64"].created is None


@pytest.mark.parametrize("own", [OLD, FRESH, "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_no_annotation_renews_an_image_whose_configuration_has_a_date(world, own):
    world.push("v1", created=own, annotations={NAME: "2026-02-01T00:00:00Z"})
    facts = world.ask_key(key())
    assert (facts.created, facts.created_from) == (own, DateSource.CONFIG)


def test_date_that_cannot_be_read_gives_way_to_one_that_can(world):
    world.push("v1", created="yesterday", annotations={NAME: OLD})
    assert world.ask_key(key()).created == OLD


@pytest.mark.parametrize("own", [None, "yesterday"])
@pytest.mark.parametrize("annotated", ["", "last week", "2026-13-01T00:00:00Z", "9" * 5000])
def test_annotation_that_cannot_be_read_is_no_date(world, own, annotated):
    world.push("v1", created=own, annotations={NAME: annotated})
    facts = world.ask_key(key())
    (platform,) = facts.platforms.values()
    assert (facts.created, platform.created_ns) == (None, None)
    assert platform.created == (annotated if own is None else own)


@pytest.mark.parametrize("annotated", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_epoch_and_future_are_told_as_found(world, annotated):
    world.push("v1", created=None, annotations={NAME: annotated})
    assert world.ask_key(key()).created == annotated


@pytest.mark.parametrize(
    "annotations", [[], "x", 7, {}, {NAME: None}, {NAME: 7}, {NAME: [FRESH]}, {NAME.upper(): FRESH}], ids=str
)
def test_annotations_of_another_shape_are_none_and_spoil_nothing(world, annotations):
    world.push("v1", created=None, annotations=annotations)
    facts = world.ask_key(key())
    assert (facts.created, facts.created_from) == (None, DateSource.CONFIG)
    world.clock.advance(60)
    assert world.ask().created is None


def test_annotation_that_stands_twice_is_none(world):
    pushed = world.push(created=None, annotations={NAME: OLD, "x": "y"})
    body = world.registry.answer("GET", "reg.io", f"/v2/team/app/manifests/{pushed.digest}", {}, b"").body
    world.registry.push_manifest("team/app", "v1", body.replace(b'"x":"y"', f'"{NAME}":"{FRESH}"'.encode()))
    assert world.ask_key(key()).created is None


def test_index_is_as_old_as_its_oldest_platform_wherever_its_date_stands(world):
    annotated = world.push(created=None, architecture="arm64", annotations={NAME: OLDER})
    world.index(world.push(created=OLD, annotations={NAME: FRESH}), annotated)
    facts = world.ask_key(key())
    assert (facts.created, facts.created_from) == (OLDER, DateSource.ANNOTATION)
    assert facts.platforms["linux/amd64"].created == OLD


def test_what_an_index_says_of_a_manifest_is_no_date(world):
    child = descriptor(world.push(created=None)) | {"annotations": {NAME: FRESH}}
    world.index(child)
    assert world.ask_key(key()).created is None


@pytest.mark.parametrize(
    ("config", "config_type"),
    [(b"{}", EMPTY), (b'{"model": "x"}', MODEL), (b"", MODEL), (b"name: x\n", MODEL), (b"[]", MODEL)],
    ids=["empty", "object", "nothing", "yaml", "list"],
)
def test_artifact_has_the_date_of_its_annotation(world, config, config_type):
    pushed = artifact(world, config=config, config_type=config_type)
    facts = world.ask_key(key())
    assert (facts.created, facts.digest) == (FRESH, pushed.digest)
    assert list(facts.platforms) == ["unknown"]


def test_artifact_without_an_annotation_is_undated(world):
    artifact(world, created=None)
    facts = world.ask_key(key())
    assert facts.created is None
    assert facts.platforms["unknown"].created_ns is None


def test_artifact_is_no_image_to_who_does_not_ask_for_annotations(world):
    artifact(world)
    error = world.refused()
    assert error.reason is Reason.CONTENT_INVALID
    assert error.message.endswith(f"is no image that runs: its configuration is {EMPTY}")


def test_image_whose_configuration_is_no_json_stays_refused(world):
    world.push("v1", config=b"name: x", config_type=media_types.OCI_CONFIG, annotations={NAME: FRESH})
    assert refused(world, key()).reason is Reason.CONTENT_INVALID


def test_artifact_beside_an_image_counts_for_nothing(world):
    """It could be younger, or have no date; it is what a runtime mounts only where there is no image."""
    beside = entry(artifact(world, tag=None, created=None), platform=AMD64)
    world.index(world.push(created=OLD), beside)
    facts = world.ask_key(key())
    assert {name: each.created for name, each in facts.platforms.items()} == {"linux/amd64": OLD}


def test_index_of_artifacts_is_judged_by_those_that_name_a_platform(world):
    young, old = artifact(world, tag=None), artifact(world, tag=None, created=OLD)
    world.index(entry(old, platform=AMD64), entry(young))
    facts = world.ask_key(key())
    assert {name: each.created for name, each in facts.platforms.items()} == {"linux/amd64": OLD}


def test_index_of_artifacts_without_platforms_is_none_that_could_be_mounted(world):
    world.index(entry(artifact(world, tag=None)))
    assert refused(world, key()).reason is Reason.CONTENT_INVALID


def test_configuration_can_be_asked_for_beside_it(world):
    world.push("v1", created=None, annotations={NAME: OLD})
    facts = world.ask_key(key(config=[["os"]]))
    assert facts.created == OLD
    assert json.loads(json.dumps(facts.config)) == {"linux/amd64": {"os": "linux"}}
