"""What a glob can cover at all."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatekeeper.policy.validation import globs, reach
from gatekeeper.policy.validation.reach import Suffix
from provider.registry import reference

DIGEST = "sha256:" + "a" * 64
BOTH = frozenset(Suffix)

HOSTS = ("index.docker.io", "docker.io", "ghcr.io", "r.test:5000")
PARTS = (*HOSTS, "library", "nginx", "Acme", "a", "..", "latest", DIGEST)
SIGNS = ("/", "/", "/", ":", "@", "*", "**", ".")
GLOBS = st.lists(st.sampled_from((*PARTS, *SIGNS)), min_size=1, max_size=9).map("".join)
IMAGES = st.builds(
    "{}{}{}".format,
    st.sampled_from(("", "docker.io/", "ghcr.io/", "r.test:5000/", "DOCKER.IO/", "index.docker.io/")),
    st.sampled_from(("nginx", "acme/app", "library/nginx", "a/b/c", "x.y/z_-1", "aa")),
    st.sampled_from(("", ":latest", ":1.2_x-Y", f"@{DIGEST}", f":1@{DIGEST}")),
)


@given(GLOBS, IMAGES)
@example("**ocker.io/acme/**", "ghcr.io/acme/app")
@example("*ndex.docker.io/nginx*", "nginx")
def test_glob_that_covers_an_image_is_said_to_reach_names_of_its_kind(glob: str, image: str) -> None:
    name = reference.parse(image).name
    if globs.match(glob, name):
        assert (Suffix.DIGEST if "@" in name else Suffix.TAG) in reach.suffixes(glob)


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("**", BOTH),
        ("*", BOTH),
        ("*/*", BOTH),
        ("ghcr.io/acme/*", BOTH),
        ("ghcr.io:443/acme/**", BOTH),
        ("index.docker.io/library/nginx*", BOTH),
        ("**:latest", {Suffix.TAG}),
        ("ghcr.io/acme/app:*", {Suffix.TAG}),
        ("ghcr.io/acme/app:v1", {Suffix.TAG}),
        ("ghcr.io/acme/app@*", {Suffix.DIGEST}),
        ("**@sha256:**", {Suffix.DIGEST}),
        (f"ghcr.io/acme/app@{DIGEST}", {Suffix.DIGEST}),
    ],
)
def test_glob_covers_names_with_a_tag_with_a_digest_or_both(glob: str, found: set[Suffix]) -> None:
    assert reach.suffixes(glob) == found
    assert reach.warning(glob) == ("", "")
    assert reach.covers_tags_only(glob) is (found == {Suffix.TAG})


@pytest.mark.parametrize(
    ("glob", "sentence", "hint"),
    [
        ("docker.io/acme/*", "images of Docker Hub are named index.docker.io/…", "write index.docker.io/acme/*"),
        (
            "registry-1.docker.io/a",
            "index.docker.io",
            "write index.docker.io/library/a:* and",
        ),
        ("nginx", "official images are named index.docker.io/library/…", "index.docker.io/library/nginx:*"),
        ("acme/app:1", "images of Docker Hub are named", "write index.docker.io/acme/app:1"),
        ("ghcr.io/Acme/**", "a repository is in lower case", "write ghcr.io/acme/**"),
        ("https://ghcr.io/acme/**", "an image's name has no scheme", "write ghcr.io/acme/**"),
        ("ghcr.io/acme/app", "a name ends with a tag or a digest", "write ghcr.io/acme/app:* and ghcr.io/acme/app@*"),
        ("ghcr.io/acme/", "a name does not end with a slash", "write ghcr.io/acme/**"),
        ("ghcr.io", "a registry alone is no image", "write ghcr.io/**"),
        ("ghcr.io*", "a registry alone is no image", "write ghcr.io/**"),
        ("ghcr.io/acme/app@sha256:abc", "a digest has 64 hexadecimal digits", "write ghcr.io/acme/app@sha256:abc*"),
        (f"ghcr.io/acme/app:1@{DIGEST}", "a digest drops the tag", f"write ghcr.io/acme/app@{DIGEST}"),
        ("index.docker.io/nginx:1", "official images", "write index.docker.io/library/nginx:1"),
        ("ghcr.io/../app:1", "names are HOST/REPOSITORY:TAG", ""),
        (f"**@sha256:{'A' * 64}", "names are HOST/REPOSITORY:TAG", ""),
        ("ghcr.io/a:*/b", "names are HOST/REPOSITORY:TAG", ""),
    ],
)
def test_glob_that_covers_nothing_is_told_why_and_what_to_write(glob: str, sentence: str, hint: str) -> None:
    detail, advice = reach.warning(glob)
    assert detail.startswith("covers no image: ")
    assert sentence in detail
    assert hint in advice
    for written in advice.removeprefix("write ").split(" and ") if advice else ():
        assert reach.suffixes(written)


@pytest.mark.parametrize(
    ("glob", "usual"),
    [
        ("GHCR.io/acme/**", "ghcr.io/acme/**"),
        ("*.Example.com/acme/**", "*.example.com/acme/**"),
        ("ghcr.io:443/acme/*", "ghcr.io/acme/*"),
        ("ghcr.io:0443/acme/*", "ghcr.io/acme/*"),
        ("registry-1.docker.io/**", "index.docker.io/**"),
        ("registry-1.docker.io/nginx:*", "index.docker.io/library/nginx:*"),
        ("registry.hub.docker.com/acme/*", "index.docker.io/acme/*"),
        ("Index.docker.io/acme/*", "index.docker.io/acme/*"),
        ("docker.io:443/acme/*", "index.docker.io/acme/*"),
    ],
)
def test_glob_by_another_spelling_of_the_registry_is_told_the_usual_one(glob: str, usual: str) -> None:
    found = reach.misses_usual_name(glob)
    assert found == ("covers only images whose registry is written in the same way", f"write {usual}")
    assert reach.misses_usual_name(usual) == ("", "")


@pytest.mark.parametrize(
    "glob", ["**", "*", "*/*", "acme/*", "ghcr.io/**", "ghcr.io:80/acme/*", "*.example.com/**", "**/acme/*"]
)
def test_glob_that_leaves_the_registry_open_or_names_it_as_usual_misses_nothing(glob: str) -> None:
    assert reach.misses_usual_name(glob) == ("", "")


@pytest.mark.parametrize("glob", ["", "a b", "ghcr.io/[a]"])
def test_invalid_glob_is_refused(glob: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        reach.suffixes(glob)
