"""The inspector with everything below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provider.clock import Clock
from provider.images.default_authorities import AuthorityFiles, DefaultAuthorities
from provider.images.inspector import ImageInspector, LazyProver, Prover
from provider.observer import FileSetting, NullObserver, Observer
from provider.pace import Pace
from provider.pullsecrets import api_reader
from provider.pullsecrets.keyring import PodKeyrings
from provider.pullsecrets.pod_credentials import PodCredentialSource
from provider.pullsecrets.rights import PullSecretRights
from provider.registry.archive.archive import Archive
from provider.registry.archive.assembly import assemble_archive
from provider.registry.client import RegistryClient
from provider.registry.credentials.credentials import Credentials, NoCredentials, SharedCredentials
from provider.registry.credentials.docker_credentials import ReloadedCredentials
from provider.registry.credentials.helpers import HelperCredentials, HostPrograms
from provider.registry.memory.renewals import Renewals
from provider.registry.mirrors.folder import HostFolder
from provider.registry.mirrors.host import HostTable, NoMirrors
from provider.registry.settings import RegistrySettings
from provider.registry.store import Store
from provider.registry.transport.addresses import AddressBook
from provider.registry.transport.ca_bundle import CABundle, system_authorities
from provider.registry.transport.transport import Transport
from provider.signatures.trust.root_folder import RootFolder


@dataclass(frozen=True)
class Assembly:
    """What answers questions about images, and what it is made of.

    Attributes:
        inspector: answers.
        store: has the documents.
        credentials: who we are at each registry.
        pull_secrets: who asks a question that names who pulls; None where nobody's pull secrets are read.
        looks: reads again the files that may be replaced, those that have changed; each may be called by any thread.
        problems: of the files that cannot be used at all; what does not need them has its answers.
        begin: begins what goes on beside the answers; called on the event loop.
        trust_roots: the digests of the trust roots of the cluster's objects that are loaded, by name.
    """

    inspector: ImageInspector
    store: Store
    credentials: Credentials
    looks: Sequence[Callable[[], None]] = ()
    problems: Sequence[str] = ()
    pull_secrets: PodCredentialSource | None = None
    begin: Callable[[], None] = lambda: None
    trust_roots: Callable[[], Mapping[str, Sequence[str]]] = dict


def assemble(  # noqa: PLR0913, PLR0917 - what it is made of
    settings: RegistrySettings,
    clock: Clock,
    observer: Observer | None = None,
    trust_roots: Mapping[str, Path] | None = None,
    authorities: Mapping[str, Path] | None = None,
    trust_root_folder: Path | None = None,
) -> Assembly:
    """Settings become objects; nothing is sent, and nothing runs before the first question.

    Args:
        settings: how registries are reached.
        clock: for every time to live.
        observer: gets reports of requests, look-ups, and files that cannot be used.
        trust_roots: files of trust roots, by the names that questions give them.
        authorities: files of public keys whose signatures fact sheets name, by name.
        trust_root_folder: of the trust roots of the cluster's objects; None where there is none.

    Raises:
        SettingsError: a file with authorities for registries, or one for the shared store, cannot be used.
    """
    observer = observer or NullObserver()
    files = _Files([], [])
    if settings.proxies.http or settings.proxies.https:
        observer.setting_in_force("no_proxy", settings.proxies.exceptions.problems)
    pace = Pace()
    archive = _archive(settings, clock, observer, files)
    hosts = _hosts(settings, clock, observer, files)
    transport = _transport(settings, clock, observer, files, hosts)
    credentials = _clouds(settings, _credentials(settings, clock, observer, files), transport, clock, observer)
    files.problems.extend(_missing(settings, observer))
    client = RegistryClient(settings, transport, clock, observer, pace, hosts)
    store = Store(
        client,
        clock,
        observer,
        memory_bytes=settings.memory_bytes,
        tag_ttl=settings.tag_ttl,
        stale_seconds=settings.stale_seconds,
        archive=archive,
        renewals=Renewals(clock, observer),
    )

    handed_over = RootFolder(trust_root_folder, clock, observer) if trust_root_folder is not None else None

    def prover() -> Prover:
        # Imported when the first question comes: who asks for no signatures shall not pay for their libraries.
        from provider.signatures.document_reader import ReaderProcess  # noqa: PLC0415
        from provider.signatures.verifier import build_verifier  # noqa: PLC0415

        verifier = build_verifier(store, pace, clock, observer, trust_roots or {}, ReaderProcess(), handed_over)
        files.looks.append(verifier.trust_roots.look)
        files.problems.extend(verifier.trust_roots.problems)
        return verifier

    lazy = LazyProver(prover)
    if trust_roots or authorities:
        # They were named to be used, and a damaged file is to be found now.
        lazy.build()
    if handed_over is not None:
        files.looks.append(_look(handed_over, lazy))
        files.looks[-1]()
        files.problems.extend(handed_over.problems)
    named = AuthorityFiles(authorities or {}, clock, observer)
    files.looks.append(named.look)
    files.problems.extend(named.problems)
    defaults = DefaultAuthorities(named.current, lazy.prove)
    inspector = ImageInspector(store, pace, observer, lazy, defaults, settings.short_names)
    pods, begin = _pull_secrets(settings, credentials, clock, observer)
    digests = handed_over.digests if handed_over is not None else dict
    return Assembly(inspector, store, credentials, files.looks, files.problems, pods, begin, digests)


def _look(folder: RootFolder, lazy: LazyProver) -> Callable[[], None]:
    """A look at the folder; with the first trust root comes what proves by it, before somebody asks."""

    def look() -> None:
        folder.look()
        if folder.digests():
            lazy.build()

    return look


@dataclass(frozen=True)
class _Files:
    """See `Assembly`."""

    looks: list[Callable[[], None]]
    problems: list[str]


def _credentials(settings: RegistrySettings, clock: Clock, observer: Observer, files: _Files) -> Credentials:
    if settings.docker_config is None:
        return NoCredentials()
    file = ReloadedCredentials(settings.docker_config, clock, observer)
    files.looks.append(file.look)
    if file.problem:
        files.problems.append(file.problem)
    credentials = HelperCredentials(file, HostPrograms(), clock) if settings.credential_helpers else file
    return SharedCredentials(credentials, settings.owners) if settings.credential_hosts else credentials


def _pull_secrets(
    settings: RegistrySettings, own: Credentials, clock: Clock, observer: Observer
) -> tuple[PodCredentialSource | None, Callable[[], None]]:
    """Who asks a question that names who pulls, and what begins to look whether that may be read.

    Raises:
        SettingsError: there is no API server to read them from.
    """
    if not settings.pull_secret_namespaces:
        return None, lambda: None
    from provider.registry.transport.curl_transport import CurlTransport  # noqa: PLC0415 - as in _store
    from provider.registry.transport.resolver import NameResolver  # noqa: PLC0415 - as in _store

    server = api_reader.server_of(os.environ)
    # Its address is a private one; nothing else is asked by this transport, and registries are not by it.
    named = RegistrySettings(named_registries=frozenset({f"{server.host}:{server.port}", server.authority}))
    authority = str(settings.service_account / api_reader.AUTHORITY)
    transport = CurlTransport(AddressBook(named, NameResolver(clock)), lambda: authority, clock, observer)
    reader = api_reader.ApiReader(transport, server, settings.service_account, clock)
    namespaces = settings.pull_secret_namespaces
    keyrings = PodKeyrings(reader, namespaces, clock, observer)
    return PodCredentialSource(own, keyrings, clock), PullSecretRights(reader, namespaces, observer).begin


def _archive(settings: RegistrySettings, clock: Clock, observer: Observer, files: _Files) -> Archive | None:
    if settings.shared is None:
        return None
    tag_seconds = max(settings.tag_ttl, settings.stale_seconds)
    parts = assemble_archive(settings.shared, clock, observer, tag_seconds)
    files.looks.extend(parts.looks)
    return parts.archive


def _clouds(
    settings: RegistrySettings, own: Credentials, transport: Transport, clock: Clock, observer: Observer
) -> Credentials:
    """With those that clouds give. Outermost: what a cloud gives is good at no further host of its owner."""
    if not settings.clouds:
        return own
    from provider.registry.clouds.credentials import CloudCredentials  # noqa: PLC0415 - only where one is switched on
    from provider.registry.clouds.switched_on import clouds  # noqa: PLC0415 - as above

    named = clouds(settings.clouds, transport, system_authorities(), clock)
    return CloudCredentials(own, named, settings, clock, observer)


def _missing(settings: RegistrySettings, observer: Observer) -> Sequence[str]:
    """What is not installed of the clouds' libraries."""
    if not settings.clouds:
        return ()
    from provider.registry.clouds.switched_on import problems  # noqa: PLC0415 - as above

    found = problems(settings.clouds)
    for name, problem in found.items():
        observer.cloud_asked(name.value, problem)
    return list(found.values())


def _transport(
    settings: RegistrySettings, clock: Clock, observer: Observer, files: _Files, hosts: HostTable
) -> Transport:
    # Imported here: libcurl and c-ares are not loaded where a test brings a transport of its own.
    from provider.registry.transport.curl_transport import CurlTransport  # noqa: PLC0415
    from provider.registry.transport.resolver import NameResolver  # noqa: PLC0415

    def in_force(problems: Sequence[str]) -> None:
        observer.file_in_force(FileSetting.REGISTRY_CA, "", problems)

    bundle = CABundle(settings.ca_file, clock, observer.registry_ca_rejected, in_force)
    files.looks.append(bundle.look)
    return CurlTransport(AddressBook(settings, NameResolver(clock), hosts.names), bundle.path, clock, observer)


def _hosts(settings: RegistrySettings, clock: Clock, observer: Observer, files: _Files) -> HostTable:
    if settings.hosts_dir is None:
        return NoMirrors()
    folder = HostFolder(settings.hosts_dir, settings.ca_file, clock, observer)
    files.looks.append(folder.look)
    files.problems.extend(folder.problems)
    return folder
