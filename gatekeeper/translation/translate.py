"""ClusterImagePolicies to what Gatekeeper takes: ConstraintTemplates and Constraints, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.policy import support
from gatekeeper.policy.document import Document
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.policy.problems import PolicyError, Problem
from gatekeeper.translation import constraint, library, names, template
from gatekeeper.translation.policy_rule import PolicyRule, RegoChecker, compiled
from gatekeeper.translation.template import Source
from provider.version import VERSION

POLICY_ANNOTATION: Final = "bestbefore.dev/cluster-image-policy"
VERSION_ANNOTATION: Final = "bestbefore.dev/translator-version"
DIGEST_ANNOTATION: Final = "bestbefore.dev/policy-digest"


@dataclass(frozen=True)
class Translation:
    """What one policy becomes.

    Attributes:
        policy: its name.
        template: the ConstraintTemplate; shared by all policies without a rule of their own.
        constraints: its Constraint, and the twin that warns where it has one.
    """

    policy: str
    template: Mapping[str, Any]
    constraints: tuple[Mapping[str, Any], ...]


def translate(
    policies: Sequence[ClusterImagePolicy],
    checker: RegoChecker | None = None,
    documents: Mapping[str, Document] | None = None,
) -> tuple[Translation, ...]:
    """Translate policies, in their order.

    Args:
        policies: valid ones.
        checker: compiles the policies' rules, so that what OPA would refuse is found here and not in the cluster.
        documents: where each policy came from, by its name, so that problems name the file.

    Raises:
        PolicyError: what is not supported or cannot be carried over, every problem of every policy at once.
    """
    problems = list(_problems(policies, checker))
    if problems:
        known = documents or {}
        raise PolicyError(known[name].locate(each) if name in known else each for name, each in problems)
    translations = tuple(_translation(policy) for policy in policies)
    _refuse_shared_names(translations)
    return translations


def coverage(policies: Sequence[ClusterImagePolicy], action: str) -> Translation:
    """What denies (`deny`) or warns of (`warn`) images that no policy covers."""
    main = library.module("template_coverage")
    source = Source(main.text, tuple(each.text for each in library.with_imports(main)))
    annotations = {VERSION_ANNOTATION: VERSION}
    return Translation(
        "",
        template.document(constraint.COVERAGE_KIND, source, annotations, template.coverage_schema()),
        (constraint.coverage_document(policies, action, annotations),),
    )


def objects(translations: Sequence[Translation]) -> tuple[Mapping[str, Any], ...]:
    """The objects to apply: templates first, each once, then Constraints."""
    templates = {each.template["metadata"]["name"]: each.template for each in translations}
    return (*templates.values(), *(made for each in translations for made in each.constraints))


def _problems(policies: Sequence[ClusterImagePolicy], checker: RegoChecker | None) -> Iterator[tuple[str, Problem]]:
    """What stands in the way of each policy, with its name; a rule is compiled only when nothing else does."""
    rules = []
    refused = False
    for policy in policies:
        found = [*support.unsupported(policy), *constraint.problems(policy)]
        if policy.spec.policy is not None and not found:
            rules.append(PolicyRule.of(policy))
            found = list(rules[-1].problems())
        refused = refused or bool(found)
        yield from ((policy.name, each) for each in found)
    if not refused and checker is not None:
        yield from compiled(rules, checker)


def _translation(policy: ClusterImagePolicy) -> Translation:
    annotations = {
        POLICY_ANNOTATION: policy.name,
        VERSION_ANNOTATION: VERSION,
        DIGEST_ANNOTATION: _digest(policy),
    }
    if policy.spec.policy is None:
        kind = names.SHARED_KIND
        # The same bytes for every policy: nothing in it names one.
        made = template.document(kind, template.shared_source(), {VERSION_ANNOTATION: VERSION})
    else:
        carried = PolicyRule.of(policy)
        kind = carried.kind
        made = template.document(kind, carried.source(), annotations)
    return Translation(policy.name, made, constraint.documents(policy, kind, annotations))


def _digest(policy: ClusterImagePolicy) -> str:
    """What the translation depends on, as a digest: a change of it is a change of the policy."""
    text = policy.spec.policy.data if policy.spec.policy else ""
    content = json.dumps([constraint.parameters(policy), policy.spec.mode, text], sort_keys=True)
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def _refuse_shared_names(translations: Sequence[Translation]) -> None:
    taken: dict[tuple[str, str], str] = {}
    for policy, made in ((each.policy, made) for each in translations for made in each.constraints):
        name = (str(made["kind"]), str(made["metadata"]["name"]))
        other = taken.setdefault(name, policy)
        if other != policy:
            sentence = f"the policies {other} and {policy} would become one Constraint {name[1]}; rename one"
            raise PolicyError([Problem(path="metadata.name", message=sentence)])
