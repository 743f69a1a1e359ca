"""Where settings come from, and what is wrong with them."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.errors import SettingsError
from provider.registry.clouds.places import CloudName
from provider.settings import model
from provider.settings.sources import load
from provider.settings.values import Address, LogFormat, LogLevel

REQUIRED = {"tls_cert": "tls.crt", "tls_key": "tls.key", "client_ca": "ca.crt"}


def problems(flags=None, environment=None):
    with pytest.raises(SettingsError) as caught:
        load(REQUIRED | (flags or {}), environment or {})
    return caught.value.problems


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "settings.yaml"
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        return {"config": str(path)}

    return write


def test_defaults_hold_where_nothing_is_said():
    loaded = load(REQUIRED, {})
    assert loaded.server.listen == Address("", 8443)
    assert loaded.server.metrics_listen == Address("", 8888)
    assert loaded.server.tls_cert == Path("tls.crt")
    assert loaded.deadlines == model.DeadlineSettings(validate_seconds=1.2, audit_seconds=9.0, mutate_seconds=0.7)
    assert loaded.registries.named_registry == ()
    assert loaded.log == model.LogSettings(log_level=LogLevel.INFO, log_format=LogFormat.AUTO)


def test_flags_win_over_the_environment_that_over_the_file_that_over_the_default(config):
    file = config("threads: 11\nmutate_seconds: 0.5\nvalidate_seconds: 2")
    environment = {"BESTBEFORE_THREADS": "12", "BESTBEFORE_MUTATE_SECONDS": "0.6"}
    loaded = load(REQUIRED | file | {"threads": "13"}, environment)
    assert loaded.server.threads == 13
    assert loaded.deadlines.mutate_seconds == 0.6
    assert loaded.deadlines.validate_seconds == 2.0
    assert loaded.deadlines.audit_seconds == 9.0


def test_file_may_be_named_by_the_environment(config):
    assert load(REQUIRED, {"BESTBEFORE_CONFIG": config("threads: 11")["config"]}).server.threads == 11


def test_every_setting_can_be_given_by_every_source(config):
    given = {
        "tls_cert": "a",
        "tls_key": "b",
        "client_ca": "c",
        "own_client_ca": "i",
        "listen": "127.0.0.1:1",
        "metrics_listen": "[::1]:2",
        "threads": "5",
        "keepalive_seconds": "91",
        "drain_seconds": "3.5",
        "validate_seconds": "1",
        "audit_seconds": "2",
        "mutate_seconds": "3",
        "named_registry": "a.example,b.example:5000",
        "insecure_registry": "127.0.0.1:5000",
        "docker_config": "d",
        "registry_ca": "e",
        "hosts_dir": "j",
        "proxy": "http://me:secret@proxy.lab:3128",
        "no_proxy": ".lab,10.0.0.0/8",
        "trust_root": "own=f,other=g",
        "trust_root_dir": "r",
        "credential_host": "reg.io=auth.io,reg.io=login.io",
        "credential_helpers": "true",
        "cloud_credentials": "ecr,azure",
        "short_names": "false",
        "pull_secret_namespace": "shop,yard",
        "service_account": "q",
        "authority": "release=h",
        "tag_ttl_seconds": "0",
        "stale_seconds": "60",
        "memory_mib": "8",
        "store": "a.example:6379,[::1]:6380",
        "store_kind": "cluster",
        "store_primary": "shop",
        "store_key": "k",
        "store_tls": "false",
        "store_ca": "l",
        "store_cert": "m",
        "store_cert_key": "n",
        "store_user": "bb",
        "store_password": "o",
        "store_sentinel_password": "p",
        "log_level": "debug",
        "log_format": "text",
    }
    assert set(given) == set(model.fields())
    by_flags = load(given, {})
    by_environment = load({}, {f"BESTBEFORE_{name.upper()}": value for name, value in given.items()})
    by_file = load(config("\n".join(f"{name}: '{value}'" for name, value in given.items())), {})
    assert by_flags == by_environment == by_file
    assert by_flags.server.metrics_listen == Address("::1", 2)
    assert by_flags.registries.named_registry == ("a.example", "b.example:5000")
    assert by_flags.registries.tag_ttl_seconds == 0.0
    defaults = load(REQUIRED, {})
    for group in model.SCHEMA.groups:
        changed, default = vars(getattr(by_flags, group)), vars(getattr(defaults, group))
        assert [name for name in changed if changed[name] == default[name]] == []


def test_file_holds_numbers_and_lists_as_yaml_has_them(config):
    loaded = load(
        REQUIRED | config("threads: 9\nvalidate_seconds: 1\nnamed_registry: [a.example, docker.io]\ndocker_config:"), {}
    )
    assert loaded.server.threads == 9
    assert loaded.registries.named_registry == ("a.example", "index.docker.io")
    assert loaded.registries.docker_config is None


def test_hosts_of_credentials_are_pairs():
    loaded = load(REQUIRED | {"credential_host": ("reg.io:5000=reg.io:5001", "docker.io=auth.example")}, {})
    assert [str(pair) for pair in loaded.registries.credential_host] == [
        "reg.io:5000=reg.io:5001",
        "index.docker.io=auth.example",
    ]


def test_clouds_are_named_once_each():
    loaded = load(REQUIRED | {"cloud_credentials": ("azure", "ecr", "azure")}, {})
    assert loaded.registries.cloud_credentials == (CloudName.AZURE, CloudName.ECR)


def test_trust_roots_are_files_by_name():
    loaded = load(REQUIRED | {"trust_root": ("own=/a/b.json", "other=x=y")}, {})
    assert [(file.name, str(file.path)) for file in loaded.signatures.trust_root] == [
        ("own", "/a/b.json"),
        ("other", "x=y"),
    ]


def test_repeated_flag_is_a_list():
    loaded = load(REQUIRED | {"insecure_registry": ("127.0.0.1:5000", "r.example")}, {})
    assert loaded.registries.insecure_registry == ("127.0.0.1:5000", "r.example")


def test_flag_that_was_not_given_says_nothing():
    assert load(REQUIRED | {"insecure_registry": (), "threads": None}, {"BESTBEFORE_THREADS": "7"}).server.threads == 7


def test_all_problems_are_told_at_once(config):
    flags = {"listen": "nowhere", "tls_key": None} | config("validate_seconds: fast\nthread: 3\nlog_level: loud")
    assert problems(flags, {"BESTBEFORE_THREADS": "0"}) == (
        f"{flags['config']}: thread: there is no such setting; did you mean threads?",
        "tls_key: must be given, by --tls-key, by BESTBEFORE_TLS_KEY or in the file",
        "--listen: must be HOST:PORT or :PORT, got 'nowhere'",
        "BESTBEFORE_THREADS: must be between 4 and 512, got 0",
        f"{flags['config']}: validate_seconds: must be a number, got 'fast'",
        f"{flags['config']}: log_level: must be one of debug, info, warning, error, got 'loud'",
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("listen", "8443", "must be HOST:PORT or :PORT, got '8443'"),
        ("listen", "::1:8443", "must be HOST:PORT or :PORT, got '::1:8443'"),
        ("listen", ":65536", "must be HOST:PORT or :PORT, got ':65536'"),
        ("listen", 8443, "must be a text, got '8443'"),
        ("tls_cert", "", "must be the path of a file"),
        ("tls_cert", "a\0b", "must be the path of a file"),
        ("threads", 4.5, "must be a whole number, got '4.5'"),
        ("threads", True, "must be a whole number, got 'True'"),
        ("threads", "9" * 5000, "must be a whole number, got '999"),
        ("threads", 3, "must be between 4 and 512, got 3"),
        ("validate_seconds", "1s", "must be a number, got '1s'"),
        ("validate_seconds", "nan", "must be a number, got 'nan'"),
        ("validate_seconds", float("nan"), "must be between 0.1 and 25, got nan"),
        ("validate_seconds", float("inf"), "must be between 0.1 and 25, got inf"),
        ("tag_ttl_seconds", -1, "must be between 0 and 3600, got -1"),
        ("named_registry", "https://a.example", "'https://a.example' is no registry: write host or host:port"),
        ("named_registry", ["a.example/path"], "'a.example/path' is no registry"),
        ("named_registry", "localhost", "'localhost' is no registry"),
        ("named_registry", [1], "must be a text, got '1'"),
        ("named_registry", 1, "must be a list of registries, got '1'"),
        ("pull_secret_namespace", "shop,*", "'*' is no name of a namespace; each is named by itself"),
        ("pull_secret_namespace", 1, "must be a list of namespaces, got '1'"),
        ("log_format", "xml", "must be one of auto, json, text, got 'xml'"),
        ("trust_root", "own", "must be NAME=FILE, the name in lower-case letters, digits, `-` and `.`, got 'own'"),
        ("trust_root", ["Own=f"], "must be NAME=FILE"),
        ("trust_root", ["=f"], "must be NAME=FILE"),
        ("trust_root", ["own="], "must be the path of a file"),
        ("trust_root", ["own=f", "own=g"], "own stands twice"),
        ("trust_root", 1, "must be a list of NAME=FILE, got '1'"),
        ("credential_host", "reg.io", "must be REGISTRY=HOST, got 'reg.io'"),
        ("credential_host", ["reg.io="], "is no registry"),
        ("credential_host", ["reg.io=https://auth.io/token"], "is no registry"),
        ("credential_host", ["*.io=auth.io"], "is no registry"),
        ("cloud_credentials", "ecr,aws", "must be one of ecr, google, azure, got 'aws'"),
        ("cloud_credentials", {"ecr": 1}, "must be a list of clouds"),
        ("cloud_credentials", [["ecr"]], "must be a text"),
        ("credential_host", 1, "must be a list of REGISTRY=HOST, got '1'"),
    ],
)
def test_bad_value_is_refused_by_name_and_reason(name, value, sentence):
    (problem,) = problems({name: value})
    assert problem.startswith(f"--{name.replace('_', '-')}: ")
    assert sentence in problem
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a, b]", "must hold settings by their names"),
        ("just text", "must hold settings by their names"),
        ("threads: 5\nthreads: 6", "threads stands twice"),
        ("a: &x [1]\nthreads: *x", "aliases are not supported"),
        ("threads: !!python/object/apply:os.system ['true']", "is no YAML that can be used"),
        ("threads: [", "is no YAML that can be used"),
        (b"\xff\xfe\x00", "is no YAML that can be used"),
        ("[" * 20_000, "is no YAML that can be used"),
        ("#" * (limits.SETTINGS_BYTES + 1), f"it is larger than {limits.SETTINGS_BYTES} bytes"),
        ("1: 2", "1: there is no such setting"),
        ("{[a]: 1}", "is no YAML that can be used"),
        ("threads: !!bool maybe", "is no YAML that can be used: a value does not fit its tag"),
        ("threads: !!timestamp soon", "is no YAML that can be used: a value does not fit its tag"),
        ("threads: !!int ''", "is no YAML that can be used: a value does not fit its tag"),
        ("threads: !!map [1]", "is no YAML that can be used: a value does not fit its tag"),
        (f"threads: {':'.join(['59'] * 600)}.5", "is no YAML that can be used: a value does not fit its tag"),
    ],
)
def test_bad_file_is_refused_by_what_is_wrong_with_it(config, text, sentence):
    flags = config(text)
    (problem,) = problems(flags)
    assert problem.startswith(f"{flags['config']}: ")
    assert sentence in problem


def test_file_that_is_not_there_is_named(tmp_path):
    assert problems({"config": str(tmp_path / "none.yaml")}) == (
        f"{tmp_path}/none.yaml: cannot read it: No such file or directory",
    )


def test_empty_file_says_nothing(config):
    assert load(REQUIRED | config(""), {}) == load(REQUIRED, {})


def test_misspelt_variable_is_refused():
    assert problems(environment={"BESTBEFORE_LISTENS": ":1"}) == (
        "BESTBEFORE_LISTENS: there is no such setting; did you mean BESTBEFORE_LISTEN?",
    )


@pytest.mark.parametrize(
    "variable",
    [
        "BESTBEFORE_OPA",
        "BESTBEFORE_SERVICE_HOST",
        "BESTBEFORE_PORT",
        "BESTBEFORE_PORT_8443_TCP_ADDR",
        "BESTBEFORE_SERVICE_PORT_METRICS",
        "BESTBEFORE_METRICS_SERVICE_HOST",
        "PATH",
    ],
)
def test_variables_of_others_are_left_alone(variable):
    assert load(REQUIRED, {variable: "tcp://10.0.0.1:8443"}) == load(REQUIRED, {})


def test_every_setting_explains_itself():
    for field in model.fields().values():
        told = field.metadata["help"]
        assert told.does.endswith(".")
        assert told.why.endswith(".")
        assert (str(field.type) in {"int", "float"}) == bool(told.unit), field.name


def test_names_of_settings_are_unique_among_the_groups():
    names = [field.name for group in model.SCHEMA.groups.values() for field in dataclasses.fields(group)]
    assert len(names) == len(set(names)) == len(model.fields())


@given(
    st.sampled_from(sorted(model.fields())),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()) | st.binary(),
)
def test_no_value_is_a_traceback(name, value):
    with contextlib.suppress(SettingsError):
        load(REQUIRED | {name: value}, {})
