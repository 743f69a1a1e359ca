"""`bestbefore verify`, with a real registry and the real OPA: each step where it stands in the documentation."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli import trust_roots
from gatekeeper.cli.main import cli
from gatekeeper.evaluation import opa
from gatekeeper.trust.sources import TrustSources
from tests.e2e.rig import registry as registries
from tests.e2e.rig.registry import PushedImage, Registry, days_ago
from tests.engine import engine
from tests.programs import ROOT, program
from tests.simulators import attesting, trust_mirror
from tests.simulators.signing import ISSUER, Leaf, Signer, SigningWorld, b64, new_key
from tests.simulators.tuf_repository import TufRepository

pytestmark = pytest.mark.integration

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = b"{}"
ANN = "ann@example.test"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Any:
    started = registries.start(program("registry"), tmp_path_factory.mktemp("registry"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def world() -> SigningWorld:
    return SigningWorld()


@pytest.fixture(autouse=True)
def no_mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The public good instance is the one that was shipped."""
    looks = TrustSources(tmp_path / "state", trust_mirror.nobody)
    monkeypatch.setattr(trust_roots, "sources", lambda: looks)


@dataclass
class Shop:
    """An image of a test's own, those who sign it, and a policy."""

    registry: Registry
    world: SigningWorld
    image: PushedImage
    name: str
    folder: Path

    def legacy(self, signer: Signer, *, claims: str = "", logged: bool = False, **notes: str) -> dict[str, Any]:
        """A layer that signs the image, or what it claims."""
        payload = self.world.payload(claims or self.image.digest)
        found = self.world.annotations(payload, signer, **notes)
        if logged:
            # Over the very signature that the layer carries: ECDSA makes another one each time.
            signature = signer.sign(payload)
            found = {**found, "dev.cosignproject.cosign/signature": b64(signature)}
            found["dev.sigstore.cosign/bundle"] = self.world.rekor_bundle(payload, signature, signer)
        blob = self.registry._push_blob(self.name, payload)
        return {"mediaType": SIMPLE, **blob, "annotations": found}

    def attestation(self, signer: Signer, **changes: Any) -> dict[str, Any]:
        """A layer with a statement about the image."""
        body = attesting.envelope(signer, payload=attesting.statement(self.image.digest, **changes))
        notes = {"dev.cosignproject.cosign/signature": ""}
        return {"mediaType": attesting.ENVELOPE, **self.registry._push_blob(self.name, body), "annotations": notes}

    def attach(self, *layers: dict[str, Any], suffix: str = "sig") -> None:
        tag = f"{self.image.digest.replace(':', '-')}.{suffix}"
        self.registry._push_manifest(self.name, self._artifact(layers), tag)

    def refer(self, *documents: dict[str, Any]) -> None:
        """Bundles, told by the tag that stands for the referrers interface."""
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [self._referrer(each) for each in documents]}
        self.registry._push_manifest(self.name, index, self.image.digest.replace(":", "-"))

    def _referrer(self, document: dict[str, Any]) -> dict[str, Any]:
        blob = self.registry._push_blob(self.name, json.dumps(document).encode())
        subject = {"mediaType": MANIFEST, "digest": self.image.digest, "size": 1}
        manifest = {**self._artifact([{"mediaType": BUNDLE, **blob}]), "artifactType": BUNDLE, "subject": subject}
        digest, size = self.registry._push_manifest(self.name, manifest, None)
        return {"mediaType": MANIFEST, "digest": digest, "size": size, "artifactType": BUNDLE}

    def _artifact(self, layers: Any) -> dict[str, Any]:
        config = {"mediaType": "application/vnd.oci.empty.v1+json", **self.registry._push_blob(self.name, EMPTY)}
        return {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": list(layers)}

    def verify(
        self, *authorities: dict[str, Any], words: tuple[str, ...] = (), glob: str = "**", **spec: Any
    ) -> Result:
        """Run the command with a policy of these authorities."""
        policy = {
            "apiVersion": "policy.sigstore.dev/v1beta1",
            "kind": "ClusterImagePolicy",
            "metadata": {"name": "shop"},
            "spec": {"images": [{"glob": glob}], "authorities": list(authorities), **spec},
        }
        path = self.folder / "policy.yaml"
        path.write_text(yaml.safe_dump(policy))
        root = self.folder / "root.json"
        root.write_text(json.dumps(self.world.trust_root))
        given = ["verify", self.image.pinned, "--policy", str(path), "--trust-root", f"own={root}", *words]
        return CliRunner().invoke(cli, given)

    def document(self, *authorities: dict[str, Any]) -> Any:
        return json.loads(self.verify(*authorities, words=("--output", "json")).stdout)

    def signatures(self, *authorities: dict[str, Any]) -> list[dict[str, Any]]:
        ((found,),) = [policy["authorities"] for policy in self.document(*authorities)["policies"]]
        return list(found["signatures"])


def by_key(signer: Signer, **more: Any) -> dict[str, Any]:
    return {"name": "release", "key": {"data": signer.public_pem}, **more}


def keyless(subject: str = ANN, **more: Any) -> dict[str, Any]:
    own = {"trustRootRef": "own"}
    identities = [{"issuer": ISSUER, "subject": subject}]
    return {"name": "ci", "keyless": {"identities": identities, **own}, "ctlog": own, **more}


def outcomes(signature: dict[str, Any]) -> list[str]:
    return [step["outcome"] for step in signature["steps"]]


@pytest.fixture
def shop(
    registry: Registry,
    world: SigningWorld,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    found = engine()
    monkeypatch.setattr(opa, "find", lambda *_: found)
    name = "shop/" + re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return Shop(registry, world, registry.push(name, days_ago(1)), name, tmp_path)


def test_good_signature_holds_at_every_step_and_the_authority_vouches(shop: Shop) -> None:
    shop.attach(shop.legacy(shop.world.key))
    done = shop.verify(by_key(shop.world.key))
    assert done.exit_code == 0, done.output
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == shop.image.pinned
    assert "policy shop: one of these must vouch for it" in lines
    assert f"to be signed: {shop.image.digest}" in lines
    assert [line[:4] for line in lines if re.match(r"[✓✗·-] \d", line)] == [
        *("✓ 1.", "- 2.", "- 3.", "- 4."),
        *("✓ 5.", "✓ 6.", "✓ 7."),
    ]
    assert "vouches" in lines
    assert lines[-1] == "allowed by 1 policy"


def test_rule_is_asked_for_by_the_template_that_gatekeeper_gets(shop: Shop) -> None:
    rule = "package sigstore\nisCompliant { input.config[_].created }\n"
    policy = {"fetchConfigFile": True, "type": "rego", "data": rule}
    authority = {"name": "all", "static": {"action": "pass"}}
    done = shop.verify(authority, words=("--output", "json"), policy=policy)
    assert done.exit_code == 0, done.output
    (fact,) = json.loads(done.stdout)["images"].values()
    assert fact["configPaths"] == [["created"]]


def test_name_of_an_authority_starts_no_line_of_its_own(shop: Shop) -> None:
    done = shop.verify({"name": "all\n    vouches", "static": {"action": "fail"}})
    assert done.exit_code == 1, done.output
    assert "  authority all\\n    vouches, static: fail" in done.stdout.splitlines()
    assert "    vouches" not in done.stdout.splitlines()


def test_step_that_failed_says_what_was_found_and_expected(shop: Shop) -> None:
    other = "sha256:" + "b" * 64
    shop.attach(shop.legacy(shop.world.key, claims=other))
    done = shop.verify(by_key(shop.world.key))
    assert done.exit_code == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    failed = next(index for index, line in enumerate(lines) if line.startswith("✗ 6."))
    assert lines[failed + 1] == f"found: invalid or missing digest in claim: {other}"
    assert lines[failed + 2] == f"expected: {shop.image.digest}, in a container image signature"
    assert lines[failed + 3].startswith("· 7.")
    assert "does not vouch: SignatureRejected" in lines
    assert "no matching signatures: invalid or missing digest in claim" in done.stdout


def test_another_key_fails_at_the_signature(shop: Shop) -> None:
    shop.attach(shop.legacy(Signer(new_key())))
    (signature,) = shop.signatures(by_key(shop.world.key))
    assert outcomes(signature) == ["holds", "skipped", "skipped", "skipped", "fails", "unreached", "unreached"]
    assert "invalid signature" in signature["found"]


def attested(signer: Signer, rule: str = "") -> dict[str, Any]:
    policy = {"policy": {"type": "rego", "data": f"package sigstore\n{rule}\n"}} if rule else {}
    return by_key(signer, attestations=[{"name": "scan", "predicateType": attesting.TYPE, **policy}])


def test_each_attestation_is_shown_step_by_step_with_the_policys_verdict(shop: Shop) -> None:
    key = shop.world.key
    layers = [shop.attestation(Signer(new_key())), shop.attestation(key, predicate={"ok": False})]
    shop.attach(*layers, shop.attestation(key, predicateType="other"), shop.attestation(key), suffix="att")
    done = shop.verify(attested(key, "isCompliant { input.predicate.ok == true }"))
    assert done.exit_code == 0, done.output
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert f"attestation scan of type {attesting.TYPE}" in lines
    assert "layer 4 of 4: " in done.stdout
    assert [line for line in lines if "type" in line and line[0] in "✓✗"] == [
        f"✗ type {attesting.TYPE}: not what the policy wants",
        "✗ type other: another type than the policy wants",
        f"✓ type {attesting.TYPE}: what the policy wants",
    ]
    assert lines.count("✗ 5. one of its signatures is the key's, or the certificate's, over an in-toto payload") == 1
    assert [line for line in lines if line in {"satisfied", "vouches"}] == ["satisfied", "vouches"]
    assert lines[-1] == "allowed by 1 policy"


def test_attestation_that_no_statement_satisfies_is_denied_with_the_reason(shop: Shop) -> None:
    shop.attach(shop.attestation(shop.world.key), suffix="att")
    document = shop.document(attested(shop.world.key, "isCompliant { input.predicate.missing }"))
    ((found,),) = [policy["authorities"] for policy in document["policies"]]
    (scan,) = found["attestations"]
    assert (scan["satisfied"], scan["reason"], found["vouches"]) == (False, "AttestationRejected", False)
    assert outcomes(scan["layers"][0]) == ["holds", *["skipped"] * 3, *["holds"] * 3]
    assert "failed evaluating rego policy for type scan: " in document["errors"][0]


@pytest.mark.parametrize(
    "said", [{"a": True, "b": True}, {"a": True, "more": "x" * 300_000}], ids=["conflicting", "large"]
)
def test_what_a_stranger_attests_reaches_no_rule_and_hides_nothing(shop: Shop, said: dict[str, Any]) -> None:
    def by(subject: str, predicate: dict[str, Any]) -> dict[str, Any]:
        payload = attesting.statement(shop.image.digest, predicate=predicate)
        signer = shop.world.signer(Leaf(subjects=[subject]))
        return shop.world.bundle(shop.image.digest, signer, statement=payload, entry="v1")

    # Of a statement with both, a rule of this form is an error, and the whole review is denied.
    rule = """package sigstore
seen = 1 { input.predicate.a }
seen = 2 { input.predicate.b }
isCompliant { seen == 1; count(input.predicate) > 0 }
"""
    policy = {"policy": {"type": "rego", "data": rule}}
    wanted = [{"name": "scan", "predicateType": attesting.TYPE, **policy}]
    bundles = keyless(signatureFormat="bundle", attestations=wanted)
    shop.refer(by("eve@example.test", said), by(ANN, {"a": True}))
    done = shop.verify(bundles)
    assert done.exit_code == 0, done.output
    shop.refer(by("eve@example.test", {"a": True}), by(ANN, said))
    done = shop.verify(bundles)
    assert done.exit_code != 0, done.output
    assert ("LimitExceeded" in done.output) == ("more" in said)


def test_attestations_are_listed_without_a_policy(shop: Shop) -> None:
    shop.attach(shop.attestation(Signer(new_key())), suffix="att")
    done = CliRunner().invoke(cli, ["attestations", shop.image.pinned, "--output", "json"])
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["attestations"]
    assert (found["format"], found["predicateType"]) == ("legacy", attesting.TYPE)
    text = CliRunner().invoke(cli, ["attestations", shop.image.pinned]).stdout
    assert attesting.TYPE in text
    assert text.splitlines()[-1] == "  nothing of this is verified"
    bare = CliRunner().invoke(cli, ["attestations", f"{shop.registry.host}/shop/nobody:1"])
    assert bare.exit_code == 1
    assert "NotFound: " in bare.stderr


def test_image_without_attestations_says_where_was_looked(shop: Shop) -> None:
    shop.attach(shop.legacy(shop.world.key))
    done = shop.verify(attested(shop.world.key))
    assert done.exit_code == 1
    assert "no attestations found: no attestation under the tag sha256-" in done.stdout
    assert "does not vouch: AttestationAbsent" in done.stdout


def test_each_of_several_signatures_is_told(shop: Shop) -> None:
    shop.attach(shop.legacy(Signer(new_key())), shop.legacy(shop.world.key))
    first, second = shop.signatures(by_key(shop.world.key))
    assert "fails" in outcomes(first)
    assert second["identified"] is True
    assert second["proof"]["digest"] == shop.image.digest


def test_unsigned_image_has_no_signatures(shop: Shop) -> None:
    done = shop.verify(by_key(shop.world.key))
    assert done.exit_code == 1
    assert "✗ no signatures found" in done.stdout
    assert "does not vouch: SignatureAbsent" in done.stdout


def test_bundle_under_a_policy_that_reads_legacy_signatures_is_named(shop: Shop) -> None:
    shop.refer(shop.world.bundle(shop.image.digest, shop.world.key))
    done = shop.verify(by_key(shop.world.key))
    assert done.exit_code == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    absent = lines.index("✗ no signatures found")
    assert lines[absent + 1 : absent + 4] == [
        "no legacy signature, but a bundle",
        f"looked under the tag sha256-{shop.image.digest[7:19]}….sig and among the referrers",
        "with `signatureFormat: bundle` a policy reads bundles",
    ]
    assert "SignatureAbsent: authority release: no legacy signature, but a bundle." in done.stdout
    (found,) = shop.document(by_key(shop.world.key))["policies"][0]["authorities"]
    assert found["absence"].startswith("no legacy signature, but a bundle; ")


def test_another_key_is_shown_beside_the_one_that_is_asked_for(shop: Shop) -> None:
    shop.attach(shop.legacy(Signer(new_key())))
    fingerprint = hashlib.sha256(shop.world.key.spki).hexdigest()
    assert f"by the key sha256:{fingerprint}" in shop.verify(by_key(shop.world.key)).stdout


def test_advice_is_for_this_program_and_not_for_upstreams(shop: Shop) -> None:
    other = SigningWorld()
    shop.attach(shop.legacy(other.signer(), logged=True))
    authority = keyless()
    authority["ctlog"] = None
    done = shop.verify({name: value for name, value in authority.items() if value is not None})
    assert "name the signer's in `trustRootRef`" in done.stdout
    assert "cosign" not in done.stdout
    assert "SIGSTORE_ROOT_FILE" not in done.stdout


def test_root_that_a_repository_signs_for_proves_a_signature_and_an_expired_one_leaves_no_answer(shop: Shop) -> None:
    shop.attach(shop.legacy(shop.world.signer(), logged=True))
    repository = TufRepository({"trusted_root.json": json.dumps(shop.world.trust_root).encode()})
    authority = keyless()
    authority["keyless"]["trustRootRef"], authority["ctlog"] = "packed", {"trustRootRef": "packed"}

    def verified() -> Result:
        spec = {"repository": {"root": b64(repository.root), "mirrorFS": b64(repository.archive())}}
        head = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot", "metadata": {"name": "packed"}}
        file = shop.folder / "packed.yaml"
        file.write_text(yaml.safe_dump({**head, "spec": spec}))
        return shop.verify(authority, words=("--trust-root", str(file)))

    done = verified()
    assert done.exit_code == 0, done.output
    assert "by a certificate of the trust root packed" in done.stdout
    yesterday = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=1)
    repository.publish(expires={"timestamp": yesterday})
    done = verified()
    assert done.exit_code == 2
    assert "ExpiredMetadataError: timestamp.json is expired" in done.stderr


def test_certificate_of_somebody_else_is_proved_and_not_taken(shop: Shop) -> None:
    ann = shop.world.signer(Leaf(subjects=(ANN,)))
    shop.attach(shop.legacy(ann, logged=True))
    done = shop.verify(keyless("bob@example.test"))
    assert done.exit_code == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    who = lines.index(f'✗ who: "{ANN}" (issuer "{ISSUER}"): none of the policy\'s identities')
    assert lines[who + 1] == f'expected: issuer "{ISSUER}", subject "bob@example.test"'
    assert "does not vouch: IdentityMismatch" in done.stdout
    (signature,) = shop.signatures(keyless())
    assert outcomes(signature) == ["holds", "skipped", "holds", "holds", "holds", "holds", "holds"]
    assert signature["identified"] is True


def test_white_space_of_what_the_policy_expects_can_be_seen(shop: Shop) -> None:
    shop.attach(shop.legacy(shop.world.signer(Leaf(subjects=(ANN,))), logged=True))
    assert f'subject "{ANN} "' in shop.verify(keyless(f"{ANN} ")).stdout
    assert f'subject "{ANN}\\xa0"' in shop.verify(keyless(f"{ANN}\u00a0")).stdout


def test_signature_that_no_log_promised_fails_at_the_log(shop: Shop) -> None:
    shop.attach(shop.legacy(shop.world.signer()))
    (signature,) = shop.signatures(keyless())
    assert outcomes(signature)[:4] == ["holds", "skipped", "fails", "unreached"]


def test_bundle_has_steps_of_its_own(shop: Shop) -> None:
    shop.refer(shop.world.bundle(shop.image.digest, shop.world.signer()))
    (signature,) = shop.signatures(keyless(signatureFormat="bundle"))
    assert (signature["format"], outcomes(signature)) == ("bundle", ["holds", "skipped", "holds", "holds", "holds"])
    assert signature["identified"] is True


def test_bundle_of_another_image_fails_at_its_claim(shop: Shop) -> None:
    shop.refer(shop.world.bundle("sha256:" + "b" * 64, shop.world.signer()))
    (signature,) = shop.signatures(keyless(signatureFormat="bundle"))
    assert outcomes(signature) == ["fails", "skipped", *["unreached"] * 3]
    assert signature["found"] == "the statement is about another digest"


def test_every_authority_is_told_and_one_is_enough(shop: Shop) -> None:
    shop.attach(shop.legacy(shop.world.key))
    other = {**by_key(Signer(new_key())), "name": "other"}
    static = {"name": "never", "static": {"action": "fail", "message": "no"}}
    found = shop.document(other, static, by_key(shop.world.key))
    assert [(each["name"], each["vouches"], each.get("reason")) for each in found["policies"][0]["authorities"]] == [
        ("other", False, "SignatureRejected"),
        ("never", False, "StaticDeny"),
        ("release", True, None),
    ]
    assert found["allowed"] is True


def test_trust_root_that_is_not_there_is_told(shop: Shop) -> None:
    authority = keyless()
    authority["keyless"]["trustRootRef"] = "gone"
    done = shop.verify(authority)
    # Nobody could look at the signatures.
    assert done.exit_code == 3
    assert "✗ TrustRootStale: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("no verdict (TrustRootStale)")


def test_authority_without_an_answer_leaves_no_verdict_unless_another_one_vouches(shop: Shop) -> None:
    missing = keyless()
    missing["keyless"]["trustRootRef"] = "gone"
    shop.attach(shop.legacy(shop.world.key))
    assert shop.verify({**by_key(Signer(new_key())), "name": "other"}, missing).exit_code == 3
    assert shop.verify(missing, by_key(shop.world.key)).exit_code == 0


def test_what_is_passed_over_of_files_is_named_and_the_rest_is_used(shop: Shop) -> None:
    damaged = json.loads(json.dumps(shop.world.trust_root))
    damaged["ctlogs"][0]["publicKey"]["keyDetails"] = "LMS_SHA256"
    root, config = shop.folder / "damaged.json", shop.folder / "config.json"
    root.write_text(json.dumps(damaged))
    config.write_text('{"auths": {"other.example": null}}')
    shop.attach(shop.legacy(shop.world.key))
    words = ("--trust-root", f"other={root}", "--docker-config", str(config))
    done = shop.verify(by_key(shop.world.key), words=words)
    assert done.exit_code == 0
    assert "passed over: docker_config" in done.stderr
    assert "auths['other.example']: it is null" in done.stderr
    assert "ctlogs[0].publicKey.keyDetails: LMS_SHA256 is not supported" in done.stderr


def test_layer_that_cannot_be_read_is_shown_beside_the_good_one(shop: Shop) -> None:
    shop.attach({"digest": "sha512:x"}, shop.legacy(shop.world.key))
    done = shop.verify(by_key(shop.world.key))
    assert done.exit_code == 0
    assert "layers[0]: its digest is not sha256:" in done.stdout
    assert "passed over: signatures of" in done.stderr


def test_trust_root_that_cannot_be_used_at_all_ends_with_2(shop: Shop) -> None:
    broken = shop.folder / "broken.json"
    broken.write_text("{")
    done = shop.verify(by_key(shop.world.key), words=("--trust-root", f"other={broken}"))
    assert done.exit_code == 2
    assert "trust_root: other=" in done.stderr


def test_policy_that_does_not_cover_the_image_is_left_out(shop: Shop) -> None:
    done = shop.verify(by_key(shop.world.key), glob="other.test/**")
    assert done.exit_code == 1
    assert "one of these must vouch for it" not in done.stdout
    assert "no matching policies" in done.stdout


def test_image_that_is_none_ends_with_2(shop: Shop) -> None:
    policy = ROOT / "policies" / "signed-and-fresh" / "cip.yaml"
    done = CliRunner().invoke(cli, ["verify", "UPPER/case", "--policy", str(policy)])
    assert done.exit_code == 2
    assert "UPPER/case" in done.stderr


def test_registry_that_is_away_is_told_for_each_authority(shop: Shop) -> None:
    policy = ROOT / "policies" / "signed-and-fresh" / "cip.yaml"
    words = ["verify", "127.0.0.1:1/billing/web:1", "--policy", str(policy)]
    done = CliRunner().invoke(cli, words)
    # No policy covers it here, which is a verdict.
    assert done.exit_code == 1
    path = shop.folder / "all.yaml"
    path.write_text(policy.read_text().replace("registry.example.com/billing/**", "**"))
    done = CliRunner().invoke(cli, ["verify", "127.0.0.1:1/billing/web:1", "--policy", str(path)])
    assert "✗ RegistryUnavailable: " in done.stdout
    assert done.exit_code == 3
    words = ["check", "--policy", str(path), "--image", "127.0.0.1:1/billing/web:1", "--output", "json"]
    checked = CliRunner().invoke(cli, words)
    assert (checked.exit_code, json.loads(checked.stdout)["reason"]) == (3, "RegistryUnavailable")


def test_outcome_is_that_of_check(shop: Shop) -> None:
    shop.attach(shop.legacy(shop.world.key))
    for authority in (by_key(shop.world.key), by_key(Signer(new_key()))):
        found = shop.document(authority)
        checked = CliRunner().invoke(
            cli,
            ["check", "--policy", str(shop.folder / "policy.yaml"), "--image", shop.image.pinned, "--output", "json"],
        )
        assert {name: found[name] for name in ("allowed", "errors", "warnings")} == {
            name: json.loads(checked.stdout)[name] for name in ("allowed", "errors", "warnings")
        }


def test_check_can_be_repeated_from_what_it_recorded_without_a_registry(shop: Shop) -> None:
    shop.attach(shop.legacy(shop.world.key))
    shop.verify(by_key(shop.world.key))
    words = ["check", "--policy", str(shop.folder / "policy.yaml"), "--image", shop.image.pinned, "--output", "json"]
    first = CliRunner().invoke(cli, words)
    recorded = shop.folder / "facts.json"
    recorded.write_text(first.stdout)
    again = CliRunner().invoke(cli, [*words, "--facts", str(recorded)])
    assert (again.exit_code, json.loads(again.stdout)) == (0, json.loads(first.stdout))
    # What was recorded says nothing of another key.
    shop.verify(by_key(Signer(new_key())))
    other = CliRunner().invoke(cli, [*words, "--facts", str(recorded)])
    assert (other.exit_code, json.loads(other.stdout)["reason"]) == (3, "FactsMissing")
    assert "do not say whether" in json.loads(other.stdout)["errors"][0]
