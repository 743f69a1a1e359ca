"""What stands in for policy-controller: a webhook of its name and with its choice of namespaces, which refuses images.

The real one makes its decision of the same policies; here a test names the images.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.e2e.rig import objects
from tests.e2e.rig.certificates import Pair
from tests.e2e.rig.kubernetes import Answer, Object
from tests.e2e.rig.policies import until
from tests.e2e.rig.world import World

NAME = "policy.sigstore.dev"
# Its webhooks leave a namespace alone that has this label, whatever its value.
EXCLUDED = "webhooks.knative.dev/exclude"


@dataclass
class PolicyControllerStub:
    """A webhook that refuses what names one of some images.

    Attributes:
        refused: the images, which a test may change.
    """

    refused: set[str] = field(default_factory=set)


@contextmanager
def running(world: World) -> Iterator[PolicyControllerStub]:
    """It is asked about Pods in namespaces that ask for policies, until the end."""
    stub = PolicyControllerStub()
    pair = world.authority.issue("policy-controller", server=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub))
    server.daemon_threads, server.block_on_close = True, False
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    configuration = _configuration(server.server_address[1], pair)
    world.client.apply(configuration)
    probe = objects.pod(world.namespace(), "registry.invalid/probe:1")
    stub.refused.add("registry.invalid/probe:1")
    # The API server takes up a new webhook a moment later, and lets go of it a moment after its end.
    try:
        until(lambda: world.client.create(probe, dry_run=True), _speaks, "webhook")
        yield stub
    finally:
        world.client.delete(configuration)
        until(
            lambda: world.client.create(probe, dry_run=True), lambda answer: not _speaks(answer), "end of the webhook"
        )
        server.shutdown()
        thread.join()
        server.server_close()


def _speaks(answer: Answer) -> bool:
    return NAME in answer.message


def _handler(stub: PolicyControllerStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        timeout = 10

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            images = {each["image"] for each in request["object"]["spec"]["containers"]}
            answer: dict[str, Any] = {"uid": request["uid"], "allowed": not images & stub.refused}
            if not answer["allowed"]:
                answer["status"] = {"message": "validation failed: failed policy", "code": 400}
            content = json.dumps(
                {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _configuration(port: int, pair: Pair) -> Object:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}
    selected = [
        {"key": "policy.sigstore.dev/include", "operator": "In", "values": ["true"]},
        {"key": EXCLUDED, "operator": "DoesNotExist"},
    ]
    bundle = base64.b64encode(pair.authority.read_bytes()).decode()
    webhook = {
        "name": NAME,
        "clientConfig": {"url": f"https://127.0.0.1:{port}/validations", "caBundle": bundle},
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchExpressions": selected},
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [webhook],
    }
