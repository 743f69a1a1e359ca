"""What a Secret with a certificate holds: `tls.crt` and `tls.key`, `ca.crt`, and of an authority of ours `ca.key`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509

from gatekeeper.certificates import pem
from gatekeeper.certificates.authority import OwnAuthority
from gatekeeper.certificates.leaf import LeafPair
from gatekeeper.cluster.api import Object
from gatekeeper.documents import fields


@dataclass(frozen=True)
class Material:
    """What a Secret holds; nothing of it that cannot be used.

    Attributes:
        authorities: who vouches, the present one first, then those before it.
        authority: the present one with its key; None where there is no key, or it is that of none of them.
        leaf: what is served; None where there is none.
    """

    authorities: tuple[x509.Certificate, ...] = ()
    authority: OwnAuthority | None = None
    leaf: LeafPair | None = None

    @classmethod
    def of(cls, secret: Object) -> Material:
        """Of a Secret."""
        authorities = pem.certificates(_value(secret, "ca.crt"))
        return cls(
            authorities,
            OwnAuthority.of(authorities, _value(secret, "ca.key")),
            LeafPair.of(_value(secret, "tls.crt"), _value(secret, "tls.key")),
        )

    def data(self) -> Mapping[str, str]:
        """The field `data` of a Secret."""
        texts = {"ca.crt": pem.text_of(self.authorities)}
        if self.authority is not None:
            texts["ca.key"] = pem.text_of_key(self.authority.key)
        if self.leaf is not None:
            texts["tls.crt"] = pem.text_of([self.leaf.certificate])
            texts["tls.key"] = pem.text_of_key(self.leaf.key)
        return {name: base64.b64encode(text).decode() for name, text in texts.items()}


def decoded(written: str) -> bytes:
    """Bytes of a text in base64; none where it is no such text."""
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _value(secret: Object, key: str) -> bytes:
    return decoded(fields.text(secret, "data", key))
