"""A world in which images are signed: an authority, logs, a timestamp authority, all valid but for what a test changes.

    world = SigningWorld()
    ann = world.signer(subjects=["ann@example.test"])
    layer, payload = world.legacy(DIGEST, ann)
    raw = world.bundle(DIGEST, ann)
    world.trust_root                                   # document of trusted_root.json

Signing is `cryptography`'s; the little DER that it cannot write (RFC 3161 responses, SCT lists) is written here.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.simulators.clock import EPOCH

NOW = dt.datetime.fromtimestamp(EPOCH, dt.UTC)
SIGNED_AT = NOW - dt.timedelta(days=1)
ISSUER = "https://issuer.example.test"
SIGN = "https://sigstore.dev/cosign/sign/v1"
DER, SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
PEM = serialization.Encoding.PEM
_ARC = "1.3.6.1.4.1.57264.1"


@dataclass(frozen=True)
class Signer:
    """Who signs: a key, with a certificate or without."""

    key: Any
    certificate: x509.Certificate | None = None
    hash_name: str = "SHA256"

    def sign(self, message: bytes) -> bytes:
        return sign(self.key, message, self.hash_name)

    @property
    def public_pem(self) -> str:
        return self.key.public_key().public_bytes(PEM, SPKI).decode()

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(DER, SPKI)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(PEM).decode() if self.certificate else self.public_pem

    @property
    def der(self) -> bytes:
        assert self.certificate is not None
        return self.certificate.public_bytes(DER)


def sign(key: Any, message: bytes, hash_name: str = "SHA256") -> bytes:
    """A signature by any sort of key."""
    algorithm = getattr(hashes, hash_name)()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), algorithm)
    return key.sign(message, ec.ECDSA(algorithm))


def new_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


@dataclass(frozen=True)
class CA:
    """A root and the authority below it that certifies."""

    root: x509.Certificate
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(
        cls,
        name: str = "rig",
        usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.CODE_SIGNING,
        constraints: x509.NameConstraints | None = None,
        **changes: Any,
    ) -> CA:
        """A root and an authority; `changes` of the latter: `end`, `ca`, `signs`, `path_length`, `root_key`."""
        root_key, key = changes.pop("root_key", None) or new_key(ec.SECP384R1()), new_key()
        root = _ca_certificate(f"{name} root", root_key, f"{name} root", root_key, None)
        return cls(root, _ca_certificate(name, key, f"{name} root", root_key, usage, constraints, **changes), key)

    def below(self, name: str) -> CA:
        """Another authority that this one certified."""
        key = new_key()
        own = self.certificate.subject.rfc4514_string().removeprefix("CN=")
        usage = ExtendedKeyUsageOID.CODE_SIGNING
        return CA(self.certificate, _ca_certificate(name, key, own, self.key, usage), key)

    def leaf(self, builder: Callable[[x509.CertificateBuilder], x509.CertificateBuilder], key: Any) -> x509.Certificate:
        start = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
        )
        return builder(start).sign(self.key, hashes.SHA256())


def _ca_certificate(
    name: str,
    key: Any,
    issuer: str,
    issuer_key: Any,
    usage: x509.ObjectIdentifier | None,
    constraints: x509.NameConstraints | None = None,
    *,
    end: dt.datetime = NOW + dt.timedelta(days=1000),
    ca: bool = True,
    signs: bool = True,
    path_length: int | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=1000))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
        .add_extension(_usage(key_cert_sign=signs, digital_signature=not signs), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if constraints is not None:
        builder = builder.add_extension(constraints, critical=True)
    algorithm = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(issuer_key, algorithm)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(**on: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**dict.fromkeys(names, False) | on)


@dataclass(frozen=True)
class Leaf:
    """What a signing certificate says; a test changes one thing."""

    subjects: Sequence[str | x509.GeneralName] = ("ann@example.test",)
    issuer: str | None = ISSUER
    newer_issuer: str | None = None
    start: dt.datetime = SIGNED_AT - dt.timedelta(minutes=5)
    end: dt.datetime = SIGNED_AT + dt.timedelta(minutes=5)
    usages: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.CODE_SIGNING,)
    digital_signature: bool | None = True
    is_ca: bool | None = None
    extensions: Mapping[str, bytes] = field(default_factory=dict)
    critical: Mapping[str, bytes] = field(default_factory=dict)
    scts: int = 1

    def names(self) -> list[x509.GeneralName]:
        return [_general_name(one) if isinstance(one, str) else one for one in self.subjects]


def _general_name(text: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(text) if "://" in text else x509.RFC822Name(text)


class Log:
    """A transparency log: the key of one, and a tree of entries for each proof."""

    def __init__(self, *, tiles: bool = False) -> None:
        self.tiles = tiles
        self.key: Any = ed25519.Ed25519PrivateKey.generate() if tiles else new_key()
        self.origin = "log.example.test" if tiles else "log.example.test - 1193050959916656506"

    @cached_property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(DER, SPKI)

    @cached_property
    def key_id(self) -> bytes:
        if not self.tiles:
            return hashlib.sha256(self.spki).digest()
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return hashlib.sha256(self.origin.encode() + b"\n\x01" + raw).digest()

    def promise(self, payload: Mapping[str, Any]) -> bytes:
        return sign(self.key, canonical(payload))

    def proof(self, body: bytes, others: Sequence[bytes] = (b"first", b"second", b"third")) -> dict[str, Any]:
        """An inclusion proof of the last of four leaves, with its checkpoint."""
        a, b, c, d = (hashlib.sha256(b"\x00" + leaf).digest() for leaf in (*others, body))
        left = hashlib.sha256(b"\x01" + a + b).digest()
        root = hashlib.sha256(b"\x01" + left + hashlib.sha256(b"\x01" + c + d).digest()).digest()
        return {
            "logIndex": "3",
            "treeSize": "4",
            "rootHash": b64(root),
            "hashes": [b64(c), b64(left)],
            "checkpoint": {"envelope": self.checkpoint(4, root)},
        }

    def checkpoint(self, size: int, root: bytes) -> str:
        note = f"{self.origin}\n{size}\n{b64(root)}\n"
        signature = b64(self.key_id[:4] + sign(self.key, note.encode()))
        return f"{note}\n— {self.origin.split()[0]} {signature}\n"

    def trusted(self) -> dict[str, Any]:
        details = "PKIX_ED25519" if self.tiles else "PKIX_ECDSA_P256_SHA_256"
        return {
            "baseUrl": "https://log.example.test",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64(self.spki),
                "keyDetails": details,
                "validFor": {"start": (NOW - dt.timedelta(days=900)).isoformat()},
            },
            "logId": {"keyId": b64(self.key_id)},
        }


class TSA:
    """A timestamp authority (RFC 3161)."""

    def __init__(self, name: str = "stamps") -> None:
        self.ca = CA.create(name, usage=None)
        self.key = new_key()
        self.certificate = self.ca.leaf(self._leaf, self.key)

    @staticmethod
    def _leaf(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        return (
            builder.not_valid_before(NOW - dt.timedelta(days=800))
            .not_valid_after(NOW + dt.timedelta(days=800))
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )

    def stamp(
        self,
        message: bytes,
        moment: dt.datetime = SIGNED_AT,
        embedded: Sequence[x509.Certificate] = (),
        signers: int = 1,
        status: int = 0,
        hash_oid: str = "2.16.840.1.101.3.4.2.1",
    ) -> bytes:
        """A TimeStampResp over a message, without the authority's certificate unless it is embedded."""
        info = _seq(
            _int(1),
            _oid("1.3.6.1.4.1.57264.2"),
            _seq(_seq(_oid(hash_oid), b"\x05\x00"), _octets(hashlib.sha256(message).digest())),
            _int(7),
            _der(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode()),
        )
        certificate = self.certificate.public_bytes(DER)
        attributes = sorted(
            (
                _seq(_oid("1.2.840.113549.1.9.3"), _set(_oid("1.2.840.113549.1.9.16.1.4"))),
                _seq(_oid("1.2.840.113549.1.9.4"), _set(_octets(hashlib.sha256(info).digest()))),
                _seq(
                    _oid("1.2.840.113549.1.9.16.2.47"),
                    _set(_seq(_seq(_seq(_octets(hashlib.sha256(certificate).digest()))))),
                ),
            )
        )
        signature = sign(self.key, _set(*attributes))
        issuer_and_serial = _seq(self.certificate.issuer.public_bytes(), _int(self.certificate.serial_number))
        sha256 = _seq(_oid("2.16.840.1.101.3.4.2.1"))
        signer = _seq(
            _int(1),
            issuer_and_serial,
            sha256,
            _der(0xA0, b"".join(attributes)),
            _seq(_oid("1.2.840.10045.4.3.2")),
            _octets(signature),
        )
        content = _seq(_oid("1.2.840.113549.1.9.16.1.4"), _der(0xA0, _octets(info)))
        along = [_der(0xA0, b"".join(sorted(one.public_bytes(DER) for one in embedded)))] if embedded else []
        signed = _seq(_int(3), _set(sha256), content, *along, _set(*[signer] * signers))
        return _seq(_seq(_int(status)), _seq(_oid("1.2.840.113549.1.7.2"), _der(0xA0, signed)))

    def trusted(self) -> dict[str, Any]:
        return trusted_authority([self.certificate, self.ca.certificate, self.ca.root])


