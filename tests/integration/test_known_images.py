"""Images that are in memory already: what is asked about them over a real connection, without their documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provider.errors import ImageError
from provider.reasons import Reason
from tests.integration.answering import LoopInspector
from tests.simulators.registry import RegistrySimulator

pytestmark = pytest.mark.integration


@pytest.fixture
def registry() -> RegistrySimulator:
    return RegistrySimulator()


@pytest.fixture
def address(registry: RegistrySimulator) -> Iterator[str]:
    with registry.serve() as address:
        yield address


@pytest.fixture
def answering() -> Iterator[LoopInspector]:
    answering = LoopInspector(tag_ttl=0.0)
    yield answering
    answering.close()


def test_tag_that_stays_where_it_was_is_looked_at_without_its_document(
    registry: RegistrySimulator, address: str, answering: LoopInspector
) -> None:
    digest = registry.push_image("team/app", "v1").digest
    answering.answer(f"{address}/team/app:v1")
    assert answering.answer(f"{address}/team/app:v1").digest == digest
    assert registry.counts == {"manifest": 1, "blob": 1, "HEAD manifest": 1}


def test_tag_that_moved_is_followed(registry: RegistrySimulator, address: str, answering: LoopInspector) -> None:
    registry.push_image("team/app", "v1")
    answering.answer(f"{address}/team/app:v1")
    digest = registry.push_image("team/app", "v1", created="2026-02-02T00:00:00Z").digest
    assert answering.answer(f"{address}/team/app:v1").digest == digest


def test_image_that_lies_in_two_repositories_is_fetched_once_and_asked_for_in_each(
    registry: RegistrySimulator, address: str, answering: LoopInspector
) -> None:
    for repository in ("team/app", "team/copy"):
        digest = registry.push_image(repository, "v1").digest
        assert answering.answer(f"{address}/{repository}@{digest}").digest == digest
    assert registry.counts == {"manifest": 1, "blob": 1, "HEAD manifest": 1, "HEAD blob": 1}


def test_image_that_one_repository_may_not_be_asked_for_is_not_given_from_another(
    registry: RegistrySimulator, address: str, answering: LoopInspector
) -> None:
    digest = registry.push_image("team/app", "v1").digest
    answering.answer(f"{address}/team/app@{digest}")
    with pytest.raises(ImageError) as caught:
        answering.answer(f"{address}/team/other@{digest}")
    assert caught.value.reason is Reason.NOT_FOUND
