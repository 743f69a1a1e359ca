"""Signatures of images that are named by SHA-512."""

import json

import pytest

from provider.clock import Deadline
from provider.questions.proof_question import SignatureSource
from provider.registry.call import Call
from provider.registry.credentials.credentials import NoCredentials
from provider.registry.reference import parse
from provider.registry.turns.claim import Claim
from provider.signatures import proof_kind
from provider.signatures.content import Envelope, MessageSignature
from provider.signatures.discovery import Discovery
from provider.signatures.formats import bundle
from provider.signatures.rejection import RejectionError
from provider.signatures.target import Target, has_tag
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop

LONG, SHORT = "a1" * 64, "a1" * 32
SHA256, SHA512 = f"sha256:{SHORT}", f"sha512:{LONG}"


def statement(digest):
    text = {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": proof_kind.SIGN,
        "subject": [{"digest": digest}],
    }
    return Envelope("application/vnd.in-toto+json", json.dumps(text).encode(), b"")


def test_statement_is_about_the_digest_of_its_algorithm():
    bundle._verify_claim(statement({"sha512": LONG}), SHA512)
    bundle._verify_claim(statement({"sha256": SHORT, "sha512": LONG}), SHA512)


@pytest.mark.parametrize(
    ("digest", "image"),
    [
        ({"sha256": LONG}, SHA512),
        ({"sha256": SHORT}, SHA512),
        ({"sha512": SHORT}, SHA256),
        ({"sha512": LONG}, SHA256),
        ({"": LONG}, SHA512),
        ({"sha512": [LONG]}, SHA512),
        ({}, SHA512),
    ],
)
def test_digest_of_another_algorithm_proves_nothing(digest, image):
    with pytest.raises(RejectionError, match="another digest"):
        bundle._verify_claim(statement(digest), image)


@pytest.mark.parametrize("digest", ["", SHORT, LONG])
def test_message_signature_proves_nothing_of_it(digest):
    """It is over a SHA-256, which nobody computes of such an image."""
    with pytest.raises(RejectionError, match="has another digest"):
        bundle._verify_claim(MessageSignature(digest, b"x"), SHA512)


@pytest.mark.parametrize("source", [SignatureSource(), SignatureSource(oci="reg.io/signatures")])
def test_tag_of_simple_signings_is_too_long_to_exist_and_nobody_is_asked(source):
    target = Target(parse(f"reg.io/app@{SHA512}"), SHA512, source)
    assert not has_tag(target, "sig")
    clock = FakeClock()
    loop = VirtualLoop(clock)
    call = Call(Deadline.after(clock, 1), Claim(object()), NoCredentials())
    # Without a store: it is not asked.
    listing = loop.run(Discovery(None, clock.now, None).tagged(target, call))
    assert listing.entries == ()
    loop.finish()


def test_tag_of_a_sha256_fits():
    assert has_tag(Target(parse(f"reg.io/app@{SHA256}"), SHA256, SignatureSource()), "sig")
