"""What a rule reads of its input and is never given: `input.spec` without `includeSpec: true`.

The input of an attestation's rule is the statement alone, so there it is whatever is no field of a statement.
Such a place is undefined whatever the object says. Where the rule asks for its absence (`not input.spec.hostNetwork`),
everything passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from gatekeeper.documents.problems import Problem, Severity
from gatekeeper.policy.model import ClusterImagePolicy, Policy
from gatekeeper.translation.policy_rule import RULE_PATH
from gatekeeper.translation.policy_text import CUE
from gatekeeper.translation.tokens import Token, TokenKind, tokens

_INPUT: Final = "input"
# The fields of the input, with what asks for each; upstream always gives the first.
_ALWAYS: Final = "authorityMatches"
_FLAGS: Final = {
    "config": "fetchConfigFile",
    "spec": "includeSpec",
    "metadata": "includeObjectMeta",
    "typemeta": "includeTypeMeta",
}


# The fields of a statement (in-toto Statement v1), which is all that an attestation's rule is given.
_STATEMENT: Final = ("_type", "predicateType", "subject", "predicate")


def warnings(policy: ClusterImagePolicy) -> Iterator[Problem]:
    """The fields of the input that a policy's rules read and are never given, each once a rule."""
    rule = policy.spec.policy
    if rule is not None and rule.type != CUE:
        yield from _told(RULE_PATH, rule.data, partial(_of_image, rule))
    for number, authority in enumerate(policy.spec.authorities):
        for index, each in enumerate(authority.attestations):
            if each.policy is not None and each.policy.type != CUE:
                path = f"spec.authorities[{number}].attestations[{index}].policy.data"
                yield from _told(path, each.policy.data, _of_statement)


def _told(path: str, text: str, sentence_of: Callable[[str], str]) -> Iterator[Problem]:
    told: set[str] = set()
    for field, line in _fields(text):
        sentence = "" if field in told else sentence_of(field)
        told.add(field)
        if sentence:
            yield Problem(path, sentence, Severity.WARNING, fields=(path,), text_line=line)


def _of_image(rule: Policy, field: str) -> str:
    """What there is to say of a field that `spec.policy` reads; empty where it is given."""
    if field == _ALWAYS:
        return ""
    if field not in _FLAGS:
        return f"the rule reads `{_INPUT}.{field}`, which is never there; there are {_listed((_ALWAYS, *_FLAGS))}"
    given = {
        "config": rule.fetch_config_file,
        "spec": rule.include_spec,
        "metadata": rule.include_object_meta,
        "typemeta": rule.include_type_meta,
    }
    return (
        "" if given[field] else f"the rule reads `{_INPUT}.{field}`, which is not there without `{_FLAGS[field]}: true`"
    )


def _of_statement(field: str) -> str:
    """What there is to say of a field that an attestation's rule reads; empty where it is given."""
    if field in _STATEMENT:
        return ""
    elsewhere = "; a rule of `spec.policy` can read it" if field in (_ALWAYS, *_FLAGS) else ""
    return (
        f"the rule of an attestation reads `{_INPUT}.{field}`, which is never there; "
        f"of a statement there are {_listed(_STATEMENT)}{elsewhere}"
    )


def _listed(fields: Sequence[str]) -> str:
    return ", ".join(f"`{_INPUT}.{each}`" for each in fields)


def _fields(text: str) -> Iterator[tuple[str, int]]:
    """Each `input.field` and `input["field"]`, with its line."""
    code: Sequence[Token] = [token for token in tokens(text) if token.kind is not TokenKind.NEWLINE]
    for before, token, mark, following in zip([None, *code], code, code[1:], code[2:], strict=False):
        if token.text != _INPUT or token.end != mark.start or (before is not None and before.text == "."):
            continue
        if mark.text == "." and following.kind is TokenKind.WORD:
            yield following.text, token.line
        elif mark.text == "[" and following.kind in {TokenKind.STRING, TokenKind.RAW_STRING}:
            yield following.text[1:-1], token.line
