"""Facts about images from the provider that runs, over its `/audit`: what it has in its caches costs no registry."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import urllib3

from gatekeeper.documents import fields
from gatekeeper.evaluation.evaluator import ConstraintReview
from gatekeeper.evaluation.program import NOTHING, StubAnswers
from provider import http_body
from provider.foreign_text import shown
from provider.limits import BATCH_BYTES
from provider.questions import question
from provider.questions.protocol import API_VERSION
from provider.reasons import Reason

# Keys of one request: at 256 KiB an answer the most that a batch holds are four, but most answers have one.
_KEYS: Final = 50
# To connect, and until all of the answer is there, seconds: the provider allows itself nine.
_CONNECT_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 15.0
# Of a body: the batch, and what stands around it.
_BODY_BYTES: Final = 2 * BATCH_BYTES


@dataclass(frozen=True)
class ProviderTarget:
    """Where the provider is.

    Attributes:
        url: of its path for audits, `https://HOST:PORT/audit`.
        authorities: PEM of those that its certificate is checked against.
    """

    url: str
    authorities: bytes


class ProviderAbsentError(Exception):
    """Nobody says where the provider is; the message says why."""


@dataclass(frozen=True)
class ProviderFacts:
    """Implements `FactSource` by a provider in the cluster.

    Attributes:
        target: says where it is; raises `ProviderAbsentError`.
        certificate: PEM file of the certificate by which we may ask.
        key: PEM file of its private key.
    """

    target: Callable[[], ProviderTarget]
    certificate: Path
    key: Path

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        """See `FactSource.answers`: what it cannot be asked is a passing failure, never a yes."""
        with self.conversation() as asked:
            return asked.answers(keys)

    def at_hand(self, cases: Sequence[ConstraintReview], images: Sequence[str]) -> StubAnswers:  # noqa: ARG002
        """See `FactSource.at_hand`."""
        return NOTHING

    @contextlib.contextmanager
    def conversation(self) -> Iterator[ProviderConversation]:
        """For many calls: connections stay open to its end."""
        found = ProviderConversation(self)
        try:
            yield found
        finally:
            found.close()

    def pool(self, target: ProviderTarget) -> urllib3.PoolManager:
        """Connections by the certificate as it is now.

        Raises:
            OSError, ValueError: certificate, key or authorities cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cadata=target.authorities.decode("ascii", "replace"))
        # A key with a passphrase would ask for it on the terminal.
        context.load_cert_chain(self.certificate, self.key, password="")
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS)
        return urllib3.PoolManager(ssl_context=context, timeout=timeout, retries=False)


class ProviderConversation:
    """Implements `FactSource` over connections that are kept; after a failure they are made anew.

    So a certificate that was rotated meanwhile is read with the next question.

    Args:
        facts: says whom to ask, and by which certificate.
    """

    def __init__(self, facts: ProviderFacts) -> None:
        self._facts = facts
        self._open: tuple[ProviderTarget, urllib3.PoolManager] | None = None

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        """See `ProviderFacts.answers`."""
        found = NOTHING
        for start in range(0, len(keys), _KEYS):
            some = keys[start : start + _KEYS]
            try:
                target, pool = self._opened()
            except (ProviderAbsentError, OSError, ValueError) as error:
                return found.with_more(_failure(keys[start:], str(error)))
            said = _ask(pool, target.url, some)
            if any(each.get("reason") == Reason.PROVIDER_UNAVAILABLE for each in said.passing().values()):
                self.close()
            found = found.with_more(said)
        return found

    def at_hand(self, cases: Sequence[ConstraintReview], images: Sequence[str]) -> StubAnswers:  # noqa: ARG002
        """See `FactSource.at_hand`."""
        return NOTHING

    def close(self) -> None:
        """Close the connections; a further question opens others."""
        opened, self._open = self._open, None
        if opened is not None:
            opened[1].clear()

    def _opened(self) -> tuple[ProviderTarget, urllib3.PoolManager]:
        if self._open is None:
            target = self._facts.target()
            self._open = target, self._facts.pool(target)
        return self._open


def _ask(pool: urllib3.PoolManager, url: str, keys: Sequence[str]) -> StubAnswers:
    request = {"apiVersion": API_VERSION, "kind": "ProviderRequest", "request": {"keys": list(keys)}}
    try:
        answer = pool.request("POST", url, json=request, preload_content=False, redirect=False)
        with contextlib.closing(answer):
            body = http_body.read(answer, _BODY_BYTES, _ANSWER_SECONDS)
        if answer.status != HTTPStatus.OK:
            return _failure(keys, f"it answered {answer.status}")
        return _read(fields.mapping(json.loads(body), "response"), keys)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return _failure(keys, str(error))
    except (ValueError, RecursionError):
        return _failure(keys, "what it answered cannot be read")


def _read(response: Mapping[str, Any], keys: Sequence[str]) -> StubAnswers:
    items = {str(each.get("key")): each for each in fields.rows(response, "items")}
    values = {key: items[key]["value"] for key in keys if "value" in items.get(key, {})}
    errors = {key: str(items[key]["error"]) for key in keys if items.get(key, {}).get("error")}
    passing = _passing(fields.text(response, "systemError"))
    found = StubAnswers(values, errors, json.dumps(passing) if passing else "")
    silent = [key for key in keys if not found.fact(key)]
    return found.with_more(_failure(silent, "it says nothing of the image")) if silent else found


def _passing(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    rows = found.items() if isinstance(found, Mapping) else ()
    return {str(ref): each for ref, each in rows if isinstance(each, Mapping)}


def _failure(keys: Sequence[str], why: str) -> StubAnswers:
    message = f"The provider could not be asked: {shown(why)}."
    passing = {question.ref(key): {"reason": Reason.PROVIDER_UNAVAILABLE.value, "message": message} for key in keys}
    return StubAnswers({}, {}, json.dumps(passing) if passing else "")
