"""Fact sheets that tell who signed: the provider as its settings make it, and a real registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import registry as registries
from tests.e2e.rig.registry import days_ago
from tests.integration.answering import LoopInspector
from tests.integration.test_verify import Shop
from tests.programs import program
from tests.simulators.signing import Signer, SigningWorld, new_key

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Any:
    started = registries.start(program("registry"), tmp_path_factory.mktemp("registry"))
    yield started
    started.stop()


@pytest.fixture
def shop(registry: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Shop:
    name = f"facts/{request.node.name.replace('_', '-')}"
    return Shop(registry, SigningWorld(), registry.push(name, days_ago(1)), name, tmp_path)


def signature(shop: Shop, key: str, **authorities: Signer) -> Any:
    """`signature` of the answer to a key, by a provider with these authorities."""
    files = {name: shop.folder / name for name in authorities}
    for name, signer in authorities.items():
        files[name].write_text(signer.public_pem)
    answering = LoopInspector(authorities=files)
    try:
        return answering.answer(key).to_json("ref")["signature"]
    finally:
        answering.close()


def test_those_who_signed_are_named_in_either_format(shop: Shop) -> None:
    ann, bob, eve = (Signer(new_key()) for _ in range(3))
    shop.attach(shop.legacy(ann))
    shop.refer(shop.world.bundle(shop.image.digest, bob, entry=None))
    found = signature(shop, shop.image.reference, ann=ann, bob=bob, eve=eve)
    assert found == {"status": "verified", "by": ["ann", "bob"]}


def test_strangers_signature_is_unverified_and_none_is_absent(shop: Shop) -> None:
    ann = Signer(new_key())
    assert signature(shop, shop.image.reference, ann=ann) == {"status": "absent", "by": []}
    shop.attach(shop.legacy(Signer(new_key())))
    assert signature(shop, shop.image.reference, ann=ann) == {"status": "unverified", "by": []}


def test_nobody_looks_without_authorities_or_for_a_template(shop: Shop) -> None:
    ann = Signer(new_key())
    shop.attach(shop.legacy(ann))
    unchecked = {"status": "unchecked", "by": []}
    assert signature(shop, shop.image.reference) == unchecked
    assert signature(shop, f'{{"image":"{shop.image.reference}","v":1}}', ann=ann) == unchecked
