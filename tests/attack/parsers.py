"""Every parser that reads foreign text, with what it may raise and with texts to begin from."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gatekeeper.documents.document import parse_documents
from gatekeeper.policy import PolicyError, policy_of
from provider.errors import BestbeforeError, SettingsError
from provider.golang import net_url, regexp, rfc3339
from provider.golang.decoding import DecodeError
from provider.images import config_file
from provider.questions import protocol, question
from provider.questions.proof_question import HashAlgorithm
from provider.registry import links, origin, reference
from provider.registry.content import artifact, manifest
from provider.registry.content.manifest import Descriptor
from provider.registry.credentials import docker_config
from provider.settings import file
from provider.signatures.demands import Demands
from provider.signatures.formats import bundle, simple_signing
from provider.signatures.legacy_layer import LegacyLayer
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import keys, trust_root
from provider.signatures.trust.document import TrustRootError
from tests.attack import healthy, images
from tests.programs import ROOT
from tests.simulators.gatekeeper import body
from tests.simulators.signing import NOW, SigningWorld, b64, canonical

_DIGEST: Final = images.digest(b"image")


@dataclass(frozen=True)
class Parser:
    """A parser.

    Attributes:
        name: by which a finding is told.
        read: reads bytes.
        refusals: what it raises for what it does not read.
        texts: sound ones.
    """

    name: str
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    texts: Sequence[bytes]


def parsers() -> list[Parser]:
    """All of them."""
    return [make() for make in _MAKERS]


def _text(read: Callable[[str], object], strange: str = "surrogateescape") -> Callable[[bytes], object]:
    """A parser of text; what is no UTF-8 becomes surrogates, as JSON may have them."""
    return lambda raw: read(raw.decode("utf-8", strange))


def _reference() -> Parser:
    texts = (
        b"alpine",
        b"registry.test:5000/team/app:v1",
        b"[2001:db8::1]:443/a/b@" + _DIGEST.encode(),
        b"docker.io/a_b/c.d-e",
    )
    return Parser("image references", _text(reference.parse), (BestbeforeError,), texts)


def _question() -> Parser:
    texts = (
        b'{"config":true,"image":"registry.test/app:1","v":1}',
        b'{"image":"a.test/app","v":1,"verify":{"key":{"data":"-----BEGIN PUBLIC KEY-----","hashAlgorithm":"sha256"}}}',
        b'{"image":"a.test/app","v":1,"verify":{"format":"any","keyless":{"trustRoot":"x","trustRootDigest":"sha256:'
        + b"0" * 64
        + b'"},"source":{"oci":"b.test/c","tagPrefix":"p"}}}',
    )
    return Parser("keys", _text(question.parse), (BestbeforeError,), texts)


def _request() -> Parser:
    return Parser("requests of Gatekeeper", protocol.read_keys, (BestbeforeError,), [body("a", "b:1"), body()])


def _manifest() -> Parser:
    documents = [one.body for one in healthy.shelf("index/x").values() if one.media_type != images.CONFIG]
    return Parser(
        "manifests and indexes", lambda raw: manifest.parse(raw, "", _DIGEST, "it"), (BestbeforeError,), documents
    )


def _configuration() -> Parser:
    history: dict[str, Any] = {
        "history": [{"created": images.CREATED, "created_by": "x", "empty_layer": True}],
        "os.version": "1",
    }
    health: dict[str, Any] = {
        "config": {"Healthcheck": {"Test": ["a"], "Interval": 1, "Retries": 2}, "Volumes": {"/x": {}}, "Cmd": None}
    }
    texts = [images.configuration("x"), images.configuration("x", **history), images.configuration("x", **health)]
    return Parser("image configurations", config_file.decode, (DecodeError,), texts)


def _time() -> Parser:
    texts = (b"2026-06-01T00:00:00Z", b"2026-06-01T00:00:00.123456789+02:00", b"0001-01-01T00:00:00Z")
    return Parser("times", _text(rfc3339.read), (rfc3339.UnreadableTimeError,), texts)


def _link() -> Parser:
    where = origin.of_url("https://registry.test")
    path = "/v2/app/referrers/x"
    texts = (
        b'</v2/app/referrers/x?n=1&last=b>; rel="next"',
        b"<?last=2>;rel=next",
        b'<https://registry.test/v2/app/referrers/x?a>; rel="next"; x=y',
    )
    return Parser("links to next pages", _text(lambda text: links.following(text, where, path)), (ValueError,), texts)


def _bundle() -> Parser:
    world = SigningWorld()
    root = trust_root.of_document(world.trust_root)
    demands = Demands(trust_root=root, logs=root)
    texts = [
        canonical(world.bundle(_DIGEST, world.signer(), entry="v1")),
        canonical(world.bundle(_DIGEST, world.signer(), entry="v2", stamps=[None])),
    ]
    return Parser(
        "bundles", lambda raw: bundle.verify(raw, _DIGEST, demands), (RejectionError, bundle.NoSignatureError), texts
    )


def _simple_signing() -> Parser:
    """The annotations of a layer, as JSON: signature, certificate and the log's promise."""
    world = SigningWorld()
    root = trust_root.of_document(world.trust_root)
    signer, payload = world.signer(), world.payload(_DIGEST)
    signature = signer.sign(payload)
    notes = {
        "dev.cosignproject.cosign/signature": b64(signature),
        "dev.sigstore.cosign/certificate": signer.pem,
        "dev.sigstore.cosign/bundle": world.rekor_bundle(payload, signature, signer),
    }

    def read(raw: bytes) -> object:
        try:
            found = {str(name): str(value) for name, value in json.loads(raw).items()}
        except (ValueError, AttributeError):
            # What is no object is a manifest's affair.
            found = dict(notes)
        layer = Descriptor(simple_signing.MEDIA_TYPE, images.digest(payload), len(payload), annotations=found)
        return simple_signing.verify(LegacyLayer(layer, payload), _DIGEST, Demands(trust_root=root, logs=root), NOW)

    return Parser("simple signings", read, (RejectionError,), [canonical(notes)])


