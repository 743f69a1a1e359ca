"""The rules of one policy on their way into a template: what refuses them, before a cluster would."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from gatekeeper.documents.problems import Problem
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.translation import attestation_rules, names, policy_text, rule, template
from gatekeeper.translation.attestation_rules import AttestationRule
from gatekeeper.translation.reading.batch import RegoParser, syntax_trees
from gatekeeper.translation.reading.proof import config_paths
from gatekeeper.translation.reading.statement import cue_paths, statement_paths
from provider.questions.config_paths import ConfigPaths

# etcd takes 1.5 MiB an object in all; a template is stored with its status and managed fields beside it.
TEMPLATE_BYTES: Final = 1024 * 1024

RULE_PATH: Final = "spec.policy.data"
ATTESTATION_RULE: Final = re.compile(r"spec\.authorities\[\d+\]\.attestations\[\d+\]\.policy\.data", re.ASCII)
_FILE: Final = "sigstore.rego"
_TEMPLATE: Final = "template.rego"


class RegoError(Protocol):
    """What a checker has against a Rego text: a code, a sentence, and where."""

    @property
    def code(self) -> str:
        """`rego_parse_error` and the like."""

    @property
    def message(self) -> str:
        """OPA's words."""

    @property
    def file(self) -> str:
        """The module, relative to the folder."""

    @property
    def row(self) -> int:
        """The line, from 1."""


class RegoChecker(Protocol):
    """Compiles Rego as Gatekeeper does (the real opa)."""

    def check(self, folder: Path) -> Sequence[RegoError]:
        """What is wrong with the modules of a folder."""
        ...


def has_rules(policy: ClusterImagePolicy) -> bool:
    """Whether a policy has a rule, of its own or of an attestation, so that it has a template of its own."""
    attestations = (each for authority in policy.spec.authorities for each in authority.attestations)
    return policy.spec.policy is not None or any(each.policy is not None for each in attestations)


@dataclass(frozen=True)
class PolicyRule:
    """The rules of a policy, carried over.

    Attributes:
        policy: the policy's name.
        kind: the Kind of its template.
        given: its own rule as its author wrote it; empty where it has none.
        library: its own rule as a library of the template.
        fetches_config: whether that is given the image's configuration.
        attestations: the rules of its attestations.
    """

    policy: str
    kind: str
    given: str
    library: rule.RuleLibrary
    fetches_config: bool = False
    attestations: tuple[AttestationRule, ...] = ()

    @classmethod
    def of(cls, policy: ClusterImagePolicy) -> PolicyRule:
        """The rules of a policy that has one."""
        given = policy.spec.policy.data if policy.spec.policy else ""
        fetches = bool(policy.spec.policy and policy.spec.policy.fetch_config_file)
        kind = names.kind_of(policy.name)
        own = rule.RuleLibrary("", ())
        if policy.spec.policy:
            own = policy_text.library_of(policy.spec.policy, template.rule_package(kind))
        return cls(policy.name, kind, given, own, fetches, attestation_rules.rules_of(policy, kind))

    @property
    def strict(self) -> bool:
        """Whether one says Rego v1, so that only a checker knows all that is wrong with it."""
        return any(each.strict for each in (self.library, *(one.library for one in self.attestations)))

    @property
    def texts(self) -> Mapping[str, rule.RuleLibrary]:
        """Its rules as libraries, by the files that they are compiled as."""
        own = {_FILE: self.library} if self.given else {}
        return {**{f"{each.name}/{_FILE}": each.library for each in self.attestations}, **own}

    def source(
        self,
        config: ConfigPaths | None = None,
        statements: Mapping[str, ConfigPaths | None] | None = None,
        *,
        synced_waivers: bool = False,
    ) -> template.TemplateSource:
        """The Rego of the policy's template, which asks for these parts of configuration and statements, or for all."""
        return template.rule_source(
            self.kind, self.library.text, config, self.attestations, statements, synced_waivers=synced_waivers
        )

    def problems(self) -> Iterator[Problem]:
        """What our own checks find, without an engine."""
        for file, text in self.texts.items():
            for each in text.problems:
                cue = each.language == policy_text.CUE
                yield self._refused(each, file) if cue else self.problem(each.line, each.sentence, file)
        if any(text.problems for text in self.texts.values()):
            return
        source = self.source()
        size = sum(len(part.encode()) for part in (source.main, *source.libs))
        if size > TEMPLATE_BYTES:
            sentence = f"the template would have {size} bytes; a cluster takes {TEMPLATE_BYTES}"
            path = RULE_PATH if self.given else self.attestations[0].path
            yield Problem(path=path, message=sentence, hint="make the rule smaller", fields=(path,))

    def problem(self, line: int, sentence: str, file: str = _FILE) -> Problem:
        """A problem of a rule, in the words of policy-controller, which meets it only when it evaluates."""
        path, name = self._place(file)
        words = f"failed evaluating rego policy for type {name}: 1 error occurred: {_FILE}:{line}: {sentence}"
        return Problem(path=path, message=words, fields=(path,), text_line=line)

    def _refused(self, problem: rule.RuleProblem, file: str) -> Problem:
        """A problem of a rule in CUE, with what to write instead."""
        path, name = self._place(file)
        words = f"failed evaluating cue policy for {name}: line {problem.line}: {problem.sentence}"
        return Problem(path, words, hint=policy_text.CUE_RECIPE, fields=(path,), text_line=problem.line)

    def _place(self, file: str) -> tuple[str, str]:
        """Where a rule stands, and what messages call it."""
        by_name = {each.name: each for each in self.attestations}
        # Without a rule of its own, what is wrong with the template is said of its first one.
        of = by_name.get(file.rpartition("/")[0]) or (None if self.given else self.attestations[0])
        return (of.path, of.attestation) if of is not None else (RULE_PATH, "ClusterImagePolicy")


