"""From a ClusterImagePolicy to a policy in force, and back.

Gatekeeper's admission webhook does not compile Rego: a template that does not compile is accepted, and only its status
says so. So whoever installs a policy has to wait for the statuses that are waited for here.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests import quick_yaml
from tests.e2e.rig.kubernetes import Answer, KubernetesClient, Object
from tests.e2e.rig.processes import PATIENCE, POLL_SECONDS, RigError, wait_until
from tests.e2e.rig.provider import command_line

_TRANSLATE_SECONDS = 60
_READY_SECONDS = 20.0
_IN_FORCE_SECONDS = 15.0


def translate(policy: str, folder: Path) -> list[Object]:
    """What `bestbefore translate` makes of the text of a ClusterImagePolicy.

    Raises:
        RigError: it refused.
    """
    path = folder / "policy.yaml"
    path.write_text(policy)
    command = [*command_line(), "translate", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=_TRANSLATE_SECONDS, check=False)
    if result.returncode != 0:
        raise RigError(f"translate ended with {result.returncode}: {result.stderr}")
    return [document for document in quick_yaml.load_all(result.stdout) if document is not None]


@dataclass
class Policies:
    """Policies in force, taken away again by `remove`.

    Attributes:
        client: of the API server.
        probe: an object that most policies refuse. Gatekeeper forgets a Constraint some time after the API server
            does; only an answer to this object shows that it has.
    """

    client: KubernetesClient
    probe: Object | None = None
    _applied: list[Object] = field(default_factory=list)

    def install(self, documents: Iterable[Object]) -> None:
        """Apply templates first, then constraints, each when the former is ready, as an installer would."""
        for document in sorted(documents, key=_is_constraint):
            self._applied.append(document)
            self.client.apply(document)
            wait_for_policy(self.client, document)

    def enforce(self, documents: Iterable[Object], control: Object) -> Answer:
        """Install, and wait until the control, which the policy must refuse (or warn of), is."""
        self.install(documents)
        return until(lambda: self.client.create(control, dry_run=True), _bites, "refused control")

    def remove(self, control: Object | None = None) -> None:
        """Take everything away, constraints first, and wait until the control is admitted."""
        for document in sorted(self._applied, key=_is_constraint, reverse=True):
            self.client.delete(document)
            wait_until(partial(self._gone, document), "deletion", _READY_SECONDS)
        names = [document["metadata"]["name"] for document in self._applied if _is_constraint(document)]
        self._applied.clear()
        if names:
            self._forgotten(names)
        if control is not None:
            until(
                lambda: self.client.create(control, dry_run=True), lambda answer: not _bites(answer), "admitted control"
            )

    def _forgotten(self, names: list[str]) -> None:
        probe = self.probe
        if probe is not None:
            until(
                lambda: self.client.create(probe, dry_run=True),
                lambda answer: not _names_any(answer, names),
                "answer without the removed Constraints",
            )

    def _gone(self, document: Object) -> bool:
        return self.client.get(document).status == HTTPStatus.NOT_FOUND


def wait_for_policy(client: KubernetesClient, document: Object) -> Object:
    """Wait until Gatekeeper has taken this template or constraint up.

    Raises:
        RigError: it never will, or not in time; with its status.
    """
    ready = _constraint_ready if _is_constraint(document) else _template_ready
    answer = until(
        lambda: client.get(document), lambda found: ready(found.body), f"ready {document['kind']}", _READY_SECONDS
    )
    return answer.body


def expand(client: KubernetesClient, template: Object) -> None:
    """Apply an ExpansionTemplate, and wait until Gatekeeper has taken it up.

    Raises:
        RigError: it did not in time.
    """
    client.apply(template)
    until(lambda: client.get(template), lambda found: _observed(found.body), "expansion", _READY_SECONDS)


def wait_for_denial(client: KubernetesClient, pod: Object) -> Answer:
    """Wait until a policy denies the creation of a Pod: Gatekeeper sees the labels of its namespace a moment later.

    Raises:
        RigError: none does in time.
    """
    return until(
        lambda: client.create(pod, dry_run=True), lambda answer: answer.status == HTTPStatus.FORBIDDEN, "denied Pod"
    )


def until(
    ask: Callable[[], Answer], wanted: Callable[[Answer], bool], what: str, seconds: float = _IN_FORCE_SECONDS
) -> Answer:
    """Ask until the answer is the wanted one, which takes these seconds at most on a quiet machine.

    Raises:
        RigError: it never was; with the last one.
    """
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if wanted(answer):
            return answer
        if time.monotonic() > end:
            last = answer.message or answer.body.get("status")
            raise RigError(f"no {what} after {seconds} s; last: {answer.status} {last}")
        time.sleep(POLL_SECONDS)


def _names_any(answer: Answer, names: list[str]) -> bool:
    text = " ".join([answer.message, *answer.warnings])
    return any(f"[{name}]" in text for name in names)


def _bites(answer: Answer) -> bool:
    return answer.status == HTTPStatus.FORBIDDEN or bool(answer.warnings)


def _is_constraint(document: Object) -> bool:
    return str(document["apiVersion"]).startswith("constraints.gatekeeper.sh/")


def _template_ready(template: Object) -> bool:
    status = template.get("status", {})
    errors = [error for pod in status.get("byPod", []) for error in pod.get("errors", [])]
    fatal = [error for error in errors if error.get("code") == "ingest_error"]
    if fatal:
        raise RigError(f"the template {template['metadata']['name']} does not compile: {fatal[0].get('message')}")
    return bool(status.get("created")) and not errors and _observed(template)


def _constraint_ready(constraint: Object) -> bool:
    return _observed(constraint) and all(pod.get("enforced") for pod in constraint["status"]["byPod"])


def _observed(document: Object) -> bool:
    pods: list[dict[str, Any]] = document.get("status", {}).get("byPod", [])
    generation = document.get("metadata", {}).get("generation")
    return bool(pods) and all(pod.get("observedGeneration") == generation for pod in pods)
