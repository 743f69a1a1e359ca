"""The controller makes the provider's certificate and the Providers: from nothing to a denial, and over a rotation."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e import seed
from tests.e2e.rig import accounts, control, objects
from tests.e2e.rig.certificates import Pair
from tests.e2e.rig.control import ACCOUNT, CERTIFICATES, Control
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.helm import CHART, Helm
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, translate
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.world import World

_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_PROVIDERS = ("bestbefore", "bestbefore-audit", "bestbefore-mutate")
_SECRET: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bestbefore-tls", "namespace": NAMESPACE}}
_CLIENT: Object = {**_SECRET, "metadata": {"name": "bestbefore-client-tls", "namespace": NAMESPACE}}
_STATUSES = f"/apis/status.gatekeeper.sh/v1beta1/namespaces/{NAMESPACE}/providerpodstatuses"


@dataclass
class MountedSecret:
    """The provider's files, which follow the Secret as a kubelet has them; a Secret without a key changes nothing.

    Attributes:
        client: reads the Secret.
        folder: holds the files.
        authority: of the provider's clients, PEM.
    """

    client: KubernetesClient
    folder: Path
    authority: str
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def mount(self) -> Pair:
        """Wait for the Secret, and follow it from then on."""
        self.folder.mkdir()
        (self.folder / "ca.crt").write_text(self.authority)
        wait_until(self._look, "a Secret with a certificate", _SECONDS)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return Pair(self.folder)

    def unmount(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.client.close()

    def _follow(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            self._look()

    def _look(self) -> bool:
        data = secret_of(self.client)
        if not {"tls.crt", "tls.key"} <= data.keys():
            return False
        for name in ("tls.crt", "tls.key"):
            path = self.folder / name
            if not path.exists() or path.read_bytes() != data[name]:
                new = self.folder / f"{name}.new"
                new.write_bytes(data[name])
                new.rename(path)
        return True


@dataclass
class Load:
    """Pods that are created as dry runs, one after another, each with an image that nobody asked about before."""

    world: World
    space: str
    answers: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> list[str]:
        """What was refused; empty where every Pod was admitted."""
        self._stop.set()
        assert self._thread is not None
        self._thread.join()
        assert self.answers, "nothing was asked"
        return [answer for answer in self.answers if answer]

    def _run(self) -> None:
        client = self.world.server.client()
        while not self._stop.is_set():
            image = self.world.registry.push(objects.unique("load"), days_ago(1))
            answer = client.create(objects.pod(self.space, image.reference), dry_run=True)
            self.answers.append("" if answer.status == 201 else answer.message)
        client.close()


@pytest.fixture
def vacant(world: World, client: KubernetesClient, provider: RealProvider) -> Iterator[None]:
    """Nobody's Providers and Secrets are there, and afterwards the rig's Providers are again."""
    theirs = provider_objects(provider.address, world.authority)
    accounts.revoke(client)
    take_away(client)
    yield
    take_away(client)
    for each in theirs:
        world.apply_provider(each)


@pytest.fixture
def real(world: World) -> Iterator[RealProvider]:
    """A provider that is not started yet; its files are those of the Secret."""
    running = RealProvider(Pair(world.folder / objects.unique("tls")), [world.registry.host], world.logs)
    yield running
    running.stop()


@pytest.fixture
def controller(world: World, real: RealProvider, tmp_path: Path, vacant: None) -> Iterator[Control]:
    """One with the chart's settings and rights, not started yet."""
    rights = control.rights(NAMESPACE, *CERTIFICATES)
    accounts.grant(world.client, rights)
    kubeconfig = accounts.kubeconfig(world.server, NAMESPACE, ACCOUNT, tmp_path / "account")
    options = (f"--provider-url={real.address}", "--doctor=false")
    config = control.settings(NAMESPACE, tmp_path, *CERTIFICATES)
    running = Control(kubeconfig, config, tmp_path / "state", world.logs, objects.unique("certificates"), options)
    yield running
    assert running.stop() == 0
    for each in rights:
        world.client.delete(each)


