"""The clouds' real libraries on interfaces that answer as documented, in no cloud."""

import os
from importlib.util import find_spec

import pytest

from tests.programs import missing
from tests.simulators.clouds import CloudAPI

_VARIABLES = ("AWS_", "AZURE_", "GCE_", "GOOGLE_", "MSI_", "IDENTITY_", "IMDS_")


@pytest.fixture
def api():
    return CloudAPI()


@pytest.fixture
def library(monkeypatch):
    """Skips a test whose extra is not installed; no variable of a cloud says anything."""
    for name in os.environ:
        if name.startswith(_VARIABLES):
            monkeypatch.delenv(name)

    def library(extra, module):
        try:
            there = find_spec(module) is not None
        except ModuleNotFoundError:
            there = False
        if not there:
            missing(f"the extra {extra} of this package")

    return library


@pytest.fixture
def token_file(tmp_path):
    """As a projected volume of a service account is."""
    path = tmp_path / "token"
    path.write_text("header.claims-of-the-pod.signature")
    return path
