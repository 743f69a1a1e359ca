"""A sigstore instance on loopback: fulcio, a CT log, a timestamp authority, rekor with tiles, and cosign to sign with.

Only the OIDC issuer is ours: whoever asks for a token gets it. Nothing of it needs a network.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.e2e.rig import processes
from tests.e2e.rig.processes import Program, RigError
from tests.e2e.rig.rekor_v1 import RekorV1
from tests.ports import free_port

ANN = "ann@example.test"
_APPROVED = {"approved": True}
PASSWORD = "rig"
REKOR_HOST = "rekor.rig.test"
_START_SECONDS = 30.0
_SIGN_SECONDS = 60.0
_LEGACY = ("--new-bundle-format=false", "--use-signing-config=false", "--allow-http-registry", "-y")
_PEM = serialization.Encoding.PEM
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
_PKCS8 = serialization.PrivateFormat.PKCS8
_SEC1 = serialization.PrivateFormat.TraditionalOpenSSL
_PLAIN = serialization.NoEncryption()


class Issuer:
    """An OIDC issuer: its discovery document, its key, and tokens for anybody."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_IssuerHandler, self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def token(self, email: str) -> str:
        """A token that says who somebody is."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": "sigstore", "exp": now + 600, "iat": now, "sub": email}
        head = {"alg": "ES256", "kid": "rig", "typ": "JWT"}
        text = f"{_url64(json.dumps(head).encode())}.{_url64(json.dumps({**claims, **_email(email)}).encode())}"
        r, s = utils.decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_url64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def document(self, path: str) -> Mapping[str, Any] | None:
        """What it answers at a path."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "kid": "rig", "alg": "ES256", "use": "sig"}
        key |= {name: _url64(value.to_bytes(32, "big")) for name, value in (("x", numbers.x), ("y", numbers.y))}
        discovery = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }
        documents: Mapping[str, Mapping[str, Any]] = {
            "/.well-known/openid-configuration": discovery,
            "/keys": {"keys": [key]},
        }
        return documents.get(path)

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _IssuerHandler(BaseHTTPRequestHandler):
    def __init__(self, issuer: Issuer, *arguments: Any) -> None:
        self._issuer = issuer
        super().__init__(*arguments)

    def do_GET(self) -> None:
        document = self._issuer.document(self.path)
        body = json.dumps(document or {}).encode()
        self.send_response(200 if document else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class Sigstore:
    """The running instance.

    Attributes:
        folder: its keys and files; `trusted_root.json` among them.
        issuer: who says who is who.
        rekor_v1: the older log.
        cosign: the program.
        signing: signing configurations by name: `tiles` (rekor and timestamps), `promise` (the older log), `stamps`
            (timestamps alone), `none`.
        programs: what runs.
    """

    folder: Path
    issuer: Issuer
    rekor_v1: RekorV1
    cosign: Path
    signing: Mapping[str, Path]
    programs: list[Program] = field(default_factory=list)

    @property
    def trusted_root(self) -> Path:
        """`trusted_root.json`."""
        return self.folder / "trusted_root.json"

    @property
    def key(self) -> str:
        """PEM of a public key whose private part `sign` uses."""
        return (self.folder / "cosign.pub").read_text()

    def new_key(self, name: str) -> str:
        """Make a pair of keys to sign by, and return the PEM of the public one."""
        self.run("generate-key-pair", "--output-key-prefix", name)
        return (self.folder / f"{name}.pub").read_text()

    def foreign_trust_root(self) -> Path:
        """The trust root of another instance, which has certified and logged nothing of what is signed here."""
        folder = self.folder / "foreign"
        folder.mkdir()
        _write_keys(folder)
        url = dict.fromkeys(("fulcio", "ct", "tsa"), "https://foreign.rig.test")
        return _create_trust_root(self, folder, url)

    def sign(self, image: str, *more: str, email: str = ANN, config: str = "tiles") -> None:
        """Sign as somebody."""
        self._signed("sign", image, email, config, more)

    def attest(
        self, image: str, *more: str, email: str = ANN, config: str = "tiles", predicate: Any = _APPROVED
    ) -> None:
        """Attest as somebody."""
        path = self.folder / "predicate.json"
        path.write_text(json.dumps(predicate))
        words = ("--type", "https://example.test/review/v1", "--predicate", str(path), *more)
        self._signed("attest", image, email, config, words)

    def attest_legacy_by_key(self, image: str, kind: str, predicate: Any, *more: str, key: str = "cosign") -> None:
        """Attest by a key, in the form of a `.att` tag."""
        words = self._attested(kind, predicate, key)
        self.run("attest", *words, *_LEGACY, "--tlog-upload=false", *more, image)

    def attest_by_key(self, image: str, kind: str, predicate: Any, *more: str, key: str = "cosign") -> None:
        """Attest by a key, in a bundle."""
        self.run("attest", *self._attested(kind, predicate, key), *self._flags("none"), *more, image)

    def _attested(self, kind: str, predicate: Any, key: str) -> Sequence[str]:
        path = self.folder / "predicate.json"
        path.write_text(json.dumps(predicate))
        return ("--key", f"{key}.key", "--type", kind, "--predicate", str(path))

    def sign_by_key(self, image: str, *more: str, key: str = "cosign", config: str = "none") -> None:
        """Sign by a key, in a bundle."""
        self.run("sign", "--key", f"{key}.key", *self._flags(config), *more, image)

    def sign_legacy_by_key(self, image: str, *more: str, key: str = "cosign", **settings: str) -> None:
        """Sign by a key, in the form of a `.sig` tag."""
        self.run("sign", "--key", f"{key}.key", *_LEGACY, "--tlog-upload=false", *more, image, **settings)

    def sign_logged_by_key(self, image: str, *, key: str = "cosign") -> None:
        """Sign by a key, in the form of a `.sig` tag, in the older log."""
        log = ("--rekor-url", self.rekor_v1.url, "--trusted-root", str(self.trusted_root))
        self.run("sign", "--key", f"{key}.key", *_LEGACY, *log, image)

    def sign_legacy(self, image: str, *more: str, email: str = ANN, logged: bool = False) -> None:
        """Sign as somebody, in the form of a `.sig` tag, with a timestamp or in the older log."""
        self.run("sign", *self._legacy_flags(email, logged=logged), *more, image)

    def attest_legacy(self, image: str, kind: str, predicate: Any, email: str = ANN, *, logged: bool = False) -> None:
        """Attest as somebody, in the form of a `.att` tag, with a timestamp or in the older log."""
        path = self.folder / "predicate.json"
        path.write_text(json.dumps(predicate))
        words = ("--type", kind, "--predicate", str(path))
        self.run("attest", *words, *self._legacy_flags(email, logged=logged), image)

    def _legacy_flags(self, email: str, *, logged: bool) -> Sequence[str]:
        tsa: Sequence[str] = ("--tlog-upload=false", "--timestamp-server-url", (self.folder / "tsa.url").read_text())
        if logged:
            tsa = ("--rekor-url", self.rekor_v1.url)
        fulcio = ("--fulcio-url", (self.folder / "fulcio.url").read_text())
        root = ("--trusted-root", str(self.trusted_root))
        return (*_LEGACY, *tsa, *fulcio, *root, *self._token(email))

    def run(self, *words: str, **settings: str) -> str:
        """Run cosign, offline; settings are variables of its environment.

        Raises:
            RigError: it failed.
        """
        environment = {
            **settings,
            "HOME": str(self.folder),
            "PATH": "",
            "COSIGN_PASSWORD": PASSWORD,
            # Whatever it might fetch from the network fails at once.
            "HTTPS_PROXY": "http://127.0.0.1:1",
            "NO_PROXY": "localhost,127.0.0.1",
        }
        done = subprocess.run(
            [self.cosign, *words], env=environment, cwd=self.folder, capture_output=True, text=True,
            timeout=_SIGN_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RigError(f"cosign {' '.join(words)}: {done.stderr}")
        return done.stdout

    def stop(self) -> None:
        """Stop everything."""
        self.issuer.stop()
        self.rekor_v1.stop()
        for program in self.programs:
            program.stop()

    def _signed(self, verb: str, image: str, email: str, config: str, more: Sequence[str]) -> None:
        self.run(verb, *self._flags(config), *self._token(email), *more, image)

    def _flags(self, config: str) -> Sequence[str]:
        root = ("--trusted-root", str(self.trusted_root))
        return ("--signing-config", str(self.signing[config]), *root, "--allow-http-registry", "-y")

    def _token(self, email: str) -> Sequence[str]:
        path = self.folder / "token"
        path.write_text(self.issuer.token(email))
        return ("--identity-token", str(path))


def start(programs: Callable[[str], Path], folder: Path, logs: Path) -> Sigstore:
    """Start an instance and wait until it answers.

    Args:
        programs: finds a program by its name.
        folder: for its keys and files.
        logs: for what the programs say.

    Raises:
        RigError: a program does not start; none is left running.
    """
    running = Sigstore(folder, Issuer(), RekorV1(), programs("cosign"), {})
    try:
        _start(running, programs, logs)
    except BaseException:
        running.stop()
        raise
    return running


def _start(running: Sigstore, programs: Callable[[str], Path], logs: Path) -> None:
    folder, issuer = running.folder, running.issuer
    ports = {name: free_port() for name in ("ct", "fulcio", "grpc", "metrics", "tsa", "rekor", "rekor_grpc", "m")}
    url = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    _write_keys(folder)

    def run(name: str, path: str, at: str, *words: str) -> None:
        program = processes.start(name, [programs(name), *words], logs)
        running.programs.append(program)
        processes.wait_until(lambda: _answers(at + path), f"answering {name}", _START_SECONDS, program)

    run("tesseract", "/ct/v1/get-roots", url["ct"], *_tesseract(folder, ports))
    (folder / "fulcio.json").write_text(json.dumps({"OIDCIssuers": {issuer.url: _oidc(issuer)}}))
    run("fulcio", "/healthz", url["fulcio"], *_fulcio(folder, ports, url["ct"]))
    run("timestamp-server", "/ping", url["tsa"], *_timestamp_server(folder, ports))
    run("rekor-server", "/healthz", url["rekor"], *_rekor(folder, ports))
    (folder / "fulcio.url").write_text(url["fulcio"])
    (folder / "tsa.url").write_text(f"{url['tsa']}/api/v1/timestamp")
    _configure(running, url)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=processes.ANSWER_SECONDS).ok
    except requests.RequestException:
        return False


def _tesseract(folder: Path, ports: Mapping[str, int]) -> Sequence[str]:
    return (
        f"--private_key={folder / 'ct.key'}",
        "--origin=rig-ct",
        f"--storage_dir={folder / 'ct'}",
        f"--roots_pem_file={folder / 'fulcio-root.crt'}",
        "--ext_key_usages=CodeSigning",
        f"--http_endpoint=127.0.0.1:{ports['ct']}",
        "--enable_publication_awaiter=false",
    )


def _fulcio(folder: Path, ports: Mapping[str, int], ct_log: str) -> Sequence[str]:
    return (
        *("serve", "--host", "127.0.0.1", "--port", str(ports["fulcio"])),
        *("--grpc-host", "127.0.0.1", "--grpc-port", str(ports["grpc"]), "--metrics-port", str(ports["metrics"])),
        *("--config-path", str(folder / "fulcio.json"), "--ca", "fileca"),
        *("--fileca-cert", str(folder / "fulcio-chain.pem"), "--fileca-key", str(folder / "fulcio.key")),
        *("--fileca-key-passwd", PASSWORD, "--fileca-watch=false", f"--ct-log-url={ct_log}"),
        # By default its name is one for the whole machine.
        *("--legacy-unix-domain-socket", f"@bestbefore-fulcio-{ports['fulcio']}"),
    )


def _timestamp_server(folder: Path, ports: Mapping[str, int]) -> Sequence[str]:
    return (
        *("serve", "--host", "127.0.0.1", "--port", str(ports["tsa"]), "--timestamp-signer", "file"),
        *("--file-signer-key-path", str(folder / "tsa.key")),
        *("--certificate-chain-path", str(folder / "tsa-chain.pem"), "--disable-ntp-monitoring"),
    )


def _rekor(folder: Path, ports: Mapping[str, int]) -> Sequence[str]:
    return (
        *("serve", "--http-address", "127.0.0.1", "--http-port", str(ports["rekor"])),
        *(
            "--grpc-address",
            "127.0.0.1",
            "--grpc-port",
            str(ports["rekor_grpc"]),
            "--http-metrics-port",
            str(ports["m"]),
        ),
        *("--hostname", REKOR_HOST, "--storage-dir", str(folder / "rekor")),
        *("--signer-filepath", str(folder / "rekor.key"), "--checkpoint-interval", "100ms"),
        *("--batch-max-age", "20ms", "--persistent-antispam=true"),
    )


def _oidc(issuer: Issuer) -> Mapping[str, str]:
    return {"IssuerURL": issuer.url, "ClientID": "sigstore", "Type": "email"}


def _configure(running: Sigstore, url: Mapping[str, str]) -> None:
    folder = running.folder
    start = _start_time()
    _create_trust_root(running, folder, url)
    root = json.loads(running.trusted_root.read_text())
    root["tlogs"].append(running.rekor_v1.trusted())
    running.trusted_root.write_text(json.dumps(root))

    def service(flag: str, at: str, version: int = 1) -> Sequence[str]:
        return (f"--{flag}", f"url={at},api-version={version},start-time={start},operator=rig")

    people = (*service("fulcio", url["fulcio"]), *service("oidc-provider", running.issuer.url))
    stamps = (*service("tsa", f"{url['tsa']}/api/v1/timestamp"), "--tsa-config", "ANY")
    tiles = (*service("rekor", url["rekor"], 2), "--rekor-config", "ANY")
    promise = (*service("rekor", running.rekor_v1.url), "--rekor-config", "ANY")
    configs = {
        "tiles": (*people, *stamps, *tiles),
        "promise": (*people, *promise),
        "stamps": (*people, *stamps),
    }
    signing = {name: folder / f"{name}.json" for name in (*configs, "none")}
    for name, words in configs.items():
        running.run("signing-config", "create", *words, "--out", str(signing[name]))
    empty = {
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "rekorTlogConfig": {},
        "tsaConfig": {},
    }
    signing["none"].write_text(json.dumps(empty))
    running.signing = signing
    running.run("generate-key-pair")


def _create_trust_root(running: Sigstore, folder: Path, url: Mapping[str, str]) -> Path:
    """Write the trust root of the keys in a folder into it."""
    start, path = _start_time(), folder / running.trusted_root.name
    rekor = f"url=https://{REKOR_HOST},public-key={folder / 'rekor.pub'},start-time={start},origin={REKOR_HOST}"
    running.run(
        *("trusted-root", "create", "--out", str(path), "--rekor", rekor),
        *("--fulcio", f"url={url['fulcio']},certificate-chain={folder / 'fulcio-chain.pem'},start-time={start}"),
        *("--ctfe", f"url={url['ct']},public-key={folder / 'ct.pub'},start-time={start}"),
        *("--tsa", f"url={url['tsa']},certificate-chain={folder / 'tsa-chain.pem'},start-time={start}"),
    )
    return path


def _start_time() -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_keys(folder: Path) -> None:
    root, intermediate, stamper = (ec.generate_private_key(ec.SECP384R1()) for _ in range(3))
    root_certificate = _authority("fulcio root", root, "fulcio root", root)
    below = _authority("fulcio", intermediate, "fulcio root", root, ExtendedKeyUsageOID.CODE_SIGNING)
    _pems(folder / "fulcio-root.crt", root_certificate)
    _pems(folder / "fulcio-chain.pem", below, root_certificate)
    _private(folder / "fulcio.key", intermediate)
    stamp_root = _authority("stamps root", root, "stamps root", root)
    _pems(folder / "tsa-chain.pem", _stamper(stamper, root), stamp_root)
    _private(folder / "tsa.key", stamper)
    rekor, ct_log = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    _private(folder / "rekor.key", rekor)
    (folder / "rekor.pub").write_bytes(rekor.public_key().public_bytes(_PEM, _SPKI))
    (folder / "ct.key").write_bytes(ct_log.private_bytes(_PEM, _SEC1, _PLAIN))
    (folder / "ct.pub").write_bytes(ct_log.public_key().public_bytes(_PEM, _SPKI))


def _private(path: Path, key: Any) -> None:
    path.write_bytes(key.private_bytes(_PEM, _PKCS8, _PLAIN))


def _pems(path: Path, *certificates: x509.Certificate) -> None:
    path.write_bytes(b"".join(one.public_bytes(_PEM) for one in certificates))


def _authority(
    name: str, key: Any, issuer: str, issuer_key: Any, usage: x509.ObjectIdentifier | None = None
) -> x509.Certificate:
    length = None if issuer == name else 0
    builder = _certificate(name, key, issuer)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer_key, hashes.SHA384())


def _stamper(key: Any, root_key: Any) -> x509.Certificate:
    builder = _certificate("stamps", key, "stamps root")
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return builder.add_extension(stamping, critical=True).sign(root_key, hashes.SHA384())


def _certificate(name: str, key: Any, issuer: str) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=31))
        .not_valid_after(now + dt.timedelta(days=31))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(text: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "rig")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(**on: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**dict.fromkeys(names, False) | on)


def _email(email: str) -> Mapping[str, Any]:
    return {"email": email, "email_verified": True}


def _url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
