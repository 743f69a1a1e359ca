"""Rounds: what is there, what should be, the steps between, and what became of each policy.

Each round begins anew with what the cluster has, so it makes no difference whether an event was missed, the process is
a new one, or two of them work at once for a moment: what is applied is the same. Nothing is kept but what makes it
faster, and one thing beside: the last form of each policy that was in force everywhere, so that it can be restored
while the present text is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES, CONSTRAINT_TEMPLATES
from gatekeeper.reconciliation import desired, judgement, limits, plan, present
from gatekeeper.reconciliation.constraint_lists import ConstraintLists
from gatekeeper.reconciliation.desired import DesiredPolicy
from gatekeeper.reconciliation.ends import PolicyEnds
from gatekeeper.reconciliation.gatekeeper_pods import GatekeeperPods
from gatekeeper.reconciliation.gatekeeper_refusals import GatekeeperRefusals
from gatekeeper.reconciliation.judgement import Circumstances
from gatekeeper.reconciliation.mirror import Mirror
from gatekeeper.reconciliation.plan import PlanStep
from gatekeeper.reconciliation.present import PolicyObject, PresentObject
from gatekeeper.reconciliation.removal import RemovalDecision
from gatekeeper.reconciliation.report import PolicyReport, PolicyReports, RoundReport, StateReason
from gatekeeper.reconciliation.root_digests import UNKNOWN, NoRootDigests, RootDigests, RootedPolicies
from gatekeeper.reconciliation.shadow import Shadow
from gatekeeper.reconciliation.translator import Outcome, PolicyTranslator, Refusal
from gatekeeper.reconciliation.view import ClusterView
from gatekeeper.reconciliation.writer import ObjectWriter, Outcomes
from gatekeeper.translation import names
from gatekeeper.translation.constraint import COVERAGE_KIND, COVERAGE_NAME
from provider.clock import Clock

ALLOW: Final = "allow"


@dataclass(frozen=True)
class ReconcilerSettings:
    """What an administrator decides.

    Attributes:
        gatekeeper_namespace: of Gatekeeper's Pods.
        no_match: what becomes of images that no policy covers: `deny`, `warn` or `allow`.
        shadow: how what is generated neither denies nor warns; None where it does.
    """

    gatekeeper_namespace: str
    no_match: str = "deny"
    shadow: Shadow | None = None


@dataclass(frozen=True)
class ReconcilerMirrors:
    """What is watched of the cluster; it outlives a reconciler.

    Attributes:
        policies: ClusterImagePolicies.
        templates: ConstraintTemplates of anybody.
    """

    policies: Mirror[PolicyObject]
    templates: Mirror[PresentObject]

    @classmethod
    def of(cls, api: KubernetesApi, clock: Clock) -> ReconcilerMirrors:
        """Mirrors that know nothing yet."""
        return cls(
            Mirror(api, CLUSTER_IMAGE_POLICIES, PolicyObject.of, clock),
            Mirror(api, CONSTRAINT_TEMPLATES, present.template, clock),
        )


class Reconciler:
    """Makes policies of the cluster's ClusterImagePolicies, and keeps them.

    Args:
        api: of the cluster.
        mirrors: of it; somebody else keeps them.
        translator: of policies.
        reports: take what each round found.
        clock: says when.
        settings: see there.
        may_write: whether this process is still the one that writes.
        roots: know the trust roots that policies name.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its parts
        self,
        api: KubernetesApi,
        mirrors: ReconcilerMirrors,
        translator: PolicyTranslator,
        reports: PolicyReports,
        clock: Clock,
        settings: ReconcilerSettings,
        may_write: Callable[[], bool] = lambda: True,
        roots: RootDigests | None = None,
    ) -> None:
        self._policies, self._templates = mirrors.policies, mirrors.templates
        self._translator = translator
        self._reports = reports
        self._clock = clock
        self._settings = settings
        self._constraints = ConstraintLists(api, clock)
        self._pods = GatekeeperPods(api, settings.gatekeeper_namespace, clock)
        self._ends = PolicyEnds(api, clock)
        self._writer = ObjectWriter(api, self, clock, may_write)
        self._may_write = may_write
        self._rooted = RootedPolicies(roots or NoRootDigests())
        self._good: dict[str, DesiredPolicy] = {}
        self._refusals = GatekeeperRefusals()
        self._waiting: dict[str, float] = {}
        self._in_force: set[tuple[str, str, str]] = set()
        self._coverage: DesiredPolicy | None = None
        self._entries: Sequence[Mapping[str, object]] = ()
        self._failures = 0
        self._next = ""
        self._failed: Collection[str] = ()

    def note(self, step: PlanStep, found: Object | None) -> None:
        """See `Notebook`."""
        if step.resource == CONSTRAINT_TEMPLATES:
            self._templates.note(step.name, found)
            if step.desired is not None:
                self._constraints.expect(step.desired.kind)
        else:
            self._constraints.note(step.resource.kind, step.name, found)

    def round(self) -> float:
        """One round; after how many seconds the next one is due although nothing happens."""
        view = self._view()
        if view is None:
            self._say(self._without_view())
            return limits.LATE_SECONDS
        outcomes = self._translator.outcomes(list(view.policies.values()))
        decision = self._ends.decide(view, defined=not self._policies.absent)
        targets = self._targets(view, outcomes, decision)
        ended = {uid: name for uid, name in view.ends().items() if uid in decision.removed}
        done = Outcomes()
        self._writer.take(self._steps(view, targets, ended), done)
        self._next, self._failed = done.left, done.errors.keys()
        after = self._view() or view
        self._rooted.look(after)
        repaired = self._repaired(done)
        self._remember(after, targets)
        left = after.ends()
        policies = [self._report(after, each, targets, done) for each in after.policies.values()]
        policies += [judgement.held(after, left[uid], uid, why) for uid, why in decision.held.items() if uid in left]
        removed = sorted(name for uid, name in ended.items() if uid not in left)
        policies.sort(key=lambda each: each.name)
        self._say(
            RoundReport(
                known=True, policies=policies, removed=removed, repaired=repaired, faults=self._faults(done.errors)
            )
        )
        return self._rest(targets, done, decision.wait)

    def _say(self, found: RoundReport) -> None:
        # Of a process that lost the Lease it would be what another one may have changed already.
        if self._may_write():
            self._reports.take(found)

    def _without_view(self) -> RoundReport:
        """What can be said while not even templates can be read: of each policy that it is on no way."""
        policies, error = self._policies.objects, self._templates.error
        if policies is None or error is None:
            return RoundReport(known=False, faults=self._faults({}))
        reports = [judgement.unread(each, error) for _, each in sorted(policies.items())]
        return RoundReport(known=True, policies=reports, faults=self._faults({}))

    def _view(self) -> ClusterView | None:
        """The cluster as it is known now; None while something of it is not known at all."""
        policies, templates = self._policies.objects, self._templates.objects
        if templates is None or (policies is None and not self._policies.absent):
            return None
        mine = [each for each in templates.values() if _concerns_us(each)]
        kinds = {each.kind for each in mine}
        # Gatekeeper makes a kind before it says anything of its template, and the watch shows that.
        constraints = self._constraints.read(
            {each.kind for each in mine if each.words or self._constraints.knows(each.kind)}
        )
        pods = self._pods.ready(soon=bool(self._waiting))
        return ClusterView(policies or {}, templates, constraints, pods, frozenset(kinds - constraints.keys()))

    def _targets(
        self, view: ClusterView, outcomes: Mapping[str, Outcome], decision: RemovalDecision
    ) -> dict[str, _Target]:
        """What should be there of each policy, by its uid."""
        found = {uid: self._target(view, uid, outcome) for uid, outcome in outcomes.items()}
        for uid in decision.held:
            found[uid] = _Target(self._good.get(uid))
        self._rooted.forget(frozenset(found))
        return {uid: self._with_roots(target) for uid, target in found.items()}

    def _with_roots(self, target: _Target) -> _Target:
        """With the digests of the trust roots that it names; nothing is written while they are not known."""
        if target.policy is None or (rooted := self._rooted.of(target.policy)) is target.policy:
            return target
        if rooted is None:
            return _Target(None, target.refusal or Refusal(StateReason.APPLYING, UNKNOWN))
        return _Target(rooted, target.refusal)

    def _target(self, view: ClusterView, uid: str, outcome: Outcome) -> _Target:
        good = self._good.get(uid)
        if isinstance(outcome, Refusal):
            return _Target(good, outcome)
        digest = outcome.template.digest
        self._refusals.look(uid, view.templates.get(outcome.template.name), digest, view.pods)
        words = self._refusals.of(uid, digest)
        if not words:
            return _Target(outcome)
        refusal = Refusal(StateReason.REFUSED_BY_GATEKEEPER, f"Gatekeeper does not take its template: {words}")
        return _Target(good if good is not None and good.template.digest != digest else None, refusal)

    def _steps(self, view: ClusterView, targets: Mapping[str, _Target], ended: Mapping[str, str]) -> Iterator[PlanStep]:
        # Policies that are held count, and those of whose end it is not decided yet whether it is a fault.
        left = view.ends().keys() - ended.keys()
        yield from self._coverage_steps(view, ended, anybody=bool(view.policies or left))
        for uid, name in ended.items():
            yield from plan.removals(view, uid, name)
        for each in self._in_turn(view, targets):
            if each.policy is not None and not plan.foreign(view, each.policy):
                yield from plan.writes(view, each.policy)
                if plan.settled(view, each.policy):
                    yield from plan.leftovers(view, each.policy)
        if not any(each.policy and each.policy.template.kind == names.SHARED_KIND for each in targets.values()):
            yield from plan.unused(view, names.SHARED_KIND)

    def _in_turn(self, view: ClusterView, targets: Mapping[str, _Target]) -> Iterator[_Target]:
        """Those first that lack a Constraint alone, then from where the last round had no time; what failed, last."""
        uids = list(targets)
        first = uids.index(self._next) if self._next in targets else 0
        turn = [*uids[first:], *uids[:first]]
        turn.sort(key=lambda uid: (uid in self._failed, not _has_template(view, targets[uid].policy)))
        return (targets[uid] for uid in turn)

    def _coverage_steps(self, view: ClusterView, ended: Mapping[str, str], *, anybody: bool) -> Iterator[PlanStep]:
        self._coverage = self._wanted_coverage(view, ended) if anybody else None
        if self._coverage is None:
            yield from plan.unused(view, COVERAGE_KIND)
        elif not plan.foreign(view, self._coverage):
            yield from plan.writes(view, self._coverage)
            if plan.settled(view, self._coverage):
                yield from plan.surplus(view, self._coverage)

    def _wanted_coverage(self, view: ClusterView, ended: Mapping[str, str]) -> DesiredPolicy | None:
        if self._settings.no_match == ALLOW:
            return None
        there = view.of_kind(COVERAGE_KIND).get(COVERAGE_NAME)
        before = there.covered.get("policies") or () if there is not None else self._entries
        entries = plan.coverage_entries(view, [each for each in before if isinstance(each, Mapping)], ended)
        if entries == self._entries and self._coverage is not None:
            return self._coverage
        self._entries = entries
        if not entries:
            return None
        return desired.coverage(entries, self._settings.no_match, self._settings.shadow)

    def _remember(self, view: ClusterView, targets: Mapping[str, _Target]) -> None:
        """Which forms are in force everywhere, and what is still on the way."""
        now = self._clock.monotonic()
        waiting: dict[str, float] = {}
        for uid, each in targets.items():
            if each.policy is not None and plan.settled(view, each.policy):
                self._good[uid] = each.policy
                self._in_force |= _digests(each.policy)
            elif each.policy is not None:
                waiting[uid] = self._waiting.get(uid, now)
        if self._coverage is not None and plan.settled(view, self._coverage):
            self._in_force |= _digests(self._coverage)
        elif self._coverage is not None:
            waiting[self._coverage.uid] = now
        self._waiting = waiting
        self._good = {uid: kept for uid, kept in self._good.items() if uid in targets}
        self._refusals.keep(targets.keys())

    def _repaired(self, done: Outcomes) -> list[str]:
        return [
            f"{step.resource.kind} {step.name}"
            for step in done.done
            if step.desired is not None and (step.desired.kind, step.name, step.desired.digest) in self._in_force
        ]

    def _report(
        self, view: ClusterView, policy: PolicyObject, targets: Mapping[str, _Target], done: Outcomes
    ) -> PolicyReport:
        target = targets.get(policy.uid, _Target(None))
        since = self._waiting.get(policy.uid)
        circumstances = Circumstances(
            target.policy,
            target.refusal,
            plan.foreign(view, target.policy) if target.policy is not None else "",
            done.errors.get(policy.uid) or (self._pods.error if not view.pods else None),
            overdue=since is not None and self._clock.monotonic() - since > limits.OVERDUE_SECONDS,
        )
        found = self._rooted.shown(judgement.report(view, policy, circumstances))
        return replace(found, warnings=self._translator.warnings(policy.uid), keys=self._translator.keys(policy.uid))

    def _faults(self, errors: Mapping[str, ClusterError]) -> Sequence[ClusterError]:
        # A cluster without the kind has no policies, and nothing is wrong with that; what it leaves in force is held.
        unread = None if self._policies.absent else self._policies.error
        found = [unread, self._templates.error, self._pods.error, self._ends.error]
        every = [*found, *self._constraints.errors, *self._translator.errors(), *errors.values()]
        return list({error.message: error for error in every if error is not None}.values())

    def _rest(self, targets: Mapping[str, _Target], done: Outcomes, wait: float | None) -> float:
        """How long nothing has to be done unless something happens."""
        unsettled = {each.policy.template.kind for uid, each in targets.items() if each.policy and uid in self._waiting}
        if self._coverage is not None and self._coverage.uid in self._waiting:
            unsettled.add(COVERAGE_KIND)
        self._constraints.rest(unsettled)
        self._failures = self._failures + 1 if done.errors else 0
        again = limits.SOON_SECONDS * 2.0 ** min(self._failures, 10) if done.errors else limits.CONSTRAINTS_SECONDS
        now = self._clock.monotonic()
        moments = [self._constraints.next() - now, self._pods.next() - now, min(again, limits.LATE_SECONDS)]
        moments += [wait] if wait is not None else []
        moments += [0.0] if done.left else []
        moments += [self._translator.next() - now]
        return max(limits.GATHER_SECONDS, min(moments))


@dataclass(frozen=True)
class _Target:
    """What should be in the cluster of one policy, and why that is not its present text, if so."""

    policy: DesiredPolicy | None
    refusal: Refusal | None = None


def _has_template(view: ClusterView, policy: DesiredPolicy | None) -> bool:
    there = view.templates.get(policy.template.name) if policy is not None else None
    return there is not None and policy is not None and there.digest == policy.template.digest


def _digests(policy: DesiredPolicy) -> set[tuple[str, str, str]]:
    return {(each.kind, each.name, each.digest) for each in (policy.template, *policy.constraints)}


def _concerns_us(template: PresentObject) -> bool:
    """Whether Constraints of its kind may be of ClusterImagePolicies."""
    shared = template.kind in {names.SHARED_KIND, COVERAGE_KIND}
    return bool(template.owner) or (template.translated and (bool(template.policy) or shared))
