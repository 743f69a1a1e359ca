"""The errors of the provider.

BestbeforeError         root: carries a reason and one sentence
├── ImageError          no answer about this image; durable or passing by its reason
├── QuestionError       the key itself is wrong: the template author's
├── RequestError        the body is no ProviderRequest: whoever sent it
├── SettingsError       bad settings, every problem at once: the administrator's
└── FileError           a file of a setting that cannot be used: the administrator's
"""

from __future__ import annotations

from collections.abc import Sequence

from provider.reasons import Reason


class BestbeforeError(Exception):
    """Something a person can act on.

    Attributes:
        reason: the stable code.
        message: one lower-case sentence, without control characters and without secrets.
        detail: what people read beside it, where upstream's words are the message; empty for nothing.
        passed_over: where signatures, or attestations, prove nothing: how many of them nobody looked at; None where
            that is not known, and of any other error.
    """

    detail = ""
    passed_over: int | None = None

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class ImageError(BestbeforeError):
    """There is no answer about an image, for good or for now (`reason.durable`).

    Attributes:
        unconnected: whether a registry refused the connection, or there is no way to it.
        unfit: whether something came that is not what was asked for, rather than nothing.
        away: whether a registry is away: no connection, no answer, an error of its own (5xx), or 429.
        audit_only: whether it is so for audit alone: an admission that asks the same may have an answer.
    """

    def __init__(  # noqa: PLR0913 - what is to be known of a failure
        self,
        reason: Reason,
        message: str,
        *,
        unconnected: bool = False,
        unfit: bool = False,
        audit_only: bool = False,
        away: bool = False,
        detail: str = "",
        passed_over: int | None = None,
    ) -> None:
        super().__init__(reason, message)
        self.unconnected = unconnected
        self.unfit = unfit
        self.audit_only = audit_only
        self.away = away
        self.detail = detail
        self.passed_over = passed_over

    def again(self) -> ImageError:
        """The same, to be raised elsewhere: tracebacks of several waiters must not grow on one object."""
        return ImageError(
            self.reason,
            self.message,
            unconnected=self.unconnected,
            unfit=self.unfit,
            audit_only=self.audit_only,
            away=self.away,
            detail=self.detail,
            passed_over=self.passed_over,
        )


class QuestionError(BestbeforeError):
    """A key is neither a reference nor a question (`KeyInvalid`), or is of another version (`QuestionUnsupported`)."""


class RequestError(BestbeforeError):
    """A body from which no keys can be read.

    Attributes:
        status: the HTTP status that says so, 400 to 499.
    """

    def __init__(self, reason: Reason, message: str, status: int) -> None:
        super().__init__(reason, message)
        self.status = status


class SettingsError(Exception):
    """Settings that cannot be used.

    Attributes:
        problems: every problem found, each naming the setting, where it came from and what is wrong.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class FileError(Exception):
    """A file that a setting names and that cannot be used; the message is one sentence, without the file's name.

    Attributes:
        unread: whether nobody could read it, so that it may be another thing the next time though it did not change.
    """

    def __init__(self, message: str, *, unread: bool = False) -> None:
        super().__init__(message)
        self.unread = unread
