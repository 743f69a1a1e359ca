"""A Provider of ours in the cluster: where Gatekeeper asks, how long, and whom it believes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gatekeeper.doctor import pod_status
from gatekeeper.doctor.pod_status import PodStatus
from gatekeeper.documents import fields


@dataclass(frozen=True)
class ProviderObject:
    """A Provider.

    Attributes:
        name: its name.
        url: where Gatekeeper asks.
        seconds: how long it waits for an answer; 0 where nothing is written, which fails at once.
        authorities: PEM of those that the provider's certificate is checked against; None where it cannot be read.
        generation: of the object.
        statuses: what each Pod of Gatekeeper says.
    """

    name: str
    url: str
    seconds: int
    authorities: bytes | None
    generation: int
    statuses: Sequence[PodStatus]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> ProviderObject:
        """From the object."""
        return cls(
            fields.name(found),
            fields.text(found, "spec", "url"),
            fields.number(found, "spec", "timeout"),
            _decoded(fields.text(found, "spec", "caBundle")),
            fields.number(found, "metadata", "generation"),
            pod_status.read(found, "active"),
        )

    @property
    def host(self) -> str:
        """The host of its URL; empty where there is none."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""

    @property
    def port(self) -> int:
        """The port of its URL."""
        try:
            return urlsplit(self.url).port or 443
        except ValueError:
            return 443

    @property
    def path(self) -> str:
        """The path of its URL."""
        try:
            return urlsplit(self.url).path
        except ValueError:
            return ""

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"{self.host}:{self.port}"

    @property
    def namespace(self) -> str:
        """The namespace of the Service that its URL names (`NAME.NAMESPACE.svc`); empty where it names none."""
        match self.host.split("."):
            case [_, namespace, "svc", *_]:
                return namespace
        return ""


def _decoded(written: str) -> bytes | None:
    try:
        return base64.b64decode(written, validate=True) or None
    except (binascii.Error, ValueError):
        return None