class SigningWorld:
    """Everything that a signature needs, and the trust root that names it."""

    def __init__(self) -> None:
        self.ca = CA.create()
        self.ct_log = Log()
        self.log = Log()
        self.tiles = Log(tiles=True)
        self.tsa = TSA()
        self.key = Signer(new_key())

    @cached_property
    def trust_root(self) -> dict[str, Any]:
        """`trusted_root.json`."""
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self.log.trusted(), self.tiles.trusted()],
            "certificateAuthorities": [trusted_authority([self.ca.certificate, self.ca.root])],
            "ctlogs": [self.ct_log.trusted()],
            "timestampAuthorities": [self.tsa.trusted()],
        }

    def signer(
        self, leaf: Leaf | None = None, *, ca: CA | None = None, ct_log: Log | None = None, key: Any = None, **says: Any
    ) -> Signer:
        """Somebody whom the authority certified."""
        said = replace(leaf or Leaf(), **says)
        key = key or new_key()
        ca = ca or self.ca
        plain = ca.leaf(lambda builder: _leaf(builder, said, key), key)
        if not said.scts:
            return Signer(key, plain)
        sct = _sct(plain, ca, ct_log or self.ct_log)
        listed = _sct_list([sct] * said.scts)
        serial = plain.serial_number

        def again(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
            builder._serial_number = serial
            oid = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
            return _leaf(builder, said, key).add_extension(x509.UnrecognizedExtension(oid, listed), critical=False)

        return Signer(key, ca.leaf(again, key))

    # Legacy.

    def payload(self, digest: str, **changes: Any) -> bytes:
        """A simple signing."""
        critical = {
            "identity": {"docker-reference": "registry.example/team/app"},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        }
        return canonical({"critical": critical | changes, "optional": None})

    def annotations(self, payload: bytes, signer: Signer, **more: str) -> dict[str, str]:
        """What a layer says: signature and certificate."""
        notes = {"dev.cosignproject.cosign/signature": b64(signer.sign(payload))}
        if signer.certificate:
            notes["dev.sigstore.cosign/certificate"] = signer.pem
        return notes | more

    def rekor_bundle(self, payload: bytes, signature: bytes, signer: Signer, **changes: Any) -> str:
        """The log's promise, as a legacy annotation has it; `changes`: `log`, `when`, or members of the payload."""
        log = changes.pop("log", self.log)
        when = changes.pop("when", SIGNED_AT)
        entry = changes.pop("entry", hashed_rekord(hashlib.sha256(payload).hexdigest(), signature, signer.pem))
        body = {
            "body": b64(canonical(entry)),
            "integratedTime": int(when.timestamp()),
            "logIndex": 7,
            "logID": log.key_id.hex(),
        } | changes
        return canonical({"SignedEntryTimestamp": b64(log.promise(body)), "Payload": body}).decode()

    # Bundles.

    def statement(self, digest: str, **changes: Any) -> bytes:
        """An in-toto statement that is a signature."""
        base = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {"sha256": digest.removeprefix("sha256:")}}],
            "predicateType": SIGN,
            "predicate": {},
        }
        return canonical(base | changes)

    def bundle(self, digest: str, signer: Signer, **parts: Any) -> dict[str, Any]:
        """A bundle v0.3 with a DSSE envelope, as cosign writes it.

        Parts: `statement`, `payload_type`; `entry`: `v1`, `v2`, `intoto` or None; `log`, `when`; `stamps`: messages to
        stamp, None for the signature itself.
        """
        payload = parts.get("statement") or self.statement(digest)
        kind = parts.get("payload_type", "application/vnd.in-toto+json")
        signature = signer.sign(parts.get("signed") or pae(kind, payload))
        content = {"payload": b64(payload), "payloadType": kind, "signatures": [{"sig": b64(signature)}]}
        entry = parts.get("entry", "v1")
        entries = []
        if entry == "v1":
            body = dsse_entry(payload, signature, signer.pem)
            entries = [self.entry(body, ("dsse", "0.0.1"), parts.get("log", self.log), parts.get("when", SIGNED_AT))]
        elif entry == "intoto":
            body = intoto_entry(kind, payload, signature, signer.pem)
            entries = [self.entry(body, ("intoto", "0.0.2"), self.log, SIGNED_AT)]
        elif entry == "v2":
            digested = hashlib.sha256(pae(kind, payload)).digest()
            body = hashed_rekord_v2(digested, signature, signer)
            entries = [self.entry(body, ("hashedrekord", "0.0.2"), parts.get("log", self.tiles), None)]
        stamps = [self.tsa.stamp(message or signature) for message in parts.get("stamps", [])]
        return bundle_of({"dsseEnvelope": content}, signer, entries, stamps)

    def message_bundle(self, digest: str, manifest: bytes, signer: Signer, **parts: Any) -> dict[str, Any]:
        """A bundle v0.3 with a message signature over the image's manifest."""
        signature = signer.sign(manifest)
        image = digest.removeprefix("sha256:")
        content = {
            "messageDigest": {"algorithm": "SHA2_256", "digest": b64(bytes.fromhex(image))},
            "signature": b64(signature),
        }
        body = hashed_rekord(image, signature, signer.pem)
        entries = [self.entry(body, ("hashedrekord", "0.0.1"), self.log, SIGNED_AT)] if parts.get("entry", 1) else []
        return bundle_of({"messageSignature": content}, signer, entries, [])

    def entry(
        self, body: Mapping[str, Any], kind: tuple[str, str], log: Log, when: dt.datetime | None
    ) -> dict[str, Any]:
        """A log entry of a bundle; one with a time has a promise."""
        raw = canonical(body)
        entry: dict[str, Any] = {
            "logIndex": "3",
            "logId": {"keyId": b64(log.key_id)},
            "kindVersion": {"kind": kind[0], "version": kind[1]},
            "inclusionProof": log.proof(raw),
            "canonicalizedBody": b64(raw),
        }
        if when is not None:
            seconds = int(when.timestamp())
            payload = {"body": b64(raw), "integratedTime": seconds, "logIndex": 3, "logID": log.key_id.hex()}
            entry["integratedTime"] = str(seconds)
            entry["inclusionPromise"] = {"signedEntryTimestamp": b64(log.promise(payload))}
        return entry


