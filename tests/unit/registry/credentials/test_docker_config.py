"""Docker's config.json."""

import base64
import codecs
import json

import pytest

from provider import limits
from provider.errors import SettingsError
from provider.registry.credentials.credential import ANONYMOUS, Credential
from provider.registry.credentials.credentials import SharedCredentials
from provider.registry.credentials.docker_config import load, of_secret, parse
from provider.registry.credentials.docker_credentials import ReloadedCredentials
from provider.registry.settings import RegistrySettings
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


def test_credential_is_named_by_its_entry_and_file_and_that_is_no_part_of_who_we_are(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"auths": {"https://reg.io/v2/team": {"auth": auth("me:secret")}}}))
    found = ReloadedCredentials(path, FakeClock()).of("reg.io", "team/app")
    assert found.shown_as == f"auths['https://reg.io/v2/team'] of {path}"
    assert found == Credential("me", "secret")
    assert found.identity == Credential("me", "secret").identity
    assert ANONYMOUS.shown_as == "anonymous"


@pytest.mark.parametrize("key", ["reg.io/team/", "https://reg.io/v2/team", "http://reg.io/v1/team/", "REG.io/team"])
def test_path_of_a_key_is_a_prefix_of_repositories_however_it_is_written(key):
    found = config(auths={key: {"auth": auth("team:x")}, "reg.io": {"auth": auth("all:x")}})
    assert found.of("reg.io", "team/app").username == "team"
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


def test_registry_token_is_kept_and_not_shown():
    found = config(auths={"reg.io": {"registrytoken": "secret"}}).of("reg.io", "app")
    assert found.registry_token == "secret"
    assert not found.anonymous
    assert "secret" not in repr(found)
    assert found.identity != Credential(identity_token="secret").identity


@pytest.mark.parametrize("fields", [{"credsStore": "desktop"}, {"credHelpers": {"reg.io": "ecr-login"}}])
def test_credential_helper_is_noted_and_not_run(fields):
    found = config(auths={"reg.io": {}}, **fields).of("reg.io", "app")
    assert found.anonymous
    assert found.absence


GOOD = {"auth": auth("good:one")}


def test_entries_that_cannot_be_used_are_named_without_a_secret_and_the_others_are_used():
    found = config(
        auths={
            "a.io": {"auth": "!!secret"},
            "b.io": {"auth": auth("no-colon-secret")},
            "c.io": {"auth": 7},
            "d.io": "secret",
            "e.io": {"registrytoken": "secret\r\nX: y"},
            "https://me:secret@f.io/v1/": None,
            "g.io": GOOD,
            "h.io": {"password": ["secret"], "username": "me"},
            "i.io": {"auth": auth(":secret")},
            "j.io": {"identitytoken": {"secret": 1}},
        }
    )
    assert found.of("g.io", "app").password == "one"
    assert [problem.partition("]")[0] for problem in found.problems] == [
        *(f"auths['{letter}.io'" for letter in "abcde"),
        "auths['f.io/v1/'",
        *(f"auths['{letter}.io'" for letter in "hij"),
    ]
    assert "secret" not in str(found.problems)
    assert found.of("a.io", "app") == ANONYMOUS


@pytest.mark.parametrize(
    "entry",
    [
        GOOD | {"email": None},
        GOOD | {"email": 7, "new-field": {"of": ["anything"]}},
        {"auth": auth("good:one").rstrip("=")},
        {"auth": auth("good:one")[:4] + "\n" + auth("good:one")[4:] + "\r\n"},
        {"auth": None, "username": "good", "password": "one", "identitytoken": None},
        {"Auth": auth("good:one")},
        {"identityToken": None, "Username": "good", "PassWord": "one"},
    ],
)
def test_entry_is_read_as_docker_and_the_kubelet_read_it(entry):
    found = config(auths={"reg.io": entry})
    assert found.of("reg.io", "app") == Credential("good", "one")
    assert not found.problems


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"auth": "!!", "username": "good", "password": "one"}, "`auth` is no base64"),
        ({"auth": "Z29 vZA==", "username": "good", "password": "one"}, "`auth` is no base64"),
        (GOOD | {"identitytoken": 7}, "`identitytoken` is no string"),
        (GOOD | {"password": "x" * (limits.CREDENTIAL_CHARACTERS + 1)}, "`password` has more than"),
        (GOOD | {"registrytoken": "a b"}, "`registrytoken` is no bearer token"),
    ],
)
def test_field_that_cannot_be_used_leaves_the_others(entry, problem):
    found = config(auths={"reg.io": entry})
    assert found.of("reg.io", "app") == Credential("good", "one")
    assert problem in found.problems[0]


