"""JSON that a service sent over HTTP, asked without redirects and within bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from gatekeeper.resolution.kms.key_service import KeyServiceError
from gatekeeper.resolution.kms.public_key import bad_answer
from provider import json_weight
from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.web import Web

_OK: Final = 200
_DENIED: Final = frozenset({401, 403})
_ABSENT: Final = 404


def get(web: Web, url: str, headers: Mapping[str, str], service: str, right: str) -> Mapping[str, Any]:
    """The JSON object at a URL.

    Args:
        web: sends; only where it may.
        url: as it is.
        headers: with who we are; they are sent nowhere else.
        service: its name, for messages.
        right: what it needs, for messages: `cloudkms.cryptoKeyVersions.viewPublicKey`.

    Raises:
        KeyServiceError: there is none.
    """
    try:
        answer = web.send("GET", url, headers)
    except CloudError as error:
        raise KeyServiceError(f"{service}: {error}") from error
    if answer.status in _DENIED:
        raise KeyServiceError(f"{service} denies it (status {answer.status}): it needs the right {right}")
    if answer.status == _ABSENT:
        raise KeyServiceError(f"{service} has no such key (status 404)", gone=True)
    if answer.status != _OK:
        raise KeyServiceError(f"{service} answered with status {answer.status}")
    try:
        json_weight.check(answer.body)
        document = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise bad_answer(service, "no JSON") from error
    if not isinstance(document, dict):
        raise bad_answer(service, "no JSON object")
    return document


def member(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; empty where there is none."""
    found = document.get(name)
    return found if isinstance(found, dict) else {}
