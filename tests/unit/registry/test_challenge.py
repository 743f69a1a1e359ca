"""What a 401 asks for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.registry import challenge
from provider.registry.challenge import Challenge, read


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            'Bearer realm="https://auth.io/token",service="reg.io",scope="repository:a:pull"',
            Challenge("bearer", "https://auth.io/token", "reg.io", "repository:a:pull"),
        ),
        (
            'bearer realm="https://auth.io/token" , service=reg.io',
            Challenge("bearer", "https://auth.io/token", "reg.io"),
        ),
        (
            'Basic realm="x", Bearer realm="https://auth.io/token",scope="a,b"',
            Challenge("bearer", "https://auth.io/token", "", "a,b"),
        ),
        (
            'Bearer REALM="https://auth.io/token",realm="https://other.io/token"',
            Challenge("bearer", "https://auth.io/token"),
        ),
        (
            'Bearer   \t realm  =  "https://auth.io/token"  ,  service  =  reg.io',
            Challenge("bearer", "https://auth.io/token", "reg.io"),
        ),
        ('BASIC realm="a \\"quoted\\" registry"', Challenge("basic", 'a "quoted" registry')),
        ("Basic", Challenge("basic")),
        ("Bearer", Challenge("bearer")),
        ('Negotiate, Basic realm="x"', Challenge("basic", "x")),
        ('Bearer realm="https://auth.io/token', Challenge("bearer")),
        ('Digest realm="Bearer "', None),
        ('Digest realm="x, Bearer realm=y"', None),
        ('Basic realm="Our registry, bearer of images"', Challenge("basic", "Our registry, bearer of images")),
        (r'Basic realm="a \", Bearer b"', Challenge("basic", 'a ", Bearer b')),
        ('Negotiate YWJj==, Bearer realm="https://auth.io/token"', Challenge("bearer", "https://auth.io/token")),
        (
            'Bearer error-code="x1", realm="https://auth.io/token", x.y=1, service="reg.io"',
            Challenge("bearer", "https://auth.io/token", "reg.io"),
        ),
        (
            'Bearer realm="https://auth.io/token";service="reg.io"',
            Challenge("bearer", "https://auth.io/token", "reg.io"),
        ),
        (
            'Bearer realm="https://auth.io/token" service=reg.io;scope="a"',
            Challenge("bearer", "https://auth.io/token", "reg.io", "a"),
        ),
        ('Bearer realm="https://auth.io/token",scope=""', Challenge("bearer", "https://auth.io/token")),
        ('Bearer realm="https://auth.io/token",,scope="a"', Challenge("bearer", "https://auth.io/token", "", "a")),
        ("", None),
        ("Bearerish realm=x", None),
        ("NotBearer realm=x", None),
    ],
)
def test_challenge_is_read(header, expected):
    assert read(header) == expected


@pytest.mark.parametrize("size", [4096, 5000, 60_000])
def test_header_longer_than_anybody_needs_is_none(size):
    header = 'Bearer realm="'.ljust(size + 1, "x")
    assert read(header) is None
    assert read(header[:4096]) is not None


class Recorder:
    """A pattern that remembers what it was tried on."""

    def __init__(self, pattern):
        self.pattern, self.texts = pattern, []

    def finditer(self, text):
        self.texts.append(text)
        return self.pattern.finditer(text)

    def match(self, text, position):
        self.texts.append(text)
        return self.pattern.match(text, position)


@pytest.mark.parametrize("space", [" ", "\t", " \t", "\u00a0"])
def test_many_spaces_are_one_before_anything_is_looked_for(monkeypatch, space):
    """Or the patterns would try each of 4,080 spaces from each of them."""
    recorders = [Recorder(getattr(challenge, name)) for name in ("_SCHEME", "_PARAMETER")]
    for name, recorder in zip(("_SCHEME", "_PARAMETER"), recorders, strict=True):
        monkeypatch.setattr(challenge, name, recorder)
    spaces = (space * 4000)[:4000]
    assert challenge.read(f"{spaces}Bearer{spaces[:50]}realm{spaces[:20]}=x") == Challenge("bearer", "x")
    texts = [text for recorder in recorders for text in recorder.texts]
    assert texts
    assert not any(re.search(r"\s\s", text) for text in texts)


@given(st.text(max_size=200))
def test_any_header_is_a_challenge_or_none(header):
    found = read(header)
    assert found is None or found.scheme in {"basic", "bearer"}


@given(st.text(st.sampled_from(' ,="\\abearsicBASIC\t'), max_size=120))
def test_any_header_of_the_right_characters_is_a_challenge_or_none(header):
    found = read(header)
    assert found is None or found.scheme in {"basic", "bearer"}
