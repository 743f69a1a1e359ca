"""Doctor asks the provider about images as Gatekeeper does, with a certificate of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.doctor.provider_client import ProviderClient
from gatekeeper.doctor.provider_object import ProviderObject
from gatekeeper.doctor.reading import ReadFailure
from gatekeeper.doctor.registries import ImageAnswer
from provider.errors import SettingsError
from tests.integration.server.conftest import Provider
from tests.simulators.certificates import Authority

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Certifies the provider and its clients."""
    return Authority()


@pytest.fixture(scope="module")
def running(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider."""
    folder = tmp_path_factory.mktemp("provider")
    provider = Provider(authority.server(folder), folder)
    yield provider
    provider.close()


def _object(port: int, authority: Authority) -> ProviderObject:
    return ProviderObject("bestbefore-audit", f"https://127.0.0.1:{port}/audit", 10, authority.pem, 1, ())


def test_images_are_answered_or_have_their_reason(running: Provider, authority: Authority, tmp_path: Path) -> None:
    client = ProviderClient(*authority.client(tmp_path))
    images = ["app/web:1", "NOT AN IMAGE", "app/slow-held-20:1"]
    found = client.ask(_object(running.port, authority), images)
    assert not isinstance(found, ReadFailure)
    assert found[0] == ImageAnswer("app/web:1")
    assert [each.reason for each in found[1:]] == ["ReferenceInvalid", "Timeout"]
    assert all(each.message for each in found[1:])


def test_client_of_a_stranger_is_not_answered(running: Provider, authority: Authority, tmp_path: Path) -> None:
    client = ProviderClient(*Authority().client(tmp_path))
    found = client.ask(_object(running.port, authority), ["app/web:1"])
    assert isinstance(found, ReadFailure)
    assert "cannot be asked" in found.why


def test_provider_of_a_stranger_is_not_believed(running: Provider, authority: Authority, tmp_path: Path) -> None:
    client = ProviderClient(*authority.client(tmp_path))
    found = client.ask(_object(running.port, Authority()), ["app/web:1"])
    assert isinstance(found, ReadFailure)
    assert "CERTIFICATE_VERIFY_FAILED" in found.why


def test_nobody_there_is_not_judged(authority: Authority, tmp_path: Path) -> None:
    found = ProviderClient(*authority.client(tmp_path)).ask(_object(1, authority), ["app/web:1"])
    assert isinstance(found, ReadFailure)


@pytest.mark.parametrize("text", [None, "", "no PEM"])
def test_certificate_that_cannot_be_used_is_refused(text: str | None, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.client(tmp_path)
    if text is None:
        key.unlink()
    else:
        key.write_text(text)
    with pytest.raises(SettingsError) as refused:
        ProviderClient(certificate, key).check()
    assert str(key) in refused.value.problems[0]
