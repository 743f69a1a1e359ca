"""Label selectors, as Kubernetes checks them.

The webhook lets a bad one through, and then every image is denied; it is a problem of the policy, so it is reported as
one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gatekeeper.policy.model import LabelSelector, LabelSelectorRequirement
from provider.golang.strconv import quoted

WITH_VALUES: Final = ("In", "NotIn")
WITHOUT_VALUES: Final = ("Exists", "DoesNotExist")
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_NAME_CHARACTERS: Final = 63
_DOMAIN_CHARACTERS: Final = 253


def problems(selector: LabelSelector) -> Iterator[tuple[str, str]]:
    """What is wrong with a selector: the path within it, and a sentence."""
    for key, value in selector.match_labels.items():
        if sentence := key_fault(key) or value_fault(value):
            yield f"matchLabels.{key}", sentence
    for index, requirement in enumerate(selector.match_expressions):
        for name, sentence in _requirement_problems(requirement):
            yield f"matchExpressions[{index}].{name}", sentence


def _requirement_problems(requirement: LabelSelectorRequirement) -> Iterator[tuple[str, str]]:
    if sentence := key_fault(requirement.key):
        yield "key", sentence
    if requirement.operator in WITH_VALUES:
        if not requirement.values:
            yield "values", "for 'in', 'notin' operators, values set can't be empty"
    elif requirement.operator in WITHOUT_VALUES:
        if requirement.values:
            yield "values", "values set must be empty for exists and does not exist"
    else:
        yield "operator", f"{quoted(requirement.operator)} is not a valid label selector operator"
    for index, value in enumerate(requirement.values):
        if sentence := value_fault(value):
            yield f"values[{index}]", sentence


def key_fault(key: str) -> str:
    """Why a text is no label's key; empty when it is one."""
    prefix, slash, name = key.rpartition("/")
    if slash and not (_DOMAIN.fullmatch(prefix) and len(prefix) <= _DOMAIN_CHARACTERS):
        return f"{quoted(key)} is no label key: what stands before the slash must be a lower-case domain name"
    if not _NAME.fullmatch(name) or len(name) > _NAME_CHARACTERS:
        return (
            f"{quoted(key)} is no label key: it must be 1 to {_NAME_CHARACTERS} letters, digits, '-', '_' or '.', "
            "with a letter or digit at either end"
        )
    return ""


def value_fault(value: str) -> str:
    """Why a text is no label's value; empty when it is one."""
    if not value or (_NAME.fullmatch(value) and len(value) <= _NAME_CHARACTERS):
        return ""
    return (
        f"{quoted(value)} is no label value: it must be at most {_NAME_CHARACTERS} letters, digits, '-', '_' or '.', "
        "with a letter or digit at either end"
    )


def name_fault(name: str) -> str:
    """Why a text is no object's name (RFC 1123 subdomain), in the API server's words; empty when it is one."""
    if len(name) > _DOMAIN_CHARACTERS:
        return f"must be no more than {_DOMAIN_CHARACTERS} characters"
    if _DOMAIN.fullmatch(name):
        return ""
    return (
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        "and end with an alphanumeric character"
    )
