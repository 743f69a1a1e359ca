"""What an account may do by Roles and bindings, as the API server decides it, without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.integration.chart.helm import Object

EVERYWHERE = "cluster"


@dataclass(frozen=True, order=True)
class AccountRight:
    """One verb on one kind of objects.

    Attributes:
        verb: `get`, `list`, ...
        resource: plural, with its subresource (`pods/log`) and its group (`deployments.apps`).
        where: a namespace, or `cluster`.
        name: of the only object that it is about; empty for all.
    """

    verb: str
    resource: str
    where: str
    name: str = ""


def of(objects: Sequence[Object], account: str) -> set[AccountRight]:
    """The rights of a service account, by rendered objects."""
    return set(_rights(objects, account))


def _rights(objects: Sequence[Object], account: str) -> Iterator[AccountRight]:
    roles = {(each["kind"], each["metadata"]["name"], each["metadata"].get("namespace", "")): each for each in objects}
    for binding in objects:
        if not binding["kind"].endswith("RoleBinding") or account not in {each["name"] for each in binding["subjects"]}:
            continue
        where = binding["metadata"].get("namespace", "")
        place = where if binding["roleRef"]["kind"] == "Role" else ""
        for rule in roles[binding["roleRef"]["kind"], binding["roleRef"]["name"], place]["rules"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    plural = f"{resource}.{group}" if group else resource
                    for name in rule.get("resourceNames", [""]):
                        yield from (AccountRight(verb, plural, where or EVERYWHERE, name) for verb in rule["verbs"])


def allows(rights: set[AccountRight], wanted: AccountRight) -> bool:
    """Whether one of the rights is enough for a call, whose name may be empty for a list."""
    group = wanted.resource.partition(".")[2]
    return any(
        right.verb == wanted.verb
        and right.resource in {wanted.resource, f"*.{group}"}
        and right.where in {EVERYWHERE, wanted.where}
        and right.name in {"", wanted.name}
        for right in rights
    )
