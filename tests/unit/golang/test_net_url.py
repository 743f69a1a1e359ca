"""URLs and what is made of them; tests/assets/go holds what Go itself says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.policy.validation import sources
from provider.golang import net_url

RECORDED = json.loads((Path(__file__).parents[2] / "assets" / "go" / "url.json").read_text())


@pytest.mark.parametrize(("text", "message", "request_uri"), RECORDED)
def test_a_url_is_refused_as_go_refuses_it(text, message, request_uri):
    assert net_url.problem(text) == message
    assert net_url.is_request_uri(text) is request_uri


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HTTPS://example.org/A", "https://example.org/A"),
        ("https://", "https:"),
        ("https:///p", "https:///p"),
        ("https://ann:secret@example.org/p@q", "https://…@example.org/p@q"),
        ("//ann:secret@example.org", "//…@example.org"),
        ("", ""),
        ("example.org/p", "example.org/p"),
        ("example.org/p@q", "example.org/p@q"),
        ("https://ann@example.org/ann@example.org", "https://…@example.org/ann@example.org"),
    ],
)
def test_a_url_is_shown_as_go_prints_it_without_a_password(text, shown):
    assert net_url.as_printed(text) == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://:80/", ""),
        ("https://:abc/", 'parse "https://:abc/": invalid port ":abc" after host'),
        ("https://ann%zz@example.org/", 'parse "https://…@example.org/": invalid URL escape "%zz"'),
    ],
)
def test_user_and_port_are_read_as_go_reads_them(text, message):
    assert net_url.problem(text) == message


@given(st.text(max_size=20))
def test_any_text_has_a_verdict(text):
    assert net_url.problem(text) == "" or net_url.problem(text).startswith("parse ")


@given(st.text(alphabet="abc:@%[]?#", max_size=12))
def test_a_password_never_stands_in_a_fault(text):
    assert "secret" not in net_url.problem(f"https://ann:secret@{text}.example/")


@pytest.mark.parametrize(
    "oci",
    [
        "registry.example",
        "registry.example:5000",
        "localhost",
        "registry.example/a/b",
        "x",
        "localhost:5000/ab",
        "index.docker.io/library/web",
    ],
)
def test_a_registry_or_repository_is_a_source(oci):
    assert sources.problem(oci) == ""


@pytest.mark.parametrize(
    ("oci", "problem"),
    [
        ("", "strict validation requires the registry to be explicitly defined"),
        ("a b", "registries must be valid RFC 3986 URI authorities: a b"),
        ("team/web", "registries must be valid RFC 3986 URI authorities: team/web"),
        ("ann@registry.example", "registries must be valid RFC 3986 URI authorities: ann@registry.example"),
        ("registry.example/", "repository must be between 2 and 255 characters in length: "),
        ("registry.example/" + "a" * 256, "repository must be between 2 and 255 characters in length: " + "a" * 256),
        ("registry.example/A", "repository must be between 2 and 255 characters in length: A"),
        (
            "registry.example/ab:1",
            "repository can only contain the characters `abcdefghijklmnopqrstuvwxyz0123456789_-./`: ab:1",
        ),
        ("index.docker.io/web", "strict validation requires the full repository path (missing 'library')"),
    ],
)
def test_what_is_no_source_is_told_in_the_webhooks_words(oci, problem):
    assert sources.problem(oci) == problem
