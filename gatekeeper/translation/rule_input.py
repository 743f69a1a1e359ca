"""What a rule reads of its input and is never given: `input.spec` without `includeSpec: true`.

Such a place is undefined whatever the object says. Where the rule asks for its absence (`not input.spec.hostNetwork`),
everything passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.documents.problems import Problem, Severity
from gatekeeper.policy.model import ClusterImagePolicy, Policy
from gatekeeper.translation.policy_rule import RULE_PATH
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


def warnings(policy: ClusterImagePolicy) -> Iterator[Problem]:
    """The fields of the input that a policy's rule reads and is never given, each once."""
    rule = policy.spec.policy
    if rule is None:
        return
    told: set[str] = set()
    for field, line in _fields(rule.data):
        sentence = "" if field in told else _sentence(rule, field)
        told.add(field)
        if sentence:
            yield Problem(RULE_PATH, sentence, Severity.WARNING, fields=(RULE_PATH,), text_line=line)


def _sentence(rule: Policy, field: str) -> str:
    if field == _ALWAYS:
        return ""
    if field not in _FLAGS:
        known = ", ".join(f"`{_INPUT}.{each}`" for each in (_ALWAYS, *_FLAGS))
        return f"the rule reads `{_INPUT}.{field}`, which is never there; there are {known}"
    given = {
        "config": rule.fetch_config_file,
        "spec": rule.include_spec,
        "metadata": rule.include_object_meta,
        "typemeta": rule.include_type_meta,
    }
    return (
        "" if given[field] else f"the rule reads `{_INPUT}.{field}`, which is not there without `{_FLAGS[field]}: true`"
    )


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
