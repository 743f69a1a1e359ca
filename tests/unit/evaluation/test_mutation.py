"""What mutation leaves of an object: its Pod, with each tag pinned to the digest that it names."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.evaluation.mutation import pinned
from gatekeeper.evaluation.review import Review

DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "f" * 64


class Digests:
    """Knows some tags, and remembers what it is asked."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known
        self.asked: list[str] = []

    def digest(self, image: str) -> str:
        self.asked.append(image)
        return self.known.get(image, "")


def pod(*images: str) -> Review:
    return Review({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": each} for each in images]}})


def test_each_image_is_pinned_to_its_own_digest() -> None:
    (found,) = pinned([pod("web:1", "app:1")], Digests({"app:1": DIGEST, "web:1": OTHER}))
    assert found.texts == (f"web:1@{OTHER}", f"app:1@{DIGEST}")


def test_image_of_two_objects_is_asked_for_once() -> None:
    digests = Digests({"app:1": DIGEST})
    found = pinned([pod("app:1"), pod("app:1", "web:1")], digests)
    assert [each.texts for each in found] == [(f"app:1@{DIGEST}",), (f"app:1@{DIGEST}", "web:1")]
    assert digests.asked == ["app:1", "web:1"]


@pytest.mark.parametrize("image", [f"app@{DIGEST}", f"app:1@{DIGEST}", "app:1@", "UPPER:1", "", "a b"])
def test_image_with_a_digest_or_without_a_meaning_stays_and_is_not_asked_for(image: str) -> None:
    digests = Digests({image: OTHER})
    (found,) = pinned([pod(image)], digests)
    assert found.texts == (image,)
    assert digests.asked == []


@pytest.mark.parametrize("answer", ["", "latest", DIGEST[:-1], DIGEST + "0", DIGEST.upper(), f"{DIGEST}\n"])
def test_image_whose_digest_cannot_be_had_stays(answer: str) -> None:
    (found,) = pinned([pod("app:1")], Digests({"app:1": answer}))
    assert found.texts == ("app:1",)


def test_workload_is_judged_as_its_pod_because_only_pods_are_pinned() -> None:
    spec: dict[str, Any] = {"template": {"spec": {"containers": [{"image": "app:1"}]}}}
    (found,) = pinned(
        [Review({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec})], Digests({"app:1": DIGEST})
    )
    assert found.subject.object["kind"] == "Pod"
    assert found.texts == (f"app:1@{DIGEST}",)
