"""What the controller wrote goes, in an order in which nothing denies; what is in the way is named."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

from gatekeeper.certificates.marks import HOME
from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError, ObjectInvalidError
from gatekeeper.cluster.resource import (
    ASSIGNS,
    CLUSTER_IMAGE_POLICIES,
    CONSTRAINT_TEMPLATES,
    DEPLOYMENTS,
    LEASES,
    PODS,
    POLICY_STATUSES,
    PROVIDERS,
    SECRETS,
    SYNC_SETS,
    Resource,
    constraints,
)
from gatekeeper.documents.product import MANAGED_BY, NAME, SYNC_SET
from gatekeeper.reconciliation import marks
from gatekeeper.uninstallation import limits
from gatekeeper.uninstallation.errors import ControllerRunsError, ObjectsRemainError, ProviderNeededError
from gatekeeper.uninstallation.plan import UninstallationPlan, plan
from gatekeeper.uninstallation.reader import InventoryReader
from gatekeeper.uninstallation.uninstaller import Uninstaller
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.unit.reconciliation.world import World

NAMESPACE = "gatekeeper-system"
CONTROLLER = "bestbefore-controller"
_PART = {"app.kubernetes.io/part-of": "bestbefore", "app.kubernetes.io/component": "controller"}
_ASKS = 'package foreign\nviolation[{"msg": "no"}] { external_data({"provider": "bestbefore", "keys": []}) }\n'


class Surroundings:
    """A cluster in which a controller wrote two policies, and time that passes while somebody waits."""

    def __init__(self) -> None:
        self.world = World(no_match="deny")
        self.cluster: ClusterSimulator = self.world.cluster
        self.clock: FakeClock = self.world.clock
        self.reader = InventoryReader(self.cluster, NAMESPACE, ["bestbefore-tls", "bestbefore-client-tls"])
        self.said: list[str] = []
        self.paused = 0
        # What happens while somebody waits: the Pods of a controller that is scaled to 0 end at once.
        self.meanwhile: Callable[[], None] = self.end_pods
        for name in ("fresh", "signed"):
            self.world.apply(name, glob=f"{name}/*")
        self.world.run()
        for name in ("fresh", "signed"):
            self.cluster.add(POLICY_STATUSES, {"metadata": {"name": name}})
        self.deploy(1)
        self.cluster.add(PODS, {"metadata": {"name": "controller-x", "namespace": NAMESPACE, "labels": _PART}})
        self.cluster.add(LEASES, {"metadata": {"name": CONTROLLER, "namespace": NAMESPACE}})
        self.provider(NAME)
        self.sync_set(NAME)
        self.secret(NAME)
        self.cluster.writes.clear()

    def deploy(self, replicas: int) -> None:
        """The controller's Deployment, with so many replicas."""
        metadata = {"name": CONTROLLER, "namespace": NAMESPACE, "labels": _PART}
        spec = {"replicas": replicas, "selector": {"matchLabels": _PART}}
        self.cluster.add(DEPLOYMENTS, {"metadata": metadata, "spec": spec})

    def provider(self, manager: str) -> None:
        """The Provider, written by the controller (`bestbefore`), or of the release (`Helm`)."""
        self.cluster.add(PROVIDERS, {"metadata": {"name": "bestbefore", "labels": {MANAGED_BY: manager}}})

    def sync_set(self, manager: str) -> None:
        """What Gatekeeper keeps copies of Waivers for, written by the controller or by somebody else."""
        self.cluster.add(SYNC_SETS, {"metadata": {"name": SYNC_SET, "labels": {MANAGED_BY: manager}}})

    def secret(self, manager: str) -> None:
        """The Secret with the provider's certificate, by the same."""
        labels = {MANAGED_BY: manager}
        self.cluster.add(SECRETS, {"metadata": {"name": "bestbefore-tls", "namespace": NAMESPACE, "labels": labels}})

    def foreign(self, action: str = "", kind: str = "", text: str = _ASKS) -> None:
        """A Constraint of a person, of their own template, or of one of ours."""
        if not kind:
            kind = "Foreign"
            target = {"target": "admission.k8s.gatekeeper.sh", "rego": text}
            spec = {"crd": {"spec": {"names": {"kind": kind}}}, "targets": [target]}
            made = {"metadata": {"name": "foreign"}, "spec": spec, "status": {"created": True}}
            self.cluster.add(CONSTRAINT_TEMPLATES, made)
        body: dict[str, Any] = {"metadata": {"name": "theirs"}, "spec": {"enforcementAction": action} if action else {}}
        self.cluster.add(constraints(kind), body)

    def end_pods(self) -> None:
        for each in self.cluster.objects(DEPLOYMENTS):
            if each["spec"]["replicas"] == 0:
                for pod in self.cluster.objects(PODS):
                    if pod["metadata"]["name"].startswith("controller"):
                        self.cluster.remove(PODS, pod["metadata"]["name"], NAMESPACE)

    def pause(self, seconds: float) -> None:
        self.paused += 1
        self.clock.advance(seconds)
        self.meanwhile()

    def plan(self) -> UninstallationPlan:
        return plan(self.reader.read())

    def uninstall(self) -> None:
        Uninstaller(self.cluster, self.reader, self.clock, self.pause, self.said.append).run(self.plan())

    def left(self) -> list[str]:
        """What of all that the controller wrote is there."""
        kinds = (PROVIDERS, POLICY_STATUSES, SYNC_SETS, SECRETS, LEASES)
        records = [(kind, each) for kind in kinds for each in self.cluster.objects(kind)]
        return [*self.world.generated(), *(f"{kind.kind} {each['metadata']['name']}" for kind, each in records)]


