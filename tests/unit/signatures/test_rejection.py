"""Which rejections are lasting: those in which neither the time of day nor the registry had a say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from provider.signatures.formats import simple_signing
from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.rejection import RejectionError
from tests.simulators.signing import NOW, SIGNED_AT, Signer, new_key
from tests.unit.signatures.test_attacks import ATTACKS
from tests.unit.signatures.world import DIGEST, OTHER

LATE = SIGNED_AT + dt.timedelta(minutes=30)


def refusal(case, signature, demands=None, now=NOW):
    with pytest.raises(RejectionError) as refused:
        simple_signing.verify(signature, DIGEST, demands or case.by_key, now)
    return refused.value


def test_certificate_that_is_judged_by_the_time_of_day_may_be_good_at_another(case):
    signature = case.legacy(case.ann)
    assert case.verify(signature, case.keyless, now=SIGNED_AT)
    for now in (NOW, SIGNED_AT - dt.timedelta(days=1)):
        error = refusal(case, signature, case.keyless, now)
        assert (error.step, error.lasting) == (7, False)


def test_certificate_beside_a_keys_signature_is_judged_by_the_time_of_day_too(case):
    beside = case.legacy(notes={"dev.sigstore.cosign/certificate": case.ann.pem})
    error = refusal(case, beside)
    assert (error.step, error.lasting) == (7, False)


def test_payload_that_could_not_be_had_may_be_there_later(case):
    error = refusal(case, replace(case.legacy(), payload=None, problem="blob unknown"))
    assert (error.step, error.lasting, str(error)) == (1, False, "blob unknown")


@pytest.mark.parametrize(
    ("make", "demands", "step"),
    [
        (lambda case: case.layer(b"{}", {}, "text/plain"), "by_key", 1),
        (lambda case: case.legacy(stamped={"message": b"other"}), "by_key_stamped", 2),
        (lambda case: case.legacy(), "by_key_logged", 3),
        (lambda case: case.legacy(case.world.signer(scts=0)), "keyless", 4),
        (lambda case: case.legacy(Signer(new_key())), "by_key", 5),
        (lambda case: case.legacy(digest=OTHER), "by_key", 6),
        (lambda case: case.legacy(case.ann, logged={"when": LATE}), "keyless_logged", 7),
        (lambda case: case.legacy(case.ann, stamped={"moment": LATE}), "keyless_stamped", 7),
    ],
)
def test_all_else_is_rejected_at_any_time(case, make, demands, step):
    for now in (NOW, SIGNED_AT, NOW + dt.timedelta(days=10_000)):
        error = refusal(case, make(case), getattr(case, demands), now)
        assert (error.step, error.lasting) == (step, True)


@pytest.mark.parametrize("name", [name for name in ATTACKS if name.startswith(("bundle-", "dsse-"))])
def test_rejection_of_a_bundle_is_lasting(case, name):
    attack, _ = ATTACKS[name]
    with pytest.raises((RejectionError, NoSignatureError)) as refused:
        attack(case)
    assert getattr(refused.value, "lasting", True)
