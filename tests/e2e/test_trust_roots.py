"""A TrustRoot from a real TUF repository, rotated while Pods are admitted, and rolled back, on the real Gatekeeper."""

from __future__ import annotations

import base64
import copy
import json
import shutil
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.cluster import access
from gatekeeper.cluster.client import LightkubeApi
from gatekeeper.trustroots.handover import HandedOver, HandedRoot, HandoverMap
from provider.signatures.trust import document
from tests.e2e.rig import accounts, control, definitions, objects
from tests.e2e.rig.control import ACCOUNT, Control
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import OCI, PushedImage, days_ago
from tests.e2e.rig.world import World
from tests.simulators.signing import ISSUER, Signer, SigningWorld, b64
from tests.simulators.tuf_repository import TufRepository

_SECONDS = 60.0
# How long a kubelet takes to bring a ConfigMap into a Pod, here.
_KUBELET_SECONDS = 2.0
_LOOK_SECONDS = 0.2
_MAP: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "bestbefore-trust-roots", "namespace": NAMESPACE},
}
_ANN = "ann@example.test"


class Mirror:
    """A TUF repository behind https on loopback.

    Args:
        world: whose authority certifies it.
        files: that it serves, by their names; may be replaced.
    """

    def __init__(self, world: World, files: dict[str, bytes]) -> None:
        self.files = files
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        pair = world.authority.issue("mirror")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_port}/tuf"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = mirror.files.get(self.path.removeprefix("/tuf/"))
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        return Handler


@dataclass
class MountedMap:
    """The provider's folder, which follows the ConfigMap as a kubelet has it: a while later, and all of it at once.

    Attributes:
        client: reads the ConfigMap.
        folder: where it is mounted.
    """

    client: KubernetesClient
    folder: Path
    _stop: threading.Event = field(default_factory=threading.Event)
    _data: dict[str, str] = field(default_factory=dict)
    _number: int = 0
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        self.folder.mkdir()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()
        self.client.close()

    def _follow(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            answer = self.client.get(_MAP)
            data = dict(answer.body.get("data") or {}) if answer.ok else {}
            if data and data != self._data:
                self._stop.wait(_KUBELET_SECONDS)
                self._mount(data)

    def _mount(self, data: dict[str, str]) -> None:
        """As a kubelet does: a new folder, to which one link is swapped."""
        self._number += 1
        new = self.folder / f"..{self._number}"
        new.mkdir()
        for name, text in data.items():
            (new / name).write_text(text)
        link = self.folder / "..new"
        link.symlink_to(new.name)
        link.rename(self.folder / "..data")
        for name in data:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        for path in self.folder.iterdir():
            if not path.name.startswith("..") and path.name not in data:
                path.unlink()
        if self._number > 1:
            shutil.rmtree(self.folder / f"..{self._number - 1}")
        self._data = data


@dataclass
class Admissions:
    """Pods that are created as dry runs, one after another.

    Attributes:
        client: creates them.
        pod: what is created.
        answers: what was said of each; empty where it was admitted.
    """

    client: KubernetesClient
    pod: Object
    answers: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> list[str]:
        """What was refused."""
        self._stop.set()
        assert self._thread is not None
        self._thread.join()
        return [answer for answer in self.answers if answer]

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            answer = self.client.create(self.pod, dry_run=True)
            self.answers.append("" if answer.status == 201 else answer.message)
        self.client.close()


class RootStory:
    """A mirror, a TrustRoot that names it, a policy that names that, and images that ann and bob have signed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.signing = SigningWorld()
        self.repository = TufRepository({"trusted_root.json": self.root(0)})
        self.mirror = Mirror(world, self.repository.files)
        self.team = objects.unique("team")
        self.space = world.namespace()

    def root(self, number: int) -> bytes:
        """Trust roots that differ: the nth names the log of certificates n times more."""
        found = copy.deepcopy(self.signing.trust_root)
        found["ctlogs"] = found["ctlogs"] * (number + 1)
        return json.dumps(found).encode()

    def digest(self, number: int) -> str:
        return document.digest_of(json.loads(self.root(number)))

    def apply_root(self, **more: str) -> None:
        """The TrustRoot; a change of it is looked at at once."""
        root = base64.b64encode(self.repository.root).decode()
        self.world.client.apply(
            {
                "apiVersion": "policy.sigstore.dev/v1alpha1",
                "kind": "TrustRoot",
                "metadata": {"name": "own"},
                "spec": {"remote": {"mirror": self.mirror.url, "root": root, **more}},
            }
        )

    def apply_policy(self) -> None:
        authority = {
            "name": "release",
            "keyless": {"trustRootRef": "own", "identities": [{"issuer": ISSUER, "subject": _ANN}]},
            "ctlog": {"url": "https://log.example.test", "trustRootRef": "own"},
        }
        self.world.client.apply(
            {
                "apiVersion": "policy.sigstore.dev/v1alpha1",
                "kind": "ClusterImagePolicy",
                "metadata": {"name": "signed"},
                "spec": {
                    "images": [{"glob": f"{self.world.registry.host}/{self.team}/**"}],
                    "authorities": [authority],
                },
            }
        )

    def image(self, name: str, signer: Signer) -> PushedImage:
        """An image with a signature as cosign keeps it, with the log's promise."""
        registry, repository = self.world.registry, f"{self.team}/{name}"
        image = registry.push(repository, days_ago(1))
        payload = self.signing.payload(image.digest)
        signature = signer.sign(payload)
        notes = {
            "dev.cosignproject.cosign/signature": b64(signature),
            "dev.sigstore.cosign/certificate": signer.pem,
            "dev.sigstore.cosign/bundle": self.signing.rekor_bundle(payload, signature, signer),
        }
        simple = "application/vnd.dev.cosign.simplesigning.v1+json"
        layer = {"mediaType": simple, **registry._push_blob(repository, payload), "annotations": notes}
        config = {"mediaType": f"{OCI}.config.v1+json", **registry._push_blob(repository, b"{}")}
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": config,
            "layers": [layer],
        }
        registry._push_manifest(repository, manifest, f"{image.digest.replace(':', '-')}.sig")
        return image

    def asked(self) -> set[str]:
        """The digests that the policy's Constraints ask for."""
        path = "/apis/constraints.gatekeeper.sh/v1beta1/clusterimagepolicyauthorities"
        found = self.world.client.request("GET", path).body.get("items", [])
        texts = [json.dumps(each["spec"]) for each in found if each["metadata"]["name"] == "signed"]
        return {digest for digest in map(self.digest, range(3)) for text in texts if digest in text}


