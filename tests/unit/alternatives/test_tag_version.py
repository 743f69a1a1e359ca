"""Versions in tags."""

import pytest

from gatekeeper.alternatives.tag_version import TagVersion, is_of_a_digest, read


@pytest.mark.parametrize(
    ("tag", "numbers", "flavour", "revision"),
    [
        ("1", (1,), "", ()),
        ("1.4.2", (1, 4, 2), "", ()),
        ("v1.4.2", (1, 4, 2), "", ()),
        ("V1.4.2", (1, 4, 2), "", ()),
        ("1.4.2-alpine3.20", (1, 4, 2), "-alpine", (3, 20)),
        ("3.12-slim-bookworm", (3, 12), "-slim-bookworm", ()),
        ("1.4.2-1", (1, 4, 2, 1), "", ()),
        ("1.4.2_1", (1, 4, 2, 1), "", ()),
        ("2026-02-01", (2026, 2, 1), "", ()),
        ("20260201", (20260201,), "", ()),
        ("jdk-21.0.2", (21, 0, 2), "jdk-", ()),
        ("release-1.4", (1, 4), "release-", ()),
        ("1.4.2-rc1", (1, 4, 2), "-rc", (1,)),
        ("1.4.2rc1", (1, 4, 2), "rc", (1,)),
        ("3.13.0b2", (3, 13, 0), "b", (2,)),
        ("1.4.2-0f3a9b2", (1, 4, 2), None, None),
        ("0", (0,), "", ()),
    ],
)
def test_version_is_read_with_what_stands_around_it(tag, numbers, flavour, revision):
    found = read(tag)
    if flavour is None:
        assert found is None
    else:
        assert found == TagVersion(numbers, flavour, revision)


@pytest.mark.parametrize("tag", ["latest", "main", "sha-0f3a9b2", "7f3a9b2", "1.", ".1", "1..2", "", "٣.1", "9" * 19])
def test_tag_without_a_version_has_none(tag):
    assert read(tag) is None


@pytest.mark.parametrize("tag", ["sha256-" + "a" * 64, "sha256-" + "0" * 64 + ".sig", "sha512-" + "1" * 128 + ".att"])
def test_tag_of_a_digest_is_no_version(tag):
    assert is_of_a_digest(tag)
    assert read(tag) is None


def test_longest_tag_is_read_at_once():
    """No expression goes through it more than a few times."""
    assert read("a-" * 63 + "!!") is None
    assert read("1." * 63 + "!!") is None
    assert read("a" * 128) is None


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [("1.4.2", "1.4.9", 2), ("1.4.2", "1.5.2", 1), ("1.4.2", "2.4.2", 0), ("1", "1.4", 1), ("1.4.2.1", "1.4.2.7", 2)],
)
def test_line_is_major_and_minor(one, other, shared):
    assert read(one).shared(read(other)) == read(other).shared(read(one)) == shared
