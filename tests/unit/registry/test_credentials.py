"""Docker's config.json."""

import base64
import json

import pytest

from provider import limits
from provider.errors import SettingsError
from provider.registry.credentials import ANONYMOUS, Credential, ReloadedCredentials, load, parse
from tests.simulators.clock import FakeClock


def auth(text):
    return base64.b64encode(text.encode()).decode()


def config(**fields):
    return parse(json.dumps(fields), "config.json")


@pytest.mark.parametrize(
    "key", ["reg.io", "https://reg.io", "https://reg.io/", "https://reg.io/v1/", "http://reg.io/v2/", "REG.io"]
)
def test_entry_is_found_by_the_registry_however_it_is_written(key):
    found = config(auths={key: {"auth": auth("me:secret")}}).of("reg.io", "team/app")
    assert (found.username, found.password) == ("me", "secret")


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_several_names(key):
    assert config(auths={key: {"auth": auth("me:secret")}}).of("index.docker.io", "library/alpine").username == "me"


def test_longest_path_wins():
    found = config(
        auths={
            "reg.io": {"auth": auth("all:x")},
            "reg.io/team": {"auth": auth("team:x")},
            "reg.io/team/app": {"auth": auth("app:x")},
        }
    )
    assert found.of("reg.io", "team/app").username == "app"
    assert found.of("reg.io", "team/app/deep").username == "app"
    assert found.of("reg.io", "team/application").username == "team"
    assert found.of("reg.io", "other").username == "all"


def test_another_registry_or_port_has_no_credential():
    found = config(auths={"reg.io": {"auth": auth("me:x")}})
    assert found.of("reg.io:5000", "app") == ANONYMOUS
    assert found.of("sub.reg.io", "app") == ANONYMOUS


def test_password_may_contain_colons_and_padding():
    found = config(auths={"reg.io": {"auth": auth("me:a:b:c\0\0")}})
    assert found.of("reg.io", "app").password == "a:b:c"


def test_username_and_password_stand_for_auth():
    found = config(auths={"reg.io": {"username": "me", "password": "x", "email": "me@x"}})
    assert found.of("reg.io", "app").basic == "Basic " + auth("me:x")


def test_identity_token_is_kept():
    assert config(auths={"reg.io": {"identitytoken": "refresh"}}).of("reg.io", "app").identity_token == "refresh"


@pytest.mark.parametrize("fields", [{"credsStore": "desktop"}, {"credHelpers": {"reg.io": "ecr-login"}}])
def test_credential_helper_is_noted_and_not_run(fields):
    found = config(auths={"reg.io": {}}, **fields).of("reg.io", "app")
    assert found.anonymous
    assert found.helper


def test_every_problem_is_told_at_once_without_a_secret():
    with pytest.raises(SettingsError) as caught:
        config(
            auths={
                "a.io": {"auth": "!!secret"},
                "b.io": {"auth": auth("no-colon-secret")},
                "c.io": {"auth": 7},
                "d.io": "secret",
                "e.io": {"registrytoken": "secret"},
                "f.io": {"auth": auth("good:one")},
            }
        )
    assert len(caught.value.problems) == 5
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"auths": []}', "nonsense"])
def test_file_that_is_no_config_is_refused(text):
    with pytest.raises(SettingsError, match=r"config\.json"):
        parse(text, "config.json")


def test_file_that_is_not_there_or_too_large_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        load(tmp_path / "config.json")
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (limits.DOCKER_CONFIG_BYTES + 1))
    with pytest.raises(SettingsError, match="more than"):
        load(large)
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        load(binary)


def test_replaced_file_is_read_again_after_a_while(tmp_path):
    path, clock = tmp_path / "config.json", FakeClock()
    path.write_text(json.dumps({"auths": {"reg.io": {"auth": auth("one:x")}}}))
    credentials = ReloadedCredentials(path, clock)
    path.write_text(json.dumps({"auths": {"reg.io": {"auth": auth("two:x")}}}))
    assert credentials.of("reg.io", "app").username == "one"
    clock.advance(limits.DOCKER_CONFIG_SECONDS)
    assert credentials.of("reg.io", "app").username == "two"


def test_unreadable_replacement_changes_nothing(tmp_path):
    path, clock = tmp_path / "config.json", FakeClock()
    path.write_text(json.dumps({"auths": {"reg.io": {"auth": auth("one:x")}}}))
    credentials = ReloadedCredentials(path, clock)
    path.write_text("{half a fi")
    clock.advance(limits.DOCKER_CONFIG_SECONDS)
    assert credentials.of("reg.io", "app").username == "one"


def test_secrets_are_not_shown():
    shown = repr(Credential("me", "secret", "secret"))
    assert "secret" not in shown
    assert "me" in shown


def test_identity_tells_credentials_apart_and_nothing_else():
    one, two = Credential("me", "secret"), Credential("me", "other")
    assert len({one.identity, two.identity, ANONYMOUS.identity, Credential("", "", "me").identity}) == 4
    assert one.identity == Credential("me", "secret").identity
    assert Credential("ab", "c").identity != Credential("a", "bc").identity
    assert "secret" not in one.identity
