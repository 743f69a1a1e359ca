"""The routes. Nothing else knows Flask.

Gatekeeper's three paths, and the controller's one, are on the TLS port and answer nothing but ProviderResponses; what
the kubelet and Prometheus read is an application of its own, on the plain port.
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from provider import limits
from provider.answering.batch import Batch, BatchResponse
from provider.clock import Clock
from provider.errors import RequestError
from provider.questions import protocol, question
from provider.questions.endpoint import Endpoint
from provider.reasons import Reason
from provider.signatures.trust.root_index import PAGE
from provider.telemetry.events import Event
from provider.telemetry.metrics import CONTENT_TYPE
from provider.telemetry.observation import Observation
from provider.telemetry.request_lines import RequestRecord

_JSON: Final = "application/json"
_PATHS: Final = {f"/{endpoint}": endpoint for endpoint in Endpoint}


def create_app(batch: Batch, observation: Observation, clock: Clock) -> Flask:
    """Gatekeeper's side: `POST /validate`, `/audit`, `/mutate`; the controller's: `POST /presence`.

    Args:
        batch: has the answers.
        observation: gets a report of every request.
        clock: measures it.
    """
    app = Flask("bestbefore", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = limits.REQUEST_BYTES
    questions = _Questions(batch, observation, clock)
    for path, endpoint in _PATHS.items():
        app.add_url_rule(path, endpoint, questions.view(endpoint), methods=["POST"], provide_automatic_options=False)
    app.register_error_handler(HTTPException, questions.refused)
    return app


def create_metrics_app(
    exposition: Callable[[], bytes],
    unhealthy: Callable[[], str],
    unready: Callable[[], str],
    trust_roots: Callable[[], Mapping[str, Sequence[str]]] = dict,
) -> Flask:
    """The kubelet's and Prometheus' side: `GET /metrics`, `/healthz`, `/readyz`; the controller's: `/trust-roots`.

    Args:
        exposition: the metrics.
        unhealthy: why this process should be replaced; empty when it should not.
        unready: why no new questions should be sent here; empty when they may. It never looks at a registry, or one
            outage would remove every replica.
        trust_roots: the digests of the trust roots of the cluster's objects that are loaded, by name.
    """
    app = Flask("bestbefore-metrics", static_folder=None)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(exposition(), content_type=CONTENT_TYPE)

    @app.get("/healthz")
    def healthz() -> Response:
        return _state(unhealthy())

    @app.get("/readyz")
    def readyz() -> Response:
        return _state(unready())

    @app.get(PAGE)
    def loaded() -> Response:
        found = {name: list(digests) for name, digests in trust_roots().items()}
        return Response(f"{json.dumps({'roots': found})}\n", content_type=_JSON)

    app.register_error_handler(HTTPException, _not_here)
    return app


def _state(problem: str) -> Response:
    return Response(f"{problem or 'ok'}\n", status=503 if problem else 200, mimetype="text/plain")


class _Questions:
    """The views of the paths, and what they share."""

    def __init__(self, batch: Batch, observation: Observation, clock: Clock) -> None:
        self._batch = batch
        self._metrics = observation.metrics
        self._log = observation.log
        self._clock = clock
        # Unique among replicas and restarts, and cheap.
        self._instance = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    def view(self, endpoint: Endpoint) -> Callable[[], Response]:
        """The function for a path."""

        def view() -> Response:
            begun = self._clock.monotonic()
            with self._metrics.in_progress.track_inprogress():
                keys = protocol.read_keys(request.get_data(cache=False))
                return self._answer(endpoint, keys, begun)

        def guarded() -> Response:
            try:
                return view()
            except RequestError as error:
                return self._refuse(endpoint, error)

        return guarded

    def refused(self, error: HTTPException) -> Response:
        """What werkzeug refuses: another path, another method, a body that is too large."""
        endpoint = _PATHS.get(request.path)
        if endpoint is None:
            return _not_here(error)
        reason = Reason.LIMIT_EXCEEDED if error.code == 413 else Reason.KEY_INVALID  # noqa: PLR2004 - HTTP's number
        response = self._refuse(endpoint, RequestError(reason, _sentence(error), error.code or 400))
        response.headers.extend(_headers(error))
        return response

    def _answer(self, endpoint: Endpoint, keys: Sequence[str], begun: float) -> Response:
        request_id = f"{self._instance}-{next(self._numbers)}"
        try:
            response = self._batch.answer(endpoint, keys)
            body = response.body()
        except Exception as error:  # noqa: BLE001 - whatever it is, Gatekeeper gets an answer
            self._log.error(Event.REQUEST_FAILED, "unexpected error", request_id=request_id, exc_info=error)
            self._metrics.request(endpoint, "failed", self._clock.monotonic() - begun)
            return Response(_failed(endpoint, keys), content_type=_JSON)
        seconds = self._clock.monotonic() - begun
        outcome = _outcome(response)
        self._metrics.request(endpoint, outcome, seconds)
        self._metrics.count_response(endpoint, response)
        record = RequestRecord(request_id, endpoint, outcome, seconds, response.results, response.worked)
        self._log.request_done(record)
        return Response(body, content_type=_JSON)

    def _refuse(self, endpoint: Endpoint, error: RequestError) -> Response:
        self._metrics.requests.labels(endpoint, "bad_request").inc()
        fields = {"endpoint": endpoint.value, "reason": error.reason.value, "problem": error.message}
        self._log.warning(Event.REQUEST_REFUSED, "a request could not be read", **fields, peer=request.remote_addr)
        return Response(protocol.refusal(error), status=error.status, content_type=_JSON)


def _outcome(response: BatchResponse) -> str:
    if any(result.item is None for result in response.results):
        return "system_error"
    return "item_errors" if any(result.reason is not None for result in response.results) else "complete"


def _failed(endpoint: Endpoint, keys: Sequence[str]) -> bytes:
    """The answer when there is none: all keys failed for now."""
    message = "the provider met something unexpected; its log has the cause"
    distinct = dict.fromkeys(keys)
    if endpoint is Endpoint.MUTATE:
        return protocol.response(protocol.error_item(key, f"{Reason.INTERNAL}: {message}") for key in distinct)
    return protocol.response((), (protocol.problem(question.ref(key), Reason.INTERNAL, message) for key in distinct))


def _not_here(error: HTTPException) -> Response:
    body = json.dumps({"error": _sentence(error)})
    response = Response(f"{body}\n", status=error.code or 400, content_type=_JSON)
    response.headers.extend(_headers(error))
    return response


def _headers(error: HTTPException) -> list[tuple[str, str]]:
    return [(name, value) for name, value in error.get_headers() if name.lower() == "allow"]


def _sentence(error: HTTPException) -> str:
    sentences = {
        404: "there is nothing at this path; Gatekeeper's are /validate, /audit and /mutate",
        405: f"{request.method} is not for this path",
        413: f"the body is larger than {limits.REQUEST_BYTES} bytes",
    }
    return sentences.get(error.code or 0, "the request cannot be read")
