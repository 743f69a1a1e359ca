"""Globs over image names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.policy.validation import globs
from provider.registry import reference

HUB = "index.docker.io/library"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("glob", "image", "matches"),
    [
        ("**", "ubuntu", True),
        ("*", "ubuntu", True),  # short for the official images
        ("*", "ann/web", False),
        ("*/*", "ann/web", True),  # short for the users' images
        ("*/*", "registry.example/web", False),
        ("*/*/*", "registry.example/team/web", True),
        ("ubuntu", "ubuntu", False),  # the text as written does not count
        ("ubuntu:22.04", "ubuntu:22.04", False),
        ("ann/**", "ann/web", False),
        (f"{HUB}/ubuntu", "ubuntu", False),  # the name ends in :latest
        (f"{HUB}/ubuntu:latest", "ubuntu", True),
        (f"{HUB}/ubuntu:**", "docker.io/library/ubuntu:1", True),
        ("docker.io/**", "docker.io/library/ubuntu", False),
        ("docker.io/**", "ubuntu", False),
        ("registry.example/*", "registry.example/web:1", True),
        ("registry.example/*", "registry.example/team/web", False),
        ("registry.example/**", "registry.example/team/web", True),
        ("registry.example/**", "registryxexample/web", False),  # a dot is a dot
        ("registry.example:5000/*", "registry.example:5000/web", True),
        ("registry.example/web:*", f"registry.example/web:1@{DIGEST}", False),
        ("registry.example/web@*", f"registry.example/web:1@{DIGEST}", True),  # a digest drops the tag
        ("registry.example/we", "registry.example/web", False),  # anchored at both ends
        ("***", "registry.example/team/web", True),
        ("**/web:*", "registry.example/team/web", True),
    ],
)
def test_a_glob_covers_an_image(glob, image, matches):
    assert globs.match(glob, reference.parse(image).name) is matches


@pytest.mark.parametrize("glob", ["a?b", "a b", "a{b}", "é", "a\n", "a+b", "[a]", "a$", ""])
def test_other_characters_are_no_glob(glob):
    assert globs.problem(glob).startswith("invalid glob ")


@pytest.mark.parametrize("glob", ["a[", "[]a]", "[a-]", "a\\", "[^]", "***[a"])
def test_a_bad_pattern_has_gos_words(glob):
    assert globs.problem(glob) == "syntax error in pattern"


def test_an_invalid_glob_matches_nothing_but_raises():
    with pytest.raises(ValueError, match="invalid glob"):
        globs.match("a?", "a")


NAMES = st.text(alphabet="ab./:-", min_size=1, max_size=12)


@given(NAMES)
def test_two_stars_cover_everything(name):
    assert globs.match("**", name)


@given(NAMES, NAMES)
def test_a_name_without_stars_covers_itself_only(name, other):
    assert globs.match(name, other) is (name == other)


@given(NAMES, st.text(alphabet="ab.:-"), NAMES)
def test_one_star_covers_what_has_no_slash(before, middle, after):
    assert globs.match(f"{before}*{after}", f"{before}{middle}{after}")


@given(st.text(alphabet="ab.*/:@-_", min_size=1, max_size=8), st.text(alphabet="ab./:", max_size=8))
def test_a_star_covers_no_more_than_two(glob, name):
    if glob.count("*") == 1 and glob != "*" and globs.match(glob, name):
        assert globs.match(glob.replace("*", "**"), name)