def test_password_in_another_encoding_is_sent_in_its_own_bytes():
    raw = b"me:p\xe4ss"
    found = config(auths={"reg.io": {"auth": base64.b64encode(raw).decode()}}).of("reg.io", "app")
    assert found.basic == "Basic " + base64.b64encode(raw).decode()
    assert found.identity != Credential("me", "p\N{REPLACEMENT CHARACTER}ss").identity


def test_byte_that_is_no_utf8_spoils_its_own_entry_only(tmp_path):
    path = tmp_path / "config.json"
    entries = b'"a.io": {"username": "me", "password": "p\xe4ss"}, "b.io": ' + json.dumps(GOOD).encode()
    path.write_bytes(codecs.BOM_UTF8 + b'{"auths": {' + entries + b"}}")
    found = load(path)
    assert found.of("b.io", "app").username == "good"
    assert found.of("a.io", "app").password != "p\xe4ss"
    assert found.problems == ("auths['a.io']: `password` is no UTF-8",)


@pytest.mark.parametrize("older", [False, True])
def test_pull_secret_that_an_editor_began_with_a_byte_order_mark_is_read(older):
    entries = {"reg.io": GOOD}
    content = codecs.BOM_UTF8 + json.dumps(entries if older else {"auths": entries}).encode()
    assert of_secret(content, "pull secret team/regcred", older=older).of("reg.io", "app").username == "good"


@pytest.mark.parametrize(
    "text", ["null", "{}", '{"auths": null}', '{"auths": {}, "credHelpers": null, "credsStore": null}']
)
def test_null_is_as_good_as_none(text):
    found = parse(text, "config.json")
    assert found.of("reg.io", "app") == ANONYMOUS
    assert not found.problems


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"credHelpers": ["x"]}, "`credHelpers` is no object"),
        ({"credHelpers": {"a.io": {"b": 1}, "c.io": "gcloud"}}, "credHelpers['a.io']: it is no string"),
        ({"credsStore": {"a": 1}}, "`credsStore`: it is no string"),
    ],
)
def test_helpers_that_cannot_be_read_are_passed_over(fields, problem):
    found = config(auths={"reg.io": GOOD}, **fields)
    assert found.of("reg.io", "app").username == "good"
    assert found.problems == (problem,)


def test_names_may_be_in_upper_case_as_in_go():
    found = parse(json.dumps({"Auths": {"reg.io": GOOD}, "credshelpers": {}, "CredHelpers": {"h.io": "x"}}), "n")
    assert found.of("reg.io", "app").username == "good"
    assert found.of("h.io", "app").absence


class TestOlderFile:
    """`.dockercfg`: registries stand where `auths` would."""

    def test_registries_at_the_top_are_read(self):
        found = config(**{"https://index.docker.io/v1/": GOOD, "reg.io:5000": {"username": "me", "password": "x"}})
        assert found.of("index.docker.io", "library/alpine").username == "good"
        assert found.of("reg.io:5000", "app").username == "me"
        assert not found.problems

    def test_entry_that_cannot_be_used_is_named(self):
        found = config(**{"reg.io": {"auth": "!!secret"}, "b.io": GOOD})
        assert found.of("b.io", "app").username == "good"
        assert found.problems == ("auths['reg.io']: `auth` is no base64",)

    @pytest.mark.parametrize("auths", [{}, None, {"a.io": GOOD}])
    def test_file_with_auths_is_none(self, auths):
        assert config(auths=auths, **{"reg.io": GOOD}).of("reg.io", "app") == ANONYMOUS

    @pytest.mark.parametrize("name", ["HttpHeaders", "plugins", "credHelpers"])
    def test_other_objects_are_no_registries(self, name):
        found = config(**{name: {"User-Agent": "x", "auth": "x"}})
        assert found.of(name, "app") == ANONYMOUS


