"""MaximumImageAge, our own policy: its ConstraintTemplate, and the pair of Constraints that deny and warn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from gatekeeper.policy.problems import PolicyError, Problem
from gatekeeper.translation import constraint, library, names, template
from gatekeeper.translation.age_schema import DURATION, GLOB, SOURCES, age_schema
from provider.version import VERSION

KIND: Final = "MaximumImageAge"
WORKLOADS: Final = frozenset(
    {"ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}
)

# As in `lib.bestbefore.duration`: a hundred years.
_LONGEST_MINUTES: Final = 36500 * 24 * 60
_UNIT_MINUTES: Final = {"d": 24 * 60, "h": 60, "m": 1}

_DESCRIPTION: Final = (
    "Images may not be older than a limit. What people apply is judged in full; what controllers make of a workload "
    "that was admitted before can be let through, so that a drained node is no outage."
)


@dataclass(frozen=True)
class Exemption:
    """Images that may be older for a time.

    Attributes:
        image: glob over the image.
        until: RFC 3339 time, or a date that counts to its end in UTC.
        reason: why.
        owner: whom to ask.
        namespace: where it holds; empty for every namespace.
    """

    image: str
    until: str
    reason: str
    owner: str
    namespace: str = ""

    def to_json(self) -> dict[str, str]:
        """The form of the parameters."""
        found = {"image": self.image, "namespace": self.namespace, "until": self.until}
        return {name: value for name, value in found.items() if value} | {"reason": self.reason, "owner": self.owner}


@dataclass(frozen=True)
class MaximumImageAge:
    """The settings of one policy of the kind.

    Attributes:
        name: of the Constraint that denies; the one that warns has `-warn` behind it.
        max_age: how old an image may be, `30d`, `720h`, `1d12h`.
        images: globs; one must match.
        platforms: whether all platforms of an image must pass, or any may.
        unknown_age: what happens to images without a date that can be believed.
        dates: sources of dates that count.
        reschedule: what happens to old images that a controller brings back.
        grace: how long after `max_age` that still holds; empty for ever.
        exemptions: images that may be older for a time.
        kinds: kinds of objects to match.
        namespaces: labels of the namespaces where the policy applies; empty for all namespaces.
        excluded_namespaces: names of namespaces where it does not.
    """

    name: str = "maximum-image-age"
    max_age: str = "30d"
    images: tuple[str, ...] = ("**",)
    platforms: Literal["all", "any"] = "all"
    unknown_age: Literal["deny", "warn", "allow"] = "deny"
    dates: tuple[str, ...] = SOURCES
    reschedule: Literal["deny", "warn", "allow"] = "warn"
    grace: str = ""
    exemptions: tuple[Exemption, ...] = ()
    kinds: frozenset[str] = WORKLOADS | {"Pod"}
    namespaces: Mapping[str, str] = field(default_factory=lambda: {constraint.NAMESPACE_LABEL: "true"})
    excluded_namespaces: tuple[str, ...] = ()

    @property
    def workloads_matched(self) -> bool:
        """Whether every kind of workload is matched, so that what controllers make was judged when it was applied."""
        return self.kinds >= WORKLOADS

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the settings."""
        yield from name_problems(self.name)
        if not 0 < _minutes(self.max_age) <= _LONGEST_MINUTES:
            yield Problem("maxAge", f"{self.max_age!r} is no duration above zero such as `30d`, `720h` or `1d12h`")
        if self.grace and not 0 <= _minutes(self.grace) <= _LONGEST_MINUTES:
            yield Problem("grace", f"{self.grace!r} is no duration such as `14d`")
        yield from _source_problems(self.dates)
        for index, glob in enumerate(self.images):
            if not re.fullmatch(GLOB, glob):
                yield Problem(f"images[{index}].glob", f"{glob!r} is no glob of letters, digits and `._-:/@*`")
        yield from self._kind_problems()

    def _kind_problems(self) -> Iterator[Problem]:
        unknown = sorted(self.kinds - WORKLOADS - {"Pod"})
        if unknown:
            yield Problem("kinds", f"{', '.join(unknown)}: no kind that brings Pods")
        if "Pod" not in self.kinds:
            yield Problem("kinds", "Pod is missing: it is where images come to run, and what audit looks at")
        missing = ", ".join(sorted(WORKLOADS - self.kinds))
        if missing and self.reschedule != "deny":
            sentence = f"`{self.reschedule}` needs every kind of workload to be matched; missing: {missing}"
            hint = "nobody would judge what controllers make of those; match them, or set `reschedule: deny`"
            yield Problem("reschedule", sentence, hint=hint)


