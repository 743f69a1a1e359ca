"""Texts of policies that stand elsewhere: in ConfigMaps among given files, and at https URLs with a known SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.policy.model import ConfigMapReference, RemotePolicy
from gatekeeper.policy.validation.authorities import SYSTEM_NAMESPACE

Fetch = Callable[[str], bytes]

_CONFIG_MAP = "spec.policy.configMapRef"
_REMOTE = "spec.policy.remote"


@dataclass(frozen=True)
class ConfigMapsAndUrls:
    """Implements `gatekeeper.policy.support.PolicyTexts`.

    Attributes:
        config_maps: `data` of each ConfigMap by (namespace, name).
        fetch: the bytes at an https URL; raises `PolicyError`.
        namespace: of a ConfigMap that is named without one: policy-controller's own.
    """

    config_maps: Mapping[tuple[str, str], Mapping[str, str]]
    fetch: Fetch
    namespace: str = SYSTEM_NAMESPACE

    def config_map(self, reference: ConfigMapReference) -> str:
        """The text under a ConfigMap's key.

        Raises:
            PolicyError: no such ConfigMap was given, or it has no such key.
        """
        namespace = reference.namespace or self.namespace
        found = self.config_maps.get((namespace, reference.name))
        if found is None:
            sentence = f"the ConfigMap {namespace}/{reference.name} was not given"
            raise _refused(_CONFIG_MAP, sentence, "name its file with --config-map")
        if reference.key not in found:
            sentence = f"the ConfigMap {namespace}/{reference.name} has no key {reference.key}"
            raise _refused(_CONFIG_MAP, sentence, f"it has {', '.join(sorted(found)) or 'none'}")
        return found[reference.key]

    def remote(self, reference: RemotePolicy) -> str:
        """The text at a URL.

        Raises:
            PolicyError: it cannot be had, is another text than the SHA-256 says, or is no UTF-8.
        """
        content = self.fetch(str(reference.url))
        found = hashlib.sha256(content).hexdigest()
        if found != reference.sha256sum.lower():
            sentence = f"the text at {reference.url} has SHA-256 {found}, expected {reference.sha256sum}"
            raise _refused(_REMOTE, sentence, "see who changed it, then write the new sum into the policy")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _refused(_REMOTE, f"the text at {reference.url} is no UTF-8", "") from error


def config_maps(documents: Iterable[Document]) -> dict[tuple[str, str], Mapping[str, str]]:
    """The ConfigMaps among objects: `data` by (namespace, name).

    Raises:
        PolicyError: an object is no ConfigMap, its data are no texts, or two are of one name.
    """
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    problems = []
    for document in documents:
        key = (_namespace(document), document.name)
        if problem := _fault(document) or _twice(key, found):
            problems.append(document.locate(problem))
        else:
            found[key] = document.value.get("data") or {}
    if problems:
        raise PolicyError(problems)
    return found


def _namespace(document: Document) -> str:
    metadata = document.value.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    return namespace if isinstance(namespace, str) and namespace else SYSTEM_NAMESPACE


def _fault(document: Document) -> Problem | None:
    data = document.value.get("data") or {}
    if document.kind != "ConfigMap":
        return Problem("kind", f"expected a ConfigMap, got {document.kind or 'nothing'}")
    if not document.name:
        return Problem("metadata.name", "expected a name")
    if not isinstance(data, dict) or not all(isinstance(text, str) for text in data.values()):
        return Problem("data", "expected texts by their keys")
    return None


def _twice(key: tuple[str, str], found: Mapping[tuple[str, str], object]) -> Problem | None:
    return Problem("metadata.name", f"a second ConfigMap {'/'.join(key)}") if key in found else None


def _refused(path: str, sentence: str, hint: str) -> PolicyError:
    return PolicyError([Problem(path, sentence, hint=hint, fields=(path,))])
