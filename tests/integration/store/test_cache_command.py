"""`bestbefore cache` on a real store and a registry on a socket."""

import socket

import pytest
import yaml
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from provider import limits
from tests.integration.store import servers
from tests.ports import free_port
from tests.simulators.registry import RegistrySimulator

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A machine may be busy with other things."""
    monkeypatch.setattr(limits, "STORE_READ_SECONDS", 5.0)
    monkeypatch.setattr(limits, "STORE_WRITE_SECONDS", 10.0)
    monkeypatch.setattr(limits, "STORE_CLOSE_SECONDS", 10.0)


@pytest.fixture(scope="module")
def server():
    with servers.single() as server:
        yield server


@pytest.fixture
def registry():
    simulator = RegistrySimulator()
    for tag in ("1", "2", "3"):
        simulator.push_image("shop/web", tag, created=f"2026-01-0{tag}T00:00:00Z")
    with simulator.serve() as host:
        simulator.host = host
        yield simulator


@pytest.fixture
def cache(server, registry, tmp_path):
    """Runs the command with the settings of a provider; gives its exit code and what it printed."""
    with servers.client(server.all[0]) as one:
        one.flushall()
    key, config = tmp_path / "key", tmp_path / "settings.yaml"
    key.write_bytes(b"k" * 32)
    host, port = server.addresses[0]
    files = dict.fromkeys(("tls_cert", "tls_key", "client_ca"), "/none")
    own = {"store": [f"{host}:{port}"], "store_key": str(key), "store_tls": False}
    settings = {**files, **own, "insecure_registry": [registry.host]}

    def cache(*arguments, text=None, **changes):
        config.write_text(yaml.safe_dump(settings | changes))
        done = CliRunner().invoke(cli, ["cache", *arguments, "--config", str(config)], input=text)
        return done.exit_code, done.output

    return cache


def test_warmed_images_are_shown_and_dropped(cache, registry):
    images = [f"{registry.host}/shop/web:{tag}" for tag in "123"]
    assert cache("warm", *images) == (0, "3 of 3 images are in the store\n")
    code, text = cache("show")
    assert (code, text.splitlines()[0].split()) == (0, ["VERSION", "ENTRIES", "OF", "COUNT"])
    counts = {line.split()[1]: int(line.split()[2]) for line in text.splitlines()[1:]}
    assert counts == {"document": 6, "right": 6, "tag": 3}
    assert cache("drop") == (0, "15 entries dropped\n")
    assert cache("show")[1].count("\n") == 1


def test_single_images_are_forgotten_and_no_others(cache, registry):
    images = [f"{registry.host}/shop/web:{tag}" for tag in "123"]
    cache("warm", *images)
    assert cache("drop", images[0], images[0], images[1]) == (0, "2 of 2 images are forgotten\n")
    registry.requests.clear()
    cache("warm", images[2])
    assert registry.requests == []
    cache("warm", images[0])
    assert {one.path.rpartition("/")[2] for one in registry.requests if one.kind == "manifest"} == {"1"}
    _, text = cache("show")
    # Of an image: its tag, what refers to it, where its signature and its attestations lie; each for us and everybody.
    counts = {line.split()[1]: int(line.split()[2]) for line in text.splitlines()[1:]}
    assert (counts["tag"], counts["dropped"]) == (2, 16)


def test_image_that_cannot_be_read_is_named_and_the_others_are_forgotten(cache, registry):
    code, text = cache("drop", "A B", f"{registry.host}/shop/web:1")
    assert (code, "A B: ReferenceInvalid" in text, "1 of 2 images are forgotten" in text) == (1, True, True)


def test_store_that_is_away_forgets_nothing_and_says_so(cache, registry):
    address = f"127.0.0.1:{free_port()}"
    code, text = cache("drop", f"{registry.host}/shop/web:1", store=[address])
    assert (code, f"the store at {address} does not answer: connection" in text) == (3, True)


def test_store_that_takes_nothing_forgets_nothing_and_says_so(cache, registry, server):
    cache("warm", f"{registry.host}/shop/web:1")
    with servers.client(server.all[0]) as one:
        one.config_set("min-replicas-to-write", 1)
    try:
        code, text = cache("drop", f"{registry.host}/shop/web:1")
    finally:
        with servers.client(server.all[0]) as one:
            one.config_set("min-replicas-to-write", 0)
    assert (code, "the store did not take all of it" in text) == (3, True)


def test_list_is_read_from_a_file_and_each_image_is_asked_once(cache, registry, tmp_path):
    line = f"{registry.host}/shop/web:1\n"
    assert cache("warm", "--from", "-", text=f"{line}\n{line}") == (0, "1 of 1 images are in the store\n")


def test_what_is_warm_costs_no_request(cache, registry):
    image = f"{registry.host}/shop/web:1"
    cache("warm", image)
    registry.requests.clear()
    assert cache("warm", image)[0] == 0
    assert registry.requests == []


def test_image_without_an_answer_is_named_and_the_others_are_warmed(cache, registry):
    code, text = cache("warm", f"{registry.host}/shop/web:1", f"{registry.host}/shop/web:none", "A B")
    assert code == 1
    assert "1 of 3 images are in the store" in text
    assert "shop/web:none: NotFound" in text
    assert "A B: " in text


def test_ten_thousand_images_are_too_few_to_be_refused_and_one_more_than_the_limit_is_too_many(cache, monkeypatch):
    monkeypatch.setattr(limits, "WARMED_IMAGES", 2)
    code, text = cache("warm", "a", "b", "c")
    assert (code, "3 images are more than 2" in text) == (2, True)


@pytest.mark.parametrize("arguments", [("warm",), ("show", "image"), ("drop", "--cluster"), ("fill",)], ids=" ".join)
def test_usage_that_means_nothing_is_refused(cache, arguments):
    assert cache(*arguments)[0] == 2


def test_provider_that_shares_nothing_has_nothing_to_show(cache):
    assert cache("show", store=[]) == (2, "error: store: is not set, so that replicas share nothing\n")


def test_store_that_is_away_is_said(cache):
    address = f"127.0.0.1:{free_port()}"
    code, text = cache("show", store=[address])
    assert (code, f"the store at {address} does not answer: connection" in text) == (3, True)


def test_nothing_is_warmed_for_a_store_that_is_away(cache, registry):
    code, text = cache("warm", f"{registry.host}/shop/web:1", store=[f"127.0.0.1:{free_port()}"])
    assert (code, "does not answer: connection" in text) == (3, True)
    assert registry.requests == []


def test_registry_that_is_away_is_not_asked_for_every_image(cache, registry, monkeypatch):
    monkeypatch.setattr(limits, "WARMED_IN_VAIN", 3)
    monkeypatch.setattr(limits, "WARMED_AT_ONCE", 1)
    monkeypatch.setattr(limits, "PERSON_PATIENCE_SECONDS", 0.0)
    away = f"127.0.0.1:{free_port()}"
    images = [f"{away}/shop/web:{number}" for number in range(50)]
    code, text = cache(
        "warm", *images, f"{registry.host}/shop/web:1", insecure_registry=[away, registry.host], proxy="none"
    )
    assert (code, "1 of 51 images are in the store" in text) == (1, True)
    assert text.count("3 images in a row") == 47


def test_store_that_says_nothing_is_said_to_be_so(cache, registry, monkeypatch):
    monkeypatch.setattr(limits, "STORE_CLOSE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        code, text = cache("drop", "a/b", store=[f"127.0.0.1:{silent.getsockname()[1]}"])
    assert (code, "does not answer: timeout" in text, "store_tls" in text) == (3, True, True)


def test_password_that_is_not_taken_is_said_with_where_it_stands(cache, tmp_path, caplog):
    (tmp_path / "password").write_text("secret-wrong\n")
    code, text = cache("show", store_password=str(tmp_path / "password"))
    assert (code, "refused" in text, "`store_password`" in text, "secret-" in text) == (3, True, True, False)
    assert caplog.text == ""


def test_missing_settings_are_said_to_be_the_providers(tmp_path):
    (tmp_path / "empty.yaml").write_text("{}")
    done = CliRunner().invoke(cli, ["cache", "show", "--config", str(tmp_path / "empty.yaml")])
    assert (done.exit_code, "name its file with --config" in done.output) == (2, True)


def test_more_entries_than_are_shown_are_dropped_all_the_same(cache, registry, monkeypatch):
    cache("warm", *(f"{registry.host}/shop/web:{tag}" for tag in "123"))
    monkeypatch.setattr(limits, "STORE_SHOWN", 4)
    assert cache("drop") == (0, "15 entries dropped\n")


def test_list_that_is_no_text_is_refused_line_by_line(cache, tmp_path):
    (tmp_path / "images").write_bytes(b"\xff\xfe\x00a\n")
    code, text = cache("warm", "--from", str(tmp_path / "images"))
    assert (code, "ReferenceInvalid" in text) == (1, True)
