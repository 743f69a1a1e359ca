"""Public keys of policies that stand in Secrets among given files (`spec.authorities[].key.secretRef`)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import PolicyError, Problem, errors
from gatekeeper.policy.model import Authority, ClusterImagePolicy, KeyRef
from gatekeeper.policy.validation import webhook
from gatekeeper.policy.validation.authorities import SYSTEM_NAMESPACE

_KIND: Final = "Secret"


@dataclass(frozen=True)
class SecretKeys:
    """Secrets by their names; policy-controller looks for them in its own namespace.

    Attributes:
        secrets: what each holds, by its keys.
    """

    secrets: Mapping[str, Mapping[str, bytes]]

    def resolve(self, policy: ClusterImagePolicy) -> ClusterImagePolicy:
        """The policy with the public keys of Secrets written into it.

        Raises:
            PolicyError: a Secret was not given, holds anything else than one entry, or no public key. Nothing of what
                it holds is shown.
        """
        problems: list[Problem] = []
        authorities = tuple(
            self._authority(authority, f"spec.authorities[{index}].key.secretRef", problems)
            for index, authority in enumerate(policy.spec.authorities)
        )
        resolved = replace(policy, spec=replace(policy.spec, authorities=authorities))
        if not problems and resolved != policy:
            problems = list(errors(list(webhook.validate(resolved, 0))))
        if problems:
            raise PolicyError(problems)
        return resolved

    def _authority(self, authority: Authority, path: str, problems: list[Problem]) -> Authority:
        if authority.key is None or authority.key.secret_ref is None or not self.secrets:
            return authority
        try:
            return replace(authority, key=self._key(authority.key, authority.key.secret_ref.name))
        except ValueError as error:
            problems.append(Problem(path, str(error), fields=(path,)))
            return authority

    def _key(self, key: KeyRef, name: str) -> KeyRef:
        entries = self.secrets.get(name)
        if entries is None:
            raise ValueError(f"the Secret {SYSTEM_NAMESPACE}/{name} was not given")
        if not entries:
            raise ValueError(f'secret "{name}" contains no data')
        if len(entries) > 1:
            raise ValueError(f'secret "{name}" contains multiple data entries, only one is supported')
        (content,) = entries.values()
        try:
            return replace(key, data=content.decode("ascii"), secret_ref=None)
        except UnicodeDecodeError as error:
            raise ValueError(f'secret "{name}" contains an invalid public key') from error


def secrets(documents: Iterable[Document]) -> dict[str, Mapping[str, bytes]]:
    """The Secrets of policy-controller's namespace among objects, decoded.

    Raises:
        PolicyError: an object is no Secret, is of another namespace, or cannot be decoded; its content is not shown.
    """
    found: dict[str, Mapping[str, bytes]] = {}
    problems = []
    for document in documents:
        try:
            name, entries = _secret(document)
        except ValueError as error:
            problems.append(document.locate(Problem("", str(error))))
            continue
        if name in found:
            problems.append(document.locate(Problem("metadata.name", f"a second Secret {name}")))
        found[name] = entries
    if problems:
        raise PolicyError(problems)
    return found


def _secret(document: Document) -> tuple[str, Mapping[str, bytes]]:
    metadata = document.value.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    if document.kind != _KIND or not document.name:
        raise ValueError(f"expected a Secret with a name, got {document.kind or 'nothing'}")
    if namespace not in {None, "", SYSTEM_NAMESPACE}:
        raise ValueError(f"expected a Secret of the namespace {SYSTEM_NAMESPACE}")
    data, plain = document.value.get("data") or {}, document.value.get("stringData") or {}
    texts = [*data.values(), *plain.values()] if isinstance(data, dict) and isinstance(plain, dict) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("data and stringData: expected texts by their keys")
    try:
        decoded = {name: base64.b64decode(text, validate=True) for name, text in data.items()}
    except binascii.Error as error:
        raise ValueError("data: not base64") from error
    return document.name, decoded | {name: text.encode() for name, text in plain.items()}
