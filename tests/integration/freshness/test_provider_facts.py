"""Facts from a provider that runs, by a certificate of one's own; what cannot be asked is never a yes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.freshness.provider_facts import ProviderAbsentError, ProviderFacts, ProviderTarget
from provider.questions import question
from provider.questions.question import FactQuestion
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


def key_of(image: str) -> str:
    return question.key_of(FactQuestion(image))


def facts(port: int, authority: Authority, folder: Path, trusted: Authority | None = None) -> ProviderFacts:
    target = ProviderTarget(f"https://127.0.0.1:{port}/audit", (trusted or authority).pem)
    return ProviderFacts(lambda: target, *authority.client(folder))


def test_many_keys_are_asked_in_several_requests_and_each_has_its_answer(
    running: Provider, authority: Authority, tmp_path: Path
) -> None:
    keys = [key_of(f"app/web:{n}") for n in range(120)]
    found = facts(running.port, authority, tmp_path).answers(keys)
    assert set(found.values) == set(keys)
    assert found.errors == {}
    assert found.system_error == ""


def test_durable_and_passing_failures_keep_their_reasons(
    running: Provider, authority: Authority, tmp_path: Path
) -> None:
    good, bad, slow = key_of("app/web:1"), key_of("NOT AN IMAGE"), key_of("app/slow-held-20:1")
    found = facts(running.port, authority, tmp_path).answers([good, bad, slow])
    assert list(found.values) == [good]
    assert found.errors[bad].startswith("ReferenceInvalid: ")
    assert found.fact(slow)["reason"] == "Timeout"


def test_nothing_is_asked_where_there_is_nothing_to_ask(authority: Authority, tmp_path: Path) -> None:
    assert facts(1, authority, tmp_path).answers([]).values == {}


def test_nobody_there_is_a_passing_failure_of_each_key(authority: Authority, tmp_path: Path) -> None:
    keys = [key_of("app/web:1"), key_of("app/web:2")]
    found = facts(1, authority, tmp_path).answers(keys)
    assert [found.fact(key)["reason"] for key in keys] == ["ProviderUnavailable"] * 2
    assert found.values == found.errors == {}


def test_provider_of_a_stranger_is_not_believed(running: Provider, authority: Authority, tmp_path: Path) -> None:
    found = facts(running.port, authority, tmp_path, trusted=Authority()).answers([key_of("app/web:1")])
    assert found.fact(key_of("app/web:1"))["reason"] == "ProviderUnavailable"


def test_certificate_that_is_not_there_yet_is_a_passing_failure(authority: Authority, tmp_path: Path) -> None:
    target = ProviderTarget("https://127.0.0.1:1/audit", authority.pem)
    found = ProviderFacts(lambda: target, tmp_path / "tls.crt", tmp_path / "tls.key").answers([key_of("app/web:1")])
    assert found.fact(key_of("app/web:1"))["reason"] == "ProviderUnavailable"


def test_provider_that_nobody_names_is_a_passing_failure(authority: Authority, tmp_path: Path) -> None:
    def absent() -> ProviderTarget:
        raise ProviderAbsentError("there is no Provider bestbefore-audit")

    found = ProviderFacts(absent, *authority.client(tmp_path)).answers([key_of("app/web:1")])
    assert "there is no Provider bestbefore-audit" in found.fact(key_of("app/web:1"))["message"]


def test_conversation_keeps_what_it_opened_and_opens_anew_after_a_failure(
    running: Provider, authority: Authority, tmp_path: Path
) -> None:
    """So that a certificate that was rotated in the middle is seen."""
    trusted = [Authority().pem, authority.pem]
    looks: list[ProviderTarget] = []

    def target() -> ProviderTarget:
        looks.append(ProviderTarget(f"https://127.0.0.1:{running.port}/audit", trusted[min(len(looks), 1)]))
        return looks[-1]

    with ProviderFacts(target, *authority.client(tmp_path)).conversation() as asked:
        said = [asked.answers([key_of(f"app/web:{n}")]).fact(key_of(f"app/web:{n}")) for n in range(4)]
    assert [each.get("reason") for each in said] == ["ProviderUnavailable", None, None, None]
    assert len(looks) == 2
