"""A trust root from the keys and certificates of a TUF repository that has no `trusted_root.json`.

Such a repository says in each target's custom metadata what the file is for (`sigstore.usage`), as sigstore's own did
before 2023. It knows no timestamp authorities and no times: what it names counts from 1970 on, as upstream has it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tuf.api.metadata import TargetFile, Targets

from gatekeeper.trust import limits
from gatekeeper.trust.errors import TrustSourceError

_LISTS: Final = {"Fulcio": "certificateAuthorities", "CTFE": "ctLogs", "Rekor": "tLogs"}
_NAME: Final = {"organization": "sigstore", "commonName": "sigstore"}


def document(targets: Targets, read: Callable[[TargetFile], bytes], place: str) -> bytes:
    """A TrustRoot object with the files that the top-level targets name.

    Args:
        targets: verified.
        read: a file of them, verified too.
        place: what stands for the address of who has none.

    Raises:
        TrustSourceError: they name no certificate authority, or too many files.
    """
    wanted = [(usage, address, target) for target in targets.targets.values() for usage, address in _used(target)]
    if len(wanted) > limits.TARGETS:
        raise TrustSourceError(f"the repository names more than {limits.TARGETS} keys and certificates")
    keys: dict[str, list[Mapping[str, Any]]] = {}
    for usage, address, target in wanted:
        content = base64.b64encode(read(target)).decode()
        keys.setdefault(_LISTS[usage], []).append(_member(usage, content, address or place))
    if "certificateAuthorities" not in keys:
        raise TrustSourceError("no certificate authorities found")
    head = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot"}
    return json.dumps({**head, "spec": {"sigstoreKeys": keys}}, sort_keys=True).encode()


def _used(target: TargetFile) -> list[tuple[str, str]]:
    """What a target is for, and whose it is; nothing for a file that is none of a trust root's."""
    said = target.custom.get("sigstore") if isinstance(target.custom, dict) else None
    if not isinstance(said, dict) or said.get("usage") not in _LISTS:
        return []
    address = said.get("uri")
    return [(said["usage"], address if isinstance(address, str) else "")]


def _member(usage: str, content: str, address: str) -> Mapping[str, Any]:
    if usage == "Fulcio":
        return {"subject": _NAME, "uri": address, "certChain": content}
    return {"baseURL": address, "hashAlgorithm": "sha-256", "publicKey": content}
