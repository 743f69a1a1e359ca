"""A Pod of Gatekeeper: which flags its manager was given, and whether it is ready."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.cluster.pod import is_over, is_ready
from gatekeeper.documents import fields

WEBHOOK: Final = "webhook"
AUDIT: Final = "audit"
_PARTS: Final = ("controller-manager", "audit-controller")
_CONTAINER: Final = "manager"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_VERSION: Final = re.compile(r"v?(\d+\.\d+\.\d+\S*)")


@dataclass(frozen=True)
class Flags:
    """Flags of a program, as Go's package `flag` reads them.

    Attributes:
        values: by name, in the order in which they stand; `true` for one without a value.
    """

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Flags:
        """The flags among arguments: `--name=value`, `-name value`, `--name`."""
        found: dict[str, tuple[str, ...]] = {}
        for argument, following in zip(arguments, [*arguments[1:], "-"], strict=False):
            if argument.startswith("-"):
                name, equals, given = argument.lstrip("-").partition("=")
                text = given if equals else ("true" if following.startswith("-") else following)
                found[name] = (*found.get(name, ()), text)
        return cls(found)

    def text(self, name: str, default: str) -> str:
        """The value of a flag: the last one counts."""
        return self.values.get(name, (default,))[-1]

    def switch(self, name: str, *, default: bool) -> bool:
        """Whether a flag of yes or no says yes."""
        return self.text(name, str(default)) in _TRUE

    def number(self, name: str, default: int) -> int:
        """A whole number; the default where it is none."""
        try:
            return int(self.text(name, str(default)))
        except ValueError:
            return default

    def seconds(self, name: str, default: float) -> float:
        """A duration such as `3m`, in seconds; the default where it is none."""
        written = self.text(name, "")
        parts = _PART.findall(written)
        if written == "0":
            return 0.0
        if not parts or "".join(number + unit for number, unit in parts) != written:
            return default
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)


@dataclass(frozen=True)
class GatekeeperPod:
    """A Pod of Gatekeeper.

    Attributes:
        name: as in `status.byPod[].id`.
        ready: whether it is.
        version: `3.23.1`; empty where neither its image nor its labels say it.
        image: of its manager.
        flags: of its manager.
    """

    name: str
    ready: bool
    version: str
    image: str
    flags: Flags

    @classmethod
    def of(cls, pod: Mapping[str, Any]) -> GatekeeperPod:
        """From the Pod."""
        containers = fields.rows(pod, "spec", "containers")
        manager = next((each for each in containers if fields.name({"metadata": each}) == _CONTAINER), {})
        manager = manager or next(iter(containers), {})
        arguments = (*fields.texts(manager, "command")[1:], *fields.texts(manager, "args"))
        image = fields.text(manager, "image")
        return cls(fields.name(pod), is_ready(pod), _version(image, pod), image, Flags.of(arguments))

    def does(self, operation: str) -> bool:
        """Whether it has an operation; without any flag for it, it has all."""
        chosen = self.flags.values.get("operation")
        return chosen is None or operation in chosen


def is_manager(pod: Mapping[str, Any]) -> bool:
    """Whether a Pod runs Gatekeeper: its chart's hooks have the same label, and what was evicted is still listed."""
    return fields.labels(pod).get("control-plane") in _PARTS and not is_over(pod)


def _version(image: str, pod: Mapping[str, Any]) -> str:
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    for text in (tag, fields.labels(pod).get("app.kubernetes.io/version", "")):
        found = _VERSION.fullmatch(text)
        if found:
            return found[1]
    return ""
