"""Proving who we are."""

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.credentials import Credential
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from provider.registry.tokens import Challenge, challenge

ME = Credential("me", "secret")
IMAGE = parse("reg.io/team/app:v1")


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
        ('BASIC realm="a \\"quoted\\" registry"', Challenge("basic", 'a "quoted" registry')),
        ("Basic", Challenge("basic")),
        ('Negotiate, Basic realm="x"', Challenge("basic", "x")),
        ('Digest realm="Bearer "', None),
        ("", None),
        ("Bearerish realm=x", None),
        ("Bearer realm=" + "x" * 5000, None),
    ],
)
def test_challenge_is_read(header, expected):
    assert challenge(header) == expected


def test_token_is_fetched_once_for_a_repository(make_client, registry, call):
    registry.push_image("team/app", "v1")
    registry.require_token("https://reg.io/token")
    client = make_client()
    client.manifest(IMAGE, call)
    client.manifest(IMAGE, call)
    assert registry.counts == {"manifest": 3, "token": 1}
    assert registry.requests[1].query == {"service": ["simulator"], "scope": ["repository:team/app:pull"]}


def test_registry_whose_challenge_is_known_is_not_asked_for_it_again(make_client, registry, call):
    registry.push_image("team/app", "v1")
    registry.push_image("team/other", "v1")
    registry.require_token("https://reg.io/token")
    client = make_client()
    client.manifest(IMAGE, call)
    registry.requests.clear()
    client.manifest(parse("reg.io/team/other:v1"), call)
    assert [asked.kind for asked in registry.requests] == ["token", "manifest"]
    assert registry.requests[0].query["scope"] == ["repository:team/other:pull"]


def test_token_is_renewed_when_its_time_is_over(make_client, registry, call, clock):
    registry.push_image("team/app", "v1")
    registry.require_token("https://reg.io/token")
    registry.token_answer = {"token": "t-anonymous", "expires_in": 20}
    client = make_client()
    client.manifest(IMAGE, call)
    clock.advance(14)
    client.manifest(IMAGE, call)
    assert registry.counts["token"] == 1
    clock.advance(2)
    client.manifest(IMAGE, call)
    assert registry.counts["token"] == 2


def test_token_that_the_registry_no_longer_takes_is_replaced(make_client, registry, call):
    registry.push_image("team/app", "v1")
    registry.require_token("https://reg.io/token")
    client = make_client()
    client.manifest(IMAGE, call)
    registry.require_token("https://reg.io/token", accept=["fresh"])
    registry.token_answer = {"access_token": "fresh"}
    assert client.manifest(IMAGE, call).body


def test_credential_is_shown_to_the_token_service_of_the_same_domain(make_client, registry, call):
    registry.push_image("library/alpine", "latest")
    registry.require_token("https://auth.docker.io/token", accept=["mine"])
    registry.token_answer = {"token": "mine"}
    make_client(index_docker_io=ME).manifest(parse("alpine"), call)
    asked = next(asked for asked in registry.requests if asked.kind == "token")
    assert asked.host == "auth.docker.io"
    assert asked.headers["Authorization"] == ME.basic


@pytest.mark.parametrize("realm", ["https://evil.io/token", "https://reg.io.evil.io/token", "https://evilreg.io/token"])
def test_credential_is_not_shown_to_a_token_service_elsewhere(make_client, registry, call, realm):
    registry.require_token(realm)
    with pytest.raises(ImageError) as caught:
        make_client(reg_io=ME).manifest(IMAGE, call)
    assert caught.value.reason is Reason.UNAUTHORIZED
    assert registry.counts["token"] == 0


def test_credential_is_shown_to_a_token_service_that_the_settings_name(make_client, registry, call):
    registry.push_image("team/app", "v1")
    registry.require_token("https://tokens.example/token")
    settings = RegistrySettings(named_registries=frozenset({"tokens.example"}))
    assert make_client(settings, reg_io=ME).manifest(IMAGE, call)


def test_nobody_may_ask_a_token_service_anywhere(make_client, registry, call):
    registry.push_image("team/app", "v1")
    registry.require_token("https://tokens.example/token?x=1")
    make_client().manifest(IMAGE, call)
    asked = next(asked for asked in registry.requests if asked.kind == "token")
    assert "Authorization" not in asked.headers
    assert asked.query["x"] == ["1"]


@pytest.mark.parametrize("realm", ["http://reg.io/token", "ftp://reg.io", "https://me:pw@reg.io/token", "", "token"])
def test_realm_without_tls_or_sense_is_not_asked(make_client, registry, call, realm):
    registry.require_token(realm)
    with pytest.raises(ImageError) as caught:
        make_client().manifest(IMAGE, call)
    assert caught.value.reason is Reason.UNAUTHORIZED
    assert registry.counts["token"] == 0


def test_insecure_registry_may_be_its_own_token_service(make_client, registry, call):
    registry.push_image("app", "v1")
    registry.require_token("http://reg.io:5000/token")
    settings = RegistrySettings(insecure_registries=frozenset({"reg.io:5000"}))
    assert make_client(settings).manifest(parse("reg.io:5000/app:v1"), call)


