"""A real pull-through cache, distribution's, as a mirror of a registry."""

import os
import subprocess

import pytest

from provider.clock import SystemClock
from provider.observer import NullObserver
from provider.registry.content import manifest, media_types
from provider.registry.content.manifest import Descriptor
from provider.registry.reference import parse
from provider.registry.store import Store
from tests.integration.registry.conftest import soon, wait_for
from tests.ports import free_port
from tests.programs import program

IMAGE = parse("registry.invalid/team/app:v1")


@pytest.fixture
def cache(tmp_path):
    """Starts a cache of a registry at an address; gives its own."""
    started = []

    def start(upstream):
        port = free_port()
        settings = tmp_path / "distribution.yml"
        settings.write_text(
            "version: 0.1\n"
            f"storage: {{filesystem: {{rootdirectory: {tmp_path / 'distribution'}}}}}\n"
            f"http: {{addr: '127.0.0.1:{port}'}}\n"
            f"proxy: {{remoteurl: 'http://{upstream}'}}\n"
        )
        command = [program("docker-registry"), "serve", settings]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "OTEL_TRACES_EXPORTER": "none"}
        started.append(subprocess.Popen(command, env=environment, **quiet))
        wait_for(port, started[-1])
        return f"127.0.0.1:{port}"

    yield start
    for process in started:
        process.terminate()
        process.wait()


@pytest.fixture
def make_store(run, make_client, tmp_path):
    """Makes stores that remember nothing of each other, over a mirror."""

    def make(mirror, capabilities='"pull", "resolve"'):
        path = tmp_path / "certs.d" / "registry.invalid" / "hosts.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'server = "http://{mirror}"\ncapabilities = [{capabilities}]\n')
        client = make_client(hosts_dir=tmp_path / "certs.d")
        return Store(client, SystemClock(), NullObserver(), memory_bytes=1_000_000, tag_ttl=0)

    return make


def read(run, store, call):
    """Manifest and configuration of the image, and which host sent each."""
    found = run(store.resolve(IMAGE, call)).document
    image = manifest.parse(found.body, found.media_type, found.digest, "x")
    config = run(store.blob(IMAGE.at(found.digest), image.config, 10_000, call))
    return found, config, call.host


def test_image_comes_by_the_cache_and_still_does_when_its_registry_is_away(
    run, registry, cache, make_store, make_call, tmp_path
):
    pushed = registry.push_image("team/app", "v1")
    with registry.serve() as upstream:
        mirror = cache(upstream)
        found, config, host = read(run, make_store(mirror), make_call())
        assert (found.digest, found.host, host) == (pushed.digest, mirror, mirror)
        # It answers before it has kept what it answers with.
        kept = tmp_path / "distribution" / "docker" / "registry" / "v2" / "blobs" / "sha256"
        assert soon(lambda: len([*kept.rglob("data")]) == 2)
    again, same, _ = read(run, make_store(mirror), make_call())
    assert (again.digest, same) == (pushed.digest, config)


def test_cache_has_no_list_of_what_refers_to_an_image(run, registry, cache, make_store, make_call):
    pushed = registry.push_image("team/app", "v1")
    with registry.serve() as upstream:
        store = make_store(cache(upstream))
        assert run(store.referrers(IMAGE.at(pushed.digest), make_call())).absent


def test_absent_image_is_absent_in_the_cache(run, registry, cache, make_store, make_call):
    with registry.serve() as upstream:
        store = make_store(cache(upstream))
        absent = Descriptor(media_types.OCI_CONFIG, "sha256:" + "0" * 64, 2)
        for question in (store.resolve(IMAGE, make_call()), store.blob(IMAGE, absent, 10, make_call())):
            with pytest.raises(Exception, match="NotFound"):
                run(question)
