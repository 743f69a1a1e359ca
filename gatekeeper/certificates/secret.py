"""A Secret with a certificate: read, and written if it is ours. What it holds gets into no sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.certificates import marks
from gatekeeper.certificates.errors import ForeignObjectError
from gatekeeper.certificates.material import Material
from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import SECRETS
from gatekeeper.documents import fields

_TLS: Final = "kubernetes.io/tls"
_OTHER: Final = "Opaque"
_SERVED: Final = ("tls.crt", "tls.key")
# What a webhook that refuses a Secret says of it may repeat what the Secret holds.
_LONG_WORD: Final = re.compile(r"[A-Za-z0-9+/=_-]{30,}|-----BEGIN[^-]*-----.*", re.DOTALL)


@dataclass(frozen=True)
class FoundSecret:
    """A Secret as it was found.

    Attributes:
        material: what it holds.
        version: of the object; empty where there is none.
        type: of the Secret, which Kubernetes lets nobody change; empty where there is none.
        served: `tls.crt` and `tls.key` as they stand there, whatever they are; never shown.
    """

    material: Material
    version: str = ""
    type: str = ""
    served: Mapping[str, str] = field(default_factory=dict, repr=False)


class CertificateSecret:
    """One Secret.

    Args:
        api: of the cluster.
        namespace: where it lies.
        name: its name.
    """

    def __init__(self, api: KubernetesApi, namespace: str, name: str) -> None:
        self.name = name
        self._api = api
        self._namespace = namespace

    def read(self) -> Object | None:
        """The object; None where there is none.

        Raises:
            ClusterError: it cannot be read.
        """
        try:
            return self._api.get(SECRETS, self.name, self._namespace)
        except ObjectAbsentError:
            return None
        except ClusterError as error:
            raise without_long_words(error) from None

    def found(self) -> FoundSecret:
        """What it holds, if it is ours or the chart made it.

        Raises:
            ForeignObjectError: it is somebody else's.
            ClusterError: it cannot be read.
        """
        secret = self.read()
        if secret is None:
            return FoundSecret(Material())
        if not (marks.is_ours(secret) or marks.of_chart(secret)):
            raise ForeignObjectError(
                f"Secret {self._namespace}/{self.name} was not made by bestbefore, and is left as it is: delete it, or "
                "use it (certificates.mode: secret)"
            )
        version = fields.text(secret, "metadata", "resourceVersion")
        served = {name: fields.text(secret, "data", name) for name in _SERVED}
        return FoundSecret(Material.of(secret), version, fields.text(secret, "type"), served)

    def write(self, material: Material, before: FoundSecret) -> FoundSecret:
        """Have it hold this, unless somebody wrote it since it was found.

        Raises:
            ConflictError: somebody did.
            ClusterError: it cannot be written.
        """
        version = {"resourceVersion": before.version} if before.version else {}
        # Of the type for TLS is only what has a certificate; one that is waited for comes later.
        kind = before.type or (_TLS if material.leaf else _OTHER)
        # And it may never be without one: what cannot be used stays until there is a better one.
        data = {**(before.served if kind == _TLS else {}), **material.data()}
        body = {
            "apiVersion": SECRETS.api_version,
            "kind": SECRETS.kind,
            "metadata": {"name": self.name, "namespace": self._namespace, "labels": marks.labels(), **version},
            "type": kind,
            "data": data,
        }
        try:
            # Where there was none, somebody may have made one since: an apply would take theirs over.
            written = self._api.apply(SECRETS, body) if before.version else self._api.create(SECRETS, body)
        except ClusterError as error:
            raise without_long_words(error) from None
        return FoundSecret(material, fields.text(written, "metadata", "resourceVersion"), kind, before.served)


def without_long_words(error: ClusterError) -> ClusterError:
    """The same error, whose sentence has nothing that could be part of a key."""
    return type(error)(_LONG_WORD.sub("…", error.message))
