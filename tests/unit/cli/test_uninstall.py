"""`bestbefore uninstall`: what a person reads before and after, and the exit codes."""

from __future__ import annotations

import time

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli import clusters
from gatekeeper.cli.main import cli
from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import DEPLOYMENTS, PROVIDERS, constraints
from gatekeeper.translation import names
from tests.unit.reconciliation.world import World

_LABELS = {"app.kubernetes.io/part-of": "bestbefore", "app.kubernetes.io/component": "controller"}
_KIND = names.kind_of("fresh")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A controller wrote a policy, and runs."""
    made = World()
    made.apply("fresh")
    made.run()
    metadata = {"name": "bestbefore-controller", "namespace": "here", "labels": _LABELS}
    spec = {"replicas": 1, "selector": {"matchLabels": _LABELS}}
    made.cluster.add(DEPLOYMENTS, {"metadata": metadata, "spec": spec})
    made.cluster.writes.clear()
    monkeypatch.setattr(clusters, "connect", lambda *_: made.cluster.cluster)
    # What waits for 30 seconds asks again and again until they have passed.
    monkeypatch.setattr("gatekeeper.cli.uninstall.SystemClock", lambda: made.clock)
    monkeypatch.setattr(time, "sleep", made.clock.advance)
    return made


def _uninstall(*words: str, namespace: str = "here") -> Result:
    return CliRunner().invoke(cli, ["uninstall", f"--namespace={namespace}", *words])


def test_each_step_is_said(world: World) -> None:
    done = _uninstall()
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "the controller is stopped: Deployment bestbefore-controller",
        f"gone: {_KIND} fresh",
        f"gone: ConstraintTemplate {_KIND.lower()}",
        "Done: the release can go.",
    ]
    assert world.generated() == []


def test_dry_run_says_what_would_be_done_and_does_nothing(world: World) -> None:
    done = _uninstall("--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "would be scaled to 0: Deployment bestbefore-controller",
        f"would be deleted: {_KIND} fresh",
        f"would be deleted: ConstraintTemplate {_KIND.lower()}",
    ]
    assert world.cluster.writes == []


@pytest.mark.parametrize("words", [[], ["--dry-run"]])
def test_what_needs_the_provider_is_exit_1_and_named(world: World, words: list[str]) -> None:
    world.cluster.add(constraints(_KIND), {"metadata": {"name": "theirs"}, "spec": {}})
    done = _uninstall(*words)
    assert done.exit_code == 1
    assert f"they deny everything once the provider is gone: {_KIND} theirs. Delete them" in done.stderr
    assert world.cluster.writes == []


def test_what_stays_is_said(world: World) -> None:
    world.cluster.add(constraints(_KIND), {"metadata": {"name": "theirs"}, "spec": {"enforcementAction": "dryrun"}})
    done = _uninstall()
    assert done.exit_code == 0
    assert f"{_KIND} theirs stays: others wrote it" in done.stderr
    assert f"ConstraintTemplate {_KIND.lower()} stays, because a Constraint that others wrote" in done.stderr


def test_namespace_without_a_controller_is_said(world: World) -> None:
    assert "no controller is in namespace elsewhere, so none is stopped" in _uninstall(namespace="elsewhere").stderr


def test_missing_right_is_exit_3_with_the_call(world: World) -> None:
    world.cluster.fail("delete constrainttemplates", AccessDeniedError("delete constrainttemplates x: 403"))
    done = _uninstall()
    assert (done.exit_code, "delete constrainttemplates x: 403" in done.stderr) == (3, True)


def test_cluster_that_cannot_be_read_is_exit_3(world: World) -> None:
    world.cluster.fail("*", AccessDeniedError("list constrainttemplates: 403"))
    assert _uninstall("--dry-run").exit_code == 3


def test_object_that_does_not_go_is_exit_3(world: World) -> None:
    labels = {"app.kubernetes.io/managed-by": "bestbefore"}
    world.cluster.add(PROVIDERS, {"metadata": {"name": "bestbefore", "labels": labels, "finalizers": ["a/b"]}})
    done = _uninstall()
    assert (done.exit_code, "Provider bestbefore (held by the finalizer a/b)" in done.stderr) == (3, True)


def test_namespace_has_to_be_said() -> None:
    assert CliRunner().invoke(cli, ["uninstall"]).exit_code == 2


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_policies_of_another_installation_are_said_to_stay(world: World, words: tuple[str, ...]) -> None:
    spec = {"url": "https://bestbefore.elsewhere.svc:8443/validate"}
    world.cluster.add(PROVIDERS, {"metadata": {"name": "bestbefore"}, "spec": spec})
    before = world.generated()
    done = _uninstall(*words)
    assert done.exit_code == 0
    assert "the Providers lead to the installation in namespace elsewhere: they stay, as all policies do" in done.stderr
    assert "gone: ConstraintTemplate" not in done.stdout
    assert world.generated() == before


@pytest.mark.parametrize(
    "marks",
    [
        {"annotations": {"meta.helm.sh/release-name": "bestbefore"}},
        {"annotations": {"argocd.argoproj.io/tracking-id": "bestbefore:apps/Deployment:here/bestbefore-controller"}},
        {"labels": {**_LABELS, "argocd.argoproj.io/instance": "bestbefore"}},
    ],
)
def test_hook_of_a_release_that_ends_takes_away(world: World, marks: dict[str, dict[str, str]]) -> None:
    _mark(world, marks)
    assert _uninstall("--hook").exit_code == 0
    assert world.generated() == []


def test_hook_that_was_applied_as_an_ordinary_object_does_nothing(world: World) -> None:
    before = world.generated()
    _mark(world, {"labels": {**_LABELS, "app.kubernetes.io/managed-by": "Helm"}, "annotations": {}})
    done = _uninstall("--hook")
    assert done.exit_code == 2
    assert "neither Helm nor Argo CD installed Deployment bestbefore-controller" in done.stderr
    assert "--no-hooks" in done.stderr
    assert (world.generated(), world.cluster.writes) == (before, [])


def test_hook_goes_on_where_the_controller_is_gone_already(world: World) -> None:
    assert _uninstall("--hook", namespace="elsewhere").exit_code == 0


def _mark(world: World, marks: dict[str, dict[str, str]]) -> None:
    """The controller's Deployment has the marks of whoever installed it."""
    spec = {"replicas": 1, "selector": {"matchLabels": _LABELS}}
    metadata = {"name": "bestbefore-controller", "namespace": "here", "labels": _LABELS, **marks}
    world.cluster.add(DEPLOYMENTS, {"metadata": metadata, "spec": spec})
    world.cluster.writes.clear()