class TestStar:
    """A host with a `*`, as the kubelet has it."""

    @pytest.mark.parametrize(
        ("key", "registry"),
        [
            ("*.reg.io", "sub.reg.io"),
            ("https://*.reg.io/v1/", "sub.reg.io"),
            ("*.dkr.ecr.*.amazonaws.com", "1234.dkr.ecr.eu-west-1.amazonaws.com"),
            ("prefix*.reg.io", "prefix-1.reg.io"),
            ("reg.*.io:5000", "reg.eu.io:5000"),
            ("*.REG.io", "sub.reg.io"),
        ],
    )
    def test_star_stands_for_a_label_or_a_part_of_it(self, key, registry):
        found = config(auths={key: GOOD})
        assert found.of(registry, "app").username == "good"
        assert not found.problems

    @pytest.mark.parametrize(
        ("key", "registry"),
        [
            ("*.reg.io", "reg.io"),
            ("*.reg.io", "a.b.reg.io"),
            ("*.reg.io", "sub.reg.io:5000"),
            ("*.reg.io:5000", "sub.reg.io"),
            ("*.reg.io", "sub.reg.io.evil.example"),
            ("*.reg.io", "subxreg.io"),
            ("*.reg.io", "sub.regxio"),
            ("*", "reg.io"),
        ],
    )
    def test_star_stands_for_no_dot_and_no_port(self, key, registry):
        assert config(auths={key: GOOD}).of(registry, "app") == ANONYMOUS

    def test_exact_host_comes_first_and_then_the_longest(self):
        auths = {"*.io": {"auth": auth("short:x")}, "a.*.io": {"auth": auth("long:x")}, "a.b.io": GOOD}
        auths["*.*.io"] = {"auth": auth("stars:x")}
        found = config(auths=auths)
        assert [found.of(name, "app").username for name in ("a.b.io", "a.c.io", "b.c.io")] == ["good", "long", "stars"]

    def test_path_is_a_prefix_there_too(self):
        found = config(auths={"*.io/team": GOOD})
        assert found.of("a.io", "team/app").username == "good"
        assert found.of("a.io", "other") == ANONYMOUS

    def test_star_is_no_port(self):
        found = config(auths={"reg.io:*": GOOD})
        assert found.of("reg.io:5000", "app") == ANONYMOUS
        assert found.problems == ("auths['reg.io:*']: its port is a `*`",)

    def test_many_stars_in_one_label_are_refused(self):
        """They would be tried in too many ways on a stranger's long name."""
        found = config(auths={"*a*a*.io": GOOD, "reg.io": GOOD})
        assert found.problems == ("auths['*a*a*.io']: its host has more than one `*` between two dots",)
        assert found.of("aaa.io", "app") == ANONYMOUS
        assert found.of("reg.io", "app").username == "good"

    def test_of_many_globs_those_beyond_a_number_are_passed_over_and_named(self):
        many = {f"{'a*.' * 60}r{number}.io": GOOD for number in range(limits.CREDENTIAL_GLOBS)}
        found = config(auths={**many, "*.reg.io": GOOD, "reg.io": GOOD})
        assert len(found.globs) == limits.CREDENTIAL_GLOBS
        assert found.problems == (
            f"more than {limits.CREDENTIAL_GLOBS} hosts have a `*`; those beyond are passed over",
        )
        assert not found.of("sub.reg.io", "app").anonymous
        assert not found.of("reg.io", "app").anonymous


@pytest.mark.parametrize("helper", [None, ""])
def test_helper_without_a_name_is_none(helper):
    found = config(credHelpers={"reg.io": helper, "other.io": "gcloud"})
    assert [bool(found.of(host, "app").absence) for host in ("reg.io", "other.io")] == [False, True]
    assert not found.problems


