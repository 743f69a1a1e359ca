"""What the fact sheet of an image says, of one platform and of several."""

from __future__ import annotations

import pytest

from provider import limits
from provider.reasons import Reason
from provider.registry.content import media_types
from tests.simulators.registry import canonical, config_of, descriptor
from tests.unit.images.world import FRESH, IMAGE, OLD, OLDER

NOTE = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
CHART = "application/vnd.cncf.helm.config.v1+json"


def test_single_image_says_when_it_was_created(world):
    pushed = world.push("v1")
    facts = world.ask()
    assert (facts.image, facts.digest) == (IMAGE, pushed.digest)
    assert facts.reference == f"reg.io/team/app@{pushed.digest}"
    assert (facts.created, facts.created_ns) == (FRESH, 1_767_225_600_000_000_000)
    assert list(facts.platforms) == ["linux/amd64"]
    assert facts.platforms["linux/amd64"].digest == pushed.digest
    assert facts.config is None
    assert facts.observed_at == "2026-11-24T22:40:00Z"


def test_docker_image_is_read_alike(world):
    world.push("v1", docker=True)
    assert world.ask().created == FRESH


def test_index_is_as_old_as_its_oldest_platform(world):
    children = world.push(created=FRESH), world.push(created=OLD, architecture="arm64", variant="v8")
    pushed = world.index(*children)
    facts = world.ask()
    assert facts.digest == pushed.digest
    assert facts.created == OLD
    assert {name: one.created for name, one in facts.platforms.items()} == {
        "linux/amd64": FRESH,
        "linux/arm64/v8": OLD,
    }


@pytest.mark.parametrize("created", [None, "yesterday", "", 1_700_000_000])
def test_index_is_undated_when_any_platform_is(world, created):
    world.index(world.push(created=FRESH), world.push(created=created, architecture="arm64"))
    facts = world.ask()
    assert (facts.created, facts.created_ns) == (None, None)


def test_unreadable_date_is_told_as_found(world):
    world.push("v1", created="yesterday")
    found = world.ask().platforms["linux/amd64"]
    assert (found.created, found.created_ns) == ("yesterday", None)


