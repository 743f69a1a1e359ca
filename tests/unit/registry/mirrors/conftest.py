"""Folders of `hosts.toml` files."""

import pytest

from provider.registry.client import RegistryClient
from provider.registry.mirrors.folder import HostFolder
from provider.registry.settings import RegistrySettings
from tests.simulators.fleet import RegistryFleet


@pytest.fixture
def write(tmp_path):
    """Writes the file of a registry's folder."""

    def write(folder, text, name="hosts.toml"):
        path = tmp_path / "certs.d" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def make_folder(tmp_path, clock, observer):
    return lambda: HostFolder(tmp_path / "certs.d", None, clock, observer)


@pytest.fixture
def fleet():
    return RegistryFleet()


@pytest.fixture
def mirrored(write, make_folder, clock, fleet, observer):
    """Makes a client whose registries have the hosts of `hosts.toml` texts, by folder."""

    def make(texts):
        for folder, text in texts.items():
            write(folder, text)
        return RegistryClient(RegistrySettings(), fleet, clock, observer, hosts=make_folder())

    return make
