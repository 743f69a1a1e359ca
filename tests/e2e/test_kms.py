"""A policy whose key is in Vault's transit engine, on the real cluster: read, rotated, lost, and gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.rig import control, definitions, objects
from tests.e2e.rig.control import Control
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.registry import OCI, PushedImage, days_ago
from tests.e2e.rig.world import World
from tests.simulators.key_services import VaultServer
from tests.simulators.signing import Signer, SigningWorld, b64, new_key

# A key is read each minute, and Gatekeeper's Pods take some seconds.
_SECONDS = 120.0
_STATUS: Object = {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "PolicyStatus", "metadata": {"name": "signed"}}


class KeyStory:
    """A policy that names a key in Vault, and images that an old and a new key have signed."""

    def __init__(self, world: World, vault: VaultServer) -> None:
        self.world = world
        self.vault = vault
        self.team = objects.unique("team")
        self.space = world.namespace()
        self.old, self.new = Signer(new_key()), Signer(new_key())

    def apply_policy(self) -> None:
        self.world.client.apply(
            {
                "apiVersion": "policy.sigstore.dev/v1alpha1",
                "kind": "ClusterImagePolicy",
                "metadata": {"name": "signed"},
                "spec": {
                    "images": [{"glob": f"{self.world.registry.host}/{self.team}/**"}],
                    "authorities": [{"name": "release", "key": {"kms": "hashivault://release"}}],
                },
            }
        )

    def image(self, name: str, signer: Signer) -> PushedImage:
        """An image with a signature by a key, as cosign keeps it."""
        registry, repository = self.world.registry, f"{self.team}/{name}"
        image = registry.push(repository, days_ago(1))
        payload = SigningWorld().payload(image.digest)
        notes = {"dev.cosignproject.cosign/signature": b64(signer.sign(payload))}
        simple = "application/vnd.dev.cosign.simplesigning.v1+json"
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": {"mediaType": f"{OCI}.config.v1+json", **registry._push_blob(repository, b"{}")},
            "layers": [{"mediaType": simple, **registry._push_blob(repository, payload), "annotations": notes}],
        }
        registry._push_manifest(repository, manifest, f"{image.digest.replace(':', '-')}.sig")
        return image

    def verdict(self, client: KubernetesClient, image: PushedImage) -> str:
        """What a Pod with it is told; empty where it is admitted."""
        answer = client.create(objects.pod(self.space, image.pinned), dry_run=True)
        return "" if answer.status == 201 else answer.message

    def status(self) -> Object:
        """Of the policy; empty where there is none yet."""
        answer = self.world.client.get(_STATUS)
        found: Object = answer.body.get("status", {}) if answer.ok else {}
        return found

    def conditions(self) -> dict[str, str]:
        return {each["type"]: each["reason"] for each in self.status().get("conditions", [])}


@pytest.fixture
def story(world: World) -> Iterator[KeyStory]:
    pair = world.authority.issue("vault")
    with definitions.of_chart(world), VaultServer((pair.certificate, pair.key)) as vault:
        yield KeyStory(world, vault)


@pytest.fixture
def controller(world: World, story: KeyStory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """One that knows Vault as the chart tells it: address, authority, and a token in a file."""
    authority, token = tmp_path / "ca.crt", tmp_path / "token"
    authority.write_text(world.authority.pem)
    token.write_text(story.vault.TOKEN)
    given = {"VAULT_ADDR": story.vault.url, "VAULT_CACERT": str(authority), "VAULT_TOKEN_FILE": str(token)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    config = control.settings(NAMESPACE, tmp_path, "controller.enabled=true")
    options = ("--policies=true", "--no-match=allow", "--doctor=false")
    running = Control(world.server.kubeconfig, config, tmp_path / "state", world.logs, objects.unique("kms"), options)
    with running.running():
        yield running


@pytest.mark.usefixtures("provider")
def test_key_in_vault_is_read_rotated_kept_while_it_is_away_and_given_up_when_it_is_gone(
    world: World, client: KubernetesClient, story: KeyStory, controller: Control
) -> None:
    old, new = story.image("old", story.old), story.image("new", story.new)
    story.vault.has("release", story.old.key.public_key())
    story.apply_policy()
    wait_until(lambda: story.status().get("state") == "enforced", "a policy in force", _SECONDS)
    wait_until(lambda: story.verdict(client, old) == "", "an admission", _SECONDS)
    assert "SignatureRejected" in story.verdict(client, new)
    assert controller.total("policy_key_read_timestamp_seconds", policy="signed") > 0

    story.vault.has("release", story.old.key.public_key(), story.new.key.public_key())
    wait_until(lambda: story.verdict(client, new) == "", "an admission by the newest version of the key", _SECONDS)
    wait_until(lambda: "SignatureRejected" in story.verdict(client, old), "the end of the old one", _SECONDS)

    story.vault.raw = 503, {}, b'{"errors":["Vault is sealed"]}'
    wait_until(
        lambda: controller.total("source_errors_total", source="keys") > 0, "a word about Vault that is away", _SECONDS
    )
    assert story.verdict(client, new) == ""
    assert story.status()["state"] == "enforced"

    story.vault.raw = None
    story.vault.keys.clear()
    wait_until(lambda: story.conditions().get("Warned") == "KeyUnavailable", "a condition", _SECONDS)
    wait_until(lambda: "KeyUnavailable" in story.verdict(client, new), "a denial", _SECONDS)
    # Events come after the status.
    describe = ("describe", "clusterimagepolicies.policy.sigstore.dev", "signed")
    wait_until(lambda: "PolicyWarned" in world.kubectl(*describe), "an Event", _SECONDS)
    (line, *_) = controller.events("policy.warned")
    assert (line["policy"], line["reason"]) == ("signed", "KeyUnavailable")
    assert story.vault.TOKEN not in (controller.logs / f"{controller.name}.log").read_text()