def test_certificate_and_providers_come_from_nothing_and_change_while_nobody_is_refused(
    world: World,
    client: KubernetesClient,
    controller: Control,
    real: RealProvider,
    old: PushedImage,
) -> None:
    controller.start()
    mounted = MountedSecret(world.server.client(), real.pair.folder, world.authority.pem)
    policies = Policies(client)
    pod = provider_pod(real.port)
    try:
        mounted.mount()
        real.start()
        create_pod(client, pod)
        wait_until(lambda: all(active(client, name) for name in _PROVIDERS), "active Providers", _SECONDS)
        assert secret_of(client, _CLIENT).keys() == {"tls.crt", "tls.key", "ca.crt"}
        denied = objects.pod(world.namespace(), old.reference)
        denial = policies.enforce(translate(seed.policy(), world.folder), denied)
        assert seed.SENTENCE in denial.message

        # Somebody deletes the Secret: a new authority, which Gatekeeper trusts before anything of it is served.
        before = authorities(client)
        load = Load(world, world.namespace())
        load.begin()
        client.delete(_SECRET).expect_ok()
        wait_until(lambda: len(authorities(client)) == 1 and authorities(client) != before, "a rotation", _SECONDS)
        assert load.end() == []
        trusts = lambda name: bundle(client, name) == authorities(client)  # noqa: E731 - as short as it is
        wait_until(lambda: all(map(trusts, _PROVIDERS)), "Providers that trust the new authority alone", _SECONDS)

        # Somebody edits a Provider.
        wrong = base64.b64encode(world.stranger.pem.encode()).decode()
        client.patch(provider_named("bestbefore-audit"), {"spec": {"caBundle": wrong}}).expect_ok()
        repaired = lambda: bundle(client, "bestbefore-audit") == authorities(client)  # noqa: E731 - as short as it is
        wait_until(repaired, "a repaired Provider", _SECONDS)
        wait_until(lambda: "Provider bestbefore-audit" in repairs(controller), "a word about it", _SECONDS)
    finally:
        mounted.unmount()
        client.delete(pod)
        policies.remove()
    issued = [(each["certificate"], each["reason"]) for each in controller.events("certificate.issued")]
    first = [("own_client_ca", "absent"), ("authority", "absent"), ("server", "absent")]
    assert issued == [*first, *first[1:]]
    assert [each for each in controller.events("source.failed") if each["source"] == "certificates"] == []
    assert "PRIVATE KEY" not in (controller.logs / f"{controller.name}.log").read_text()


def test_what_somebody_else_made_of_that_name_is_left_and_said_by_name(
    world: World, client: KubernetesClient, controller: Control, real: RealProvider
) -> None:
    theirs = provider_objects("https://elsewhere.example.test:8443", world.stranger)[0]
    client.apply(theirs)
    client.apply({**_SECRET, "stringData": {"password": "theirs"}})
    controller.start()
    wait_until(lambda: "Secret gatekeeper-system/bestbefore-tls" in said(controller), "a word about it", _SECONDS)
    assert secret_of(client) == {"password": b"theirs"}
    client.delete(_SECRET).expect_ok()
    # Its next look would be half a minute later.
    controller.stop()
    controller.start()
    wait_until(lambda: active(client, "bestbefore-mutate"), "the other Providers", _SECONDS)
    foreign = "Provider bestbefore was not made by bestbefore"
    wait_until(lambda: foreign in said(controller), "a word about the Provider", _SECONDS)
    wait_until(lambda: refusals(controller) > 0, "the same in the metrics", _SECONDS)
    assert client.get(theirs).body["spec"] == theirs["spec"]


