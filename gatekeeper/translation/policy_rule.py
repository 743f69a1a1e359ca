"""The rule of one policy on its way into a template: what refuses it, before a cluster would."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from gatekeeper.documents.problems import Problem
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.translation import names, rule, template
from gatekeeper.translation.reading.batch import RegoParser, syntax_trees
from gatekeeper.translation.reading.proof import config_paths
from provider.questions.config_paths import ConfigPaths

# etcd takes 1.5 MiB an object in all; a template is stored with its status and managed fields beside it.
TEMPLATE_BYTES: Final = 1024 * 1024

RULE_PATH: Final = "spec.policy.data"
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


@dataclass(frozen=True)
class PolicyRule:
    """A policy's own rule, carried over.

    Attributes:
        policy: the policy's name.
        kind: the Kind of its template.
        given: the rule as its author wrote it.
        library: the rule as a library of the template.
        fetches_config: whether it is given the image's configuration.
    """

    policy: str
    kind: str
    given: str
    library: rule.RuleLibrary
    fetches_config: bool = False

    @classmethod
    def of(cls, policy: ClusterImagePolicy) -> PolicyRule:
        """The rule of a policy that has one."""
        given = policy.spec.policy.data if policy.spec.policy else ""
        fetches = bool(policy.spec.policy and policy.spec.policy.fetch_config_file)
        kind = names.kind_of(policy.name)
        return cls(policy.name, kind, given, rule.library_of(given, template.rule_package(kind)), fetches)

    def source(self, config: ConfigPaths | None = None) -> template.TemplateSource:
        """The Rego of the policy's template, which asks for these parts of the configuration, or for all of it."""
        return template.rule_source(self.kind, self.library.text, config)

    def problems(self) -> Iterator[Problem]:
        """What our own checks find, without an engine."""
        for each in self.library.problems:
            yield self.problem(each.line, each.sentence)
        source = self.source()
        size = sum(len(part.encode()) for part in (source.main, *source.libs))
        if size > TEMPLATE_BYTES:
            sentence = f"the template would have {size} bytes; a cluster takes {TEMPLATE_BYTES}"
            yield Problem(path=RULE_PATH, message=sentence, hint="make the rule smaller", fields=(RULE_PATH,))

    def problem(self, line: int, sentence: str) -> Problem:
        """A problem of the rule, in the words of policy-controller, which meets it only when it evaluates."""
        words = (
            f"failed evaluating rego policy for type ClusterImagePolicy: 1 error occurred: {_FILE}:{line}: {sentence}"
        )
        return Problem(path=RULE_PATH, message=words, fields=(RULE_PATH,), text_line=line)


def compiled(rules: Sequence[PolicyRule], checker: RegoChecker) -> Iterator[tuple[str, Problem]]:
    """What the engine finds, each problem once, with its policy's name.

    One run over the templates of all rules, and one more for each rule that says Rego v1: it is compiled as its author
    wrote it too, because what that import forbids would pass without it.
    """
    found: dict[tuple[str, Problem], None] = {}
    for each in rules:
        if each.library.strict:
            found |= dict.fromkeys(_found([each], {f"{each.kind}/{_FILE}": each.given}, checker))
    if rules:
        found |= dict.fromkeys(_found(rules, _templates(rules), checker))
    yield from found


def config_read(rules: Sequence[PolicyRule], parser: RegoParser) -> dict[str, ConfigPaths | None]:
    """The paths that rules are proved to read of each platform's configuration, by policy; None for all of it."""
    reading = [each for each in rules if each.fetches_config]
    trees = syntax_trees([each.library.text for each in reading], parser)
    return {each.policy: config_paths(trees[each.library.text]) for each in reading}


def _templates(rules: Sequence[PolicyRule]) -> dict[str, str]:
    """The texts of the templates by file; the library, which is the same in all of them, once."""
    texts = {f"library-{number}.rego": text for number, text in enumerate(rules[0].source().libs[:-1])}
    for each in rules:
        texts[f"{each.kind}/{_FILE}"] = each.library.text
        texts[f"{each.kind}/{_TEMPLATE}"] = each.source().main
    return texts


def _found(
    rules: Sequence[PolicyRule], texts: Mapping[str, str], checker: RegoChecker
) -> Iterator[tuple[str, Problem]]:
    with tempfile.TemporaryDirectory(prefix="bestbefore-") as name:
        folder = Path(name)
        for place, text in texts.items():
            (folder / place).parent.mkdir(exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
        found = checker.check(folder)
    by_kind = {each.kind: each for each in rules}
    for each in found:
        kind, _, file = each.file.partition("/")
        culprit = by_kind.get(kind, rules[0])
        # What is wrong in the template's own text is how the rule fits into it.
        line = each.row if file == _FILE else 1
        yield culprit.policy, culprit.problem(line, f"{each.code}: {each.message}")
