"""Asks the provider about images as Gatekeeper does: over TLS, by a certificate, and so from where the provider is."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import urllib3

from gatekeeper.doctor import limits
from gatekeeper.doctor.probes import trusting
from gatekeeper.doctor.provider_object import ProviderObject
from gatekeeper.doctor.reading import ReadFailure, Reading
from gatekeeper.doctor.registries import ImageAnswer
from gatekeeper.documents import fields
from provider import http_body
from provider.errors import SettingsError
from provider.foreign_text import shown
from provider.limits import BATCH_BYTES
from provider.questions import question
from provider.questions.protocol import API_VERSION
from provider.questions.question import FactQuestion

_SUBJECT: Final = "provider"
_UNKNOWN: Final = "ProviderUnavailable"


@dataclass(frozen=True)
class ProviderClient:
    """Asks with a certificate.

    Attributes:
        certificate: PEM file.
        key: of its private key.
    """

    certificate: Path
    key: Path

    def check(self) -> None:
        """See whether they can be used.

        Raises:
            SettingsError: they cannot.
        """
        self._context(b"")

    def ask(self, provider: ProviderObject, images: Sequence[str]) -> Reading[Sequence[ImageAnswer]]:
        """What the provider says of images.

        Raises:
            SettingsError: the certificate cannot be used.
        """
        keys = {question.key_of(FactQuestion(image)): image for image in images}
        request = {"apiVersion": API_VERSION, "kind": "ProviderRequest", "request": {"keys": list(keys)}}
        context = self._context(provider.authorities or b"")
        timeout = urllib3.Timeout(connect=limits.PROBE_SECONDS, read=limits.ANSWER_SECONDS)
        try:
            with urllib3.PoolManager(ssl_context=context, timeout=timeout, retries=False) as pool:
                answer = pool.request("POST", provider.url, json=request, preload_content=False, redirect=False)
                with contextlib.closing(answer):
                    body = http_body.read(answer, BATCH_BYTES, limits.ANSWER_SECONDS)
            if answer.status != HTTPStatus.OK:
                return ReadFailure(_SUBJECT, f"{provider.url} answered {answer.status}")
            response = fields.mapping(json.loads(body), "response")
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return ReadFailure(_SUBJECT, f"{provider.url} cannot be asked ({shown(str(error))})")
        except (ValueError, RecursionError):
            return ReadFailure(_SUBJECT, f"{provider.url} answered what cannot be read")
        return [_answer(image, key, response) for key, image in keys.items()]

    def _context(self, authorities: bytes) -> ssl.SSLContext:
        context = trusting(authorities) or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            # A key with a passphrase would ask for it on the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
            raise SettingsError(
                [f"{self.certificate}, {self.key}: {why or 'no certificate with its private key, in PEM'}"]
            ) from error
        return context


def _answer(image: str, key: str, response: Mapping[str, Any]) -> ImageAnswer:
    item = next((each for each in fields.rows(response, "items") if each.get("key") == key), None)
    if item is not None and "value" in item:
        return ImageAnswer(image)
    if item is not None:
        reason, _, message = fields.text(item, "error").partition(": ")
        return ImageAnswer(image, reason or _UNKNOWN, message)
    said = fields.text(response, "systemError")
    try:
        problem = fields.mapping(json.loads(said), question.ref(key))
    except (ValueError, RecursionError):
        problem = {}
    return ImageAnswer(image, fields.text(problem, "reason") or _UNKNOWN, fields.text(problem, "message") or said)
