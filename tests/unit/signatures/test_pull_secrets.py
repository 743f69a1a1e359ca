"""Signatures that only a pull secret opens: of the policy's own, in place of the Pod's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provider.pullsecrets.keyring import PodKeyrings
from provider.pullsecrets.pod_credentials import PodCredentials
from provider.questions.proof_question import SignatureSource
from provider.questions.puller import Puller
from provider.reasons import Reason
from provider.registry.credentials.credentials import NoCredentials
from tests.simulators.pull_secrets import ClusterObjects
from tests.unit.pullsecrets.world import basic
from tests.unit.signatures.test_verifier import REPOSITORY, World

_READER, _OTHER = ("signatures", "secret-s"), ("pod", "secret-p")
_ELSEWHERE = "signatures/app"


@pytest.fixture
def here(world, tmp_path):
    """The image is public, its signatures lie elsewhere and are the reader's."""
    root_file = tmp_path / "own.json"
    root_file.write_text(json.dumps(world.trust_root))
    here = World(world, root_file)
    payload = here.signing.payload(here.digest)
    here.attach(
        [here.layer(payload, here.signing.annotations(payload, here.signing.key), _ELSEWHERE)],
        _ELSEWHERE,
    )
    here.registry.public = {REPOSITORY}
    here.registry.challenge = 'Basic realm="reg"'
    here.registry.authorizations = {basic(*_READER)}
    cluster = ClusterObjects()
    cluster.secret("shop", "signatures", {"reg.example": _READER})
    cluster.secret("shop", "pod", {"reg.example": _OTHER})
    here.keyrings = PodKeyrings(cluster, frozenset({"shop"}), here.clock)
    yield here
    here.loop.finish()


def prove(here, *pull_secrets, refused=False):
    puller = Puller("shop", pull_secrets=("pod",))
    here.credentials = PodCredentials(here.keyrings, puller, NoCredentials(), here.clock)
    source = SignatureSource(f"reg.example/{_ELSEWHERE}", pull_secrets=pull_secrets)
    ask = here.refusal if refused else here.prove
    return ask(replace(here.key(), source=source))


def test_signatures_are_read_with_the_pull_secrets_that_the_question_names(here):
    assert prove(here, "signatures").proofs


def test_pull_secrets_of_the_pod_do_not_count_for_them_then(here):
    assert prove(here, "pod", refused=True).reason is Reason.UNAUTHORIZED


def test_without_any_the_pod_s_are_shown(here):
    assert prove(here, refused=True).reason is Reason.UNAUTHORIZED
    here.registry.authorizations = {basic(*_OTHER)}
    assert prove(here).proofs


def test_round_trips_are_those_of_image_and_signatures(here):
    prove(here, "signatures")
    assert here.trips[-1] > 1


def test_one_that_is_missing_is_a_remark(here):
    prove(here, "nowhere", refused=True)
    assert "pull secret shop/nowhere does not exist" in "; ".join(here.credentials.remarks)


def test_image_is_not_read_with_the_pull_secrets_for_its_signatures(here):
    here.registry.public = set()
    assert prove(here, "signatures", refused=True).reason is Reason.UNAUTHORIZED
