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
        raise _absent(answer.body, service)
    if answer.status != _OK:
        raise KeyServiceError(f"{service} answered with status {answer.status}")
    return _object(answer.body, service)


def _absent(body: bytes, service: str) -> KeyServiceError:
    """Each service says 404 in JSON; what stands before it, an ingress without a rule, says it in another form."""
    try:
        _object(body, service)
    except KeyServiceError:
        return KeyServiceError(f"something that is not {service} answered with status 404: is its address right?")
    return KeyServiceError(f"{service} has no such key (status 404)", gone=True)


def _object(body: bytes, service: str) -> Mapping[str, Any]:
    try:
        json_weight.check(body)
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad_answer(service, "no JSON") from error
    if not isinstance(document, dict):
        raise bad_answer(service, "no JSON object")
    return document


def member(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; empty where there is none."""
    found = document.get(name)
    return found if isinstance(found, dict) else {}
