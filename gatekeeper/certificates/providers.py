"""The Provider objects: from them Gatekeeper knows where the provider is, and whom to trust."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from gatekeeper.certificates import marks, pem
from gatekeeper.certificates.errors import ForeignObjectError
from gatekeeper.certificates.material import decoded
from gatekeeper.cluster.api import Object
from gatekeeper.cluster.resource import PROVIDERS
from gatekeeper.documents import fields
from gatekeeper.documents.product import ADMISSION, AUDIT, MUTATION, PATHS


@dataclass(frozen=True)
class Entrance:
    """One of the provider's paths, under the name that generated templates use.

    Attributes:
        name: of the Provider.
        path: of its URL.
        seconds: that Gatekeeper waits.
    """

    name: str
    path: str
    seconds: int


@dataclass(frozen=True)
class ProviderAddress:
    """Where the provider is, and to whom it belongs.

    Attributes:
        url: `https://HOST:PORT`.
        home: the installation, as NAMESPACE/SECRET.
        entrances: the Providers that lead there.
    """

    url: str
    home: str
    entrances: tuple[Entrance, ...]

    @property
    def host(self) -> str:
        """The name, or address, that its certificate is for."""
        return urlsplit(self.url).hostname or ""


def entrances(validate: int, audit: int, mutate: int) -> tuple[Entrance, ...]:
    """The three Providers, with the seconds that Gatekeeper waits at each."""
    return (
        Entrance(ADMISSION, PATHS[ADMISSION], validate),
        Entrance(AUDIT, PATHS[AUDIT], audit),
        Entrance(MUTATION, PATHS[MUTATION], mutate),
    )


def desired(address: ProviderAddress, entrance: Entrance, authorities: Sequence[x509.Certificate]) -> dict[str, Any]:
    """A Provider as it should be."""
    return {
        "apiVersion": PROVIDERS.api_version,
        "kind": PROVIDERS.kind,
        "metadata": {
            "name": entrance.name,
            "labels": marks.labels(),
            "annotations": {marks.HOME: address.home},
        },
        "spec": {
            "url": f"{address.url}{entrance.path}",
            "timeout": entrance.seconds,
            "caBundle": base64.b64encode(pem.text_of(authorities)).decode(),
        },
    }


def is_as(found: Object, wanted: Object) -> bool:
    """Whether a Provider is as it should be, whatever else stands in it."""
    labels, annotations = fields.mapping(found, "metadata", "labels"), fields.mapping(found, "metadata", "annotations")
    return (
        all(fields.value(found, "spec", name) == value for name, value in wanted["spec"].items())
        and wanted["metadata"]["labels"].items() <= labels.items()
        and wanted["metadata"]["annotations"].items() <= annotations.items()
    )


def authorities(found: Object) -> tuple[x509.Certificate, ...]:
    """Whom Gatekeeper is to trust for a Provider."""
    return pem.certificates(decoded(fields.text(found, "spec", "caBundle")))


def pods_behind(found: Object) -> bool | None:
    """Whether a Pod of Gatekeeper has not taken up a Provider as it is; None where none says anything of it."""
    metadata = fields.mapping(found, "metadata")
    words = [each for each in fields.rows(found, "status", "byPod") if _means(each, metadata)]
    generation = fields.number(found, "metadata", "generation")
    if not words:
        return None
    return not all(
        each.get("active") is True and fields.number(each, "observedGeneration") == generation for each in words
    )


def check_owner(found: Object, address: ProviderAddress) -> None:
    """See that a Provider of our name may be written.

    Raises:
        ForeignObjectError: it is another installation's, or nobody knows whose.
    """
    name, home = fields.name(found), marks.home(found)
    if marks.is_ours(found) and home == address.home:
        return
    if marks.is_ours(found):
        raise ForeignObjectError(
            f"Provider {name} belongs to the installation {home or 'without a name'}, and this one is {address.home}: "
            "there is one installation a cluster; if the other one is gone, delete the Provider"
        )
    host = urlsplit(fields.text(found, "spec", "url")).netloc
    if not (marks.of_chart(found) and host == urlsplit(address.url).netloc):
        raise ForeignObjectError(
            f"Provider {name} was not made by bestbefore for this installation, and is left as it is: delete it, or "
            "install without this controller's certificates (certificates.mode)"
        )


def _means(word: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    """Whether what a Pod says is about this object, and not about one of the same name before it."""
    uid = word.get("providerUID")
    return uid is None or uid == metadata.get("uid")
