"""Who asked, of denials whose template does not say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatekeeper.denials.lines import actor, deny_line
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.lines.violation import AdmissionViolation
from gatekeeper.denials.source import LogLine
from tests.simulators.denials import text

_RULES = Path(__file__).parents[3] / "gatekeeper" / "rego" / "controllers.rego"
_CONTROLLERS = re.findall(r'"([a-z]+(?:-[a-z]+)+)"', _RULES.read_text("utf-8"))


def _who(username: str, *gitops: str) -> Actor:
    found = deny_line.read(LogLine(text({}, request_username=username)))
    assert isinstance(found, AdmissionViolation)
    return actor.of(found, gitops)


def test_controllers_are_those_that_our_templates_know() -> None:
    assert len(_CONTROLLERS) == 20
    found = {name: _who(f"system:serviceaccount:kube-system:{name}") for name in _CONTROLLERS}
    assert found == dict.fromkeys(_CONTROLLERS, Actor.CONTROLLER)


@pytest.mark.parametrize(
    ("username", "who"),
    [
        ("system:kube-controller-manager", Actor.CONTROLLER),
        ("system:kube-scheduler", Actor.CONTROLLER),
        ("system:node:worker-1", Actor.CONTROLLER),
        ("system:serviceaccount:shop:job-controller", Actor.SERVICEACCOUNT),
        ("system:serviceaccount:kube-system:coredns", Actor.SERVICEACCOUNT),
        ("ann@example.com", Actor.PERSON),
        ("system:anonymous", Actor.UNKNOWN),
        ("", Actor.UNKNOWN),
    ],
)
def test_who_asked_is_told_by_the_name_of_the_user(username: str, who: Actor) -> None:
    assert _who(username) is who


def test_account_that_is_named_is_gitops_whatever_else_it_is() -> None:
    account = "system:serviceaccount:argocd:application-controller"
    assert (_who(account, account), _who(account)) == (Actor.GITOPS, Actor.SERVICEACCOUNT)
