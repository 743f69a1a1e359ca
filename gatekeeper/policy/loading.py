"""Files to policies: read, decoded, validated, every problem of every file at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from gatekeeper.policy import authorities, validation
from gatekeeper.policy import problems as _problems
from gatekeeper.policy.decoding import decode
from gatekeeper.policy.document import Document, readable_documents
from gatekeeper.policy.model import GROUP, KIND, VERSIONS, ClusterImagePolicy
from gatekeeper.policy.problems import PolicyError, Problem, Severity

# Said of what is not there, which a misspelt name explains.
_ABSENT: Final = ("missing field(s)", "expected exactly one, got neither")


@dataclass(frozen=True)
class LoadedPolicies:
    """What the files hold.

    Attributes:
        policies: in the order of the files, defaults filled in.
        warnings: what does not refuse them.
        documents: where each policy came from, by its name.
    """

    policies: tuple[ClusterImagePolicy, ...]
    warnings: tuple[Problem, ...] = ()
    documents: Mapping[str, Document] = field(default_factory=dict)


def load_policies(paths: Iterable[str | Path], stdin: BinaryIO | None = None) -> LoadedPolicies:
    """Every ClusterImagePolicy in the files, directories and standard input (`-`).

    A Secret of policy-controller's namespace may stand beside them and is ignored with a warning; any other kind is
    refused.

    Raises:
        PolicyError: a file cannot be used; it has the problems of all files, warnings among them.
    """
    paths = list(paths)
    documents, found = readable_documents(paths, stdin, with_lines=True)
    loaded: dict[str, ClusterImagePolicy] = {}
    sources: dict[str, Document] = {}
    for document in documents:
        policy, problems = _load(document)
        if policy is not None and policy.name in sources:
            problems = [*problems, _same_name(policy.name, sources[policy.name])]
        elif policy is not None and policy.name:
            loaded[policy.name], sources[policy.name] = policy, document
        found += [document.locate(problem) for problem in problems]
    if not loaded and not _problems.errors(found):
        found.append(Problem("", f"no {KIND} found", file=", ".join(map(str, paths))))
    if _problems.errors(found):
        raise PolicyError(found)
    return LoadedPolicies(tuple(loaded.values()), tuple(found), sources)


def problems_of(value: Mapping[str, Any]) -> list[Problem]:
    """Every problem of one object, as it came from a file or from the API server."""
    return _load(Document("", dict(value)))[1]


def policy_of(value: Mapping[str, Any]) -> ClusterImagePolicy:
    """The policy in one object, defaults filled in.

    Raises:
        PolicyError: it is none, or an invalid one.
    """
    policy, problems = _load(Document("", dict(value)))
    if policy is None or _problems.errors(problems):
        raise PolicyError(problems)
    return policy


def _load(document: Document) -> tuple[ClusterImagePolicy | None, list[Problem]]:
    if document.api_version == "v1" and document.kind == "Secret":
        return None, [_secret(document)]
    if not validation.is_policy(document.api_version, document.kind):
        return None, [_unknown_kind(document)]
    decoded = decode(document.value)
    policy = validation.with_defaults(decoded.policy)
    consequences = _beyond(validation.validate(policy, document.index - 1), decoded.failed)
    return policy, [*decoded.problems, *consequences]


def _beyond(problems: list[Problem], failed: frozenset[str]) -> Iterator[Problem]:
    """Problems that are more than the consequence of what could not be decoded."""
    for problem in problems:
        if not any(_follows(path, other, problem) for path in problem.fields for other in failed):
            yield problem


def _follows(path: str, failed: str, problem: Problem) -> bool:
    if _within(path, failed) or _within(failed, path):
        return True
    # The misspelt name of a field is also why that field is missing.
    parent = failed.rpartition(".")[0]
    return problem.message.startswith(_ABSENT) and _within(path, parent)


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def _same_name(name: str, first: Document) -> Problem:
    where = f"document {first.index} of {first.file}" if first.several else first.file
    return Problem("metadata.name", f'duplicate policy named "{name}"', hint=f"the first is in {where}")


def _secret(document: Document) -> Problem:
    metadata = document.value.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    if namespace != authorities.SYSTEM_NAMESPACE:
        message = f"invalid value: {namespace or ''}: [{document.index - 1}].metadata.namespace"
        return Problem(
            "metadata.namespace", message, hint=f"a Secret beside policies is in {authorities.SYSTEM_NAMESPACE}"
        )
    return Problem("", f"the Secret {document.name} is ignored: keys in Secrets are not read", Severity.WARNING)


def _unknown_kind(document: Document) -> Problem:
    for name, value in (("apiVersion", document.api_version), ("kind", document.kind)):
        if not value:
            return Problem(name, f"missing field(s): [{document.index - 1}].{name}", fields=(name,))
    hint = f"expected {KIND} of {' or '.join(f'{GROUP}/{version}' for version in VERSIONS)}"
    if document.kind == "TrustRoot":
        hint = "trust roots are not supported yet"
    return Problem("", f"unknown type {document.api_version}/{document.kind}", hint=hint)
