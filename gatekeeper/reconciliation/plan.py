"""From what there is and what should be to the steps between: pure, and in an order in which nothing opens.

A template comes before its Constraint, and a Constraint that is there is changed only when every Pod of Gatekeeper has
taken up the template that it is for. What is left over of a policy's earlier form goes only when the present one is in
force everywhere, Constraints before their template.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, Resource, constraints
from gatekeeper.reconciliation import marks
from gatekeeper.reconciliation.desired import DesiredObject, DesiredPolicy
from gatekeeper.reconciliation.present import PresentObject
from gatekeeper.reconciliation.view import ClusterView, pods_enforcing
from gatekeeper.translation import names


@dataclass(frozen=True)
class PlanStep:
    """One write.

    Attributes:
        policy: uid of the policy that it is for; after a step that fails the others of that policy wait.
        resource: of the object.
        name: of the object.
        desired: what is applied; None where the object is deleted.
        uid: of the object that is deleted.
    """

    policy: str
    resource: Resource
    name: str
    desired: DesiredObject | None = None
    uid: str = ""


def foreign(view: ClusterView, target: DesiredPolicy) -> str:
    """The object of somebody else that has a name of ours, said in a sentence; empty where there is none."""
    template = view.templates.get(target.template.name)
    shared = target.template.kind == names.SHARED_KIND or target.uid == marks.SHARED
    if template is not None and not (template.adoptable if shared else template.belongs_to(target.name, target.uid)):
        return f"the ConstraintTemplate {template.name} is not ours and has the name that this policy's would have"
    for each in target.constraints:
        there = view.of_kind(each.kind).get(each.name)
        owned = there is None or (
            there.adoptable if target.uid == marks.SHARED else there.belongs_to(target.name, target.uid)
        )
        if not owned:
            return f"the Constraint {each.kind} {each.name} is not ours and has the name that this policy's would have"
    return ""


def settled(view: ClusterView, target: DesiredPolicy) -> bool:
    """Whether all of a policy is there as it should be, and in force in every Pod."""
    there = present(view, target)
    return there is not None and bool(view.pods) and pods_enforcing(there, view.pods) == len(view.pods)


def present(view: ClusterView, target: DesiredPolicy) -> list[PresentObject] | None:
    """The objects of a policy as they are in the cluster; None unless all are there as they should be."""
    wanted = [(target.template, view.templates.get(target.template.name))]
    wanted += [(each, view.of_kind(each.kind).get(each.name)) for each in target.constraints]
    found = [there for each, there in wanted if there is not None and there.digest == each.digest]
    return found if len(found) == len(wanted) else None


def writes(view: ClusterView, target: DesiredPolicy) -> Iterator[PlanStep]:
    """What a policy lacks."""
    template = view.templates.get(target.template.name)
    if template is None or template.digest != target.template.digest:
        yield PlanStep(target.uid, CONSTRAINT_TEMPLATES, target.template.name, target.template)
        return
    known = view.constraints.get(target.template.kind)
    taken_up = pods_enforcing([template], view.pods) == len(view.pods)
    if known is None:
        return
    new = [each for each in target.constraints if each.name not in known]
    for each in new:
        yield PlanStep(target.uid, constraints(each.kind), each.name, each)
    if new or not taken_up:
        return
    changed = [each for each in target.constraints if known[each.name].digest != each.digest]
    right = [known[each.name] for each in target.constraints if each not in changed]
    # What one Constraint gives up, such as a namespace, another one has before.
    if not right or pods_enforcing(right, view.pods) == len(view.pods):
        for each in changed:
            yield PlanStep(target.uid, constraints(each.kind), each.name, each)


def leftovers(view: ClusterView, target: DesiredPolicy) -> Iterator[PlanStep]:
    """What is there of an earlier form of a policy; only for one that is settled."""
    wanted = {(each.kind, each.name) for each in target.constraints}
    stale = [each for each in view.constraints_of(target.name, target.uid) if (each.kind, each.name) not in wanted]
    own = [each for each in view.templates_of(target.name, target.uid) if each.kind != target.template.kind]
    yield from _deletions(view, target.uid, stale, own)


def surplus(view: ClusterView, target: DesiredPolicy) -> Iterator[PlanStep]:
    """Our Constraints of the kind of what is settled and is of no single policy, that it does not have any more."""
    wanted = {each.name for each in target.constraints}
    mine = [each for each in view.of_kind(target.template.kind).values() if each.owner == target.uid]
    yield from _deletions(view, target.uid, [each for each in mine if each.name not in wanted], [])


def removals(view: ClusterView, uid: str, name: str) -> Iterator[PlanStep]:
    """What is there of a policy that ended."""
    yield from _deletions(view, uid, view.constraints_of(name, uid), view.templates_of(name, uid))


def unused(view: ClusterView, kind: str) -> Iterator[PlanStep]:
    """The template that several policies share, and our Constraints of it, where nobody needs them any more."""
    template = view.template(kind)
    mine = [each for each in view.of_kind(kind).values() if each.owner == marks.SHARED]
    yield from _deletions(view, marks.SHARED, mine, [template] if template and template.owner == marks.SHARED else [])


def coverage_entries(
    view: ClusterView, before: Collection[Mapping[str, object]], ended: Collection[str]
) -> list[Mapping[str, object]]:
    """Which images count as covered: those of policies that are in force in every Pod.

    Of a policy whose change is on the way it is what was covered before.

    Args:
        view: the cluster.
        before: the entries of the Constraint that is there.
        ended: uids of policies that are removed now.
    """
    kept = {str(each.get("name", "")): each for each in before}
    # What cannot be read now is as it was.
    entries: dict[str, Mapping[str, object]] = dict(kept) if view.unread else {}
    there: dict[str, list[PresentObject]] = {}
    for each in (made for found in view.constraints.values() for made in (found or {}).values()):
        if each.owner in ended:
            entries.pop(each.policy, None)
        elif each.policy and each.covered:
            there.setdefault(each.policy, []).append(each)
    for name, made in there.items():
        if _are_in_force_everywhere(view, made):
            entries[name] = made[0].covered
        elif name in kept:
            entries.setdefault(name, kept[name])
    # Somebody may have deleted what is there of the last one: without an entry all images would be admitted meanwhile.
    covered = entries or {name: entry for name, entry in kept.items() if name in view.policies}
    return [covered[name] for name in sorted(covered)]


def _are_in_force_everywhere(view: ClusterView, made: Collection[PresentObject]) -> bool:
    """Whether every Pod enforces all of them: each may be of other namespaces. Without its template none judges."""
    templates = [found for each in made if (found := view.template(each.kind)) is not None]
    if not view.pods or len(templates) < len(made):
        return False
    return pods_enforcing([*templates, *made], view.pods) == len(view.pods)


def _deletions(
    view: ClusterView, policy: str, stale: Collection[PresentObject], templates: Collection[PresentObject]
) -> Iterator[PlanStep]:
    for each in stale:
        yield PlanStep(policy, constraints(each.kind), each.name, uid=each.uid)
    going = {each.uid for each in stale}
    for each in templates:
        # A Constraint that somebody else made of our template would go with it.
        others = view.of_kind(each.kind).values()
        if each.kind not in view.unread and all(other.uid in going for other in others):
            yield PlanStep(policy, CONSTRAINT_TEMPLATES, each.name, uid=each.uid)