def bundle_of(
    content: Mapping[str, Any], signer: Signer, entries: Sequence[Any], stamps: Sequence[bytes]
) -> dict[str, Any]:
    material: dict[str, Any] = (
        {"certificate": {"rawBytes": b64(signer.der)}}
        if signer.certificate
        else {"publicKey": {"hint": b64(hashlib.sha256(signer.spki).digest())}}
    )
    material["tlogEntries"] = list(entries)
    if stamps:
        stamped = [{"signedTimestamp": b64(one)} for one in stamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamped}
    return {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material, **content}


def hashed_rekord(digest: str, signature: bytes, pem: str) -> dict[str, Any]:
    """The body of a log entry of Rekor, version 1, for signatures over bytes."""
    return {
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": digest}},
            "signature": {"content": b64(signature), "publicKey": {"content": b64(pem.encode())}},
        },
    }


def dsse_entry(payload: bytes, signature: bytes, pem: str) -> dict[str, Any]:
    """The body of a log entry of Rekor, version 1, for envelopes."""
    return {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": b64(signature), "verifier": b64(pem.encode())}],
        },
    }


def intoto_entry(kind: str, payload: bytes, signature: bytes, pem: str) -> dict[str, Any]:
    """The body of a log entry of Rekor, version 1, for envelopes in its older form."""
    envelope = {
        "payloadType": kind,
        "signatures": [{"publicKey": b64(pem.encode()), "sig": b64(b64(signature).encode())}],
    }
    digest = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
    content = {"envelope": envelope, "hash": {"algorithm": "sha256", "value": "0" * 64}, "payloadHash": digest}
    return {"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": content}}


