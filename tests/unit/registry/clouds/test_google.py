"""Artifact Registry by the real google-auth."""

import threading
import time

import pytest

from provider.registry.clouds import google, places
from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.google import GoogleLibrary
from provider.registry.credentials.credential import Credential
from provider.registry.origin import of_url
from tests.simulators.clouds import GOOGLE_TOKEN

GAR = places.find("europe-docker.pkg.dev")


@pytest.fixture(autouse=True)
def google_auth(library):
    library("google", google.EXTRA)


def test_service_account_of_the_pod_gives_a_token(api):
    token = GoogleLibrary(api).token(GAR)
    principal = "google sa@project.iam.gserviceaccount.com"
    assert token.credential == Credential("oauth2accesstoken", GOOGLE_TOKEN, principal=principal, confined=True)
    assert token.credential.name == "google"
    assert 3500 < token.ends_at - time.time() < 3700


def test_nobody_but_the_metadata_server_is_asked_and_no_thread_is_left(api):
    before = set(threading.enumerate())
    GoogleLibrary(api).token(GAR)
    assert len(api.asked) == 2
    assert all(google.allowed(of_url(asked.split()[1])) for asked in api.asked)
    assert all(headers["metadata-flavor"] == "Google" for headers, _ in api.sent)
    assert set(threading.enumerate()) <= before


def test_file_that_the_environment_names_is_not_read(monkeypatch, tmp_path, api):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none"))
    assert GoogleLibrary(api).token(GAR).credential.password == GOOGLE_TOKEN


@pytest.mark.parametrize("status", [403, 404])
def test_nobody_is_told_how_to_be_somebody(api, status):
    api.fail("metadata", status, "foreign text")
    with pytest.raises(CloudError, match="Workload Identity") as caught:
        GoogleLibrary(api).token(GAR)
    assert "foreign" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "null",
        "{}",
        '{"access_token": "", "expires_in": 3599}',
        '{"access_token": ["secret"], "expires_in": 3599}',
        '{"access_token": "secret"}',
        '{"access_token": "secret", "expires_in": "soon"}',
    ],
)
def test_answer_that_is_none_is_no_token_and_is_not_shown(api, body):
    """What is no error of ours becomes one on the thread: tests/unit/registry/clouds/test_threads.py."""
    api.say("/token", body)
    with pytest.raises(Exception) as caught:
        GoogleLibrary(api).token(GAR)
    assert not isinstance(caught.value, CloudError) or "secret" not in str(caught.value)