@pytest.mark.parametrize("created", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_epoch_and_future_are_told_as_found(world, created):
    world.push("v1", created=created)
    facts = world.ask()
    assert facts.created == created
    assert facts.created_ns is not None


def test_digest_is_asked_for_as_it_is(world):
    pushed = world.push("v1")
    facts = world.ask(f"reg.io/team/app:other@{pushed.digest}")
    assert facts.image == facts.reference == f"reg.io/team/app@{pushed.digest}"


def test_what_was_seen_a_while_ago_says_when(world):
    world.push("v1")
    world.ask()
    world.clock.advance(12)
    assert world.ask().observed_at == "2026-11-24T22:40:00Z"
    world.clock.advance(20)
    assert world.ask().observed_at == "2026-11-24T22:40:32Z"


# Which children are platforms.


def test_attestation_is_no_platform_and_is_not_fetched(world):
    image = world.push()
    world.index(image, world.registry.push_attestation("team/app", image))
    assert list(world.ask().platforms) == ["linux/amd64"]
    assert world.registry.counts == {"manifest": 2, "blob": 1}


def test_platform_that_only_calls_itself_an_attestation_is_judged(world):
    """Runtimes choose by the platform and do not know BuildKit's mark, so it may hide nothing."""
    world.index(world.push(), descriptor(world.push(created=OLD, architecture="arm64")) | NOTE)
    assert world.ask().created == OLD


def test_attestation_without_a_platform_is_judged_by_its_configuration(world):
    hidden = descriptor(world.push(created=OLD)) | NOTE
    shown = descriptor(world.push(created=None, os=None, architecture=None)) | NOTE
    del hidden["platform"], shown["platform"]
    world.index(world.push(architecture="arm64"), hidden, shown)
    assert set(world.ask().platforms) == {"linux/arm64", "linux/amd64"}


@pytest.mark.parametrize("told", ["by the index", "by the configuration"])
def test_attestation_with_an_architecture_and_no_system_is_judged(world, told):
    """Containerd takes a system that is not named for the node's own (`platforms.Normalize`)."""
    marked = descriptor(world.push(created=OLD, os=None)) | NOTE
    assert marked["platform"] == {"architecture": "amd64"}
    if told == "by the configuration":
        del marked["platform"]
    world.index(world.push(architecture="arm64"), marked)
    assert world.ask().created == OLD


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_images_for_one_platform_the_older_one_counts(world, order):
    world.index(*[world.push(created=created) for created in (OLD, FRESH)][::order])
    assert world.ask().platforms["linux/amd64"].created == OLD


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_images_for_one_platform_the_one_without_a_date_counts(world, order):
    world.index(*[world.push(created=created) for created in (OLDER, None)][::order])
    facts = world.ask()
    assert facts.platforms["linux/amd64"].created is None
    assert facts.created is None


def test_platform_is_named_by_the_configuration(world):
    lie = descriptor(world.push(architecture="riscv64")) | {"platform": {"os": "linux", "architecture": "amd64"}}
    world.index(lie)
    assert list(world.ask().platforms) == ["linux/riscv64"]


def test_configuration_that_calls_itself_unknown_hides_no_platform(world):
    lie = descriptor(world.push(created=OLD, os="unknown", architecture="unknown"))
    world.index(lie | {"platform": {"os": "linux", "architecture": "amd64"}})
    assert world.ask().platforms["linux/amd64"].created == OLD


def test_image_without_a_platform_still_has_its_date(world):
    world.push("v1", os=None, architecture=None)
    assert list(world.ask().platforms) == ["unknown"]


def test_image_with_a_foreign_configuration_type_is_judged_if_it_could_run(world):
    world.push("v1", created=OLD, config_type="application/octet-stream")
    assert world.ask().created == OLD


def test_artifact_beside_an_image_is_left_out(world):
    entry = descriptor(world.push(config=b'{"name": "chart"}', config_type=CHART))
    del entry["platform"]
    world.index(world.push(), entry)
    assert list(world.ask().platforms) == ["linux/amd64"]


def test_artifact_that_the_index_calls_one_is_not_fetched(world):
    entry = descriptor(world.push(config=b"{}", config_type="application/vnd.oci.empty.v1+json"))
    del entry["platform"]
    world.index(world.push(), entry | {"artifactType": "application/spdx+json"})
    world.registry.fail("manifest", 404, match=entry["digest"])
    assert list(world.ask().platforms) == ["linux/amd64"]
    assert world.registry.counts == {"manifest": 2, "blob": 1}


@pytest.mark.parametrize("kind", [media_types.OCI_CONFIG, ""])
def test_image_that_the_index_calls_one_is_judged(world, kind):
    entry = descriptor(world.push(created=OLD)) | {"artifactType": kind}
    del entry["platform"]
    world.index(world.push(architecture="arm64"), entry)
    assert world.ask().created == OLD


def test_artifact_with_a_platform_is_judged(world):
    """Runtimes choose by the platform."""
    entry = descriptor(world.push(created=OLD)) | {"artifactType": "application/spdx+json"}
    world.index(world.push(architecture="arm64"), entry)
    assert world.ask().created == OLD


# What is no image.


def test_index_without_a_runnable_platform_is_no_image(world):
    image = world.push()
    world.index(world.registry.push_attestation("team/app", image))
    error = world.refused()
    assert error.reason is Reason.CONTENT_INVALID
    assert "names no platform" in error.message


def test_empty_index_is_no_image(world):
    world.index()
    assert world.refused().reason is Reason.CONTENT_INVALID


def test_artifact_is_no_image_and_its_kind_is_told(world):
    world.push("v1", config=b'{"name": "chart"}', config_type=CHART)
    error = world.refused()
    assert error.reason is Reason.CONTENT_INVALID
    assert "helm" in error.message


# With policy-controller's document.


def test_document_of_every_platform_is_told_by_its_name(world):
    image = world.push(created=FRESH)
    world.index(
        image, world.push(created=OLD, architecture="arm64"), world.registry.push_attestation("team/app", image)
    )
    facts = world.ask(config=True)
    assert {name: one["created"] for name, one in facts.config.items()} == {
        "linux/amd64": FRESH,
        "linux/arm64": OLD,
        "unknown/unknown": "0001-01-01T00:00:00Z",
    }
    assert set(facts.platforms) == {"linux/amd64", "linux/arm64"}


def test_later_of_two_documents_with_one_name_counts_as_upstream(world):
    world.index(world.push(created=OLD), world.push(created=FRESH))
    assert world.ask(config=True).config["linux/amd64"]["created"] == FRESH


def test_empty_index_has_no_documents(world):
    world.index()
    facts = world.ask(config=True)
    assert (facts.config, facts.platforms, facts.created) == ({}, {}, None)


def test_artifact_has_a_document_without_a_name(world):
    world.push("v1", config=b'{"name": "chart"}', config_type=CHART)
    assert list(world.ask(config=True).config) == [""]


def test_configuration_that_go_would_not_decode_is_refused_in_upstream_words(world):
    world.push("v1", created="yesterday")
    error = world.refused(config=True)
    assert error.reason is Reason.CONTENT_INVALID
    assert error.message == (
        f"getting ConfigFile for {IMAGE}: "
        'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'
    )


def test_child_that_go_would_not_decode_is_named(world):
    bad = world.push(created=7, architecture="arm64")
    world.index(world.push(), bad)
    assert world.refused(config=True).message == (
        f"failed to get a ConfigFile: [getting ConfigFile for reg.io/team/app@{bad.digest}: "
        "Time.UnmarshalJSON: input is not a JSON string]"
    )


def test_children_that_go_would_not_decode_are_all_named(world):
    bad = [world.push(created=7, architecture=name) for name in ("arm64", "riscv64")]
    world.index(*bad)
    message = world.refused(config=True).message
    assert [one.digest in message for one in bad] == [True, True]


def test_documents_of_all_platforms_share_what_one_answer_may_take(world):
    env = {"Env": ["A=" + "x" * (limits.ITEM_BYTES // 2)]}
    platforms = "amd64", "arm64"
    world.index(*[world.push(config=canonical(config_of(config=env, architecture=name))) for name in platforms])
    assert world.refused(config=True).reason is Reason.LIMIT_EXCEEDED
    assert world.ask().created == FRESH
    one = world.push("v2", config=canonical(config_of(config=env)))
    assert world.ask(f"reg.io/team/app@{one.digest}", config=True).created == FRESH


def test_parts_of_the_documents_are_asked_for_by_paths(world):
    config = {"User": "app", "Labels": {"notes": "x" * 600 * 1024}}
    children = [
        world.push(created=FRESH, config=canonical(config_of(config=config, architecture=name)))
        for name in ("amd64", "arm64")
    ]
    world.index(*children)
    facts = world.ask_key('{"config":[["config","User"],["created"],["os"]],"image":"reg.io/team/app:v1","v":1}')
    cut = {"config": {"User": "app"}, "created": FRESH, "os": "linux"}
    assert facts.config == {"linux/amd64": cut, "linux/arm64": cut}
    assert facts.created == FRESH
    assert world.refused(config=True).reason is Reason.LIMIT_EXCEEDED


def test_no_path_asks_for_the_names_of_the_platforms(world):
    world.push("v1")
    assert world.ask_key('{"config":[],"image":"reg.io/team/app:v1","v":1}').config == {"linux/amd64": {}}