def compiled(rules: Sequence[PolicyRule], checker: RegoChecker) -> Iterator[tuple[str, Problem]]:
    """What the engine finds, each problem once, with its policy's name.

    One run over the templates of all rules, and one more for each rule that says Rego v1: it is compiled as its author
    wrote it too, because what that import forbids would pass without it.
    """
    found: dict[tuple[str, Problem], None] = {}
    for each in rules:
        if each.library.strict:
            found |= dict.fromkeys(_found([each], {f"{each.kind}/{_FILE}": each.given}, checker))
        for one in each.attestations:
            if one.library.strict:
                found |= dict.fromkeys(_found([each], {f"{each.kind}/{one.name}/{_FILE}": one.given}, checker))
    if rules:
        found |= dict.fromkeys(_found(rules, _templates(rules), checker))
    yield from found


def config_read(rules: Sequence[PolicyRule], parser: RegoParser) -> dict[str, ConfigPaths | None]:
    """The paths that rules are proved to read of each platform's configuration, by policy; None for all of it."""
    reading = [each for each in rules if each.fetches_config]
    trees = syntax_trees([each.library.text for each in reading], parser)
    return {each.policy: config_paths(trees[each.library.text]) for each in reading}


def statements_read(rules: Sequence[PolicyRule], parser: RegoParser) -> dict[str, ConfigPaths | None]:
    """The paths that rules of attestations are proved to read of a statement, by rule; None for all of it."""
    all_rules = {one.name: one for each in rules for one in each.attestations}
    cue = {name: cue_paths(one.given) for name, one in all_rules.items() if one.language == policy_text.CUE}
    texts = {name: one.library.text for name, one in all_rules.items() if name not in cue}
    trees = syntax_trees(list(texts.values()), parser) if texts else {}
    return {**cue, **{name: statement_paths(trees[text]) for name, text in texts.items()}}


def _templates(rules: Sequence[PolicyRule]) -> dict[str, str]:
    """The texts of the templates by file; the library's, which are the same in all of them, once."""
    own = {text.text for each in rules for text in each.texts.values()}
    shared = {text: None for each in rules for text in each.source().libs if text not in own}
    texts = {f"library-{number}.rego": text for number, text in enumerate(shared)}
    for each in rules:
        texts |= {f"{each.kind}/{file}": text.text for file, text in each.texts.items()}
        texts[f"{each.kind}/{_TEMPLATE}"] = each.source().main
    return texts


def _found(
    rules: Sequence[PolicyRule], texts: Mapping[str, str], checker: RegoChecker
) -> Iterator[tuple[str, Problem]]:
    with tempfile.TemporaryDirectory(prefix="bestbefore-") as name:
        folder = Path(name)
        for place, text in texts.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
        found = checker.check(folder)
    by_kind = {each.kind: each for each in rules}
    for each in found:
        kind, _, file = each.file.partition("/")
        culprit = by_kind.get(kind, rules[0])
        # What is wrong in the template's own text is how the rule fits into it.
        line = each.row if file.endswith(_FILE) else 1
        yield culprit.policy, culprit.problem(line, f"{each.code}: {each.message}", file)
