"""ClusterImagePolicies to what Gatekeeper takes: ConstraintTemplates and Constraints, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.policy import support
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.translation import authority_parameters, constraint, library, marks, names, template
from gatekeeper.translation.policy_rule import (
    RULE_PATH,
    PolicyRule,
    RegoChecker,
    compiled,
    config_read,
    has_rules,
    statements_read,
)
from gatekeeper.translation.reading.batch import RegoParser
from gatekeeper.translation.template import TemplateSource
from gatekeeper.waivers.waiver import Waiver
from provider.questions.config_paths import ConfigPaths
from provider.version import VERSION


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

    def with_reasons_url(self, url: str) -> Translation:
        """The same, with messages that name the page of a reason."""
        return replace(self, constraints=tuple(constraint.with_reasons_url(each, url) for each in self.constraints))

    def with_waivers(self, waivers: Sequence[Waiver]) -> Translation:
        """The same, with Waivers in the parameters of a policy that takes some; see `constraint.with_waivers`."""
        return replace(self, constraints=tuple(constraint.with_waivers(each, waivers) for each in self.constraints))


def translate(
    policies: Sequence[ClusterImagePolicy],
    checker: RegoChecker | None = None,
    documents: Mapping[str, Document] | None = None,
    parser: RegoParser | None = None,
    *,
    synced_waivers: bool = False,
) -> tuple[Translation, ...]:
    """Translate policies, in their order.

    Args:
        policies: valid ones.
        checker: compiles the policies' rules, so that what OPA would refuse is found here and not in the cluster.
        documents: where each policy came from, by its name, so that problems name the file.
        parser: has the syntax of the policies' rules, so that questions carry no more of an image's configuration than
            its rule reads. Without it they carry all of it.
        synced_waivers: whether templates of policies that take Waivers read those of the cluster.

    Raises:
        PolicyError: what is not supported or cannot be carried over, every problem of every policy at once.
    """
    problems = list(_problems(policies, checker))
    if problems:
        known = documents or {}
        raise PolicyError(located(each, known.get(name)) for name, each in problems)
    rules = [PolicyRule.of(policy) for policy in policies if has_rules(policy)]
    read = _RuleParts.of(rules, parser)
    translations = tuple(_translation(policy, read, synced_waivers=synced_waivers) for policy in policies)
    _refuse_shared_names(translations)
    return translations


def located(problem: Problem, document: Document | None) -> Problem:
    """The problem with its place; a rule that stands in a ConfigMap or at a URL is not in the policy's file."""
    if document is None:
        return problem
    spec = document.value.get("spec")
    given = spec.get("policy") if isinstance(spec, Mapping) else None
    elsewhere = [name for name in ("configMapRef", "remote") if isinstance(given, Mapping) and given.get(name)]
    if problem.path == RULE_PATH and elsewhere:
        problem = replace(problem, path=f"spec.policy.{elsewhere[0]}", text_line=None)
    return document.locate(problem)


def has_strict_rules(policies: Sequence[ClusterImagePolicy]) -> bool:
    """Whether a rule says Rego v1, so that only a checker knows all that is wrong with it."""
    return any(PolicyRule.of(each).strict for each in policies if has_rules(each))


def translate_each(
    policies: Sequence[ClusterImagePolicy],
    checker: RegoChecker | None = None,
    parser: RegoParser | None = None,
    *,
    synced_waivers: bool = False,
) -> dict[str, Translation | tuple[Problem, ...]]:
    """Translate policies, each for itself: by its name what it becomes, or what is wrong with it.

    Of two that would have one Constraint the first one has it. `checker`, `parser` and `synced_waivers` are as for
    `translate`.
    """
    wrong: dict[str, list[Problem]] = {}
    for name, problem in _problems(policies, None):
        wrong.setdefault(name, []).append(problem)
    rules = [PolicyRule.of(each) for each in policies if has_rules(each) and each.name not in wrong]
    if checker is not None:
        wrong |= _refused_rules(rules, checker)
    good = [rule for rule in rules if rule.policy not in wrong]
    read = _RuleParts.of(good, parser)
    found: dict[str, Translation | tuple[Problem, ...]] = {}
    taken: dict[tuple[str, str], str] = {}
    for policy in policies:
        if policy.name in wrong:
            found[policy.name] = tuple(wrong[policy.name])
        else:
            made = _translation(policy, read, synced_waivers=synced_waivers)
            found[policy.name] = tuple(_shared_name(made, taken)) or made
    return found


def _refused_rules(rules: Sequence[PolicyRule], checker: RegoChecker) -> dict[str, list[Problem]]:
    """What the engine has against each rule that it refuses.

    A run stops at the first stage that finds something, so what is wrong is left out and the others are compiled again;
    and whatever one run says of a rule must hold where the rule is alone.
    """
    wrong: dict[str, list[Problem]] = {}
    left = list(rules)
    while left and (found := {name for name, _ in compiled(left, checker)}):
        for rule in (each for each in left if each.policy in found):
            if problems := [problem for _, problem in compiled([rule], checker)]:
                wrong[rule.policy] = problems
        left = [each for each in left if each.policy not in found]
    return wrong


