"""Which tags are looked at first."""

import random

import pytest

from gatekeeper.alternatives.nearness import Distance, by_nearness

TAGS = [
    "1.4.2", "1.4.3", "1.4.10", "1.4", "1", "1.5.0", "1.3.9", "2.0.1", "2.0.1-rc1", "1.4.3-alpine", "latest", "main",
    "sha256-" + "a" * 64 + ".sig",
]  # fmt: skip


def near(wanted, tags=TAGS):
    return [each.tag for each in by_nearness(tags, wanted)]


def test_tag_itself_comes_first_then_its_line_the_newest_first():
    assert near("1.4.2")[:5] == ["1.4.2", "1.4.10", "1.4.3", "1.4", "1"]
    assert near("1.4.2")[5:] == ["1.5.0", "1.3.9", "2.0.1", "2.0.1-rc1", "1.4.3-alpine", "main", "latest"]


def test_same_suffix_comes_before_the_same_line_with_another_one():
    tags = ["1.4-alpine", "1.4", "1.5-alpine", "2.0-alpine3.20", "2.0-alpine3.19"]
    assert near("1.4-alpine", tags) == ["1.4-alpine", "1.5-alpine", "2.0-alpine3.20", "2.0-alpine3.19", "1.4"]
    assert near("2.0-alpine3.19", tags)[:2] == ["2.0-alpine3.19", "2.0-alpine3.20"]


@pytest.mark.parametrize("wanted", ["latest", "main", ""])
def test_for_a_tag_without_a_version_the_newest_version_is_nearest(wanted):
    found = [tag for tag in near(wanted) if tag != wanted]
    assert found[:3] == ["2.0.1", "1.5.0", "1.4.10"]


def test_distances_are_in_words():
    found = {each.tag: each.distance for each in by_nearness(TAGS, "1.4.2")}
    assert found["1.4.2"] is Distance.SAME
    assert found["1.4.10"] is found["1"] is Distance.LINE
    assert found["1.5.0"] is Distance.MINOR
    assert found["2.0.1"] is Distance.MAJOR
    assert found["1.4.3-alpine"] is Distance.FLAVOUR
    assert found["main"] is Distance.UNKNOWN
    assert {each.distance for each in by_nearness(["1.4"], "latest")} == {Distance.VERSION}


def test_tags_of_digests_are_nobodys_image_and_twins_stand_once():
    assert near("1", ["1", "1", "sha256-" + "a" * 64]) == ["1"]


def test_order_does_not_hang_on_that_of_the_registry():
    shuffled = TAGS.copy()
    random.Random(7).shuffle(shuffled)
    assert near("1.4.2", shuffled) == near("1.4.2")


def test_ten_thousand_tags_are_no_burden():
    tags = [f"1.{number // 100}.{number % 100}" for number in range(10_000)]
    assert near("1.50.7", tags)[:2] == ["1.50.7", "1.50.99"]
