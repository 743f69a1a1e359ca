"""Gatekeeper's wire: what a ProviderRequest asks, what a ProviderResponse says.

Source: `externaldata.gatekeeper.sh/v1beta1` of the Gatekeeper constraint framework (`pkg/externaldata`). Items arrive
here as finished bytes, so that an answer which is given twice is encoded once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from provider import json_weight, limits
from provider.errors import ImageError, RequestError
from provider.reasons import Reason

API_VERSION: Final = "externaldata.gatekeeper.sh/v1beta1"
_REQUEST: Final = "ProviderRequest"
_HEAD: Final = (
    f'{{"apiVersion":"{API_VERSION}","kind":"ProviderResponse","response":{{"idempotent":true,"items":['.encode()
)

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def read_keys(body: bytes) -> list[str]:
    """The keys of a ProviderRequest, as sent: in order, repeated ones included, possibly none.

    Fields that this version does not know are ignored, because they may be a newer Gatekeeper's.

    Raises:
        RequestError: the body is no JSON, no ProviderRequest of this version, or its keys are too many or no strings.
    """
    request = _object(_document(body).get("request"), "request")
    # Go leaves an empty list out (`omitempty`) or writes null.
    keys = request.get("keys")
    if keys is None:
        return []
    if not isinstance(keys, list):
        raise _unreadable(f"`request.keys` is {_kind(keys)}, not a list of strings")
    if len(keys) > limits.REQUEST_KEYS:
        message = f"the request has {len(keys)} keys; {limits.REQUEST_KEYS} at most are answered at a time"
        raise RequestError(Reason.LIMIT_EXCEEDED, message, 413)
    for number, key in enumerate(keys):
        if not isinstance(key, str):
            raise _unreadable(f"`request.keys[{number}]` is {_kind(key)}, not a string")
    return keys


def item(key: str, value: object) -> bytes:
    """An answered key.

    Raises:
        ValueError: the value holds a number that JSON has not (NaN, an infinity).
        RecursionError: the value is nested too deeply.
    """
    return f'{{"key":{_encode(key)},"value":{_encode(value)}}}'.encode()


def answer_item(key: str, value: object, most: int = limits.ITEM_BYTES) -> bytes:
    """An answered key, within the limits that hold for what Gatekeeper has to keep.

    Args:
        key: that was asked.
        value: its answer.
        most: bytes that it may have.

    Raises:
        ImageError: the answer is too large, or cannot be written down.
    """
    try:
        encoded = item(key, value)
    except ValueError as error:
        raise ImageError(Reason.CONTENT_INVALID, "the image's configuration has a number that JSON has not") from error
    except RecursionError as error:
        raise ImageError(Reason.LIMIT_EXCEEDED, "the image's configuration is nested too deeply") from error
    if len(encoded) > most:
        message = f"the answer has {len(encoded)} bytes, more than the {most} that one image may take"
        raise ImageError(Reason.LIMIT_EXCEEDED, message)
    return encoded


def error_item(key: str, error: str) -> bytes:
    """A key that has no answer, for good: Gatekeeper keeps this as it keeps an answer."""
    return f'{{"key":{_encode(key)},"error":{_encode(error)}}}'.encode()


def problem(ref: str, reason: Reason, message: str, detail: str = "", passed_over: int | None = None) -> str:
    """A key that has no answer for now: one member of the object that `systemError` holds.

    Args:
        ref: the key's short name.
        reason: see `BestbeforeError`.
        message: see `BestbeforeError`.
        detail: see `BestbeforeError`; left out when it is empty.
        passed_over: see `BestbeforeError`; left out when it is None, and not when it is 0.
    """
    more: dict[str, str | int] = {"detail": detail} if detail else {}
    if passed_over is not None:
        more["passedOver"] = passed_over
    return f'"{ref}":{_encode({"reason": reason, "message": message, **more})}'


def response(items: Iterable[bytes], problems: Iterable[str] = ()) -> bytes:
    """A ProviderResponse.

    Args:
        items: what `item` and `error_item` made.
        problems: what `problem` made; `systemError` is one string, so they travel in it as a JSON object.
    """
    system_error = ",".join(problems)
    return _response(items, f"{{{system_error}}}" if system_error else "")


def refusal(error: RequestError) -> bytes:
    """The ProviderResponse to a request that could not be read: a sentence, because there are no keys to name."""
    return _response((), str(error))


def _response(items: Iterable[bytes], system_error: str) -> bytes:
    return b"".join((_HEAD, b",".join(items), b'],"systemError":', _encode(system_error).encode(), b"}}"))


def _document(body: bytes) -> dict[str, Any]:
    try:
        json_weight.check(body, limits.REQUEST_PARTS)
        document = json.loads(body)
    except json_weight.WeightError as error:
        raise RequestError(Reason.LIMIT_EXCEEDED, f"the body holds too much: {error}", 413) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable("the body is no JSON") from error
    fields = _object(document, "the body")
    version, kind = fields.get("apiVersion"), fields.get("kind")
    if version != API_VERSION:
        raise _unreadable(f"`apiVersion` is {_shown(version)}; this provider speaks {API_VERSION!r}")
    if kind != _REQUEST:
        raise _unreadable(f"`kind` is {_shown(kind)}, not {_REQUEST!r}")
    return fields


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        shown = name if name == "the body" else f"`{name}`"
        raise _unreadable(f"{shown} is {_kind(value)}, not an object")
    return value


def _unreadable(message: str) -> RequestError:
    return RequestError(Reason.KEY_INVALID, message, 400)


def _kind(value: object) -> str:
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),
        ((int, float), "a number"),
        (str, "a string"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "missing or null")


def _shown(value: object) -> str:
    return repr(value[: limits.SHOWN_CHARACTERS]) if isinstance(value, str) else _kind(value)