def test_insecure_registry_names_no_other_insecure_service(make_client, registry, call):
    registry.require_token("http://reg.io:5001/token")
    settings = RegistrySettings(insecure_registries=frozenset({"reg.io:5000"}))
    with pytest.raises(ImageError):
        make_client(settings).manifest(parse("reg.io:5000/app:v1"), call)


def test_identity_token_is_exchanged_by_post(make_client, registry, call):
    registry.push_image("team/app", "v1")
    registry.require_token("https://reg.io/token")
    make_client(reg_io=Credential(identity_token="refresh")).manifest(IMAGE, call)
    asked = next(asked for asked in registry.requests if asked.kind == "token")
    assert asked.method == "POST"
    assert b"refresh_token=refresh" in asked.body
    assert b"grant_type=refresh_token" in asked.body
    assert asked.query == {}


def test_basic_challenge_is_answered_with_the_credential(make_client, registry, call):
    registry.push_image("team/app", "v1")
    registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
    client = make_client(reg_io=ME)
    client.manifest(IMAGE, call)
    client.manifest(IMAGE, call)
    assert registry.counts == {"manifest": 3}


def test_credential_is_not_sent_before_it_is_asked_for(make_client, registry, call):
    registry.push_image("team/app", "v1")
    make_client(reg_io=ME).manifest(IMAGE, call)
    assert "Authorization" not in registry.requests[0].headers


@pytest.mark.parametrize("header", ["", 'Basic realm="x"', 'Negotiate realm="x"'])
def test_nobody_is_unauthorized_where_a_credential_is_needed(make_client, registry, call, header):
    registry.challenge, registry.authorizations = header, set()
    with pytest.raises(ImageError) as caught:
        make_client().manifest(IMAGE, call)
    assert caught.value.reason is Reason.UNAUTHORIZED
    assert registry.counts == {"manifest": 1}


def test_wrong_token_is_not_tried_for_ever(make_client, registry, call):
    registry.require_token("https://reg.io/token", accept=["other"])
    with pytest.raises(ImageError) as caught:
        make_client().manifest(IMAGE, call)
    assert caught.value.reason is Reason.UNAUTHORIZED
    assert registry.counts == {"manifest": 2, "token": 1}


def test_needed_credential_helper_is_told(make_client, registry, call):
    registry.challenge, registry.authorizations = 'Basic realm="x"', set()
    with pytest.raises(ImageError, match="credential helper"):
        make_client(reg_io=Credential(helper=True)).manifest(IMAGE, call)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"token": ""},
        {"token": 7},
        {"token": "a b"},
        {"token": "a\r\nX: y"},
        {"token": ["t"]},
        {"access_token": None},
    ],
)
def test_unusable_token_is_refused(make_client, registry, call, answer):
    registry.require_token("https://reg.io/token")
    registry.token_answer = answer
    with pytest.raises(ImageError) as caught:
        make_client().manifest(IMAGE, call)
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b"[" * 100_000, b'{"token": "' + b"t" * limits.TOKEN_BYTES + b'"}']
)
def test_token_answer_that_is_none_is_refused(make_client, registry, call, body):
    registry.require_token("https://reg.io/token")
    registry.fail("token", 200, body=body)
    with pytest.raises(ImageError):
        make_client().manifest(IMAGE, call)


@pytest.mark.parametrize(
    ("status", "reason"), [(401, Reason.UNAUTHORIZED), (429, Reason.THROTTLED), (500, Reason.REGISTRY_UNAVAILABLE)]
)
def test_refusal_of_the_token_service_is_told(make_client, registry, call, status, reason):
    registry.require_token("https://reg.io/token")
    registry.fail("token", status)
    with pytest.raises(ImageError) as caught:
        make_client().manifest(IMAGE, call)
    assert caught.value.reason is reason


@pytest.mark.parametrize("expires_in", ["soon", -5, 0, True, None])
def test_token_of_strange_lifetime_still_serves_the_request(make_client, registry, call, expires_in):
    registry.push_image("team/app", "v1")
    registry.require_token("https://reg.io/token")
    registry.token_answer = {"token": "t-anonymous", "expires_in": expires_in}
    assert make_client().manifest(IMAGE, call)


def test_token_of_one_credential_is_not_used_for_another(make_client, registry, call, clock, observer):
    registry.push_image("team/app", "v1")
    registry.require_token("https://reg.io/token", accept=["one", "two"])
    credentials = {"reg_io": ME}
    client = make_client(**credentials)
    registry.token_answer = {"token": "one"}
    client.manifest(IMAGE, call)
    client._credentials.by_registry["reg.io"] = Credential("you", "secret")
    registry.token_answer = {"token": "two"}
    client.manifest(IMAGE, call)
    assert registry.counts["token"] == 2
    assert registry.requests[-1].headers["Authorization"] == "Bearer two"


def test_no_secret_stands_in_an_error(make_client, registry, call):
    registry.require_token("https://evil.io/token?secret=secret")
    with pytest.raises(ImageError) as caught:
        make_client(reg_io=ME).manifest(IMAGE, call)
    assert "secret" not in str(caught.value)
