"""Whose Pods are whose: the service accounts of operators that make Pods by themselves.

No object says which account made it. A policy that names accounts (`controllers` of MaximumImageAge) knows which of
them are operators; which kind is whose is said by names: `cnpg-system/cnpg-manager` and `Cluster` of
`postgresql.cnpg.io`. An account whose name says nothing is not taken: a Pod that is judged as a person's is announced
too early, one that is judged as an operator's, and is none, not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.documents import fields
from gatekeeper.translation.translate import Translation

# Shorter parts of names say nothing.
_TELLING: Final = 4
_PROJECT: Final = "proj"
# Parts that many operators have in their names.
_COMMON: Final = frozenset({"system", "manager", "controller", "operator", "default", "kube", "kubernetes", "cluster"})


@dataclass(frozen=True)
class Actors:
    """Knows them.

    Attributes:
        by_kind: the service account, `namespace/name`, by the kind of the Pods' owner.
        named: those that policies name.
    """

    by_kind: Mapping[str, str] = field(default_factory=dict)
    named: Sequence[str] = ()

    def of(self, kind: str, api_version: str) -> str:
        """The account that makes Pods of a kind, `namespace/name`; empty where that is not known.

        Args:
            kind: of the owner.
            api_version: of it, with its group: `postgresql.cnpg.io/v1`.
        """
        if kind in self.by_kind:
            return self.by_kind[kind]
        group, _, version = api_version.rpartition("/")
        owner = set(_parts(group if version else ""))
        return next((each for each in self.named if not owner.isdisjoint(_parts(each))), "")


def named_accounts(translations: Sequence[Translation]) -> tuple[str, ...]:
    """The accounts that Constraints name as those of controllers, each once, in their order."""
    several = [
        fields.mapping(made, "spec", "parameters").get("controllers")
        for each in translations
        for made in each.constraints
    ]
    texts = [each for accounts in several if isinstance(accounts, list) for each in accounts if isinstance(each, str)]
    return tuple(dict.fromkeys(each for each in texts if each.count("/") == 1))


def _parts(name: str) -> Iterator[str]:
    """The parts that say something; `argoproj` is `argo`."""
    for part in re.split(r"[^a-z0-9]+", name.lower()):
        word = part.removesuffix(_PROJECT)
        if len(word) >= _TELLING and word not in _COMMON:
            yield word
