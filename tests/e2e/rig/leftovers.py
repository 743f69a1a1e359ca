"""What a test that failed halfway leaves behind, taken away, so that its failure does not become its neighbours'."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.e2e.rig import accounts, control, definition_end
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import POLL_SECONDS
from tests.e2e.rig.world import World

_CONTROLLER = "--state-dir="
_TEMPLATES = "/apis/templates.gatekeeper.sh/v1/constrainttemplates"
_CONSTRAINTS = "/apis/constraints.gatekeeper.sh/v1beta1"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_OUR_KINDS = (".policy.sigstore.dev", ".bestbefore.dev")
_WEBHOOKS = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
)
_GATEKEEPER = "gatekeeper-"
_MUTATORS = "/apis/mutations.gatekeeper.sh/v1/assign"
_EXPANSIONS = "/apis/expansion.gatekeeper.sh/v1beta1/expansiontemplates"
_SECRETS = "/api/v1/secrets"
_END_SECONDS = 60.0


def take_away(world: World) -> list[str]:
    """End controllers and releases, and delete policies, mutators, webhooks and kinds: no module keeps them.

    Returns:
        What there was, a line each. Whoever made it should have taken it away.
    """
    found = [*_end_controllers(), *_uninstall(world)]
    found += _delete(world, _WEBHOOKS[0], lambda name: not name.startswith(_GATEKEEPER))
    found += _delete(world, _WEBHOOKS[1], lambda name: not name.startswith(_GATEKEEPER))
    for path in (*_constraints(world), _TEMPLATES, _MUTATORS, _EXPANSIONS):
        found += _delete(world, path)
    _let_go(world)
    found += _end_definitions(world)
    accounts.revoke(world.client)
    control.forget(world.client, NAMESPACE)
    return found


def _end_controllers() -> Iterator[str]:
    for process in _children():
        words = process.joinpath("cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        if any(word.startswith(_CONTROLLER) for word in words):
            os.kill(int(process.name), signal.SIGKILL)
            yield f"process {' '.join(words)}"


def _children() -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # PID (NAME) STATE PARENT …, where the name may hold anything.
            state, parent, *_ = process.joinpath("stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z":
            yield process


def _uninstall(world: World) -> Iterator[str]:
    """Releases that Helm knows of, without their hooks: whatever these would ask may be gone."""
    found = (each["metadata"] for each in _list(world, _SECRETS, owner="helm"))
    for namespace, name in sorted({(each["namespace"], each["labels"]["name"]) for each in found}):
        world.helm("uninstall", name, "--namespace", namespace, "--no-hooks")
        yield f"release {namespace}/{name}"


def _constraints(world: World) -> list[str]:
    served = world.client.request("GET", _CONSTRAINTS).body.get("resources", [])
    return [f"{_CONSTRAINTS}/{each['name']}" for each in served if "/" not in each["name"]]


def _let_go(world: World) -> None:
    """Without finalizers, for whoever would take them away is not there."""
    policies = "/apis/policy.sigstore.dev/v1alpha1/clusterimagepolicies"
    for each in _list(world, policies):
        if each["metadata"].get("finalizers"):
            change = {"metadata": {"finalizers": None}}
            kind = "application/merge-patch+json"
            world.client.request("PATCH", f"{policies}/{each['metadata']['name']}", change, content_type=kind)


def _end_definitions(world: World) -> list[str]:
    names = [name for each in _list(world, _DEFINITIONS) if (name := each["metadata"]["name"]).endswith(_OUR_KINDS)]
    definition_end.take_away(world.client, *names)
    return [f"customresourcedefinitions {name}" for name in names]


def _delete(world: World, path: str, ours: Callable[[str], bool] = lambda _: True) -> list[str]:
    names = [each["metadata"]["name"] for each in _list(world, path) if ours(each["metadata"]["name"])]
    for name in names:
        world.client.request("DELETE", f"{path}/{name}")
    end = time.monotonic() + _END_SECONDS
    while any(world.client.request("GET", f"{path}/{name}").ok for name in names) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    return [f"{path.rpartition('/')[2]} {name}" for name in names]


def _list(world: World, path: str, **labels: str) -> list[Object]:
    """Empty where the kind is not served."""
    query = {"labelSelector": ",".join(f"{name}={value}" for name, value in labels.items())} if labels else {}
    items: list[Object] = world.client.request("GET", path, query=query).body.get("items", [])
    return items