@pytest.mark.usefixtures("vacant")
@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_certificate_that_helm_made_is_taken_over_where_it_is_kept(
    world: World, client: KubernetesClient, tmp_path: Path, program: str
) -> None:
    """As the chart's README says it."""
    helm = Helm(world.binaries / program, world.server.kubeconfig, tmp_path)
    place = ["bestbefore", str(CHART), "--namespace", NAMESPACE]
    helm.run("install", *place, "--set=certificates.mode=helm")
    try:
        before = {name: client.get(each).expect_ok()["metadata"]["uid"] for name, each in kept()}
        (old,) = authorities(client)
        refused = helm.try_run("upgrade", *place, "--reset-then-reuse-values", "--set=certificates.mode=controller")
        assert "was made by Helm" in refused.stderr
        for _, each in kept():
            client.patch(each, {"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}}).expect_ok()
        helm.run("upgrade", *place, "--reset-then-reuse-values", "--set=certificates.mode=controller")
        assert authorities(client) == [old]
        account = accounts.kubeconfig(world.server, NAMESPACE, ACCOUNT, tmp_path / "account")
        config = control.settings(NAMESPACE, tmp_path, *CERTIFICATES)
        running = Control(account, config, tmp_path / "state", world.logs, f"taken-over-{program}", ("--doctor=false",))
        with running.running():
            wait_until(lambda: old not in authorities(client), "an authority of the controller's", 2 * _SECONDS)
            (new,) = authorities(client)
            settled = lambda: all(bundle(client, name) == [new] for name in _PROVIDERS)  # noqa: E731 - short
            wait_until(settled, "Providers that trust it", _SECONDS)
            assert running.events("certificate.blocked") == []
        assert before == {name: client.get(each).expect_ok()["metadata"]["uid"] for name, each in kept()}
        upgraded = helm.run("upgrade", *place, "--reset-then-reuse-values", "--set=provider.replicas=3")
        rolled_back = helm.run("rollback", "bestbefore", "2", "--namespace", NAMESPACE)
        assert upgraded.stderr == rolled_back.stderr == ""
        assert authorities(client) == [new]
        second = helm.try_run("install", "second", str(CHART), "--namespace", NAMESPACE, "--take-ownership")
        assert "there is one installation a cluster" in second.stderr
    finally:
        helm.run("uninstall", "bestbefore", "--namespace", NAMESPACE, "--no-hooks")


def kept() -> list[tuple[str, Object]]:
    """What Helm made and the controller is to have."""
    found = [_SECRET, _CLIENT, *(provider_named(name) for name in _PROVIDERS)]
    return [(each["metadata"]["name"], each) for each in found]


def said(controller: Control) -> str:
    return " ".join(each["problem"] for each in controller.events("certificate.blocked"))


def repairs(controller: Control) -> set[str]:
    return {each["object"] for each in controller.events("object.repaired")}


def refusals(controller: Control) -> float:
    return controller.total("source_errors_total", source="certificates", reason="foreign")


def take_away(client: KubernetesClient) -> None:
    for name in _PROVIDERS:
        client.delete(provider_named(name))
    for secret in (_SECRET, _CLIENT):
        client.delete(secret)
    # What Gatekeeper says of the former ones must not be taken for its word about those that come.
    wait_until(lambda: not statuses(client), "end of the former statuses", _SECONDS)


def statuses(client: KubernetesClient) -> list[str]:
    """The Providers of these names that Gatekeeper says something of."""
    items = client.request("GET", _STATUSES).expect_ok()["items"]
    names = [each["metadata"]["labels"]["internal.gatekeeper.sh/provider-name"] for each in items]
    return [name for name in names if name in _PROVIDERS]


def provider_named(name: str) -> Object:
    return {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "Provider", "metadata": {"name": name}}


def active(client: KubernetesClient, name: str) -> bool:
    found = client.get(provider_named(name))
    pods = found.body.get("status", {}).get("byPod", []) if found.ok else []
    return bool(pods) and all(each.get("active") for each in pods)


def bundle(client: KubernetesClient, name: str) -> list[x509.Certificate]:
    text = client.get(provider_named(name)).expect_ok()["spec"]["caBundle"]
    return x509.load_pem_x509_certificates(base64.b64decode(text))


def authorities(client: KubernetesClient) -> list[x509.Certificate]:
    text = secret_of(client).get("ca.crt", b"")
    return x509.load_pem_x509_certificates(text) if text else []


def secret_of(client: KubernetesClient, secret: Object = _SECRET) -> dict[str, bytes]:
    """What the Secret holds; nothing where there is none."""
    data = client.get(secret).body.get("data") or {}
    return {name: base64.b64decode(text) for name, text in data.items()}


def provider_pod(port: int) -> Object:
    pod = objects.pod(NAMESPACE, "registry.invalid/bestbefore")
    labels = {"app.kubernetes.io/part-of": "bestbefore", "app.kubernetes.io/component": "provider"}
    (container,) = pod["spec"]["containers"]
    ports = [{"name": "https", "containerPort": port}]
    return {
        **pod,
        "metadata": {**pod["metadata"], "labels": labels},
        "spec": {**pod["spec"], "containers": [{**container, "ports": ports}]},
    }


def create_pod(client: KubernetesClient, pod: Object) -> None:
    client.create(pod).expect_ok()
    status = {"status": {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}}
    client.patch(pod, status, "status").expect_ok()
