"""The transport's errors and HTTP's statuses, each with its reason."""

import pytest

from provider.errors import ImageError
from provider.reasons import EXPLANATIONS, Reason
from provider.registry import failures
from provider.registry.transport import transport
from provider.registry.transport.transport import (
    BrokenError,
    Cause,
    SilentError,
    TLSError,
    TooLargeError,
    TransportError,
    UnreachableError,
)

ERRORS = [
    (UnreachableError(Cause.NAME), Reason.REGISTRY_UNAVAILABLE, "its name was not found", "connection"),
    (UnreachableError(Cause.CONNECTION), Reason.REGISTRY_UNAVAILABLE, "the connection was refused", "connection"),
    (UnreachableError(Cause.TIMEOUT), Reason.TIMEOUT, "no connection within the time", "timeout"),
    (UnreachableError(Cause.BUDGET), Reason.TIMEOUT, "the time was over before a connection was made", "timeout"),
    (SilentError(own=True), Reason.TIMEOUT, "it did not answer in time", "timeout"),
    (SilentError(own=False), Reason.TIMEOUT, "it did not answer in time", "timeout"),
    (BrokenError("the answer was cut short"), Reason.REGISTRY_UNAVAILABLE, "the answer was cut short", "connection"),
    (TLSError("remote words"), Reason.REGISTRY_UNAVAILABLE, "its certificate is not trusted", "tls"),
    (TooLargeError(100), Reason.REGISTRY_UNAVAILABLE, "sends more than 100 bytes", "connection"),
    (TransportError("remote words"), Reason.REGISTRY_UNAVAILABLE, "is no HTTP", "connection"),
]


@pytest.mark.parametrize(("error", "reason", "sentence", "code"), ERRORS)
def test_every_failure_has_its_reason_its_sentence_and_its_label(error, reason, sentence, code):
    ours = failures.of_transport("reg.io", "manifest of reg.io/app", error)
    assert ours.reason is reason
    assert not ours.reason.durable
    assert ours.message.startswith("manifest of reg.io/app: reg.io")
    assert sentence in ours.message
    assert "remote words" not in ours.message
    assert failures.code(error) == code


def test_every_kind_of_failure_stands_here():
    kinds = {kind for kind in vars(transport).values() if isinstance(kind, type) and issubclass(kind, TransportError)}
    assert kinds == {type(error) for error, *_ in ERRORS}
    assert set(Cause) == {error.cause for error, *_ in ERRORS if isinstance(error, UnreachableError)}


def test_refused_connection_is_told_apart_from_one_that_merely_failed():
    unconnected = [error for error, *_ in ERRORS if failures.of_transport("reg.io", "x", error).unconnected]
    assert [error.cause for error in unconnected] == [Cause.CONNECTION]


def test_something_that_came_and_is_unfit_is_told_apart_from_nothing():
    unfit = [error for error, *_ in ERRORS if failures.of_transport("reg.io", "x", error).unfit]
    assert [type(error) for error in unfit] == [TooLargeError]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (101, Reason.REGISTRY_UNAVAILABLE),
        (204, Reason.REGISTRY_UNAVAILABLE),
        (400, Reason.REGISTRY_UNAVAILABLE),
        (401, Reason.UNAUTHORIZED),
        (402, Reason.PULL_REFUSED),
        (403, Reason.UNAUTHORIZED),
        (404, Reason.NOT_FOUND),
        (408, Reason.TIMEOUT),
        (410, Reason.NOT_FOUND),
        (412, Reason.PULL_REFUSED),
        (429, Reason.THROTTLED),
        (451, Reason.PULL_REFUSED),
        (500, Reason.REGISTRY_UNAVAILABLE),
        (503, Reason.REGISTRY_UNAVAILABLE),
        (999, Reason.REGISTRY_UNAVAILABLE),
    ],
)
def test_every_status_has_a_reason(status, reason):
    error = failures.of_status("reg.io", "manifest of reg.io/app", status)
    assert error.reason is reason
    assert not error.reason.durable
    assert error.message.startswith("manifest of reg.io/app: reg.io ")
    assert f"(status {status})" in error.message


def test_registrys_policy_is_nothing_that_a_retry_changes():
    assert "retry" not in EXPLANATIONS[Reason.PULL_REFUSED].remedy.lower()
    assert not EXPLANATIONS[Reason.PULL_REFUSED].no_answer


@pytest.mark.parametrize("status", [404, 410])
def test_token_service_that_is_not_there_says_nothing_of_the_image(status):
    error = failures.of_token_status("auth.io", "token for reg.io/app", status)
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert f"the token service auth.io is not where the registry says (status {status})" in error.message


@pytest.mark.parametrize(("reason", "code"), [(Reason.ADDRESS_REFUSED, "refused"), (Reason.OVERLOADED, "connection")])
def test_refusal_of_ours_has_a_label_of_its_own(reason, code):
    assert failures.code(ImageError(reason, "x")) == code


def test_defect_is_labelled_too():
    assert failures.code(KeyError("bug")) == "connection"


@pytest.mark.parametrize(("renewal", "reason"), [(True, Reason.UNAUTHORIZED), (False, Reason.REGISTRY_UNAVAILABLE)])
def test_identity_token_that_is_taken_no_more_is_a_no_and_no_fault_of_the_service(renewal, reason):
    error = failures.of_token_status("auth.io", "token for reg.io/app", 400, renewal=renewal)
    assert (error.reason, error.away) == (reason, False)
