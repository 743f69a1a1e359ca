"""Pull secrets as people make them, and a provider that may read them by the chart's rights."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import yaml

from tests.e2e import seed
from tests.e2e.rig import accounts
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.world import World
from tests.integration.chart.helm import Helm
from tests.programs import program

_AS_PODS_PULL: Final = {"bestbefore.dev/pod-credentials": "true"}


def pull_secret(space: str, name: str, host: str, user: tuple[str, str]) -> Object:
    """A Secret as `kubectl create secret docker-registry` makes it."""
    config = {"auths": {host: {"auth": base64.b64encode(":".join(user).encode()).decode()}}}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": space},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()},
    }


def policy(name: str) -> str:
    """The story's, which asks as Pods pull."""
    document = yaml.safe_load(seed.policy(name))
    document["metadata"]["annotations"] = _AS_PODS_PULL
    return yaml.safe_dump(document)


def grant(world: World, spaces: Sequence[str]) -> None:
    """Give the provider's account the chart's rights to the pull secrets of some namespaces."""
    rendered = Helm(program("helm")).render(values=[f"provider.podCredentials.namespaces={{{','.join(spaces)}}}"])
    accounts.grant(world.client, [each for each in map(dict, rendered.objects) if _is_of_provider(each)])


@contextmanager
def readable(world: World, spaces: Sequence[str]) -> Iterator[list[str]]:
    """The provider may read the pull secrets of some namespaces: further words of its command, as in a Pod."""
    grant(world, spaces)
    account = accounts.mounted(world.server, NAMESPACE, "bestbefore", world.folder / "account")
    server = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(world.server.endpoint.port)}
    os.environ |= server
    try:
        yield [f"--service-account={account}", *(f"--pull-secret-namespace={space}" for space in spaces)]
    finally:
        for name in server:
            del os.environ[name]
        accounts.revoke(world.client)


def _is_of_provider(document: Object) -> bool:
    labels = document["metadata"].get("labels", {})
    return document["kind"] in accounts.RIGHTS and labels.get("app.kubernetes.io/component") == "provider"
