"""References to keys in a key management system: what the webhook accepts of them."""

from __future__ import annotations

import re
from typing import Final

from gatekeeper.policy.kms_reference import AMAZON, PROVIDERS, parse

_ID: Final = r"m?r?k?-?[A-Fa-f0-9]{8}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{12}"
_ARN: Final = r"arn:(?:aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:[0-9]{12}:"
# Key id, key ARN, alias, alias ARN. `.` is Go's: no newline.
_AWS_FORMS: Final = re.compile(rf"awskms://[^/]*/(?:{_ID}|{_ARN}key/{_ID}|alias/[^\n]*|{_ARN}alias/[^\n]*)")
_AWS_SHORT: Final = (
    "malformed AWS KMS format 'awskms://$ENDPOINT/$KEYID', should be conformant with KMS standard documented here: "
    "https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id"
)
_AWS_FORMAT: Final = "kms key should be in the format awskms://[ENDPOINT]/[ID/ALIAS/ARN] (endpoint optional)"
_AWS_PARTS: Final = 4
_ARN_SECTIONS: Final = 6


def problem(reference: str) -> str:
    """Why a reference is refused, in the webhook's words; empty when it is not."""
    if not reference.startswith(PROVIDERS):
        return f"malformed KMS format, should be prefixed by any of the supported providers: [{' '.join(PROVIDERS)}]"
    return _aws_fault(reference) if reference.startswith(AMAZON) else ""


def own_problem(reference: str) -> str:
    """Why no key can ever be found by a reference that the webhook takes; empty when one can."""
    try:
        parse(reference)
    except ValueError as error:
        return str(error)
    return ""


def _aws_fault(reference: str) -> str:
    parts = reference.split("/")
    if len(parts) < _AWS_PARTS:
        return _AWS_SHORT
    endpoint, key = parts[2], parts[3]
    if not _AWS_FORMS.fullmatch(reference) or endpoint.startswith(("arn", "alias")):
        return _AWS_FORMAT
    if endpoint and (problem := _endpoint_fault(endpoint)):
        return f"malformed endpoint: address {endpoint}: {problem}"
    return _arn_fault(key)


def _endpoint_fault(endpoint: str) -> str:
    """Why the text is no HOST:PORT, in Go's words."""
    if ":" not in endpoint:
        return "missing port in address"
    if endpoint.startswith("["):
        return _bracketed_fault(endpoint)
    host, _, _ = endpoint.rpartition(":")
    if ":" in host:
        return "too many colons in address"
    return _stray_bracket(endpoint, endpoint)


def _bracketed_fault(endpoint: str) -> str:
    end = endpoint.find("]")
    if end < 0:
        return "missing ']' in address"
    rest = endpoint[end + 1 :]
    if not rest.startswith(":"):
        return "missing port in address"
    if ":" in rest[1:]:
        return "too many colons in address"
    return _stray_bracket(endpoint[1:], rest)


def _stray_bracket(host: str, rest: str) -> str:
    for bracket, text in (("[", host), ("]", rest)):
        if bracket in text:
            return f"unexpected '{bracket}' in address"
    return ""


def _arn_fault(key: str) -> str:
    """Only ARNs work: an id or alias alone needs a region that nobody gave."""
    sections = key.split(":", _ARN_SECTIONS - 1)
    if sections[0] != "arn":
        problem = "arn: invalid prefix"
    elif len(sections) < _ARN_SECTIONS:
        problem = "arn: not enough sections"
    else:
        return ""
    return f"failed to parse either key or alias arn: {problem}"
