"""When the provider does not answer as it should, nothing is admitted, and the denial says what to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.rig import objects, stubs
from tests.e2e.rig.certificates import Pair
from tests.e2e.rig.kubernetes import Answer, KubernetesClient
from tests.e2e.rig.policies import until, wait_for_denial
from tests.e2e.rig.provider import RealProvider, provider_object
from tests.e2e.rig.stubs import Behaviour, StubProvider
from tests.e2e.rig.world import World

pytestmark = pytest.mark.usefixtures("seed_policy")

_WEBHOOK_SECONDS = 3
_ATTEMPTS = 5


@pytest.fixture
def rewired(world: World, provider: RealProvider) -> Iterator[None]:
    """Lets a test point the Provider of admission elsewhere, and points it back."""
    yield
    world.apply_provider(provider_object("bestbefore", f"{provider.address}/validate", world.authority))


@pytest.fixture
def stranger_pair(world: World) -> Pair:
    """A certificate of an authority that nobody trusts, for a server that takes Gatekeeper's."""
    pair = world.stranger.issue(objects.unique("stranger"))
    pair.authority.write_text(world.authority.pem)
    return pair


def _answer_another(_keys: list[str]) -> bytes:
    return stubs.values(lambda _key: {"config": {}})(["another"])


def unavailable(answer: Answer, image: str) -> bool:
    """Whether it was denied because the provider cannot be asked, in time and for this image."""
    assert answer.status == 403, answer.body
    assert answer.seconds < _WEBHOOK_SECONDS
    (line,) = (line for line in answer.message.splitlines() if image in line)
    return f"spec.containers[0].image {image} (ProviderUnavailable, ref " in line


def test_stopped_provider_denies_and_admits_again_when_it_is_back(
    client: KubernetesClient, provider: RealProvider, namespace: str, new_image: Callable[[], str]
) -> None:
    image = new_image()
    pod = objects.pod(namespace, image)
    try:
        assert provider.stop() == 0
        answer = client.create(pod)
    finally:
        provider.start()
    assert unavailable(answer, image)
    assert "connection refused" in answer.message
    until(lambda: client.create(pod, dry_run=True), lambda said: said.status == 201, "admission")


@pytest.mark.parametrize(
    ("behave", "words"),
    [(stubs.slow(5), "deadline exceeded"), (stubs.rubbish, "invalid character")],
    ids=["slow", "rubbish"],
)
@pytest.mark.usefixtures("rewired")
def test_misbehaving_provider_denies(
    world: World,
    client: KubernetesClient,
    namespace: str,
    new_image: Callable[[], str],
    behave: Behaviour,
    words: str,
) -> None:
    image = new_image()
    with StubProvider(world.provider_pair, behave) as stub:
        world.apply_provider(provider_object("bestbefore", stub.url, world.authority))
        answers = [client.create(objects.pod(namespace, image))]
        # Other work on the machine may cost one attempt its time: then the webhook's is over, which is no open door.
        while answers[-1].status == 500 and len(answers) < _ATTEMPTS:
            answers.append(client.create(objects.pod(namespace, image)))
    assert unavailable(answers[-1], image)
    assert words in answers[-1].message.lower()


@pytest.mark.usefixtures("rewired")
def test_provider_that_answers_another_question_denies(
    world: World, client: KubernetesClient, namespace: str, new_image: Callable[[], str]
) -> None:
    image = new_image()
    with StubProvider(world.provider_pair, _answer_another) as stub:
        world.apply_provider(provider_object("bestbefore", stub.url, world.authority))
        assert unavailable(client.create(objects.pod(namespace, image)), image)


@pytest.mark.usefixtures("rewired")
def test_provider_with_a_certificate_of_a_stranger_is_not_believed(
    world: World, client: KubernetesClient, namespace: str, new_image: Callable[[], str], stranger_pair: Pair
) -> None:
    image = new_image()
    with StubProvider(stranger_pair, stubs.values(lambda _key: {})) as stub:
        world.apply_provider(provider_object("bestbefore", stub.url, world.authority))
        answer = client.create(objects.pod(namespace, image))
        assert stub.asked == []
    assert unavailable(answer, image)
    assert "certificate signed by unknown authority" in answer.message


@pytest.mark.usefixtures("rewired")
def test_provider_object_with_the_wrong_authority_denies(
    world: World, client: KubernetesClient, provider: RealProvider, namespace: str, new_image: Callable[[], str]
) -> None:
    image = new_image()
    world.apply_provider(provider_object("bestbefore", f"{provider.address}/validate", world.stranger))
    answer = client.create(objects.pod(namespace, image))
    assert unavailable(answer, image)
    assert "certificate" in answer.message


@pytest.mark.usefixtures("rewired")
def test_missing_provider_object_denies(
    world: World, client: KubernetesClient, namespace: str, new_image: Callable[[], str]
) -> None:
    image = new_image()
    client.delete(provider_object("bestbefore", "https://127.0.0.1:1/", world.authority)).expect_ok()
    # Gatekeeper sees it a moment later, and may have asked until then.
    answer = wait_for_denial(client, objects.pod(namespace, image))
    assert unavailable(answer, image)
