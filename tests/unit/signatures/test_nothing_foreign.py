"""Whatever is handed in, it is proved or refused in the project's own errors: nothing of a library's comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from provider.errors import ImageError
from provider.golang import encoding_json
from provider.golang.decoding import DecodeError
from provider.golang.encoding_json import SyntaxProblemError, WeightError
from provider.golang.json_syntax import problem
from provider.golang.structs import Field, Map, Struct, Text
from provider.images import config_file, image_config
from provider.questions.proof_question import HashAlgorithm
from provider.signatures import encoding
from provider.signatures.evidence import certificates, paths, timestamps, transparency
from provider.signatures.evidence.entry_body import SignatureMaterial, verify_body
from provider.signatures.evidence.logged_certificates import verify_logged
from provider.signatures.evidence.transparency import LoggedSignature
from provider.signatures.formats import bundle, bundle_format, simple_signing
from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import keys, public_good, trust_root
from provider.signatures.trust.document import TrustRootError
from tests.simulators.damage import damaged_bytes, damaged_document, text_of
from tests.simulators.signing import DER, NOW, PEM, SigningWorld, b64, canonical
from tests.unit.signatures.world import DIGEST, MANIFEST, SignatureWorld

# The library warns of certificates that it will not read in future; in production that is all that it does.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

CASE = SignatureWorld(SigningWorld())
WORLD = CASE.world
CONFIG = {
    "os": "linux",
    "created": "2024-03-01T12:00:00.5Z",
    "config": {"Env": ["A=b"], "Labels": {"a": "b"}, "Healthcheck": {"Interval": 1}, "Volumes": {"/x": {}}},
    "history": [{"created": "2024-03-01T12:00:00Z", "empty_layer": True}],
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "ab" * 32]},
}
BUNDLES = [
    CASE.bundle(stamps=[None]),
    CASE.bundle(entry="v2", stamps=[None]),
    CASE.bundle(WORLD.key),
    WORLD.message_bundle(DIGEST, MANIFEST, CASE.ann),
]
LEGACY = [CASE.legacy(), CASE.legacy(CASE.ann, logged=True, stamped=True)]
DEMANDS = [CASE.keyless_logged, CASE.keyless_stamped, CASE.by_key, CASE.by_key_logged, CASE.by_key_stamped]
TRUST_ROOTS = [WORLD.trust_root, json.loads(public_good.trusted_root())]
TRUST_OBJECT = yaml.safe_dump(
    {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "TrustRoot",
        "spec": {
            "sigstoreKeys": {
                "tLogs": [{"baseURL": "x", "publicKey": b64(WORLD.key.public_pem.encode())}],
                "certificateAuthorities": [{"certChain": b64(WORLD.ca.certificate.public_bytes(PEM))}],
            }
        },
    }
).encode()
CERTIFICATES = [CASE.ann.der, WORLD.ca.certificate.public_bytes(DER), WORLD.tsa.certificate.public_bytes(DER)]
STAMP = WORLD.tsa.stamp(b"message")
PAYLOAD = WORLD.payload(DIGEST)
PROMISE = json.loads(WORLD.rekor_bundle(PAYLOAD, WORLD.key.sign(PAYLOAD), WORLD.key))
ENTRY = bundle_format.read(canonical(BUNDLES[0])).entries[0]
TYPE = Struct("x.Y", (Field("os", Text()), Field("config", Struct("x.Z", (Field("Labels", Map(Text())),)))))

some = settings(max_examples=60, deadline=None)
randoms = st.randoms(use_true_random=False)


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def attempt(work: Callable[[], object], *own: type[Exception]) -> None:
    """Do something that may be refused in these errors only."""
    try:
        work()
    except own:
        return


def damaged(random: Random, document: object) -> bytes:
    body = text_of(damaged_document(random, document))
    return damaged_bytes(random, body) if random.random() < 0.3 else body


def read_json(body: bytes) -> None:
    attempt(lambda: encoding_json.scan(body), SyntaxProblemError, WeightError)
    attempt(lambda: encoding_json.scan_whole(body), SyntaxProblemError, WeightError)
    attempt(lambda: problem(body))
    attempt(lambda: encoding.strict_object(body), RejectionError)
    attempt(lambda: encoding.from_json(body, TYPE), RejectionError)
    attempt(lambda: image_config.read(body, "it"), ImageError)
    attempt(lambda: config_file.decode(body), DecodeError)
    attempt(lambda: bundle_format.read(body), RejectionError)


@some
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0123456789eE.+-tfnrulas\\ \ud800é', max_size=60).map(utf8))
def test_any_text_as_json(body):
    read_json(body)


@some
@given(randoms)
def test_damaged_documents_as_json(random):
    read_json(damaged(random, random.choice([CONFIG, BUNDLES[0]])))


@pytest.mark.parametrize("opening", [b"[", b'{"config":', b'{"history":[', b'[{"a":'])
@pytest.mark.parametrize("depth", [101, 600, 15_000])
@pytest.mark.parametrize("end", [b"", b'"\\ud800"', b"x"])
def test_deep_documents_as_json(opening, depth, end):
    closing = opening[::-1].translate(bytes.maketrans(b"[{", b"]}"), b'":configstorya')
    for body in (opening * depth + end, opening * depth + end + closing * depth):
        read_json(body)
        read_json(b'{"os": %s}' % body)


@pytest.mark.parametrize("body", [b"[" * 300, b'{"a":' * 15_000, b'{"a":' * 600 + b"1" + b"}" * 600])
def test_deep_trust_roots(body):
    attempt(lambda: trust_root.read(body), TrustRootError)


@some
@given(randoms)
def test_damaged_bundles(random):
    body, demands = damaged(random, random.choice(BUNDLES)), random.choice(DEMANDS)
    attempt(lambda: bundle.verify(body, DIGEST, demands), RejectionError, NoSignatureError)


@some
@given(randoms)
def test_damaged_legacy_signatures(random):
    signature = random.choice(LEGACY)
    notes = damaged_document(random, dict(signature.layer.annotations))
    texts = {name: note for name, note in notes.items() if isinstance(note, str)}
    layer = CASE.layer(random.choice([PAYLOAD, damaged_bytes(random, PAYLOAD)]), texts)
    demands = random.choice(DEMANDS)
    attempt(lambda: simple_signing.verify(layer, DIGEST, demands, NOW), RejectionError)


@some
@given(randoms)
def test_damaged_trust_roots(random):
    body = random.choice(
        [damaged(random, random.choice(TRUST_ROOTS)), damaged_bytes(random, TRUST_OBJECT), random.randbytes(20)]
    )
    attempt(lambda: trust_root.read(body), TrustRootError)


@pytest.mark.parametrize(
    "text",
    [
        "mediaType: {media}\nx: !!timestamp 2024-01-01\n",
        "mediaType: {media}\n1: 2\nx: 3\n",
        "mediaType: {media}\nx: !!binary AAAA\n",
        "mediaType: {media}\nx: &a [*a]\n",
        'mediaType: {media}\nx: "\\ud800"\n',
        "mediaType: {media}\nx: .nan\ntlogs: [1]\n",
        "? [a]\n: b\n",
    ],
)
def test_yaml_that_json_does_not_have(text):
    body = text.replace("{media}", trust_root.MEDIA_TYPE).encode()
    with pytest.raises(TrustRootError):
        trust_root.read(body)


@some
@given(randoms)
def test_damaged_certificates(random):
    raw = damaged_bytes(random, random.choice(CERTIFICATES))
    attempt(
        lambda: certificates.load(damaged_bytes(random, CASE.ann.pem.encode()).decode(errors="replace")), RejectionError
    )
    try:
        certificate = certificates.load_der(raw)
    except RejectionError:
        return
    path = [WORLD.ca.certificate, WORLD.ca.root]
    attempt(lambda: certificates.public_key(certificate, by_curve=True), RejectionError)
    attempt(lambda: certificates.verify_profile(certificate), RejectionError)
    attempt(lambda: paths.to_signer(certificate, CASE.root.authorities, NOW), RejectionError)
    attempt(lambda: certificates.verify_validity(certificate, path, NOW), RejectionError)
    attempt(lambda: certificates.identity(certificate, newest=True), RejectionError)
    attempt(lambda: verify_logged(certificate, path, CASE.root.ct_logs), RejectionError)


@some
@given(randoms)
def test_damaged_extensions_of_certificates_that_are_good_otherwise(random):
    """An authority signs what it is asked to."""
    extension = random.choice(list(CASE.ann.certificate.extensions))
    raw = damaged_bytes(random, extension.value.public_bytes())
    oid = extension.oid.dotted_string
    parts = {"2.5.29.17": {"subjects": ()}, "2.5.29.37": {"usages": None}, "1.3.6.1.4.1.11129.2.4.2": {"scts": 0}}
    try:
        signer = WORLD.signer(**parts.get(oid, {"issuer": None}), extensions={oid: raw})
    except ValueError:
        return  # It stands there already.
    attempt(lambda: CASE.verify(CASE.legacy(signer, logged=True), CASE.keyless_logged), RejectionError)
    attempt(lambda: CASE.verify_bundle(CASE.bundle(signer)), RejectionError)


@some
@given(randoms)
def test_damaged_timestamps(random):
    response = damaged_bytes(random, STAMP)
    attempt(lambda: timestamps.verify(response, b"message", CASE.root.timestamp_authorities), RejectionError)


@some
@given(randoms)
def test_damaged_log_entries(random):
    body = damaged(random, json.loads(ENTRY.body))
    content = bundle_format.read(canonical(BUNDLES[0])).content
    signed = SignatureMaterial(content, DIGEST[7:], HashAlgorithm.SHA256, CASE.ann.der, b"", CASE.ann.pem.encode())
    attempt(lambda: verify_body(ENTRY.kind, body, signed), RejectionError)
    text = damaged(random, PROMISE).decode(errors="replace")
    logged = LoggedSignature(b64(WORLD.key.sign(PAYLOAD)), PAYLOAD, WORLD.key.public_pem.encode())
    attempt(lambda: transparency.verify_promise(text, logged, CASE.root.logs), RejectionError)


@some
@given(randoms)
def test_damaged_keys(random):
    pem = damaged_bytes(random, WORLD.key.public_pem.encode()).decode(errors="replace")
    attempt(lambda: keys.load(pem, HashAlgorithm.SHA256), ImageError)
