"""Gatekeeper's side of the wire.

body("alpine", "nginx:1")          # a ProviderRequest
body("alpine", kind="Something")   # one that is wrong in one field
"""

from __future__ import annotations

import json
from typing import Any


def body(*keys: str, **changes: Any) -> bytes:
    """A ProviderRequest as Gatekeeper sends it; `changes` replace fields of the document."""
    document = {
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderRequest",
        "request": {"keys": list(keys)},
    }
    return json.dumps(document | changes).encode()


class Answer:
    """A ProviderResponse, taken apart.

    Attributes:
        values: by key.
        errors: item errors by key.
        problems: members of `systemError` by short name; empty when it is empty.
    """

    def __init__(self, content: bytes) -> None:
        document = json.loads(content)
        assert document["apiVersion"] == "externaldata.gatekeeper.sh/v1beta1"
        assert document["kind"] == "ProviderResponse"
        response = document["response"]
        assert response["idempotent"] is True
        self.items = response["items"]
        self.values = {item["key"]: item["value"] for item in self.items if "value" in item}
        self.errors = {item["key"]: item["error"] for item in self.items if "error" in item}
        assert len(self.values) + len(self.errors) == len(self.items)
        self.system_error: str = response["systemError"]

    @property
    def problems(self) -> dict[str, dict[str, str]]:
        return json.loads(self.system_error) if self.system_error else {}

    def reasons(self) -> dict[str, str]:
        """The reason of each short name in `systemError`."""
        return {ref: problem["reason"] for ref, problem in self.problems.items()}
