"""Questions of Pods, asked by their pull secrets: registry and cluster in memory, everything between them real."""

from __future__ import annotations

import base64
import json

import pytest

from provider.cache.memory import Memory
from provider.clock import Deadline
from provider.errors import ImageError
from provider.images.default_authorities import DefaultAuthorities
from provider.images.inspector import ImageInspector
from provider.observer import NullObserver
from provider.pace import Pace
from provider.pullsecrets.keyring import PodKeyrings
from provider.pullsecrets.pod_credentials import PodCredentialSource
from provider.questions import item_key
from provider.questions.item_key import KeyKind
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.credentials.credentials import NoCredentials
from provider.registry.settings import RegistrySettings
from provider.registry.store import Store
from provider.registry.turns.claim import Claim
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop
from tests.simulators.pull_secrets import ClusterObjects
from tests.simulators.registry import RegistrySimulator
from tests.unit.images.world import NoProver

IMAGE = "reg.io/team/app:v1"


def basic(user: str, password: str) -> str:
    """The header by which a registry knows somebody."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class World:
    """A private image `reg.io/team/app:v1`, which those in `readers` may read."""

    def __init__(self, own=None, prover=None, stale_seconds=0.0, observer=None):
        self.clock = FakeClock()
        self.loop = VirtualLoop(self.clock)
        self.cluster = ClusterObjects()
        self.registry = RegistrySimulator()
        self.registry.challenge = 'Basic realm="reg"'
        self.registry.authorizations = set()
        self.image = self.registry.push_image("team/app", "v1")
        client = RegistryClient(RegistrySettings(), self.registry, self.clock, NullObserver())
        self.store = Store(
            client, self.clock, NullObserver(), memory_bytes=1 << 20, tag_ttl=30, stale_seconds=stale_seconds
        )
        self.inspector = ImageInspector(
            self.store,
            Pace(),
            NullObserver(),
            prover(self) if prover else NoProver(),
            DefaultAuthorities(dict, NoProver().prove),
        )
        keyrings = PodKeyrings(self.cluster, frozenset({"shop", "yard"}), self.clock, observer)
        self.askers = PodCredentialSource(own or NoCredentials(), keyrings, self.clock)
        self.memory = Memory(self.clock, 1 << 20)

    def allow(self, *users: tuple[str, str]) -> None:
        """These may read the image from now on, and nobody else."""
        self.registry.authorizations = {basic(*user) for user in users}

    def ask(self, *secrets, namespace="shop", image=IMAGE, account="", **more):
        """The answer to a Pod's question."""
        self.registry.requests.clear()
        self.cluster.reads.clear()
        fields = {"v": 1, "image": image, "namespace": namespace, **more}
        if secrets:
            fields["pullSecrets"] = list(secrets)
        if account:
            fields["serviceAccount"] = account
        key = item_key.read(KeyKind.QUESTION, json.dumps(fields))
        call = Call(Deadline.after(self.clock, 30), Claim(object()), self.askers.of(key.question), key.ref)
        return self.loop.run(self.inspector.inspect(key, call))

    def refused(self, *secrets, **more) -> ImageError:
        """Why there is no answer to a Pod's question; nothing in it is a secret."""
        with pytest.raises(ImageError) as caught:
            self.ask(*secrets, **more)
        assert "secret-" not in f"{caught.value.message} {caught.value.detail}"
        assert caught.value.detail.isprintable()
        return caught.value

    @property
    def shown(self) -> list[str]:
        """Who asked the registry, request by request."""
        found = [asked.headers.get("Authorization", "") for asked in self.registry.requests]
        return [base64.b64decode(each[6:]).decode().partition(":")[0] if each else "nobody" for each in found]