def _artifact() -> Parser:
    notes = {"dev.cosignproject.cosign/signature": "x"}
    layer = images.Document("application/vnd.dev.cosign.simplesigning.v1+json", b"{}").descriptor(annotations=notes)
    image = images.image(b"{}").manifest
    manifest = {"schemaVersion": 2, "mediaType": images.MANIFEST, "layers": [layer], "subject": image.descriptor()}
    return Parser(
        "manifests of signatures",
        lambda raw: artifact.read(raw, "it"),
        (BestbeforeError,),
        [images.canonical(manifest)],
    )


def _trust_root() -> Parser:
    return Parser("trust roots", trust_root.read, (TrustRootError,), [canonical(SigningWorld().trust_root)])


def _key() -> Parser:
    return Parser(
        "public keys",
        _text(lambda text: keys.load(text, HashAlgorithm.SHA256)),
        (BestbeforeError,),
        [SigningWorld().key.public_pem.encode()],
    )


def _docker_config() -> Parser:
    auths = b'{"registry.test":{"auth":"dTpw"},"b.test/team":{"username":"u","password":"p"}}'
    text = b'{"auths":' + auths + b',"credHelpers":{"c.test":"x"}}'
    return Parser("Docker's config.json", _text(lambda raw: docker_config.parse(raw, "it")), (SettingsError,), [text])


def _settings() -> Parser:
    folder = tempfile.TemporaryDirectory(prefix="bestbefore-fuzz-")

    def read(raw: bytes) -> object:
        path = Path(folder.name) / "settings.yaml"
        path.write_bytes(raw)
        return file.read(path, [])

    return Parser("settings", read, (), [b"tls_cert: /a\nlisten: ':8443'\nnamed_registry:\n- a.test\nthreads: 7\n"])


def _policies() -> Parser:
    texts = [path.read_bytes() for path in sorted((ROOT / "tests" / "cips" / "valid").glob("*.yaml"))]

    def read(raw: bytes) -> object:
        return [policy_of(document.value) for document in parse_documents(raw, "it")]

    return Parser("ClusterImagePolicies", read, (PolicyError,), texts)


def _regexp() -> Parser:
    texts = (rb"^https://github\.com/(a|b)/.*@refs/tags/v[0-9]+\.[0-9]{1,3}$", rb"(?i)[[:alpha:]\p{Greek}]+?\x{10FFFF}")
    return Parser("Go's regular expressions", _text(regexp.problem, "replace"), (), texts)


def _url() -> Parser:
    texts = (b"https://user:word@a.test:443/b%20c?d=e#f", b"http://[::1%25lo]:80/", b"a:b")
    return Parser("Go's URLs", _text(net_url.problem, "replace"), (), texts)


_MAKERS: Final[Sequence[Callable[[], Parser]]] = (
    *(_reference, _question, _request, _manifest, _configuration, _time, _link, _bundle, _simple_signing, _artifact),
    *(_trust_root, _key, _docker_config, _settings, _policies, _regexp, _url),
)


def failure(parser: Parser, raw: bytes) -> str:
    """What a parser raised that it may not; empty when it read the text or refused it."""
    try:
        parser.read(raw)
    except parser.refusals:
        return ""
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return type(error).__name__
    return ""
