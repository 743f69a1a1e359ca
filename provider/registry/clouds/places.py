"""Which registries are a cloud's own.

A token is shown to these hosts and to no others (CVE-2025-27403: an identity was shown to whatever registry an image
named). A name is compared as a whole: `shop.azurecr.io.example` is nobody's. The port is 443.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_REGION: Final = r"(?P<region>[a-z]{2,8}(?:-[a-z]{2,16}){1,3}-[0-9]{1,2})"
# Amazon ECR: "Amazon ECR endpoints and quotas", and those for IPv6; China and the European Sovereign Cloud have domains
# of their own.
_ECR: Final = re.compile(
    r"[0-9]{12}\.(?:"
    rf"dkr\.ecr(?:-fips)?\.{_REGION}\.(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu)"
    rf"|dkr-ecr(?:-fips)?\.{_REGION.replace('region', 'region6')}\.on\.(?:aws|amazonwebservices\.com\.cn)"
    r")",
    re.ASCII,
)
_ECR_PUBLIC: Final = "public.ecr.aws"
_ECR_PUBLIC_REGION: Final = "us-east-1"
# Artifact Registry: "Repository and image names"; Container Registry has one host and three with a continent.
_GOOGLE: Final = re.compile(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*-docker\.pkg\.dev|(?:(?:us|eu|asia)\.)?gcr\.io)", re.ASCII)
# ACR: 5 to 50 letters and digits, and the hash of a "domain name label" after a hyphen.
_AZURE: Final = re.compile(r"[a-z0-9]{5,50}(?:-[a-z0-9]{1,24})?\.azurecr\.(?:io|cn|us)", re.ASCII)
_PORT: Final = ":443"


class CloudName(StrEnum):
    """A cloud, as settings name it."""

    ECR = "ecr"
    """Amazon."""
    GOOGLE = "google"
    AZURE = "azure"


@dataclass(frozen=True, slots=True)
class CloudPlace:
    """What one token of a cloud is good at.

    Attributes:
        cloud: whose.
        region: of ECR, each of which gives tokens of its own; empty elsewhere.
        host: of ACR, each of which gives tokens of its own, and of ECR's public one; empty elsewhere.
    """

    cloud: CloudName
    region: str = ""
    host: str = ""


def find(registry: str) -> CloudPlace | None:
    """The place of a registry as a reference names it; None where it is no cloud's."""
    host = registry.removesuffix(_PORT).lower()
    if host == _ECR_PUBLIC:
        return CloudPlace(CloudName.ECR, _ECR_PUBLIC_REGION, host)
    if found := _ECR.fullmatch(host):
        return CloudPlace(CloudName.ECR, found["region"] or found["region6"])
    if _GOOGLE.fullmatch(host):
        return CloudPlace(CloudName.GOOGLE)
    return CloudPlace(CloudName.AZURE, host=host) if _AZURE.fullmatch(host) else None
