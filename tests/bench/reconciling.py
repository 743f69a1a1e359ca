"""What policies in the cluster cost: the real controller, Gatekeeper and API server, with one policy and with many."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from tests.bench import api_requests, process
from tests.bench.admission import binaries
from tests.bench.report import Section, Table
from tests.e2e.rig import accounts, definitions, objects
from tests.e2e.rig import world as worlds
from tests.e2e.rig.control import ACCOUNT, Control, rights, settings
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.world import World

_MANY: Final = 500
_EDITS: Final = 50
_UPDATED: Final = 50
_DRY_RUNS: Final = 200
_LOOK_SECONDS: Final = 0.02
_LOOK_AT_ALL_SECONDS: Final = 0.5
_MEMORY_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 1800.0
# Until Gatekeeper has done what follows from the last change, too.
_SETTLE_SECONDS: Final = 60.0
# No policy is about it, so no answer of a provider is in what is measured.
_IMAGE: Final = "registry.invalid/elsewhere/image:1"
_STATUSES: Final = "/apis/bestbefore.dev/v1alpha1/policystatuses"
_SINCE: Final = "from apply to in force in every Pod"


def measure() -> Section:
    """One policy; many at once, at rest, and one of them; and admissions while many templates change."""
    with (
        tempfile.TemporaryDirectory(prefix="bestbefore-bench-") as name,
        worlds.running(binaries(), Path(name)) as world,
        definitions.of_chart(world),
        _controller(world, Path(name)) as control,
        _MemoryWatch(control) as memory,
    ):
        started = memory.most()
        _until_in_force(world, _apply(world, range(1)))
        one = _delays(world)
        with_one = memory.most()
        begun = time.monotonic()
        came = _until_in_force(world, _apply(world, range(1, _MANY)))
        seconds = time.monotonic() - begun
        while_many_came = memory.most()
        many = _delays(world)
        while_many_changed = memory.most()
        admission = _admission(world)
        time.sleep(_SETTLE_SECONDS)
        requests, at_rest = api_requests.in_a_minute(world), memory.now()
        control.stop()
        requests -= api_requests.in_a_minute(world)
        figures = {
            f"1 policy, {_SINCE}, p50": (statistics.median(one), "s"),
            "the same, longest of 50": (max(one), "s"),
            f"{_MANY} policies at once, the last in force after": (seconds, "s"),
            "the same, each from its apply, p50": (statistics.median(came), "s"),
            "the same, each from its apply, p99": (_p99(came), "s"),
            f"1 of {_MANY} policies, {_SINCE}, p50": (statistics.median(many), "s"),
            "the same, longest of 50 of them": (max(many), "s"),
            "memory when it has started": (started, "MiB"),
            "memory, 1 policy that changes, most": (with_one, "MiB"),
            f"memory, {_MANY} policies come at once, most": (while_many_came, "MiB"),
            f"memory, 1 of {_MANY} policies changes, most": (while_many_changed, "MiB"),
            f"memory, {_MANY} policies, at rest": (at_rest, "MiB"),
            f"requests to the API server, {_MANY} policies, at rest": (requests, "a minute"),
        }
        table = Table("Policies in the cluster", ["figure", "unit"], figures, "memory with the opa that compiles")
        return Section([table, admission])


@contextmanager
def _controller(world: World, folder: Path) -> Iterator[Control]:
    """A controller with the rights that the chart gives it; no policy is there."""
    accounts.grant(world.client, rights(NAMESPACE))
    kubeconfig = accounts.kubeconfig(world.server, NAMESPACE, ACCOUNT, folder / "account")
    options = ("--policies=true", "--no-match=allow")
    control = Control(kubeconfig, settings(NAMESPACE, folder), folder / "state", world.logs, options=options)
    control.start()
    try:
        yield control
    finally:
        control.stop()


class _MemoryWatch:
    """Looks at the memory of the controller, and of what it runs, again and again."""

    def __init__(self, control: Control) -> None:
        assert control.program is not None
        self._pid = control.program.process.pid
        self._most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def now(self) -> float:
        """What it has now, MiB."""
        return process.memory_mib(self._pid)

    def most(self) -> float:
        """The most that was seen since the last time that somebody asked, MiB."""
        most, self._most = max(self._most, self.now()), 0.0
        return most

    def _look(self) -> None:
        while not self._over.wait(_MEMORY_SECONDS):
            try:
                self._most = max(self._most, self.now())
            except OSError:
                # A child has ended, or all of it.
                continue


def _apply(world: World, numbers: Sequence[int], edit: int = 0) -> dict[str, float]:
    """Policies, applied one after the other; when each was, by its name."""
    applied = {}
    for number in numbers:
        policy = _policy(number, edit)
        world.client.apply(policy)
        applied[policy["metadata"]["name"]] = time.monotonic()
    return applied


def _until_in_force(world: World, applied: dict[str, float]) -> list[float]:
    """Seconds from apply to in force of each policy."""
    seconds: dict[str, float] = {}
    end = time.monotonic() + _PATIENCE_SECONDS
    while len(seconds) < len(applied):
        assert time.monotonic() < end, f"{len(seconds)} of {len(applied)} policies are in force"
        found = world.client.request("GET", _STATUSES).expect_ok()["items"]
        now = time.monotonic()
        for each in found:
            name = each["metadata"]["name"]
            if name in applied and each.get("status", {}).get("state") == "enforced":
                seconds.setdefault(name, now - applied[name])
        time.sleep(_LOOK_AT_ALL_SECONDS if len(applied) > 1 else _LOOK_SECONDS)
    return list(seconds.values())


def _delays(world: World) -> list[float]:
    """Seconds from a change of one policy to its being in force, again and again."""
    return [_delay(world, edit) for edit in range(1, _EDITS + 1)]


def _delay(world: World, edit: int) -> float:
    generation = world.client.apply(_policy(0, edit))["metadata"]["generation"]
    begun = time.monotonic()
    end = begun + _PATIENCE_SECONDS
    while not _is_in_force(world, generation):
        assert time.monotonic() < end, "the policy does not come into force"
        time.sleep(_LOOK_SECONDS)
    return time.monotonic() - begun


def _is_in_force(world: World, generation: int) -> bool:
    status = world.client.request("GET", f"{_STATUSES}/{_name(0)}").expect_ok().get("status", {})
    return bool(status.get("state") == "enforced" and status["policyGeneration"] == generation)


def _admission(world: World) -> Table:
    """Dry runs of a Pod that no policy is about, at rest and while the rules of many policies change."""
    space = world.namespace()
    at_rest = [_dry_run(world.client, space) for _ in range(_DRY_RUNS)]
    over = threading.Event()
    during: list[float] = []

    def ask(client: KubernetesClient) -> None:
        while not over.is_set():
            during.append(_dry_run(client, space))

    asking = world.client.clone()
    thread = threading.Thread(target=ask, args=(asking,))
    thread.start()
    # An edit that `_delays` never makes.
    _until_in_generation(world, _apply(world, range(1, _UPDATED + 1), _EDITS + 1))
    over.set()
    thread.join()
    asking.close()
    rows = {
        "at rest": [statistics.median(at_rest), _p99(at_rest), max(at_rest)],
        f"while {_UPDATED} templates change": [statistics.median(during), _p99(during), max(during)],
    }
    return Table(f"Admission of a Pod beside {_MANY} policies: ms", ["p50", "p99", "longest"], rows)


def _dry_run(client: KubernetesClient, space: str) -> float:
    """Milliseconds of one, which has to be admitted."""
    answer = client.create(objects.pod(space, _IMAGE), dry_run=True)
    answer.expect_ok()
    return answer.seconds * 1000


def _until_in_generation(world: World, applied: dict[str, float]) -> None:
    """Until the second generation of each of these policies is in force."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = world.client.request("GET", _STATUSES).expect_ok()["items"]
        states = {each["metadata"]["name"]: each.get("status", {}) for each in found}
        mine = [states.get(name, {}) for name in applied]
        if all(each.get("state") == "enforced" and each["policyGeneration"] > 1 for each in mine):
            return
        assert time.monotonic() < end, "the policies do not come into force"
        time.sleep(_LOOK_AT_ALL_SECONDS)


def _p99(figures: Sequence[float]) -> float:
    return sorted(figures)[int(0.99 * (len(figures) - 1))]


def _name(number: int) -> str:
    return f"bench-{number}"


def _policy(number: int, edit: int) -> Object:
    rule = f'package sigstore\nisCompliant {{ input.config[_].created != "{number}.{edit}" }}\n'
    return {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": _name(number)},
        "spec": {
            "images": [{"glob": f"registry.invalid/team-{number}/**"}],
            "authorities": [{"static": {"action": "pass"}}],
            "policy": {"type": "rego", "fetchConfigFile": True, "data": rule},
        },
    }
