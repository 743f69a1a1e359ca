"""Who signed an image, by certificates of a real Fulcio, with its logs and timestamps; the trust root is a setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.registry import PushedImage, Registry
from tests.e2e.rig.sigstore import ANN, Sigstore
from tests.e2e.signing import ABSENT, Authority, Judge, by_key, keyless, refused

_FORMATS: Mapping[str, Callable[..., object]] = {"legacy": Sigstore.sign_legacy, "bundle": Sigstore.sign}
_BOB = "bob@example.test"
# What does not fit another trust root first: a bundle's log entry is looked at before its certificate.
_STRANGE = {
    "legacy": "cert verification failed: x509: certificate signed by unknown authority",
    "bundle": "the log entry is of no log in the trust root",
}
_RULE = """\
package sigstore

isCompliant[answer] {
    who := input.authorityMatches.release.signatures[_].subject
    answer := {"result": who == "bob@example.test", "error": sprintf("%v may not release.", [who])}
}
"""


@pytest.fixture(params=sorted(_FORMATS))
def form(request: pytest.FixtureRequest) -> str:
    """Where signatures are kept."""
    return str(request.param)


@pytest.fixture
def signed(instance: Sigstore, form: str, judge: Judge) -> PushedImage:
    """An image that ann has signed."""
    image = judge.image("signed")
    _FORMATS[form](instance, image.pinned)
    return image


@pytest.fixture
def by(instance: Sigstore, form: str) -> Callable[..., Authority]:
    """An authority of that form; ann's, but for what is said of it."""

    def authority(root: str = "own", name: str = "release", **identity: str) -> Authority:
        wanted = identity or {"subject": ANN, "issuer": instance.issuer.url}
        return keyless(root, name, identity=wanted, signatureFormat=form)

    return authority


def test_right_identity_is_admitted_and_nobodys_image_is_denied(
    judge: Judge, by: Callable[..., Authority], signed: PushedImage
) -> None:
    unsigned = judge.image("unsigned")
    judge.enforce(by())
    assert judge.verdict(signed.pinned).admitted
    assert refused("keyless", "release", unsigned, ABSENT) in judge.refusal(unsigned.pinned)


def test_identity_may_be_told_by_regular_expressions(
    judge: Judge, by: Callable[..., Authority], signed: PushedImage
) -> None:
    judge.enforce(by(subjectRegExp=r"^[a-z]+@example\.test$", issuerRegExp=r"^http://127\.0\.0\.1:\d+$"))
    assert judge.verdict(signed.pinned).admitted


@pytest.mark.parametrize("wrong", ["subject", "issuer"])
def test_wrong_identity_is_denied_with_what_the_certificate_says(
    judge: Judge, by: Callable[..., Authority], instance: Sigstore, signed: PushedImage, wrong: str
) -> None:
    right = {"subject": ANN, "issuer": instance.issuer.url}
    judge.enforce(by(**{**right, wrong: "https://somebody.example.test"}))
    denial = judge.refusal(signed.pinned)
    assert denial.startswith("IdentityMismatch: ")
    got = f"got subjects [{ANN}] with issuer {instance.issuer.url}"
    why = f"no matching signatures: none of the expected identities matched what was in the certificate, {got}"
    assert refused("keyless", "release", signed, why) in denial


def test_certificate_of_another_trust_root_is_denied(
    judge: Judge, by: Callable[..., Authority], form: str, signed: PushedImage
) -> None:
    judge.enforce(by("foreign"))
    denial = judge.refusal(signed.pinned)
    assert denial.startswith("SignatureRejected: ")
    assert refused("keyless", "release", signed, f"no matching signatures: {_STRANGE[form]}") in denial


def test_trust_root_that_the_provider_does_not_have_is_denied(
    judge: Judge, by: Callable[..., Authority], signed: PushedImage
) -> None:
    judge.enforce(by("nowhere"))
    assert judge.refusal(signed.pinned).startswith("TrustRootStale: ")


def test_identity_or_key_is_enough(judge: Judge, by: Callable[..., Authority], instance: Sigstore) -> None:
    image = judge.image()
    instance.sign_legacy_by_key(image.pinned)
    judge.enforce(by(), by_key(instance.key, "fallback"))
    assert judge.verdict(image.pinned).admitted


def test_rule_sees_who_signed(
    judge: Judge, by: Callable[..., Authority], instance: Sigstore, signed: PushedImage
) -> None:
    rule: Object = {"type": "rego", "data": _RULE}
    judge.enforce(by(subjectRegExp="@example.test$", issuer=instance.issuer.url), rule=rule)
    assert f"{ANN} may not release." in judge.refusal(signed.pinned)


def test_timestamp_is_asked_for_with_its_trust_root(judge: Judge, instance: Sigstore) -> None:
    stamped, promised = judge.image("stamped"), judge.image("promised")
    instance.sign(stamped.pinned, config="stamps")
    instance.sign(promised.pinned, config="promise")
    identity = {"subject": ANN, "issuer": instance.issuer.url}
    timestamp = {"trustRootRef": "own"}
    judge.enforce(keyless("own", identity=identity, signatureFormat="bundle", rfc3161timestamp=timestamp))
    assert judge.verdict(stamped.pinned).admitted
    assert judge.refusal(promised.pinned).startswith("SignatureRejected: ")


def test_attestation_alone_is_no_signature(judge: Judge, instance: Sigstore) -> None:
    image = judge.image()
    instance.attest(image.pinned)
    identity = {"subject": ANN, "issuer": instance.issuer.url}
    judge.enforce(keyless("own", identity=identity, signatureFormat="bundle"))
    assert refused("keyless", "release", image, ABSENT) in judge.refusal(image.pinned)


def test_registry_that_answers_referrers_is_asked_for_them(
    judge: Judge, referrers: Registry, instance: Sigstore
) -> None:
    there = replace(judge, registry=referrers)
    signed, strangers = there.image("signed"), there.image("strangers")
    instance.sign(signed.pinned)
    instance.sign(strangers.pinned, email=_BOB)
    identity = {"subject": ANN, "issuer": instance.issuer.url}
    there.enforce(keyless("own", identity=identity, signatureFormat="bundle"))
    assert there.verdict(signed.pinned).admitted
    assert f"got subjects [{_BOB}]" in there.refusal(strangers.pinned)