@pytest.mark.parametrize("older", ["https://reg.io/v1/", "http://reg.io", "REG.IO", "https://reg.io"])
@pytest.mark.parametrize("first", [True, False])
def test_exact_key_wins_over_older_spellings(older, first):
    entries = {"reg.io": GOOD, older: {"auth": auth("old:x")}}
    found = config(auths=entries if first else dict(reversed(entries.items())))
    assert found.of("reg.io", "app").username == "good"


def test_dockers_own_key_of_docker_hub_wins_over_its_other_names():
    found = config(
        auths={"docker.io": {"auth": auth("old:x")}, "https://index.docker.io/v1/": GOOD, "index.docker.io": {}}
    )
    assert found.of("index.docker.io", "library/alpine").username == "good"


def test_last_of_equal_keys_counts_as_in_go():
    text = f'{{"auths": {{"reg.io": {{"auth": "{auth("old:x")}"}}, "reg.io": {json.dumps(GOOD)}}}}}'
    assert parse(text, "config.json").of("reg.io", "app").username == "good"


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
    with pytest.raises(SettingsError, match="no JSON"):
        load(binary)


def test_replaced_file_is_read_again_after_a_while(tmp_path):
    path, clock = tmp_path / "config.json", FakeClock()
    path.write_text(json.dumps({"auths": {"reg.io": {"auth": auth("one:x")}}}))
    credentials = ReloadedCredentials(path, clock)
    path.write_text(json.dumps({"auths": {"reg.io": {"auth": auth("two:x")}}}))
    assert credentials.of("reg.io", "app").username == "one"
    clock.advance(limits.DOCKER_CONFIG_SECONDS)
    assert credentials.of("reg.io", "app").username == "two"


def test_unreadable_replacement_changes_nothing_and_is_told_once(tmp_path, observer):
    path, clock = tmp_path / "config.json", FakeClock()
    path.write_text(json.dumps({"auths": {"reg.io": {"auth": auth("one:x")}}}))
    credentials = ReloadedCredentials(path, clock, observer)
    path.write_text("{half a fi")
    for _ in range(3):
        clock.advance(limits.DOCKER_CONFIG_SECONDS)
        assert credentials.of("reg.io", "app").username == "one"
    [(setting, problem)] = observer.files_rejected
    assert setting == "docker_config"
    assert str(path) in problem


def test_replaced_file_is_told_without_being_asked_for(tmp_path, observer):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"auths": {"reg.io": GOOD}}))
    credentials = ReloadedCredentials(path, FakeClock(), observer)
    path.write_text(json.dumps({"auths": {"reg.io": GOOD, "a.io": None}}))
    credentials.look()
    assert observer.unusable == ["", f"docker_config {path}: auths['a.io']: it is null"]


def test_file_that_was_never_good_makes_us_nobody_until_it_is(tmp_path, observer):
    path = tmp_path / "config.json"
    path.write_text("{half a fi")
    credentials = ReloadedCredentials(path, FakeClock(), observer)
    assert credentials.of("reg.io", "app") == ANONYMOUS
    assert credentials.problem == f"docker_config {path}: no JSON"
    path.write_text(json.dumps({"auths": {"reg.io": GOOD}}))
    credentials.look()
    assert credentials.of("reg.io", "app").username == "good"
    assert not credentials.problem


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


class TestShared:
    """Credentials that are good at further hosts of their owner."""

    @pytest.fixture
    def shared(self):
        own = config(auths={"reg.io": {"auth": auth("me:secret")}, "b.io": {"auth": auth("you:secret")}})
        settings = RegistrySettings(credential_hosts=frozenset({("reg.io", "reg.io:5000"), ("reg.io", "b.io")}))
        return SharedCredentials(own, settings.owners)

    def test_host_of_the_same_owner_has_them(self, shared):
        assert shared.of("reg.io:5000", "app").username == "me"

    def test_own_credential_comes_first(self, shared):
        assert shared.of("b.io", "app").username == "you"

    @pytest.mark.parametrize("registry", ["c.io", "reg.io:5001", "sub.reg.io", "reg.io.evil"])
    def test_no_other_host_has_them(self, shared, registry):
        assert shared.of(registry, "app") == ANONYMOUS
