"""Requests as steps of an answer."""

from __future__ import annotations

from typing import Final

from provider.errors import ImageError
from provider.observer import Operation
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.content import media_types
from provider.registry.errand import Errand, Outcome
from provider.registry.quota.rate_limit import RateLimit
from provider.registry.transport.transport import Request, Response
from provider.steps import AnswerStep, StepTarget, milliseconds

_TOO_MANY_REQUESTS: Final = 429
_TARGETS: Final = {
    Operation.TOKEN: StepTarget.TOKEN,
    Operation.RESOLVE: StepTarget.MANIFEST,
    Operation.MANIFEST: StepTarget.MANIFEST,
    Operation.BLOB: StepTarget.BLOB,
    Operation.REFERRERS: StepTarget.REFERRERS,
    Operation.TAGS: StepTarget.TAGS,
}
NOBODY: Final = "anonymous"


def of(  # noqa: PLR0913, PLR0917 - what is known of a request
    request: Request, errand: Errand, call: Call, outcome: Outcome, seconds: float, left: RateLimit | None
) -> AnswerStep:
    """A request that was sent."""
    response = outcome.response
    reason = outcome.reason
    if response is not None and response.status == _TOO_MANY_REQUESTS:
        reason = Reason.THROTTLED
    return AnswerStep(
        asked=_target(errand, response),
        purpose=call.purpose,
        what=errand.what,
        source=errand.source,
        host=request.origin.authority,
        method=request.method,
        trip=call.round_trips,
        bytes=len(response.body) if response is not None else 0,
        ms=milliseconds(seconds),
        account=request.account or NOBODY,
        status=response.status if response is not None else None,
        reason=reason or "",
        remaining=left.remaining if left is not None else None,
    )


def held_back(request: Request, errand: Errand, call: Call, error: ImageError) -> AnswerStep:
    """A request that was not sent, because the registry is left alone or others come first."""
    return AnswerStep(
        asked=_TARGETS[errand.operation],
        purpose=call.purpose,
        what=errand.what,
        source=errand.source,
        host=request.origin.authority,
        method=request.method,
        reason=error.reason,
    )


def _target(errand: Errand, response: Response | None) -> StepTarget:
    target = _TARGETS[errand.operation]
    if target is StepTarget.MANIFEST and response is not None:
        return document(response.header("content-type"))
    return target


def document(media_type: str) -> StepTarget:
    """What a document is, by what it is called."""
    return StepTarget.INDEX if media_types.essence(media_type) in media_types.INDEXES else StepTarget.MANIFEST
