"""What people should know where an image that is asked about as its Pod pulls it cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provider.errors import ImageError
from provider.questions.question import Question
from provider.reasons import Reason
from provider.registry.candidates import REFUSALS, Candidates
from provider.registry.credentials.credentials import Credentials

_OF_RIGHTS: Final = REFUSALS | {Reason.SIGNATURE_ABSENT}


def remark(error: ImageError, asked: Question | None, credentials: Credentials) -> None:
    """Say in an error which pull secrets were tried, which could not be used, and why; names, never what they hold."""
    if asked is not None and asked.puller is not None and error.reason in _OF_RIGHTS:
        error.detail = "; ".join(filter(None, (error.detail, *_remarks(asked.puller.namespace, credentials))))


def _remarks(namespace: str, credentials: Credentials) -> Sequence[str]:
    if isinstance(credentials, Candidates):
        return credentials.remarks
    return (f"asked without the pull secrets of namespace {namespace}: they are not read here",)