def coverage(policies: Sequence[ClusterImagePolicy], action: str) -> Translation:
    """What denies (`deny`) or warns of (`warn`) images that no policy covers."""
    return coverage_of([constraint.coverage_entry(each) for each in policies], action)


def coverage_of(entries: Sequence[Mapping[str, Any]], action: str) -> Translation:
    """The same, of the images that policies say in their Constraints' parameters (`constraint.coverage_entry`)."""
    main = library.module("template_coverage")
    source = TemplateSource(main.text, tuple(each.text for each in library.with_imports(main)))
    annotations = {marks.TRANSLATOR_VERSION: VERSION}
    return Translation(
        "",
        template.document(constraint.COVERAGE_KIND, source, annotations, template.coverage_schema()),
        (constraint.coverage_document(entries, action, annotations),),
    )


def objects(translations: Sequence[Translation]) -> tuple[Mapping[str, Any], ...]:
    """The objects to apply: templates first, each once, then Constraints."""
    templates = {each.template["metadata"]["name"]: each.template for each in translations}
    return (*templates.values(), *(made for each in translations for made in each.constraints))


def _problems(policies: Sequence[ClusterImagePolicy], checker: RegoChecker | None) -> Iterator[tuple[str, Problem]]:
    """What stands in the way of each policy, with its name; a rule is compiled when nothing else is wrong with it."""
    rules = []
    for policy in policies:
        found = [*support.unsupported(policy), *constraint.problems(policy)] or list(_authority_problems(policy))
        if has_rules(policy) and not found:
            rule = PolicyRule.of(policy)
            found = list(rule.problems())
            rules += [] if found else [rule]
        yield from ((policy.name, each) for each in found)
    if checker is not None:
        yield from compiled(rules, checker)


def _authority_problems(policy: ClusterImagePolicy) -> Iterator[Problem]:
    for index, authority in enumerate(policy.spec.authorities):
        if authority.static is None:
            yield from authority_parameters.problems(authority, f"spec.authorities[{index}]")


@dataclass(frozen=True)
class _RuleParts:
    """What rules are proved to read: of configurations by policy, of statements by rule; None for all of it."""

    config: Mapping[str, ConfigPaths | None]
    statements: Mapping[str, ConfigPaths | None]

    @classmethod
    def of(cls, rules: Sequence[PolicyRule], parser: RegoParser | None) -> _RuleParts:
        """Without a parser nothing is proved."""
        return cls({}, {}) if parser is None else cls(config_read(rules, parser), statements_read(rules, parser))


def _translation(policy: ClusterImagePolicy, read: _RuleParts, *, synced_waivers: bool) -> Translation:
    annotations = {
        marks.POLICY: policy.name,
        marks.TRANSLATOR_VERSION: VERSION,
        marks.POLICY_DIGEST: _digest(policy),
    }
    if not has_rules(policy):
        kind = names.SHARED_KIND
        # The same bytes for every policy: nothing in it names one.
        made = template.document(
            kind, template.shared_source(synced_waivers=synced_waivers), {marks.TRANSLATOR_VERSION: VERSION}
        )
    else:
        carried = PolicyRule.of(policy)
        kind = carried.kind
        synced = synced_waivers and constraint.waiver_terms(policy).allowed
        source = carried.source(read.config.get(policy.name), read.statements, synced_waivers=synced)
        # Without what its own rule is given, that would not be asked.
        schema = template.rule_parameters_schema() if policy.spec.policy else None
        made = template.document(kind, source, annotations, schema)
    return Translation(policy.name, made, constraint.documents(policy, kind, annotations))


def _digest(policy: ClusterImagePolicy) -> str:
    """What the translation depends on, as a digest: a change of it is a change of the policy."""
    text = policy.spec.policy.data if policy.spec.policy else ""
    content = json.dumps([constraint.parameters(policy), policy.spec.mode, text], sort_keys=True)
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def _refuse_shared_names(translations: Sequence[Translation]) -> None:
    taken: dict[tuple[str, str], str] = {}
    problems = [problem for each in translations for problem in _shared_name(each, taken)]
    if problems:
        raise PolicyError(problems)


def _shared_name(translation: Translation, taken: dict[tuple[str, str], str]) -> Iterator[Problem]:
    """The name that a policy's Constraint would share with another policy's; its names are taken from now on."""
    for made in translation.constraints:
        name = (str(made["kind"]), str(made["metadata"]["name"]))
        other = taken.setdefault(name, translation.policy)
        if other != translation.policy:
            sentence = (
                f"the policies {other} and {translation.policy} would become one Constraint {name[1]}; rename one"
            )
            yield Problem(path="metadata.name", message=sentence)
