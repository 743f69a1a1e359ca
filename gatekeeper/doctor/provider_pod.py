"""A Pod of the provider, and what it says of itself on its plain port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from prometheus_client.parser import text_string_to_metric_families

from gatekeeper.cluster.pod import is_ready, port_address
from gatekeeper.doctor.reading import Reading
from gatekeeper.documents import fields

_PREFIX: Final = "bestbefore_"
_PORT: Final = "metrics"
_DEFAULT_PORT: Final = 8888


@dataclass(frozen=True)
class ProviderReport:
    """What a provider's metrics say.

    Attributes:
        version: of bestbefore; empty where it does not say.
        ahead: by how many seconds its clock is before ours; None where it does not say its time.
        waits: seconds that it waits for registries, by endpoint: `validate`, `audit`, `mutate`, `presence`.
        expiries: when its TLS material ends, seconds since 1970, by name: `server`, `ca`, `client_ca`.
        unusable: entries of its files that are passed over, as `SETTING NAME`, with their number.
        rejections: files that it could not use, by setting.
        pull_secrets: pull secrets that it could not use since its start, by the reason.
    """

    version: str = ""
    ahead: float | None = None
    waits: Mapping[str, float] = field(default_factory=dict)
    expiries: Mapping[str, float] = field(default_factory=dict)
    unusable: Mapping[str, int] = field(default_factory=dict)
    rejections: Mapping[str, int] = field(default_factory=dict)
    pull_secrets: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, page: str, ahead: float | None) -> ProviderReport:
        """From a page of metrics.

        Raises:
            ValueError: it is no such page.
        """
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        versions = [each.labels.get("version", "") for each in samples if each.name == f"{_PREFIX}build_info"]
        if not versions:
            raise ValueError("it has no bestbefore_build_info")

        def by(name: str, *labels: str) -> dict[str, float]:
            return {
                " ".join(each.labels.get(label, "") for label in labels): each.value
                for each in samples
                if each.name == _PREFIX + name
            }

        return cls(
            versions[0],
            ahead,
            by("deadline_seconds", "endpoint"),
            {name: value for name, value in by("certificate_expiry_timestamp_seconds", "certificate").items() if value},
            _counts(by("unusable_entries", "setting", "name")),
            _counts(by("file_rejections_total", "setting")),
            _counts(by("unusable_pull_secrets_total", "reason")),
        )


@dataclass(frozen=True)
class ProviderPod:
    """A Pod of the provider.

    Attributes:
        name: its name.
        ready: whether it is.
        report: what it says of itself.
    """

    name: str
    ready: bool
    report: Reading[ProviderReport]


class ProviderPort(Protocol):
    """Reads plain ports."""

    def report(self, host: str, port: int) -> Reading[ProviderReport]:
        """What the provider at an address says of itself."""


def plain_address(pod: Mapping[str, Any]) -> tuple[str, int]:
    """Address and port of a Pod's metrics; an empty address where it has none yet."""
    return port_address(pod, _PORT, _DEFAULT_PORT)


def of(pod: Mapping[str, Any], report: Reading[ProviderReport]) -> ProviderPod:
    """From the Pod, and what it said."""
    return ProviderPod(fields.name(pod), is_ready(pod), report)


def _counts(values: Mapping[str, float]) -> dict[str, int]:
    return {name: int(value) for name, value in values.items() if value}
