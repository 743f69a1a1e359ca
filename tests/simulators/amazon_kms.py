"""AWS KMS without Amazon: moto's, over TLS on a port of loopback.

moto answers without `KeySpec`, goes on to serve a key that is disabled, and knows no Ed25519.
"""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Any, Final, Self

from botocore.session import Session
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.simulators.certificates import Authority

REGION: Final = "eu-west-1"


class _Handler(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Nothing."""


class AmazonKms:
    """A server; a context manager.

    Args:
        folder: for its certificate.

    Attributes:
        endpoint: `HOST:PORT`, as a policy names it.
        authority: PEM file of whom it is certified by.
    """

    def __init__(self, folder: Path) -> None:
        made = Authority()
        files = made.server(folder)
        self.authority = folder / "authority.crt"
        self.authority.write_bytes(made.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("localhost", 0, app, threaded=True, ssl_context=context, request_handler=_Handler)
        self.endpoint = f"localhost:{self._server.port}"
        self._client: Any = None

    def key(self, spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
        """The ARN of a new key."""
        made = self.client.create_key(KeySpec=spec, KeyUsage=usage)
        return str(made["KeyMetadata"]["Arn"])

    def alias(self, name: str, arn: str) -> str:
        """The ARN of an alias that means this key from now on."""
        known = {each["AliasName"] for each in self.client.list_aliases()["Aliases"]}
        change = self.client.update_alias if f"alias/{name}" in known else self.client.create_alias
        change(AliasName=f"alias/{name}", TargetKeyId=arn)
        return f"{arn.rpartition(':')[0]}:alias/{name}"

    @property
    def client(self) -> Any:
        """By which keys are made."""
        return self._client

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self._client = Session().create_client(
            "kms",
            region_name=REGION,
            endpoint_url=f"https://{self.endpoint}",
            verify=str(self.authority),
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="of-the-test",
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