@pytest.fixture
def there() -> Surroundings:
    return Surroundings()


def test_all_that_the_controller_wrote_goes_and_what_people_wrote_stays(there: Surroundings) -> None:
    assert len(there.left()) > 8
    there.uninstall()
    assert there.left() == []
    assert [each["metadata"]["name"] for each in there.cluster.objects(CLUSTER_IMAGE_POLICIES)] == ["fresh", "signed"]


def test_controller_ends_first_then_constraints_templates_providers_records(there: Surroundings) -> None:
    generated = {each.split()[0] for each in there.world.generated()} - {"ConstraintTemplate"}
    there.uninstall()
    written = [each.split()[1] for each in there.cluster.writes]
    kinds = ["Constraint" if each in generated else each for each in written]
    assert [kind for kind, _ in groupby(kinds)] == [
        "Deployment",
        "Constraint",
        "ConstraintTemplate",
        "Provider",
        "PolicyStatus",
        "SyncSet",
        "Secret",
        "Lease",
    ]
    assert there.cluster.writes[0] == f"scale Deployment {CONTROLLER}"


def test_gatekeeper_has_time_to_see_the_end_of_constraints_before_providers_go(there: Surroundings) -> None:
    deleted: dict[str, float] = {}
    delete = there.cluster.delete

    def noted(resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        delete(resource, name, namespace, uid=uid)
        deleted[resource.group] = there.clock.monotonic()

    there.cluster.delete = noted  # type: ignore[method-assign]
    there.uninstall()
    waited = deleted[PROVIDERS.group] - deleted[constraints("").group]
    assert waited >= limits.SETTLE_SECONDS


def test_nothing_is_deleted_while_a_pod_of_the_controller_lives(there: Surroundings) -> None:
    there.meanwhile = lambda: None
    before = there.left()
    with pytest.raises(ControllerRunsError, match=r"do not end within 90 seconds: controller-x.*try again"):
        there.uninstall()
    assert there.left() == before


def test_what_the_controller_writes_while_it_ends_goes_too(there: Surroundings) -> None:
    def last_words() -> None:
        if there.paused == 1:
            there.world.apply("late", glob="late/*")
            there.world.run()
        else:
            there.end_pods()

    there.meanwhile = last_words
    there.uninstall()
    assert there.left() == []


def test_controller_that_somebody_starts_again_is_named(there: Surroundings) -> None:
    there.meanwhile = lambda: there.deploy(2)
    before = there.left()
    with pytest.raises(ControllerRunsError, match=f"starts the controller again .Deployment {CONTROLLER}.*Pause"):
        there.uninstall()
    assert there.left() == before


def test_provider_and_secret_of_the_release_are_left_to_the_release(there: Surroundings) -> None:
    there.provider("Helm")
    there.secret("Helm")
    there.uninstall()
    assert there.left() == ["Provider bestbefore", "Secret bestbefore-tls"]


def test_secrets_are_read_by_name_alone(there: Surroundings) -> None:
    there.cluster.add(SECRETS, {"metadata": {"name": "other", "namespace": NAMESPACE, "labels": marks.labels("")}})
    there.uninstall()
    assert there.left() == ["Secret other"]
    assert "list secrets" not in there.cluster.calls


@pytest.mark.parametrize("action", ["", "deny", "unheard-of"])
def test_denying_constraint_of_somebody_else_is_in_the_way_and_nothing_is_changed(
    there: Surroundings, action: str
) -> None:
    there.foreign(action)
    with pytest.raises(ProviderNeededError, match=r"Foreign theirs.*dryrun"):
        there.uninstall()
    assert there.cluster.writes == []


def test_constraint_that_somebody_made_of_a_template_of_ours_is_in_the_way(there: Surroundings) -> None:
    kind = next(each.split()[0] for each in there.left() if "Template" not in each)
    there.foreign("deny", kind)
    with pytest.raises(ProviderNeededError, match=f"{kind} theirs"):
        there.uninstall()


@pytest.mark.parametrize("action", ["warn", "dryrun"])
def test_constraint_of_somebody_else_that_denies_nothing_stays_with_its_template(
    there: Surroundings, action: str
) -> None:
    kind = next(each.split()[0] for each in there.left() if "Template" not in each)
    there.foreign(action, kind)
    there.foreign(action)
    found = there.plan()
    assert [each.title for each in found.remaining] == [f"{kind} theirs", "Foreign theirs"]
    assert [each.name for each in found.kept] == [kind.lower()]
    there.uninstall()
    assert len(there.left()) == 4


def test_constraint_that_does_not_ask_the_provider_is_nobodys_business(there: Surroundings) -> None:
    there.foreign("deny", text='package foreign\nviolation[{"msg": "no"}] { true }\n')
    there.uninstall()
    assert there.left() == ["ConstraintTemplate foreign", "Foreign theirs"]


@pytest.mark.parametrize(("policy", "denies"), [("Ignore", False), ("Fail", True), ("", True), ("UseDefault", True)])
def test_mutator_that_needs_the_provider_is_in_the_way(there: Surroundings, policy: str, denies: bool) -> None:
    data = {"provider": "bestbefore-mutate", "failurePolicy": policy}
    there.cluster.add(
        ASSIGNS, {"metadata": {"name": "pin"}, "spec": {"parameters": {"assign": {"externalData": data}}}}
    )
    found = there.plan()
    assert [each.title for each in found.obstacles] == (["Assign pin"] if denies else [])


def test_object_that_a_finalizer_holds_is_named_with_it(there: Surroundings) -> None:
    (template, *_) = there.cluster.objects(CONSTRAINT_TEMPLATES)
    metadata = {**template["metadata"], "finalizers": ["example.com/hold"]}
    there.cluster.add(CONSTRAINT_TEMPLATES, {**template, "metadata": metadata})
    with pytest.raises(
        ObjectsRemainError, match=f"{template['metadata']['name']} .held by the finalizer example.com/hold"
    ):
        there.uninstall()
    assert "Provider bestbefore" in there.left()
    there.cluster.add(CONSTRAINT_TEMPLATES, template)
    there.uninstall()
    assert there.left() == []


def test_object_that_somebody_writes_again_is_named(there: Surroundings) -> None:
    (template, *_) = there.cluster.objects(CONSTRAINT_TEMPLATES)
    delete = there.cluster.delete

    def and_back(resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        delete(resource, name, namespace, uid=uid)
        if resource == PROVIDERS:
            there.cluster.add(CONSTRAINT_TEMPLATES, {**template, "metadata": {**template["metadata"], "uid": "new"}})

    there.cluster.delete = and_back  # type: ignore[method-assign]
    with pytest.raises(ObjectsRemainError, match=f"writes again.*{template['metadata']['name']}"):
        there.uninstall()


def came_back(there: Surroundings, at: Resource) -> None:
    """Somebody writes a policy's objects again when the first object of a kind is deleted."""
    kind = next(each.split()[0] for each in there.left() if "Template" not in each)
    template = next(each for each in there.cluster.objects(CONSTRAINT_TEMPLATES) if _kind(each) == kind)
    made = there.cluster.objects(constraints(kind))[0]
    delete = there.cluster.delete

    def and_back(resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        delete(resource, name, namespace, uid=uid)
        if resource == at and name == template["metadata"]["name"]:
            for back, of in ((CONSTRAINT_TEMPLATES, template), (constraints(kind), made)):
                there.cluster.add(back, {**of, "metadata": {**of["metadata"], "uid": "new"}})

    there.cluster.delete = and_back  # type: ignore[method-assign]


def _kind(template: dict[str, Any]) -> str:
    return str(template["spec"]["crd"]["spec"]["names"]["kind"])


def test_provider_stays_while_a_constraint_that_somebody_wrote_again_asks_it(there: Surroundings) -> None:
    came_back(there, CONSTRAINT_TEMPLATES)
    with pytest.raises(ObjectsRemainError, match="writes again"):
        there.uninstall()
    assert "Provider bestbefore" in there.left()


def test_provider_stays_where_somebody_elses_constraint_came_meanwhile(there: Surroundings) -> None:
    def arrives() -> None:
        there.end_pods()
        if not [each for each in there.world.generated() if "Template" in each]:
            there.foreign("deny")

    there.meanwhile = arrives
    with pytest.raises(ProviderNeededError, match="Foreign theirs"):
        there.uninstall()
    assert "Provider bestbefore" in there.left()


def test_constraint_of_somebody_else_that_came_at_the_very_end_is_named(there: Surroundings) -> None:
    def arrives() -> None:
        there.end_pods()
        if "Provider bestbefore" not in there.left():
            there.foreign("deny")

    there.meanwhile = arrives
    with pytest.raises(ProviderNeededError, match="Foreign theirs"):
        there.uninstall()


def of_installation(there: Surroundings, home: str, manager: str = NAME) -> None:
    """The Providers lead to an installation: as the controller writes them, or as Helm does."""
    labels = {MANAGED_BY: manager, "app.kubernetes.io/part-of": "bestbefore"}
    annotations = {HOME: f"{home}/bestbefore-tls"} if manager == NAME else {}
    for name in ("bestbefore", "bestbefore-audit"):
        metadata = {"name": name, "labels": labels, "annotations": annotations}
        spec = {"url": f"https://bestbefore.{home}.svc:8443/validate"}
        there.cluster.add(PROVIDERS, {"metadata": metadata, "spec": spec})


@pytest.mark.parametrize("manager", [NAME, "Helm"])
def test_end_of_a_second_release_leaves_policies_and_providers_to_the_first(there: Surroundings, manager: str) -> None:
    """Helm runs the hook of a release whose installation failed, too."""
    of_installation(there, "first", manager)
    before = there.left()
    there.uninstall()
    assert there.plan().other == "first"
    assert sorted({*before} - {*there.left()}) == [f"Lease {CONTROLLER}", "Secret bestbefore-tls"]


@pytest.mark.parametrize("manager", [NAME, "Helm"])
def test_end_of_the_release_to_which_the_providers_lead_takes_policies_away(there: Surroundings, manager: str) -> None:
    of_installation(there, NAMESPACE, manager)
    there.uninstall()
    assert there.world.generated() == []


def test_providers_that_lead_to_two_installations_are_of_neither(there: Surroundings) -> None:
    of_installation(there, "first")
    spec = {"url": "https://bestbefore.second.svc:8443/mutate"}
    there.cluster.add(PROVIDERS, {"metadata": {"name": "bestbefore-mutate"}, "spec": spec})
    assert there.plan().other == ""


def test_provider_of_another_installation_beside_ours_is_not_deleted(there: Surroundings) -> None:
    of_installation(there, "first")
    there.provider(NAME)
    there.uninstall()
    assert there.left() == ["Provider bestbefore-audit"]


def test_status_that_a_repository_has_may_come_back(there: Surroundings) -> None:
    delete = there.cluster.delete

    def and_back(resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        delete(resource, name, namespace, uid=uid)
        if resource == POLICY_STATUSES:
            there.cluster.add(POLICY_STATUSES, {"metadata": {"name": name}})

    there.cluster.delete = and_back  # type: ignore[method-assign]
    there.uninstall()


def test_second_time_there_is_nothing_to_do(there: Surroundings) -> None:
    there.uninstall()
    there.cluster.writes.clear()
    there.uninstall()
    assert there.cluster.writes == []


def test_try_that_was_broken_off_goes_on(there: Surroundings) -> None:
    there.cluster.fail("delete constrainttemplates", AccessDeniedError("delete constrainttemplates: 403"))
    with pytest.raises(AccessDeniedError):
        there.uninstall()
    assert "Provider bestbefore" in there.left()
    there.cluster.recover()
    there.uninstall()
    assert there.left() == []


def test_api_server_that_is_away_for_a_moment_is_waited_for(there: Surroundings) -> None:
    there.cluster.fail("scale deployments", ClusterUnavailableError("scale deployments: 503"))

    def again() -> None:
        there.cluster.recover()
        there.end_pods()

    there.meanwhile = again
    there.uninstall()
    assert there.left() == []


def test_api_server_that_stays_away_ends_it_in_time(there: Surroundings) -> None:
    there.cluster.fail("delete providers", ClusterUnavailableError("delete providers: 503"))
    with pytest.raises(ClusterUnavailableError):
        there.uninstall()
    assert there.paused <= limits.STOP_SECONDS + limits.GONE_SECONDS


@pytest.mark.parametrize("plural", ["constrainttemplates", "providers", "assign", "policystatuses", "deployments"])
def test_what_may_not_be_read_is_not_taken_for_nothing(there: Surroundings, plural: str) -> None:
    there.cluster.fail(f"list {plural}", AccessDeniedError(f"list {plural}: 403"))
    with pytest.raises(AccessDeniedError, match=plural):
        there.plan()


def test_kinds_that_are_not_there_have_no_objects() -> None:
    found = plan(InventoryReader(ClusterSimulator(kinds=(DEPLOYMENTS,)), NAMESPACE).read())
    assert (found.policies, found.records, found.stops, found.obstacles) == ((), (), (), ())


def test_webhook_that_refuses_a_deletion_is_quoted(there: Surroundings) -> None:
    there.cluster.fail("delete providers", ObjectInvalidError("delete providers bestbefore: denied"))
    with pytest.raises(ObjectInvalidError, match="denied"):
        there.uninstall()


def test_all_waits_together_are_shorter_than_helms() -> None:
    stages = len(("constraints", "templates", "providers", "records"))
    looks = len(("after the stop", "before the providers", "whether it is stopped at the end", "at the end"))
    settled = 3 * limits.SETTLE_SECONDS
    assert limits.STOP_SECONDS + stages * limits.GONE_SECONDS + looks * limits.LOOK_SECONDS + settled < 300
