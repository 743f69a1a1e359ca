import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.translation import names

# Names of Kubernetes objects (RFC 1123 subdomains) of every length that there is.
POLICY_NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", fullmatch=True)


def test_kind_is_readable_and_ends_in_a_digest():
    assert re.fullmatch(r"CipMaximumImageAgeRego[0-9a-f]{10}", names.kind_of("maximum-image-age-rego"))


@given(POLICY_NAMES)
def test_kind_is_an_identifier_that_gatekeeper_takes(policy):
    kind = names.kind_of(policy)
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", kind)
    assert len(kind) <= 59
    assert len(names.template_name(kind)) <= 63


@given(POLICY_NAMES)
def test_constraint_name_is_an_object_name_with_room_for_a_twin(policy):
    name = names.constraint_name(policy)
    assert max(map(len, taken(policy))) <= 63
    assert len(taken(policy)) == 4
    assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name)


@given(POLICY_NAMES, POLICY_NAMES)
def test_two_policies_share_no_name(one, other):
    if one != other:
        assert names.kind_of(one).lower() != names.kind_of(other).lower()
        assert not taken(one) & taken(other)


def taken(policy):
    """All names that Constraints of a policy may have."""
    two = {names.constraint_name(policy), names.constraint_name(policy) + names.WARN_SUFFIX}
    return two | set(map(names.enforced_name, two))


@pytest.mark.parametrize(("one", "other"), [("a-b", "ab"), ("a.b", "a-b"), ("a-1", "a1"), ("x" * 253, "x" * 252)])
def test_names_with_the_same_letters_are_told_apart(one, other):
    assert names.kind_of(one).lower() != names.kind_of(other).lower()


def test_short_name_stays():
    assert names.constraint_name("require-signed.images") == "require-signed.images"


def test_name_that_looks_like_a_twin_is_changed():
    assert names.constraint_name("age-warn") != "age-warn"
    assert names.constraint_name("age-warn") != names.constraint_name("age") + names.WARN_SUFFIX


def test_kind_of_a_long_name_has_as_many_characters_as_gatekeeper_takes():
    assert len(names.kind_of("x" * 253)) == 59


def test_name_that_looks_like_one_that_enforces_beside_the_shadow_is_changed():
    assert names.enforced_name("age") == "age-enforced"
    assert names.constraint_name("age-enforced") != "age-enforced"
