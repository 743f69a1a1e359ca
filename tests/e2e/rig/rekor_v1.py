"""The older transparency log, which answers with a promise: as much of Rekor's interface as cosign uses to upload.

The real one wants a database; signatures of its time are still in every registry.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.simulators.signing import Log, b64, canonical

_INDEX = 3


class RekorV1:
    """The log, at `url`; `log` has its key, and `clock` its time: seconds since 1970."""

    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.time
        self.log = Log()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def trusted(self) -> dict[str, Any]:
        """The log as a trust root names it."""
        return self.log.trusted() | {"baseUrl": self.url}

    def entry(self, proposed: dict[str, Any]) -> dict[str, Any]:
        """What the log says of an entry, by its name."""
        if proposed["kind"] == "dsse":
            proposed = proposed | {"spec": _dsse(proposed["spec"]["proposedContent"])}
        body = canonical(proposed)
        seconds = int(self.clock())
        payload = {"body": b64(body), "integratedTime": seconds, "logIndex": _INDEX, "logID": self.log.key_id.hex()}
        proof = self.log.proof(body)
        verification = {
            "signedEntryTimestamp": b64(self.log.promise(payload)),
            "inclusionProof": {
                "logIndex": _INDEX,
                "treeSize": 4,
                "rootHash": base64.b64decode(proof["rootHash"]).hex(),
                "hashes": [base64.b64decode(one).hex() for one in proof["hashes"]],
                "checkpoint": proof["checkpoint"]["envelope"],
            },
        }
        name = hashlib.sha256(b"\0" + body).hexdigest()
        return {name: payload | {"verification": verification}}

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def _dsse(content: dict[str, Any]) -> dict[str, Any]:
    """What the log keeps of an envelope."""
    envelope = json.loads(content["envelope"])
    payload = base64.b64decode(envelope["payload"])

    def hashed(raw: bytes) -> dict[str, str]:
        return {"algorithm": "sha256", "value": hashlib.sha256(raw).hexdigest()}

    pairs = zip(envelope["signatures"], content["verifiers"], strict=True)
    return {
        "envelopeHash": hashed(content["envelope"].encode()),
        "payloadHash": hashed(payload),
        "signatures": [{"signature": signature["sig"], "verifier": verifier} for signature, verifier in pairs],
    }


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, rekor: RekorV1, *arguments: Any) -> None:
        self._rekor = rekor
        super().__init__(*arguments)

    def do_POST(self) -> None:
        proposed = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        entry = self._rekor.entry(proposed)
        (name,) = entry
        body = json.dumps(entry).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", name)
        self.send_header("Location", f"/api/v1/log/entries/{name}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
