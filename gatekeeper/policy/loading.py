"""Files to policies: read, decoded, validated, every problem of every file at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from gatekeeper.documents import helm
from gatekeeper.documents import problems as _problems
from gatekeeper.documents.document import Document, readable_documents
from gatekeeper.documents.problems import PolicyError, Problem, Severity
from gatekeeper.policy.decoding import decode
from gatekeeper.policy.model import GROUP, KIND, VERSIONS, ClusterImagePolicy
from gatekeeper.policy.validation import authorities, webhook

_GATEKEEPER_GROUPS: Final = ("templates.gatekeeper.sh", "constraints.gatekeeper.sh")

_WAIVER: Final = "Waiver"
# Said of what is not there, which a misspelt name explains.
_ABSENT: Final = ("missing field(s)", "expected exactly one, got neither")


@dataclass(frozen=True)
class LoadedPolicies:
    """What the files hold.

    Attributes:
        policies: in the order of the files, defaults filled in.
        warnings: what does not refuse them.
        documents: where each policy came from, by its name.
        gatekeeper: ConstraintTemplates and Constraints beside them, where they were asked for.
        passed_over: what stands in a directory and is no policy, with the reason.
        secrets: Secrets of policy-controller's namespace beside them.
        trust_roots: TrustRoots beside them.
    """

    policies: tuple[ClusterImagePolicy, ...]
    warnings: tuple[Problem, ...] = ()
    documents: Mapping[str, Document] = field(default_factory=dict)
    gatekeeper: tuple[Document, ...] = ()
    passed_over: tuple[Problem, ...] = ()
    secrets: tuple[Document, ...] = ()
    trust_roots: tuple[Document, ...] = ()


def load_policies(
    paths: Iterable[str | Path], stdin: BinaryIO | None = None, *, with_constraints: bool = False
) -> LoadedPolicies:
    """Every ClusterImagePolicy in the files, directories and standard input (`-`).

    Secrets of policy-controller's namespace and TrustRoots may stand beside them; any other kind is refused in a file
    that was named. In a directory, what is no policy is passed over: suites, kustomizations, samples.

    Args:
        paths: where to look.
        stdin: what `-` reads, by default the process's own.
        with_constraints: whether ConstraintTemplates and Constraints are wanted too.

    Raises:
        PolicyError: a file cannot be used; it has the problems of all files, warnings among them.
    """
    paths = list(paths)
    documents, found = readable_documents(paths, stdin, with_lines=True)
    loaded: dict[str, ClusterImagePolicy] = {}
    sources: dict[str, Document] = {}
    gatekeeper: list[Document] = []
    passed_over: dict[str, Problem] = {}
    secrets: list[Document] = []
    trust_roots: list[Document] = []
    for document in documents:
        if _is_trust_root(document):
            trust_roots.append(document)
            continue
        if _is_secret(document) and not _secret(document):
            secrets.append(document)
            continue
        if with_constraints and _is_of_gatekeeper(document):
            gatekeeper.append(document)
            continue
        if document.in_directory and (why := _no_policy(document)):
            # Once a file, whatever else is in it.
            passed_over.setdefault(document.file, Problem("", why, Severity.WARNING, file=document.file))
            continue
        policy, problems = _load(document, with_constraints=with_constraints)
        if policy is not None and policy.name in sources:
            problems = [*problems, _same_name(policy.name, sources[policy.name])]
        elif policy is not None and policy.name:
            loaded[policy.name], sources[policy.name] = policy, document
        found += [document.locate(problem) for problem in problems]
    if not loaded and not gatekeeper and not _problems.errors(found):
        wanted = f"no {KIND} found" + (", and no Constraint" if with_constraints else "")
        found.append(Problem("", wanted, file=", ".join(map(str, paths))))
    if _problems.errors(found):
        raise PolicyError(found)
    return LoadedPolicies(
        tuple(loaded.values()),
        tuple(found),
        sources,
        tuple(gatekeeper),
        tuple(passed_over.values()),
        tuple(secrets),
        tuple(trust_roots),
    )


def _is_of_gatekeeper(document: Document) -> bool:
    return document.api_version.partition("/")[0] in _GATEKEEPER_GROUPS


def _no_policy(document: Document) -> str:
    """Why a document of a directory is none of ours; empty for what is meant as a policy, even where it is misspelt."""
    if not document.is_object:
        return "passed over: it is no Kubernetes object"
    if document.api_version.partition("/")[0] == GROUP or document.kind == KIND:
        return ""
    return f"passed over: {document.kind or 'an object without a kind'} is no {KIND}"


def problems_of(value: Mapping[str, Any]) -> list[Problem]:
    """Every problem of one object, as it came from a file or from the API server."""
    return _load(Document("", dict(value)))[1]


def policy_of(value: Mapping[str, Any], namespace: str = authorities.SYSTEM_NAMESPACE) -> ClusterImagePolicy:
    """The policy in one object, defaults filled in.

    Args:
        value: the object.
        namespace: where Secrets are read, the only one that it may name for them.

    Raises:
        PolicyError: it is none, or an invalid one.
    """
    policy, problems = _load(Document("", dict(value)), namespace)
    if policy is None or _problems.errors(problems):
        raise PolicyError(problems)
    return policy


def _load(
    document: Document, namespace: str = authorities.SYSTEM_NAMESPACE, *, with_constraints: bool = False
) -> tuple[ClusterImagePolicy | None, list[Problem]]:
    if _is_secret(document):
        return None, _secret(document)
    if not webhook.is_policy(document.api_version, document.kind):
        return None, [_unknown_kind(document, with_constraints=with_constraints)]
    if unrendered := [
        Problem(path, "it has not been rendered", hint=helm.HINT) for path in helm.places(document.value)
    ]:
        return None, unrendered
    decoded = decode(document.value)
    policy = webhook.with_defaults(decoded.policy)
    consequences = _beyond(webhook.validate(policy, document.index - 1, namespace), decoded.failed)
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


def _is_secret(document: Document) -> bool:
    return document.api_version == "v1" and document.kind == "Secret"


def _is_trust_root(document: Document) -> bool:
    return document.api_version.partition("/")[0] == GROUP and document.kind == "TrustRoot"


def _secret(document: Document) -> list[Problem]:
    """Why a Secret may not stand beside policies."""
    metadata = document.value.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    if namespace != authorities.SYSTEM_NAMESPACE:
        message = f"invalid value: {namespace or ''}: [{document.index - 1}].metadata.namespace"
        hint = f"a Secret beside policies is in {authorities.SYSTEM_NAMESPACE}"
        return [Problem("metadata.namespace", message, hint=hint)]
    return []


def _unknown_kind(document: Document, *, with_constraints: bool) -> Problem:
    for name, value in (("apiVersion", document.api_version), ("kind", document.kind)):
        if not value:
            return Problem(name, f"missing field(s): [{document.index - 1}].{name}", fields=(name,))
    hint = f"expected {KIND} of {' or '.join(f'{GROUP}/{version}' for version in VERSIONS)}"
    if with_constraints:
        more = "; Waivers are for --waiver" if document.kind == _WAIVER else ""
        hint = f"{hint}, or a Constraint of Gatekeeper{more}"
    return Problem("", f"unknown type {document.api_version}/{document.kind}", hint=hint)
