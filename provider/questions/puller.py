"""Who pulls an image: the members `namespace`, `serviceAccount` and `pullSecrets` of a question.

They stand in a question only where a policy says so, because an answer is shared by those alone who ask the same: with
them it is one namespace's. They are names; what a Secret holds is in no key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provider import limits
from provider.questions.proof_question import secret_names
from provider.questions.reading import invalid

FIELDS: Final = frozenset({"namespace", "serviceAccount", "pullSecrets"})
# RFC 1123, as Kubernetes has it for namespaces.
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Puller:
    """Who pulls.

    Attributes:
        namespace: of the Pod.
        service_account: whose pull secrets count where the Pod names none; empty for nobody's.
        pull_secrets: names of Secrets in that namespace, in the Pod's order. A name may be anything that somebody wrote
            into a Pod.
    """

    namespace: str
    service_account: str = ""
    pull_secrets: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The members as a template writes them."""
        found: dict[str, Any] = {"namespace": self.namespace}
        if self.service_account:
            found["serviceAccount"] = self.service_account
        if self.pull_secrets:
            found["pullSecrets"] = list(self.pull_secrets)
        return found


def read(fields: Mapping[str, Any]) -> Puller | None:
    """Who pulls, as a question says; None where it does not.

    Raises:
        QuestionError: `KeyInvalid`.
    """
    if not fields.keys() & FIELDS:
        return None
    namespace, account = fields.get("namespace"), fields.get("serviceAccount", "")
    if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
        raise invalid("`namespace` of the question is no name of a namespace")
    if not isinstance(account, str) or len(account) > limits.OBJECT_NAME_CHARACTERS:
        raise invalid("`serviceAccount` of the question is no name")
    return Puller(namespace, account, secret_names(fields.get("pullSecrets", []), "`pullSecrets`"))
