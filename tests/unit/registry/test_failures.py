"""Foreign exceptions, each with its reason."""

import http.client
import inspect
import socket
import ssl

import docker_registry_client
import pytest
import requests.exceptions
import urllib3.exceptions

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import failures
from provider.registry.transport import TooLargeError, UnreachableError


def exceptions_of(module):
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Exception)
        and not issubclass(member, Warning)
        and not member.__name__.startswith("_")
        and member.__module__.partition(".")[0] in {module.__name__.partition(".")[0], "builtins"}
    ]


DEPENDENCIES = [
    *exceptions_of(urllib3.exceptions),
    *exceptions_of(requests.exceptions),
    *exceptions_of(http.client),
    *exceptions_of(ssl),
    *exceptions_of(socket),
    *exceptions_of(docker_registry_client),
]


def raised(kind):
    """An instance without calling constructors, which all want something else."""
    error = kind.__new__(kind)
    Exception.__init__(error)
    return error


@pytest.mark.parametrize("kind", sorted(set(DEPENDENCIES), key=lambda kind: (kind.__module__, kind.__name__)))
def test_every_exception_of_what_we_use_is_translated(kind):
    ours = failures.translate("reg.io", "manifest of reg.io/app", raised(kind))
    assert ours is not None, f"{kind} has no row"
    assert not ours.reason.durable


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        (urllib3.exceptions.ConnectTimeoutError, Reason.TIMEOUT, "timeout"),
        (urllib3.exceptions.ReadTimeoutError, Reason.TIMEOUT, "timeout"),
        (urllib3.exceptions.NewConnectionError, Reason.REGISTRY_UNAVAILABLE, "connection"),
        (urllib3.exceptions.SSLError, Reason.REGISTRY_UNAVAILABLE, "tls"),
        (urllib3.exceptions.ProtocolError, Reason.REGISTRY_UNAVAILABLE, "connection"),
        (requests.exceptions.ReadTimeout, Reason.TIMEOUT, "timeout"),
        (requests.exceptions.SSLError, Reason.REGISTRY_UNAVAILABLE, "tls"),
        (ssl.SSLCertVerificationError, Reason.REGISTRY_UNAVAILABLE, "tls"),
        (socket.gaierror, Reason.REGISTRY_UNAVAILABLE, "connection"),
        (TimeoutError, Reason.TIMEOUT, "timeout"),
        (ConnectionResetError, Reason.REGISTRY_UNAVAILABLE, "connection"),
    ],
)
def test_the_particular_comes_before_the_general(kind, reason, code):
    error = raised(kind)
    translated = failures.translate("reg.io", "x", error)
    assert translated is not None
    assert translated.reason is reason
    assert failures.code(error) == code


def test_no_row_is_hidden_by_one_above_it():
    kinds = [kind for kind, _, _ in failures.TABLE]
    for number, kind in enumerate(kinds):
        assert not any(issubclass(kind, above) for above in kinds[:number]), kind


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, Reason.REGISTRY_UNAVAILABLE),
        (401, Reason.UNAUTHORIZED),
        (403, Reason.UNAUTHORIZED),
        (404, Reason.NOT_FOUND),
        (408, Reason.TIMEOUT),
        (410, Reason.NOT_FOUND),
        (429, Reason.THROTTLED),
        (500, Reason.REGISTRY_UNAVAILABLE),
        (503, Reason.REGISTRY_UNAVAILABLE),
        (204, Reason.REGISTRY_UNAVAILABLE),
    ],
)
def test_every_status_has_a_reason(status, reason):
    error = failures.of_status("reg.io", "manifest of reg.io/app", status)
    assert error.reason is reason
    assert str(status) in error.message


def test_too_much_is_a_limit():
    ours = failures.translate("reg.io", "x", TooLargeError(5))
    assert ours is not None
    assert ours.reason is Reason.LIMIT_EXCEEDED
    assert ours.reason.durable


@pytest.mark.parametrize("cause", ["timeout", "connection", "name"])
def test_no_connection_is_passing(cause):
    ours = failures.translate("reg.io", "x", UnreachableError(cause))
    assert ours is not None
    assert not ours.reason.durable


def test_our_own_error_passes_unchanged():
    ours = ImageError(Reason.NOT_FOUND, "it")
    with pytest.raises(ImageError) as caught, failures.translated("reg.io", "x"):
        raise ours
    assert caught.value is ours


def test_a_defect_of_ours_is_not_called_a_fault_of_the_registry():
    with pytest.raises(KeyError), failures.translated("reg.io", "x"):
        raise KeyError("bug")


def test_the_cause_is_kept():
    with pytest.raises(ImageError) as caught, failures.translated("reg.io", "x"):
        raise OSError("secret detail")
    assert isinstance(caught.value.__cause__, OSError)
    assert "secret detail" not in str(caught.value)
