"""Asks one service for a key, and prints what the process holds then in MiB: `python -m tests.bench.key_reader NAME`.

Nobody answers: the library of the service is loaded all the same, and tries to find out who we are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import gatekeeper.controller.process  # noqa: F401 - what the controller holds anyway
from gatekeeper.policy import kms_reference
from gatekeeper.resolution.kms import public_key
from gatekeeper.resolution.kms.key_service import KeyServiceError
from gatekeeper.resolution.kms.services import KeyServices
from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.web import WebAnswer
from tests.bench import process
from tests.simulators import key_services

NOBODY: Final = "none"
# A key of each service, by the name that the chart has for it.
REFERENCES: Final[Mapping[str, str]] = {
    "vault": "hashivault://release",
    "aws": "awskms:///arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "google": "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
    "azure": "azurekms://shop.vault.azure.net/release",
}


class SilentWeb:
    """Implements `provider.registry.clouds.web.Web`: nobody can be reached."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None) -> WebAnswer:
        """See `Web`."""
        raise CloudError("nobody can be reached here")


def main(name: str) -> None:
    """Ask, read a key that is at hand, and print."""
    environment = {"VAULT_ADDR": "https://vault.test:8200", "VAULT_TOKEN": "none"}
    # So that Amazon's library gets as far as a request.
    os.environ.update({"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "none"})
    if name != NOBODY:
        services = KeyServices(environment, lambda _allowed, _authorities: SilentWeb(), Path("/"))
        try:
            services.public_key(kms_reference.parse(REFERENCES[name]))
        except KeyServiceError as error:
            print(error, file=sys.stderr)  # noqa: T201
    public_key.of_pem(key_services.pem(key_services.public_key()), name)
    print(process.own_memory_mib(os.getpid()))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
