"""Key management services that answer as documented: Vault over HTTP, the clouds behind `Web`."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.policy.kms_reference import KmsReference
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey
from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.web import WebAnswer

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


def public_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePublicKey:
    """A new public key; on P-256 without a curve."""
    return ec.generate_private_key(curve or ec.SECP256R1()).public_key()


def pem(key: PublicKey) -> str:
    """Its PEM text."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def der(key: PublicKey) -> bytes:
    """Its DER form."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class WebStub:
    """Implements `provider.registry.clouds.web.Web`: answers by the beginnings of URLs, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, WebAnswer | CloudError] = {}
        self.sent: list[tuple[str, Mapping[str, str], object]] = []

    def says(self, url: str, body: object, status: int = 200) -> None:
        """What is answered at a URL, with or without a query."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[url] = WebAnswer(status, {"Content-Type": "application/json"}, content)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None) -> WebAnswer:
        """See `Web`."""
        self.sent.append((f"{method} {url}", headers, body))
        answer = self.answers.get(url.partition("?")[0], WebAnswer(404, {}, b'{"error": {"code": 404}}'))
        if isinstance(answer, CloudError):
            raise answer
        return answer


class VaultServer:
    """The transit engine of Vault, as far as keys are read, on a port of loopback; a context manager.

    Args:
        pair: files of its certificate and of that one's key; without them it speaks plain HTTP.
    """

    TOKEN = "s.of-the-controller"

    def __init__(self, pair: tuple[Path, Path] | None = None) -> None:
        self.keys: dict[str, Mapping[str, Any]] = {}
        self.raw: tuple[int, Mapping[str, str], bytes] | None = None
        self.asked: list[str] = []
        self.namespaces: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http{'s' if pair else ''}://127.0.0.1:{self._server.server_address[1]}"
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def has(self, name: str, *keys: PublicKey | str, kind: str = "ecdsa-p256") -> None:
        """A key with its versions, oldest first; a text stands as it is."""
        versions = {
            str(number): {"name": "P-256", "public_key": each if isinstance(each, str) else pem(each)}
            for number, each in enumerate(keys, 1)
        }
        self.keys[name] = {"type": kind, "latest_version": len(keys), "keys": versions, "name": name}

    def _answer(self, path: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append(path)
        self.namespaces.append(headers.get("X-Vault-Namespace") or "")
        if self.raw is not None:
            return self.raw
        if headers.get("X-Vault-Token") != self.TOKEN:
            return 403, {}, b'{"errors":["permission denied"]}'
        key = self.keys.get(path.removeprefix("/v1/transit/keys/"))
        if key is None:
            return 404, {}, b'{"errors":[]}'
        return 200, {"Content-Type": "application/json"}, json.dumps({"data": key}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = server._answer(self.path, self.headers)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    # Whoever asked has had enough.
                    return

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Handler

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class KeyServiceStub:
    """Implements `KeyService`: keys by their references; an error is raised, and what is not there is away."""

    def __init__(self, keys: Mapping[KmsReference, ServiceKey | KeyServiceError] | None = None) -> None:
        self.keys: dict[KmsReference, ServiceKey | KeyServiceError] = dict(keys or {})
        self.asked: list[KmsReference] = []

    def public_key(self, reference: KmsReference) -> ServiceKey:
        """See `KeyService`."""
        self.asked.append(reference)
        found = self.keys.get(reference, KeyServiceError("Vault: vault.test cannot be reached"))
        if isinstance(found, KeyServiceError):
            raise found
        return found
