"""`bestbefore facts --proofs`, with a real registry: every date with its source and what it proves."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli import dates, trust_roots
from gatekeeper.cli.main import cli
from gatekeeper.trust.sources import TrustSources
from tests.e2e.rig import registry as registries
from tests.e2e.rig.registry import PushedImage, Registry
from tests.integration.test_verify import INDEX, MANIFEST, Shop
from tests.programs import program
from tests.simulators import attesting, trust_mirror
from tests.simulators.signing import NOW, SIGNED_AT, Signer, SigningWorld, new_key
from tests.unit.signatures.test_attestation import dsse_entry

pytestmark = pytest.mark.integration

V1 = "https://slsa.dev/provenance/v1"
V02 = "https://slsa.dev/provenance/v0.2"
BUILDER = "https://builder.example.test/release"
DAY = dt.timedelta(days=1)


class NowClock:
    """The moment at which the signing world is."""

    def now(self) -> float:
        return NOW.timestamp()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Any:
    started = registries.start(program("registry"), tmp_path_factory.mktemp("registry"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def world() -> SigningWorld:
    return SigningWorld()


def at(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def predicate(started: str | None = None, finished: str | None = None, builder: str = BUILDER) -> dict[str, Any]:
    times = {"startedOn": started, "finishedOn": finished}
    metadata = {name: text for name, text in times.items() if text}
    return {"runDetails": {"builder": {"id": builder}, "metadata": metadata}}


@dataclass
class DatedShop(Shop):
    """An image of a test's own with dates of every kind."""

    def provenance(
        self, signer: Signer, said: dict[str, Any], *, kind: str = V1, logged: bool = True
    ) -> dict[str, Any]:
        payload = attesting.statement(self.image.digest, predicateType=kind, predicate=said)
        body = attesting.envelope(signer, payload=payload)
        notes = {"dev.cosignproject.cosign/signature": ""}
        if signer.certificate is not None:
            notes["dev.sigstore.cosign/certificate"] = signer.pem
        if logged:
            entry = dsse_entry(body, signer.pem)
            notes["dev.sigstore.cosign/bundle"] = self.world.rekor_bundle(b"", b"", signer, entry=entry)
        return {"mediaType": attesting.ENVELOPE, **self.registry._push_blob(self.name, body), "annotations": notes}

    def facts(self, *words: str, image: str = "") -> Result:
        root = self.folder / "root.json"
        root.write_text(json.dumps(self.world.trust_root))
        given = ["facts", image or self.image.reference, "--proofs", "--trust-root", str(root), *words]
        return CliRunner().invoke(cli, given)

    def dates(self, *words: str) -> Any:
        done = self.facts("--output", "json", *words)
        assert done.exit_code == 0, done.output
        ((found),) = json.loads(done.stdout)["dates"].values()
        return found

    def key(self, signer: Signer) -> str:
        path = self.folder / "cosign.pub"
        path.write_text(signer.public_pem)
        return str(path)