def hashed_rekord_v2(digest: bytes, signature: bytes, signer: Signer) -> dict[str, Any]:
    """The body of a log entry of Rekor, version 2."""
    verifier: dict[str, Any] = {"keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    if signer.certificate:
        verifier["x509Certificate"] = {"rawBytes": b64(signer.der)}
    else:
        verifier["publicKey"] = {"rawBytes": b64(signer.spki)}
    entry = {
        "data": {"algorithm": "SHA2_256", "digest": b64(digest)},
        "signature": {"content": b64(signature), "verifier": verifier},
    }
    return {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": entry}}


def pae(kind: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)


def canonical(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def trusted_authority(chain: Sequence[x509.Certificate]) -> dict[str, Any]:
    return {
        "subject": {"organization": "rig", "commonName": "rig"},
        "uri": "https://ca.example.test",
        "certChain": {"certificates": [{"rawBytes": b64(one.public_bytes(DER))} for one in chain]},
        "validFor": {"start": (NOW - dt.timedelta(days=900)).isoformat()},
    }


def _leaf(builder: x509.CertificateBuilder, said: Leaf, key: Any) -> x509.CertificateBuilder:
    builder = builder.not_valid_before(said.start).not_valid_after(said.end)
    if said.digital_signature is not None:
        usage = _usage(digital_signature=said.digital_signature, key_agreement=True)
        builder = builder.add_extension(usage, critical=True)
    if said.usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(said.usages), critical=False)
    if said.is_ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=said.is_ca, path_length=None), critical=True)
    if said.subjects:
        builder = builder.add_extension(x509.SubjectAlternativeName(said.names()), critical=True)
    extensions = dict(said.extensions)
    if said.issuer is not None:
        extensions[f"{_ARC}.1"] = said.issuer.encode()
        extensions[f"{_ARC}.8"] = utf8_string(said.newer_issuer or said.issuer)
    elif said.newer_issuer is not None:
        extensions[f"{_ARC}.8"] = utf8_string(said.newer_issuer)
    for texts, critical in ((extensions, False), (said.critical, True)):
        for oid, value in texts.items():
            known = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
            builder = builder.add_extension(known, critical=critical)
    return builder


