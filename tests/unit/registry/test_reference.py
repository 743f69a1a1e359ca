"""References as policy-controller reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings

DIGEST = "sha256:" + "a1" * 32

_PART = st.from_regex(r"\A[a-z0-9]([a-z0-9_.-]{0,10}[a-z0-9])?\Z")
_REPOSITORIES = st.lists(_PART, min_size=1, max_size=4).map("/".join).filter(lambda text: len(text) > 1)
_HOSTS = st.from_regex(r"\A[a-z0-9]{1,8}\.[a-z]{2,5}(:[1-9][0-9]{0,3})?\Z") | st.sampled_from(
    ["localhost:5000", "127.0.0.1:80", "[::1]:5000", "index.docker.io"]
)
_TAGS = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda text: f"sha256:{text}")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("alpine", "index.docker.io/library/alpine:latest"),
        ("alpine:3.20", "index.docker.io/library/alpine:3.20"),
        ("team/app", "index.docker.io/team/app:latest"),
        ("docker.io/alpine", "index.docker.io/library/alpine:latest"),
        ("docker.io/team/app", "index.docker.io/team/app:latest"),
        ("index.docker.io/alpine", "index.docker.io/library/alpine:latest"),
        ("localhost/app", "index.docker.io/localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("reg.io/app", "reg.io/app:latest"),
        ("reg.io:443/a/b/c:v1", "reg.io:443/a/b/c:v1"),
        ("10.0.0.1/app", "10.0.0.1/app:latest"),
        ("[::1]:5000/app", "[::1]:5000/app:latest"),
        ("UPPER.io/app", "UPPER.io/app:latest"),
        ("a_b-c.d/app", "a_b-c.d/app:latest"),
        ("reg.io/app:UPPER_tag.1-x", "reg.io/app:UPPER_tag.1-x"),
        (f"alpine@{DIGEST}", f"index.docker.io/library/alpine@{DIGEST}"),
        (f"reg.io/app:v1@{DIGEST}", f"reg.io/app@{DIGEST}"),
    ],
)
def test_reference_is_normalised(text, name):
    reference = parse(text)
    assert reference.name == name
    assert reference.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "UPPER/case",
        "ubuntu:",
        "ubuntu:v1:v2",
        "a b",
        " alpine",
        "alpine\n",
        "alpine:" + "t" * 129,
        "a" * 256,
        "alpine:täg",
        "ubuntu@sha256:abc",
        "ubuntu@sha512:" + "a" * 64,
        "ubuntu@sha512:" + "a" * 127,
        "ubuntu@sha512:" + "A" * 128,
        "ubuntu@sha256:" + "a" * 128,
        "ubuntu@sha384:" + "a" * 96,
        "ubuntu@md5:" + "a" * 32,
        "ubuntu@sha256:" + "A" * 64,
        f"ubuntu@{DIGEST}@{DIGEST}",
        f"ubuntu:@{DIGEST}",
        f"@{DIGEST}",
        "https://reg.io/app",
        "docker://reg.io/app",
        "http://reg.io/app",
        "user@reg.io/app",
        "user:secret@reg.io/app",
        "user:secret@reg.io/app:v1",
        f"user:secret@reg.io/app@{DIGEST}",
        f"user@reg.io/app@{DIGEST}",
        "https://user:secret@reg.io/app",
        "reg.io//app@",
        "reg.io:port/app",
        "reg.io:/app",
        "reg.io:0/app",
        "reg.io:65536/app",
        "reg.io:5000:5000/app",
        "[::1/app.x",
        "[reg.io]:80/app",
        "-reg.io/app",
        "reg.io/",
        "reg.io/../other",
        "reg.io/./app",
        "reg.io/app?x=1",
        "reg.io/app#x",
        "reg.io/app%2f",
        "réd.io/app",
        "alpine\x00",
        "reg.io\u202e/app",
        "{registry}/app",
    ],
)
def test_malformed_reference_is_refused(text):
    with pytest.raises(ImageError) as caught:
        parse(text)
    assert caught.value.reason is Reason.REFERENCE_INVALID
    assert caught.value.message.startswith("could not parse reference: ")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "registry",
    [
        "[:24:611]:80",
        "[:24:611]",
        "[::1]:80:80",
        "[::1]x",
        "[1.2.3.4]:80",
        "[::1%25eth0]:80",
        "[::g]:80",
        "[]:80",
        "[.]:80",
        "[::1]:",
        "[::1]:0",
        "::1",
        "1:2:3:4",
        "reg.io:",
        "reg.io:0",
        "reg.io:65536",
        "reg.io:5000:5000",
        "-reg.io",
        "reg.io-",
        "réd.io",
    ],
)
def test_registry_that_is_no_host_is_refused_as_such(registry):
    with pytest.raises(ImageError, match="the registry is no host name or IP address") as caught:
        parse(f"{registry}/team/app")
    assert caught.value.reason is Reason.REFERENCE_INVALID


@pytest.mark.parametrize(
    "text",
    [
        "user:hunter2@reg.io/app",
        f"user:hunter2@reg.io/app@{DIGEST}",
        "https://user:hunter2@reg.io/app",
        "http://hunter2@reg.io/app:v1",
    ],
)
def test_password_in_a_reference_stands_in_no_message(text):
    with pytest.raises(ImageError) as caught:
        parse(text)
    assert "hunter2" not in str(caught.value)
    assert "reg.io/app" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["ubuntu@sha512:" + "a" * 8, "ubuntu:v1@sha256:abc", "reg.io:5000/app@sha256:abc", "ubuntu@latest"]
)
def test_malformed_digest_is_shown_as_it_was_written(text):
    with pytest.raises(ImageError, match=f"could not parse reference: {text}: after the @"):
        parse(text)


def test_every_registry_of_a_reference_has_an_origin():
    for text in ("[::1]:5000/app", "[2001:DB8::1]/app", "1.2.3.4:80/app", "a_b.c/app", "0x7f.1/app", "127.1/app"):
        origin = RegistrySettings().origin(parse(text).registry)
        assert origin.host
        assert 0 < origin.port < 65536


def test_refusal_of_a_long_reference_shows_only_its_start():
    with pytest.raises(ImageError) as caught:
        parse("a" * 10_000)
    assert len(caught.value.message) < limits.SHOWN_CHARACTERS + 200


@given(_HOSTS, _REPOSITORIES, _TAGS)
def test_a_rendered_tag_is_read_back(host, repository, tag):
    reference = parse(f"{host}/{repository}:{tag}")
    again = parse(reference.name)
    assert (again.registry, again.repository, again.tag, again.digest) == (
        reference.registry,
        reference.repository,
        tag,
        None,
    )
    assert again.name == reference.name


@given(_HOSTS, _REPOSITORIES, st.none() | _TAGS, _DIGESTS)
def test_a_rendered_digest_is_read_back(host, repository, tag, digest):
    reference = parse(f"{host}/{repository}{f':{tag}' if tag else ''}@{digest}")
    again = parse(reference.name)
    assert again.name == reference.name
    assert reference.tag == tag
    assert again.identifier == reference.identifier == digest


@given(st.text())
def test_any_text_is_a_reference_or_refused(text):
    try:
        reference = parse(text)
    except ImageError as error:
        assert error.reason is Reason.REFERENCE_INVALID  # noqa: PT017 - or it passes
    else:
        assert parse(reference.name).name == reference.name


@given(st.text(st.sampled_from("[]:@/.0123456789abcdefx%-_"), max_size=30))
def test_any_text_of_the_right_characters_is_refused_or_has_an_origin(text):
    try:
        reference = parse(text)
    except ImageError as error:
        assert error.reason is Reason.REFERENCE_INVALID  # noqa: PT017 - or it passes
    else:
        assert RegistrySettings().origin(reference.registry).host


def test_reference_at_a_digest_stays_in_its_repository():
    pinned = parse("reg.io/team/app:v1").at(DIGEST)
    assert pinned.name == pinned.text == f"reg.io/team/app@{DIGEST}"
    assert pinned.tag is None


@pytest.mark.parametrize("text", ["", "  "])
def test_blank_reference_is_quoted(text):
    with pytest.raises(ImageError, match=f'could not parse reference: "{text}": '):
        parse(text)


@pytest.mark.parametrize("text", ["\n", "\t\x1b", "\u2028", "\x1c" * 3000])
def test_blank_reference_of_any_characters_stays_on_one_short_line(text):
    with pytest.raises(ImageError, match=r'could not parse reference: " +…?": ') as caught:
        parse(text)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("alpine", True),
        ("alpine:3.20", True),
        ("team/app", True),
        ("team/app:v1", True),
        (f"alpine@{DIGEST}", True),
        (f"team/app:v1@{DIGEST}", True),
        ("localhost/app", True),
        ("docker.io/alpine", False),
        ("index.docker.io/library/alpine", False),
        ("reg.io/app", False),
        ("localhost:5000/app", False),
        (f"reg.io/team/app@{DIGEST}", False),
    ],
)
def test_short_name_is_one_without_a_registry(text, short):
    assert parse(text).short is short
    assert not parse(text).at(DIGEST).short
