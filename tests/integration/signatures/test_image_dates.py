"""What the real cosign leaves beside an image, as `bestbefore facts --proofs` shows its dates."""

from __future__ import annotations

import hashlib
import json

import pytest
from click.testing import CliRunner

from gatekeeper.cli import trust_roots
from gatekeeper.cli.main import cli
from gatekeeper.trust.sources import TrustSources
from provider.clock import SystemClock, rfc3339
from tests.e2e.rig.registry import days_ago
from tests.e2e.rig.sigstore import ANN
from tests.simulators import trust_mirror

pytestmark = pytest.mark.integration
BUILDER = "https://builder.example.test/release"
# The short names of cosign for the two versions of provenance, and the names that they have for the build's end.
TYPES = {"slsaprovenance1": "finishedOn", "slsaprovenance02": "buildFinishedOn"}


@pytest.fixture
def image(registry, request):
    name = hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    return registry.push(f"dates/{name}", days_ago(1)).pinned


@pytest.fixture
def look(instance, tmp_path, monkeypatch):
    looks = TrustSources(tmp_path / "state", trust_mirror.nobody)
    monkeypatch.setattr(trust_roots, "sources", lambda: looks)

    def look(image, *words):
        given = ["facts", image, "--proofs", "--trust-root", str(instance.trusted_root), "--output", "json", *words]
        done = CliRunner().invoke(cli, given)
        assert done.exit_code == 0, done.output
        (found,) = json.loads(done.stdout)["dates"].values()
        return found

    return look


def predicate(kind, finished):
    if kind == "slsaprovenance1":
        build = {"buildType": "https://build.example.test", "externalParameters": {}}
        run = {"builder": {"id": BUILDER}, "metadata": {"finishedOn": finished}}
        return {"buildDefinition": build, "runDetails": run}
    metadata = {"buildFinishedOn": finished}
    return {"builder": {"id": BUILDER}, "buildType": "https://build.example.test", "metadata": metadata}


def minutes_ago(minutes):
    return rfc3339(SystemClock().now() - 60 * minutes)


def sources(found):
    return [each["source"] for each in found["dates"]]


@pytest.mark.parametrize(
    ("how", "source"),
    [("promise", "log"), ("tiles", "timestamp"), ("legacy-logged", "log"), ("legacy-stamped", "timestamp")],
)
def test_time_of_a_signature_is_the_one_that_its_log_or_timestamp_proves(instance, look, image, how, source):
    began = minutes_ago(1)
    if how.startswith("legacy"):
        instance.sign_legacy(image, logged=how.endswith("logged"))
    else:
        instance.sign(image, config=how)
    earliest = look(image)["earliest"]
    assert earliest["source"] == source
    assert began <= earliest["at"] <= minutes_ago(-1)


def test_signing_again_does_not_move_the_earliest_time(instance, look, image):
    instance.sign(image, config="promise")
    first = look(image)["earliest"]["at"]
    instance.sign(image, config="promise", email="bob@example.test")
    instance.attest(image)
    # A timestamp of the same second may stand for it: times have seconds.
    assert look(image)["earliest"]["at"] == first


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("how", ["legacy", "bundle"])
def test_attested_provenance_is_proved_and_dated(instance, look, image, kind, how):
    finished = minutes_ago(90)
    if how == "legacy":
        instance.attest_legacy(image, kind, predicate(kind, finished))
    else:
        instance.attest(image, "--type", kind, predicate=predicate(kind, finished))
    found = look(image)
    (said,) = [each for each in found["dates"] if each["source"] == "provenance"]
    assert (said["field"], said["at"], said["builder"]) == (TYPES[kind], finished, BUILDER)
    assert said["proves"] == "no-earlier-than"
    assert said["by"].startswith(f"{ANN} (issuer ")
    assert "lies" not in said
    assert found["earliest"]["source"] == "timestamp"


def test_provenance_by_a_key_is_proved_only_where_the_key_is_given(instance, look, image, tmp_path):
    instance.attest_by_key(image, "slsaprovenance1", predicate("slsaprovenance1", minutes_ago(90)))
    assert [each["proves"] for each in look(image)["dates"]] == ["publisher", "unproved"]
    path = tmp_path / "release.pub"
    path.write_text(instance.key)
    found = look(image, "--key", str(path))
    assert [each["proves"] for each in found["dates"]] == ["publisher", "no-earlier-than"]
    assert found["dates"][1]["by"] == "the key release.pub"


def test_image_without_anything_beside_it_has_its_publishers_word_alone(look, image):
    found = look(image)
    assert sources(found) == ["config"]
    assert "earliest" not in found
