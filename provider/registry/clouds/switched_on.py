"""The clouds that settings name, with what each is made of.

Nothing is imported and nothing is asked before the first token is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from provider.clock import Clock
from provider.registry.clouds import amazon, azure, google
from provider.registry.clouds.amazon import AmazonLibrary
from provider.registry.clouds.azure import AzureCloud, AzureLibrary
from provider.registry.clouds.cloud import Cloud, CloudError, CloudToken
from provider.registry.clouds.credentials import LibraryCloud
from provider.registry.clouds.google import GoogleLibrary
from provider.registry.clouds.places import CloudName, CloudPlace
from provider.registry.clouds.threads import CloudThreads
from provider.registry.clouds.web import FixedWeb
from provider.registry.origin import Origin
from provider.registry.transport.transport import Transport

_EXTRAS: Final = {CloudName.ECR: amazon.EXTRA, CloudName.GOOGLE: google.EXTRA, CloudName.AZURE: azure.EXTRA}


class AbsentCloud:
    """A cloud whose library is not installed."""

    def __init__(self, name: CloudName) -> None:
        self.name = name

    async def token(self, place: CloudPlace) -> CloudToken:  # noqa: ARG002 - for none
        """See `Cloud`."""
        raise CloudError(_absence(self.name))


def clouds(names: Iterable[CloudName], transport: Transport, authorities: Path, clock: Clock) -> list[Cloud]:
    """The clouds of these names.

    Args:
        names: which.
        transport: asks registries, where that is needed.
        authorities: PEM file of whom the clouds' other hosts must be certified by.
        clock: for what is asked of registries.
    """
    threads = CloudThreads()

    def web(allowed: Callable[[Origin], bool]) -> FixedWeb:
        return FixedWeb(allowed, authorities)

    def one(name: CloudName) -> Cloud:
        if not _installed(name):
            return AbsentCloud(name)
        if name is CloudName.ECR:
            return LibraryCloud(name, AmazonLibrary(web(amazon.allowed)), threads)
        if name is CloudName.GOOGLE:
            return LibraryCloud(name, GoogleLibrary(web(google.allowed)), threads)
        return AzureCloud(AzureLibrary(web(azure.allowed)).token, threads, transport, clock)

    return [one(name) for name in sorted(names)]


def problems(names: Iterable[CloudName]) -> dict[CloudName, str]:
    """What is missing for which of these clouds."""
    return {name: f"cloud_credentials {name}: {_absence(name)}" for name in sorted(names) if not _installed(name)}


def _installed(name: CloudName) -> bool:
    try:
        return find_spec(_EXTRAS[name]) is not None
    except ModuleNotFoundError:
        return False


def _absence(name: CloudName) -> str:
    return f"its library is not installed: pip install 'bestbefore[{name}]'"
