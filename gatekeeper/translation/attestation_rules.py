"""The rules of attestations: each text of a policy a library of its template, and the lines that evaluate it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.policy.model import Attestation, ClusterImagePolicy
from gatekeeper.translation import names, policy_text, rule
from provider.questions.config_paths import ConfigPaths

# Who writes the text of one rule, as a ConfigMap, must not find one that is named as the rule beside it.
_NAME_CHARACTERS: Final = 32
# The lines of the templates in rego/ that change where there are such rules.
_IMAGES: Final = re.compile(r"cip\.images\((input\.parameters, input\.review, \w+)\)")
_ANSWERED: Final = "_answered := answers.taken("
_LAST_IMPORT: Final = "import data.lib.bestbefore.pinning\n"


class TemplateError(Exception):
    """A template without the lines that are to be changed: the installation is damaged."""


@dataclass(frozen=True)
class AttestationRule:
    """A rule of an attestation, carried over.

    Attributes:
        name: by which parameters and template know it; made of the text, so that another text has another name.
        attestation: the name of the first attestation that has it, for messages.
        path: of its text in the policy.
        given: as its author wrote it.
        library: as a library of the template.
        language: the text's, `rego` or `cue`.
    """

    name: str
    attestation: str
    path: str
    given: str
    library: rule.RuleLibrary
    language: str = "rego"


def name_of(attestation: Attestation) -> str:
    """The name of an attestation's rule; empty where it has none."""
    if attestation.policy is None:
        return ""
    # Text that is of another language is another rule.
    language = "cue\n" if attestation.policy.type == policy_text.CUE else ""
    text = language + attestation.policy.data
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"attestation_{digest[:_NAME_CHARACTERS]}"


def package_of(kind: str, name: str) -> str:
    """The package that a rule is carried over to; no template has a name with a low line."""
    return f"lib.policies.{names.template_name(kind)}_{name}"


def rules_of(policy: ClusterImagePolicy, kind: str) -> tuple[AttestationRule, ...]:
    """The rules of a policy's attestations, each text once."""
    return tuple({each.name: each for each in reversed(list(_rules(policy, kind)))}.values())[::-1]


def _rules(policy: ClusterImagePolicy, kind: str) -> Iterator[AttestationRule]:
    for number, authority in enumerate(policy.spec.authorities):
        for index, each in enumerate(authority.attestations):
            if each.policy is not None:
                path = f"spec.authorities[{number}].attestations[{index}].policy.data"
                name, text = name_of(each), each.policy.data
                carried = policy_text.library_of(each.policy, package_of(kind, name))
                yield AttestationRule(name, each.name, path, text, carried, each.policy.type)


def with_rules(
    main: str, kind: str, rules: Sequence[AttestationRule], read: Mapping[str, ConfigPaths | None] | None = None
) -> str:
    """The main text of a template that evaluates these rules.

    Args:
        main: the text without them.
        kind: the template's Kind.
        rules: of the policy's attestations.
        read: by rule, the parts of a statement that it reads; None for all of it.

    Raises:
        TemplateError: the text is not the one that this was made for.
    """
    text, images = _IMAGES.subn(r"attestations.images(input.parameters, cip.images(\1), _statements)", main)
    if images != 1 or text.count(_ANSWERED) != 1 or text.count(_LAST_IMPORT) != 1:
        raise TemplateError(kind)
    imports = "import data.lib.bestbefore.attestations\n"
    imports += "".join(f"import data.{package_of(kind, each.name)} as {each.name}\n" for each in rules)
    text = text.replace(_LAST_IMPORT, _LAST_IMPORT + imports)
    statements = {each.name: _paths((read or {}).get(each.name)) for each in rules}
    return text.replace(_ANSWERED, "_said := answers.taken(") + _LINES.format(
        statements=json.dumps(statements),
        values="\n\n".join(_VALUES.format(name=each.name) for each in rules),
    )


def _paths(read: ConfigPaths | None) -> object:
    return True if read is None else read.to_json()


_VALUES: Final = '_values_of("{name}", statement) := [value | value := {name}.isCompliant with input as statement]'
_LINES: Final = """
# The parts of a statement that each rule reads, as the translator has proved; true is all of it.
_statements := {statements}

_answered := attestations.evaluated(_said, _attested)

# What the rules of attestations come to, by key, rule and place of the statement; of statements by those who count.
_attested := {{key: by_rule |
	some key, rules in cip.attested(input.parameters, _images, _said)
	by_rule := {{rule: by_place |
		some rule, places in rules
		by_place := {{place: values |
			some place in places
			values := _values_of(rule, _said[key].value.proofs[place].attestation.statement)
		}}
	}}
}}

{values}
"""
