"""The inspector with everything below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provider.clock import Clock
from provider.images import default_authorities
from provider.images.default_authorities import DefaultAuthorities
from provider.images.inspector import ImageInspector, LazyProver, Prover
from provider.observer import NullObserver, Observer
from provider.pace import Pace
from provider.registry.addresses import AddressBook
from provider.registry.ca_bundle import CABundle
from provider.registry.client import RegistryClient
from provider.registry.credentials import Credentials, NoCredentials, ReloadedCredentials
from provider.registry.settings import RegistrySettings
from provider.registry.store import Store


@dataclass(frozen=True)
class Assembly:
    """What answers questions about images, and what it is made of.

    Attributes:
        inspector: answers.
        store: has the documents.
        credentials: who we are at each registry.
    """

    inspector: ImageInspector
    store: Store
    credentials: Credentials


def assemble(
    settings: RegistrySettings,
    clock: Clock,
    observer: Observer | None = None,
    trust_roots: Mapping[str, Path] | None = None,
    authorities: Mapping[str, Path] | None = None,
) -> Assembly:
    """Settings become objects; nothing is sent, and nothing runs before the first question.

    Args:
        settings: how registries are reached.
        clock: for every time to live.
        observer: is told of requests and look-ups.
        trust_roots: files of trust roots, by the names that questions give them.
        authorities: files of public keys whose signatures fact sheets tell of, by name.

    Raises:
        SettingsError: a file that the settings name cannot be used.
    """
    observer = observer or NullObserver()
    credentials = ReloadedCredentials(settings.docker_config, clock) if settings.docker_config else NoCredentials()
    pace = Pace()
    store = _store(settings, clock, observer, pace)

    def prover() -> Prover:
        # Imported when the first question comes: who asks for no signatures shall not pay for their libraries.
        from provider.signatures.verifier import build_verifier  # noqa: PLC0415

        return build_verifier(store, pace, clock, observer, trust_roots or {})

    lazy = LazyProver(prover)
    if trust_roots or authorities:
        # They were named to be used, and a damaged file is to be found now.
        lazy.build()
    defaults = DefaultAuthorities(default_authorities.read(authorities or {}), lazy.prove)
    return Assembly(ImageInspector(store, pace, observer, lazy, defaults), store, credentials)


def _store(settings: RegistrySettings, clock: Clock, observer: Observer, pace: Pace) -> Store:
    # Imported here: libcurl and c-ares are not loaded where a test brings a transport of its own.
    from provider.registry.curl_transport import CurlTransport  # noqa: PLC0415
    from provider.registry.resolver import NameResolver  # noqa: PLC0415

    bundle = CABundle(settings.ca_file, clock, observer.registry_ca_rejected)
    transport = CurlTransport(AddressBook(settings, NameResolver(clock)), bundle.path, clock, observer)
    client = RegistryClient(settings, transport, clock, observer, pace)
    return Store(client, clock, observer, memory_bytes=settings.memory_bytes, tag_ttl=settings.tag_ttl)
