"""References to public keys in key management services, by their parts: `hashivault://release`.

The forms are those that cosign's clients of these services read. policy-controller's webhook looks at Amazon's only;
of the others it takes any text, and then finds no key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

# `k8s://` is a provider of cosign, but no reference that the webhook accepts.
PROVIDERS: Final = ("awskms://", "azurekms://", "hashivault://", "gcpkms://")
AMAZON, AZURE, VAULT, GOOGLE = PROVIDERS

_CHARACTERS: Final = 2048
_PORT: Final = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ENDPOINT: Final = rf"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):{_PORT}"
_REGION: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
# `.` and `..` are no names: they would lead elsewhere.
_PART: Final = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9_.:-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_AMAZON: Final = re.compile(
    rf"awskms://((?:{_ENDPOINT})?)/(arn:[a-z-]+:kms:({_REGION}):[0-9]{{12}}:(?:key|alias)/[^\s]+)"
)
_GOOGLE: Final = re.compile(
    rf"gcpkms://(projects/{_PART}/locations/{_PART}/keyRings/{_PART}/cryptoKeys/{_PART})"
    r"(?:/(?:cryptoKeyVersions|versions)/([1-9][0-9]{0,8}))?"
)
_AZURE: Final = re.compile(rf"azurekms://({_LABEL}(?:\.{_LABEL})*)/([A-Za-z0-9-]+)(?:/([A-Za-z0-9]+))?")
_VAULT: Final = re.compile(r"hashivault://([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)")
_FORMS: Final = {
    AMAZON: "awskms://[HOST:PORT]/ARN, the ARN of a key or an alias",
    GOOGLE: "gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K, with /cryptoKeyVersions/V or without",
    AZURE: "azurekms://NAME.vault.azure.net/KEY, with /VERSION or without",
    VAULT: "hashivault://KEY, the name of a key of the transit engine",
}


@dataclass(frozen=True)
class AmazonKey:
    """A key of AWS KMS.

    Attributes:
        endpoint: `HOST:PORT` that is asked in place of Amazon's own; empty for that.
        arn: of the key, or of an alias.
        region: that of the ARN.
    """

    endpoint: str
    arn: str
    region: str


@dataclass(frozen=True)
class GoogleKey:
    """A key of Cloud KMS.

    Attributes:
        name: `projects/…/cryptoKeys/K`.
        version: its number; empty for the newest one that is enabled.
    """

    name: str
    version: str = ""


@dataclass(frozen=True)
class AzureKey:
    """A key of a Key Vault or a Managed HSM.

    Attributes:
        host: `NAME.vault.azure.net`.
        name: of the key.
        version: of the key; empty for the newest.
    """

    host: str
    name: str
    version: str = ""


@dataclass(frozen=True)
class VaultKey:
    """A key of the transit engine of Vault or OpenBao; its newest version counts."""

    name: str


KmsReference: TypeAlias = AmazonKey | GoogleKey | AzureKey | VaultKey


def parse(text: str) -> KmsReference:
    """A reference as a policy has it (`key.kms`).

    Raises:
        ValueError: it has none of the forms; the message says which it should have.
    """
    if len(text) > _CHARACTERS:
        raise ValueError(f"is longer than {_CHARACTERS} characters")
    if found := _AMAZON.fullmatch(text):
        return AmazonKey(*found.groups())
    if found := _GOOGLE.fullmatch(text):
        return GoogleKey(found[1], found[2] or "")
    if found := _AZURE.fullmatch(text):
        return AzureKey(found[1].lower(), found[2], found[3] or "")
    if found := _VAULT.fullmatch(text):
        return VaultKey(found[1])
    forms = [form for prefix, form in _FORMS.items() if text.startswith(prefix)] or list(_FORMS.values())
    raise ValueError(f"should be in the format {' or '.join(forms)}")
