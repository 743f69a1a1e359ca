"""Fixtures of the end-to-end tests: a running world, and nouns that are ready to use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import seed
from tests.e2e.rig import controllers, leftovers, mutation, objects, run_logs
from tests.e2e.rig import registry as registries
from tests.e2e.rig import world as worlds
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, translate
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.registry import PushedImage, Registry, days_ago
from tests.e2e.rig.sigstore import Sigstore
from tests.e2e.rig.world import World
from tests.e2e.signing import Judge
from tests.programs import program

_ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent
_LOGS = _ROOT / ".build" / "e2e-logs"
_SWITCH = "BESTBEFORE_E2E"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what lies here, skip it unless asked for, and run it after everything else."""
    ours = [item for item in items if item.path.is_relative_to(_HERE)]
    for item in ours:
        item.add_marker(pytest.mark.e2e)
        if _SWITCH not in os.environ:
            item.add_marker(pytest.mark.skip(reason=f"the rig takes minutes: `make e2e`, or {_SWITCH}=1"))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, str, int, str]:
    """What is elsewhere stays as it is; what shares the one cluster has an order that is the same on every machine."""
    if not item.path.is_relative_to(_HERE):
        return False, "", 0, ""
    return True, str(item.path), item.reportinfo()[1] or 0, item.nodeid


@pytest.fixture(scope="package")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The running rig. Its logs stay in .build/e2e-logs/world."""
    with worlds.running(_binaries(), run_logs.folder(_LOGS, "world")) as running:
        request.config.stash.setdefault(_WORLDS, []).append(running)
        yield running


def _binaries() -> Path:
    return Path(os.environ.get("BESTBEFORE_BIN") or _ROOT / ".build" / "bin")


@pytest.fixture(scope="package")
def cluster(request: pytest.FixtureRequest) -> Iterator[World]:
    """A second rig, where kube-controller-manager acts: for tests whose workloads must make Pods, or that break things.

    It has no provider. Its logs stay in .build/e2e-logs/cluster.
    """
    logs = run_logs.folder(_LOGS, "cluster")
    program(controllers.PROGRAM)
    with (
        worlds.running(_binaries(), logs) as running,
        controllers.running(running.binaries, logs, running.server),
    ):
        request.config.stash.setdefault(_WORLDS, []).append(running)
        yield running


@pytest.fixture(scope="module", autouse=True)
def _alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a module leaves behind, because a test of it failed halfway, does not meet the next module."""
    yield
    stash = request.config.stash
    for each in stash.get(_WORLDS, []):
        with (each.logs / "leftovers.log").open("a") as log:
            log.writelines(f"{request.path.name}: {line}\n" for line in leftovers.take_away(each))
    for real, world in stash.get(_PROVIDERS, []):
        _restore(real, world)


def _restore(real: RealProvider, world: World) -> None:
    if not real.running():
        real.stop()
        real.start()
    for wanted in provider_objects(real.address, world.authority):
        found = world.client.get(wanted).body.get("spec", {})
        if found != wanted["spec"]:
            world.apply_provider(wanted)


@pytest.fixture
def client(world: World) -> KubernetesClient:
    """A client of the API server with all rights."""
    return world.client


@pytest.fixture
def namespace(world: World) -> str:
    """A new namespace that asks for policies."""
    return world.namespace()


@pytest.fixture(scope="package")
def provider(world: World, request: pytest.FixtureRequest) -> Iterator[RealProvider]:
    """The real provider, running, with its three Provider objects."""
    real = RealProvider(world.provider_pair, [world.registry.host, world.silent.host], world.logs)
    real.start()
    for provider_object in provider_objects(real.address, world.authority):
        world.apply_provider(provider_object)
    request.config.stash.setdefault(_PROVIDERS, []).append((real, world))
    yield real
    real.stop()


@pytest.fixture(scope="package")
def referrers(world: World) -> Iterator[Registry]:
    """A registry that answers what refers to an image; the world's own leaves that to tags."""
    running = registries.start(program("registry-referrers"), world.logs)
    yield running
    running.stop()


@pytest.fixture(scope="package")
def trusting(provider: RealProvider, instance: Sigstore, referrers: Registry) -> RealProvider:
    """The provider, with trust roots: `own`, the instance's, and `foreign`."""
    provider.stop()
    provider.insecure_registries = [*provider.insecure_registries, referrers.host]
    provider.trust_roots = {"own": instance.trusted_root, "foreign": instance.foreign_trust_root()}
    provider.start()
    return provider


@pytest.fixture
def judge(world: World, trusting: RealProvider, policies: Policies, namespace: str, tmp_path: Path) -> Judge:
    """Asks the cluster and `bestbefore check`."""
    return Judge(world.client, world.registry, policies, tmp_path, trusting.trust_roots, namespace)


@pytest.fixture(scope="package")
def fresh(world: World) -> PushedImage:
    """An image built yesterday."""
    return world.registry.push("fresh", days_ago(1))


@pytest.fixture(scope="package")
def old(world: World) -> PushedImage:
    """An image built a day too long ago."""
    return world.registry.push("old", days_ago(31))


@pytest.fixture
def new_image(world: World) -> Callable[[], str]:
    """Makes fresh images that nobody has asked about, so that no cache knows them."""
    return lambda: world.registry.push(objects.unique("new"), days_ago(1)).reference


@pytest.fixture(scope="module")
def pinning(world: World, provider: RealProvider, fresh: PushedImage) -> Iterator[None]:
    """The mutators in force during a module."""
    with mutation.in_force(world, fresh.reference):
        yield


@pytest.fixture
def policies(world: World, client: KubernetesClient) -> Iterator[Policies]:
    """Policies that are taken away after the test."""
    policies = Policies(client, objects.pod(world.namespace(), f"{world.registry.host}/nowhere:1"))
    yield policies
    policies.remove()


@pytest.fixture(scope="module")
def seed_policy(world: World, provider: RealProvider, old: PushedImage) -> Iterator[list[Object]]:
    """The policy of the story, in force during a module: 30 days, deny."""
    policies = Policies(world.client)
    control = objects.pod(world.namespace(), old.reference)
    documents = translate(seed.policy(), world.folder)
    policies.enforce(documents, control)
    yield documents
    policies.remove(control)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes lines that are printed after the run."""
    return request.config.stash.setdefault(_FIGURES, []).append


_FIGURES = pytest.StashKey[list[str]]()
_WORLDS = pytest.StashKey[list[World]]()
_PROVIDERS = pytest.StashKey[list[tuple[RealProvider, World]]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was measured; nothing of it is asserted."""
    lines = config.stash.get(_FIGURES, [])
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)
