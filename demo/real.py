"""The story of real images: what they say, what the policy makes of it, and from when on they would be denied."""

from __future__ import annotations

import functools
import ipaddress
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from demo.forecast import denied_from
from demo.gatekeeper import Admission
from demo.made_up import SENTENCE
from demo.stage import NANOSECONDS, POLICY, SHOP, DemoError, Reach, Stage, pod
from demo.story import Outcome, Step
from gatekeeper.cli import age
from provider.errors import ImageError
from provider.reasons import EXPLANATIONS, Reason
from provider.registry import reference

# The provider answers an admission in time and goes on fetching, so whoever tries again finds more.
_TRIES: Final = 10
_PAUSE_SECONDS: Final = 1.0
_NO_NETWORK: Final = " Real images need a network; `make demo` without IMAGES needs none."
_WORTH_A_RETRY: Final = frozenset({Reason.TIMEOUT, Reason.OVERLOADED, Reason.THROTTLED})


def reach(images: Sequence[str]) -> Reach:
    """The registries of images that a person has named: those on this machine have no certificate.

    Raises:
        DemoError: something is no image reference.
    """
    hosts = list(dict.fromkeys(_registry(image) for image in images))
    insecure = [host for host in hosts if _is_loopback(host)]
    return Reach(insecure, [host for host in hosts if host not in insecure], credentials=True)


def steps(images: Sequence[str]) -> list[Step]:
    """The steps for these images."""
    return [
        Step("The policy: images must be younger than thirty days", _translated),
        *(Step(image, functools.partial(_judged, image=image)) for image in images),
    ]


def _translated(stage: Stage) -> Outcome:
    done, objects = stage.translate(POLICY)
    made = [f"{each['kind']} {each['metadata']['name']}" for each in objects]
    return Outcome(done.words, made or done.errors.splitlines(), "translated for Gatekeeper", bool(objects))


def _judged(stage: Stage, image: str) -> Outcome:
    admission, tries = _admission(stage, image)
    failure = _failure(admission)
    again = f" ({tries} tries: the provider answers in time, and goes on fetching in the background)"
    return Outcome(
        f"Create Pod shop/demo with {image}.{again if tries > 1 else ''}",
        [*_facts(admission), *admission.lines],
        "" if failure else _summary(stage, image, admission),
        holds=not failure,
        failure=failure,
    )


def _admission(stage: Stage, image: str) -> tuple[Admission, int]:
    tries, admission = 1, stage.create("demo", image)
    while tries < _TRIES and _reason(admission) in _WORTH_A_RETRY:
        time.sleep(_PAUSE_SECONDS)
        tries, admission = tries + 1, stage.create("demo", image)
    return admission, tries


def _failure(admission: Admission) -> str:
    """Why there is no verdict on an image; empty where there is one."""
    reason = _reason(admission)
    if reason not in set(Reason) - {Reason.POLICY_FAILED}:
        return ""
    explanation = EXPLANATIONS[Reason(reason)]
    hint = _NO_NETWORK if reason == Reason.REGISTRY_UNAVAILABLE else ""
    return f"no verdict, {reason}: {explanation.meaning} {explanation.remedy}{hint}"


def _summary(stage: Stage, image: str, admission: Admission) -> str:
    if not admission.admitted:
        return "denied: too old" if SENTENCE in admission.denials[0] else "denied"
    end = denied_from(stage.gatekeeper, pod("demo", [image], SHOP), admission, time.time_ns())
    return f"admitted; would be denied from {end:%Y-%m-%d %H:%M} UTC on" if end else "admitted, for long"


def _reason(admission: Admission) -> str:
    return next((str(each.details.get("reason", "")) for each in admission.violations), "")


def _facts(admission: Admission) -> list[str]:
    now = time.time_ns() / NANOSECONDS
    return [line for value in admission.recorded.values.values() for line in _fact(value, now)]


def _fact(value: Mapping[str, Any], now: float) -> list[str]:
    platforms = ", ".join(value["platforms"])
    return [f"{value['reference']}", f"built {age.since_build(value, now)}; platforms: {platforms}"]


def _registry(image: str) -> str:
    try:
        return reference.parse(image).registry
    except ImageError as error:
        raise DemoError(f"{image}: {error.message}") from error


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] or host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