@pytest.fixture
def shop(
    registry: Registry,
    world: SigningWorld,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> DatedShop:
    monkeypatch.setattr(dates, "SystemClock", NowClock)
    looks = TrustSources(tmp_path / "state", trust_mirror.nobody)
    monkeypatch.setattr(trust_roots, "sources", lambda: looks)
    name = "shop/" + re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return DatedShop(registry, world, registry.push(name, at(SIGNED_AT - 2 * DAY)), name, tmp_path)


def of(found: Any, source: str) -> list[dict[str, Any]]:
    return [each for each in found["dates"] if each["source"] == source]


def test_dates_of_each_source_stand_with_what_they_prove(shop: DatedShop) -> None:
    ann = shop.world.signer()
    said = predicate(at(SIGNED_AT - 3 * DAY), at(SIGNED_AT - 2 * DAY))
    shop.attach(shop.legacy(ann, logged=True))
    shop.attach(shop.provenance(ann, said), suffix="att")
    found = shop.dates()
    who = "ann@example.test (issuer https://issuer.example.test)"
    common = {"source": "provenance", "proves": "no-earlier-than", "builder": BUILDER, "by": who}
    assert found == {
        "dates": [
            {
                "source": "config",
                "at": at(SIGNED_AT - 2 * DAY),
                "proves": "publisher",
                "field": "created",
                "platform": "linux/amd64",
            },
            {**common, "field": "startedOn", "at": at(SIGNED_AT - 3 * DAY)},
            {**common, "field": "finishedOn", "at": at(SIGNED_AT - 2 * DAY)},
            {"source": "log", "at": at(SIGNED_AT), "proves": "no-later-than"},
        ],
        "earliest": {"source": "log", "at": at(SIGNED_AT)},
    }


def test_text_says_what_each_date_proves(shop: DatedShop) -> None:
    shop.attach(shop.legacy(shop.world.signer(), logged=True))
    lines = [" ".join(line.split()) for line in shop.facts().stdout.splitlines()]
    created, logged = at(SIGNED_AT - 2 * DAY), at(SIGNED_AT)
    assert f"date config: created {created} (3 days ago), linux/amd64: its publisher's word" in lines
    assert f"date log: {logged} (24 hours ago): existed no later than this" in lines


def test_image_that_says_it_is_younger_than_its_log_entry_lies(shop: DatedShop, registry: Registry) -> None:
    shop.image = registry.push(shop.name, at(SIGNED_AT + DAY / 2))
    shop.attach(shop.legacy(shop.world.signer(), logged=True))
    (config,) = of(shop.dates(), "config")
    assert config["lies"] == [f"the image existed before it: {at(SIGNED_AT)} is proved"]
    assert f"it cannot be true: the image existed before it: {at(SIGNED_AT)} is proved" in shop.facts().stdout


def test_provenance_by_a_stranger_is_unproved(shop: DatedShop) -> None:
    stranger = Signer(new_key())
    shop.attach(shop.provenance(stranger, predicate(at(SIGNED_AT)), logged=False), suffix="att")
    found = shop.dates()
    (said,) = of(found, "provenance")
    assert (said["proves"], "by" in said) == ("unproved", False)
    assert "earliest" not in found
    assert "no time: no log and no timestamp authority vouches for one" in shop.facts().stdout
    (note,) = found["notes"]
    assert note.startswith("the public good instance: no matching attestations: ")


def test_provenance_by_a_key_that_is_given_is_proved(shop: DatedShop) -> None:
    key = shop.world.key
    shop.attach(shop.provenance(key, predicate(at(SIGNED_AT - DAY)), logged=False), suffix="att")
    (said,) = of(shop.dates("--key", shop.key(key)), "provenance")
    assert (said["proves"], said["by"], said["at"]) == ("no-earlier-than", "the key cosign.pub", at(SIGNED_AT - DAY))


def test_provenance_that_says_it_finished_after_it_was_logged_or_before_it_started_lies(shop: DatedShop) -> None:
    ann = shop.world.signer()
    late = predicate(at(SIGNED_AT - DAY), at(SIGNED_AT + DAY / 2))
    shop.attach(
        shop.provenance(ann, late),
        shop.provenance(ann, {**predicate(at(SIGNED_AT - DAY), at(SIGNED_AT - 2 * DAY))}),
        suffix="att",
    )
    lies = [each["lies"] for each in of(shop.dates(), "provenance") if "lies" in each]
    assert lies == [
        [f"the image existed before it: {at(SIGNED_AT)} is proved"],
        [f"it is before the build began ({at(SIGNED_AT - DAY)})"],
    ]


def test_older_form_of_provenance_has_its_dates(shop: DatedShop) -> None:
    said = {"builder": {"id": BUILDER}, "metadata": {"buildFinishedOn": "2026-11-20T10:00:00.123456789+02:00"}}
    shop.attach(shop.provenance(shop.world.signer(), said, kind=V02), suffix="att")
    (found,) = of(shop.dates(), "provenance")
    assert (found["field"], found["at"], found["proves"]) == (
        "buildFinishedOn",
        "2026-11-20T10:00:00.123456789+02:00",
        "no-earlier-than",
    )


@pytest.mark.parametrize("created", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1980-01-01T00:00:01Z", "soon"])
def test_date_that_nobody_set_is_no_date_and_no_lie(shop: DatedShop, registry: Registry, created: str) -> None:
    shop.image = registry.push(shop.name, created)
    shop.attach(shop.legacy(shop.world.signer(), logged=True))
    (config,) = of(shop.dates(), "config")
    assert (config["proves"], "lies" in config) == ("no-date", False)


def test_provenance_of_buildkit_is_shown_and_proves_nothing(shop: DatedShop, registry: Registry) -> None:
    """It stands in the index, of each platform, and nobody signed it."""
    platform = shop.image.digest
    said = {"builder": {"id": ""}, "metadata": {"buildStartedOn": at(SIGNED_AT), "buildFinishedOn": at(SIGNED_AT)}}
    payload = attesting.statement(platform, predicateType=V02, predicate=said)
    layer = {
        "mediaType": "application/vnd.in-toto+json",
        **registry._push_blob(shop.name, payload),
        "annotations": {"in-toto.io/predicate-type": V02},
    }
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", **registry._push_blob(shop.name, b"{}")}
    child = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    digest, size = registry._push_manifest(shop.name, child, None)
    plain = registry._push_manifest(shop.name, _manifest(shop), None)
    children = [
        _descriptor(plain, {"os": "linux", "architecture": "amd64"}),
        {
            **_descriptor((digest, size), {"os": "unknown", "architecture": "unknown"}),
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": platform,
            },
        },
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
    digest, _ = registry._push_manifest(shop.name, index, "multi")
    shop.image = PushedImage(f"{registry.host}/{shop.name}:multi", shop.image.repository, digest, "")
    found = of(shop.dates(), "provenance")
    assert [(each["field"], each["platform"], each["proves"]) for each in found] == [
        ("buildStartedOn", "linux/amd64", "unproved"),
        ("buildFinishedOn", "linux/amd64", "unproved"),
    ]


def _manifest(shop: DatedShop) -> Any:
    import requests  # noqa: PLC0415

    answer = requests.get(f"http://{shop.registry.host}/v2/{shop.name}/manifests/{shop.image.digest}", timeout=10)
    assert hashlib.sha256(answer.content).hexdigest() in shop.image.digest
    return json.loads(answer.content)


def _descriptor(pushed: tuple[str, int], platform: dict[str, str]) -> dict[str, Any]:
    digest, size = pushed
    return {"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform}


def test_image_that_is_not_there_ends_with_1(shop: DatedShop) -> None:
    done = shop.facts(image=f"{shop.registry.host}/{shop.name}:gone")
    assert done.exit_code == 1
    assert "NotFound" in done.output
    assert "Traceback" not in done.output


def test_recorded_facts_can_be_checked_with_their_dates_beside(shop: DatedShop, tmp_path: Path) -> None:
    from gatekeeper.evaluation.facts import RecordedFacts  # noqa: PLC0415

    path = tmp_path / "facts.json"
    path.write_text(shop.facts("--output", "json").stdout)
    assert RecordedFacts.read(path).images[shop.image.reference]["digest"] == shop.image.digest