def _sct(certificate: x509.Certificate, ca: CA, log: Log) -> bytes:
    """A signed certificate timestamp for a certificate that has none yet (RFC 6962, section 3.2)."""
    tbs = certificate.tbs_certificate_bytes
    issuer = hashlib.sha256(ca.certificate.public_key().public_bytes(DER, SPKI)).digest()
    milliseconds = int(certificate.not_valid_before_utc.timestamp() * 1000)
    entry = issuer + len(tbs).to_bytes(3, "big") + tbs
    signed = struct.pack("!BBQH", 0, 0, milliseconds, 1) + entry + b"\x00\x00"
    signature = sign(log.key, signed)
    algorithm = b"\x04\x03"
    return (
        b"\x00" + log.key_id + struct.pack("!Q", milliseconds) + b"\x00\x00" + algorithm
        + len(signature).to_bytes(2, "big") + signature
    )  # fmt: skip


def with_long_times(certificate: x509.Certificate, issuer_key: Any) -> bytes:
    """The same certificate, DER, with its times as GeneralizedTime, which stands for the years from 2050 on."""
    short = [one.strftime("%y%m%d%H%M%SZ").encode() for one in _times(certificate)]
    long = [one.strftime("%Y%m%d%H%M%SZ").encode() for one in _times(certificate)]
    before, after = (_seq(*(_der(tag, one) for one in each)) for tag, each in ((0x17, short), (0x18, long)))
    whole = certificate.tbs_certificate_bytes
    size = len(whole) - int.from_bytes(whole[2:4], "big")
    body = _seq(whole[size:].replace(before, after))
    return _seq(body, _seq(_oid("1.2.840.10045.4.3.2")), _der(0x03, b"\0" + sign(issuer_key, body)))


def _times(certificate: x509.Certificate) -> tuple[dt.datetime, dt.datetime]:
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _sct_list(scts: Sequence[bytes]) -> bytes:
    items = b"".join(len(one).to_bytes(2, "big") + one for one in scts)
    return _octets(len(items).to_bytes(2, "big") + items)


def utf8_string(text: str) -> bytes:
    return _der(0x0C, text.encode())


def _der(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(raw)]) + raw + body


def _seq(*items: bytes) -> bytes:
    return _der(0x30, b"".join(items))


def _set(*items: bytes) -> bytes:
    return _der(0x31, b"".join(items))


def _octets(body: bytes) -> bytes:
    return _der(0x04, body)


def _int(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray([first * 40 + second])
    for part in rest:
        digits = [part & 0x7F]
        while part := part >> 7:
            digits.append(0x80 | (part & 0x7F))
        out += bytes(reversed(digits))
    return _der(0x06, bytes(out))