def template_document() -> dict[str, Any]:
    """The ConstraintTemplate of the kind."""
    main = library.module("template_maximum_image_age")
    source = template.Source(main.text, tuple(each.text for each in library.with_imports(main)))
    annotations = {
        "metadata.gatekeeper.sh/title": "Maximum image age",
        "metadata.gatekeeper.sh/version": VERSION,
        "description": _DESCRIPTION,
    }
    return template.document(KIND, source, annotations, age_schema())


def constraints(policy: MaximumImageAge) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Constraint that denies, and the one that warns: an action belongs to a Constraint, not to a verdict.

    Raises:
        PolicyError: the settings are wrong; every problem at once.
    """
    problems = tuple(policy.problems())
    if problems:
        raise PolicyError(problems)
    return (
        _constraint(policy, policy.name, "deny"),
        _constraint(policy, policy.name + names.WARN_SUFFIX, "warn"),
    )


def _constraint(policy: MaximumImageAge, name: str, action: str) -> dict[str, Any]:
    match: dict[str, Any] = {"kinds": constraint.kinds(policy.kinds)}
    if policy.namespaces:
        match["namespaceSelector"] = {"matchLabels": dict(policy.namespaces)}
    if policy.excluded_namespaces:
        match["excludedNamespaces"] = list(policy.excluded_namespaces)
    return {
        "apiVersion": constraint.GROUP_VERSION,
        "kind": KIND,
        "metadata": {"name": name},
        "spec": {"enforcementAction": action, "match": match, "parameters": _parameters(policy, action)},
    }


def _parameters(policy: MaximumImageAge, action: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "maxAge": policy.max_age,
        "images": [{"glob": glob} for glob in policy.images],
        "platforms": policy.platforms,
        "unknownAge": policy.unknown_age,
        "dates": list(policy.dates),
        "reschedule": policy.reschedule,
    }
    if policy.grace:
        found["grace"] = policy.grace
    found["workloadsMatched"] = policy.workloads_matched
    if policy.exemptions:
        found["exemptions"] = [each.to_json() for each in policy.exemptions]
    found["reports"] = action
    return found


def name_problems(name: str) -> Iterator[Problem]:
    """What is wrong with the name of a pair of Constraints."""
    room = names.OBJECT_CHARACTERS - len(names.WARN_SUFFIX)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name) or len(name) > room:
        yield Problem("name", f"{name!r} is no object name of at most {room} characters")
    elif name.endswith(names.WARN_SUFFIX):
        yield Problem("name", f"{name!r} ends like the name of a Constraint that warns")


def _source_problems(dates: tuple[str, ...]) -> Iterator[Problem]:
    unknown = [source for source in dates if source not in SOURCES]
    if unknown or not dates:
        shown = ", ".join(unknown) or "none"
        yield Problem("dates", f"{shown}: the only source of dates so far is {', '.join(SOURCES)}")


def _minutes(duration: str) -> int:
    """The minutes of a duration, -1 for what is none."""
    if not duration or not re.fullmatch(DURATION, duration):
        return -1
    return sum(int(amount) * _UNIT_MINUTES[unit] for amount, unit in re.findall(r"(\d+)([dhm])", duration))