@pytest.fixture
def story(world: World) -> Iterator[RootStory]:
    with definitions.of_chart(world):
        made = RootStory(world)
        yield made
        made.mirror.stop()


@pytest.fixture
def mounted(world: World, provider: RealProvider, tmp_path: Path) -> Iterator[None]:
    """The provider with a folder that follows the ConfigMap, and a Pod that stands for it."""
    follower = MountedMap(world.server.client(), tmp_path / "trust-roots")
    follower.begin()
    provider.stop()
    before, provider.options = provider.options, [*provider.options, f"--trust-root-dir={follower.folder}"]
    provider.start()
    pod = _provider_pod(provider.metrics_port)
    world.client.create(pod).expect_ok()
    ready = {"type": "Ready", "status": "True"}
    status = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "conditions": [ready]}
    world.client.patch(pod, {"status": status}, "status").expect_ok()
    yield
    world.client.delete(pod)
    follower.end()
    world.client.delete(_MAP)
    provider.stop()
    provider.options = before
    provider.start()


@pytest.fixture
def controller(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """One with the chart's settings and rights, that trusts the mirror's authority."""
    authority = tmp_path / "ca.crt"
    authority.write_text(world.authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    rights = control.rights(NAMESPACE)
    accounts.grant(world.client, rights)
    kubeconfig = accounts.kubeconfig(world.server, NAMESPACE, ACCOUNT, tmp_path / "account")
    config = control.settings(NAMESPACE, tmp_path)
    running = Control(
        kubeconfig,
        config,
        tmp_path / "state",
        world.logs,
        objects.unique("roots"),
        ("--doctor=false", "--no-match=allow"),
    )
    yield running
    assert running.stop() == 0
    for each in rights:
        world.client.delete(each)


@pytest.mark.usefixtures("mounted")
def test_root_is_rotated_while_pods_are_admitted_and_a_rollback_is_refused_by_name(
    world: World, client: KubernetesClient, story: RootStory, controller: Control
) -> None:
    good = story.image("good", story.signing.signer(subjects=(_ANN,)))
    bad = story.image("bad", story.signing.signer(subjects=("bob@example.test",)))
    story.apply_root()
    story.apply_policy()
    with controller.running():
        wait_until(lambda: story.asked() == {story.digest(0)}, "Constraints that ask for the first root", _SECONDS)
        wait_until(lambda: _verdict(client, story, good) == "", "an admission", _SECONDS)
        assert "IdentityMismatch" in _verdict(client, story, bad)
        load = Admissions(world.server.client(), objects.pod(story.space, good.pinned))
        load.begin()

        story.repository.rotate()
        before = dict(story.repository.files)
        story.repository.publish({"trusted_root.json": story.root(1)})
        story.apply_root(targets="targets")
        wait_until(lambda: story.asked() == {story.digest(1)}, "Constraints that ask for the second root", _SECONDS)
        wait_until(lambda: len(load.answers) > 50, "admissions", _SECONDS)

        story.mirror.files = before
        story.apply_root()
        wait_until(lambda: controller.events("trust_root.failed"), "a word about the rollback", _SECONDS)
        # The Event comes after the line.
        wanted = {"TrustRootInForce", "TrustRootFailed"}
        wait_until(lambda: wanted <= _reasons(client), "Events", _SECONDS)
        assert story.asked() == {story.digest(1)}
        assert load.end() == []
        assert "IdentityMismatch" in _verdict(client, story, bad)
    failed = controller.events("trust_root.failed")[0]
    assert failed["trust_root"] == "own"
    assert "BadVersionNumberError" in failed["problem"]
    states = [(each["digest"], each["state"]) for each in controller.events("trust_root.refreshed")]
    assert states == [(story.digest(number), state) for number in (0, 1) for state in ("handed_over", "in_force")]
    index = json.loads(client.get(_MAP).expect_ok()["data"]["index.json"])
    assert index["roots"] == {"own": [story.digest(1), story.digest(0)]}


def test_file_that_is_handed_over_no_more_is_gone_from_the_config_map(world: World) -> None:
    """Who creates an object owns its fields, too: a simulator can only suppose what an apply takes away then."""
    api = LightkubeApi(access.find(world.server.kubeconfig))
    handover = HandoverMap(api, NAMESPACE, _MAP["metadata"]["name"])
    roots = [json.dumps({**SigningWorld().trust_root, "ctlogs": []}) for _ in range(3)]
    digests = [document.digest_of(json.loads(each)) for each in roots]
    bodies = {("own", digest): body for digest, body in zip(digests, roots, strict=True)}
    try:
        for there in (digests[:1], digests[:2], digests[2:]):
            used = {("own", digest): bodies["own", digest] for digest in there}
            content = HandedOver({"own": HandedRoot(tuple(there), there[0], 1.0)}, used)
            handover.write(content, handover.read())
            found = HandoverMap(api, NAMESPACE, _MAP["metadata"]["name"]).read()
            assert found.content == content
            assert set(world.client.get(_MAP).body["data"]) == set(content.files())
    finally:
        world.client.delete(_MAP)
        api.close()


def _reasons(client: KubernetesClient) -> set[str]:
    """Of all Events."""
    return {each["reason"] for each in client.request("GET", "/apis/events.k8s.io/v1/events").body["items"]}


def _verdict(client: KubernetesClient, story: RootStory, image: PushedImage) -> str:
    """What is said of a Pod with an image; empty where it is admitted."""
    answer = client.create(objects.pod(story.space, image.pinned), dry_run=True)
    return "" if answer.status == 201 else answer.message


def _provider_pod(port: int) -> Object:
    pod = objects.pod(NAMESPACE, "registry.invalid/bestbefore")
    labels = {"app.kubernetes.io/part-of": "bestbefore", "app.kubernetes.io/component": "provider"}
    (container,) = pod["spec"]["containers"]
    ports = [{"name": "metrics", "containerPort": port}]
    return {
        **pod,
        "metadata": {**pod["metadata"], "labels": labels},
        "spec": {**pod["spec"], "containers": [{**container, "ports": ports}]},
    }
