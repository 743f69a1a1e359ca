"""How hosts of a `hosts.toml` prove themselves, and what we show them."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

from provider.clock import Clock
from provider.registry.mirrors.hosts_toml import HostEntry
from provider.registry.transport.ca_bundle import CABundle, stat_of
from provider.registry.transport.connection import HostConnection, KeyPair


class HostTLS:
    """Makes the connections of hosts; bundles of the same authorities are one. For one thread at a time.

    Args:
        ca_file: authorities for all registries, which are believed beside those of a host.
        clock: the machine's.
    """

    def __init__(self, ca_file: Path | None, clock: Clock) -> None:
        self._ca_file = ca_file
        self._clock = clock
        self._bundles: dict[tuple[Path, ...], CABundle] = {}
        self._used: set[tuple[Path, ...]] = set()
        self._files: dict[Path, object] = {}

    def state(self) -> object:
        """What changes when a file does that was looked at."""
        return tuple((path, stat_of(path)) for path in self._files)

    def begin(self) -> None:
        """All hosts are made anew."""
        self._used = set()
        self._files = {}

    def end(self) -> None:
        """All hosts are made: what none of them uses is let go of when its last request is done."""
        self._bundles = {files: bundle for files, bundle in self._bundles.items() if files in self._used}

    def connection(self, entry: HostEntry, problems: list[str], *, verify: bool) -> HostConnection | None:
        """How connections to a host are made; None for as to all hosts.

        Args:
            entry: the host.
            problems: gets what cannot be used.
            verify: whether its certificate is looked at.
        """
        bundle = self._bundle(tuple(entry.ca), problems)
        pair = self._key_pair(entry.client, problems)
        if bundle is None and pair is None and verify and entry.connect_seconds is None and entry.proxy is None:
            return None
        return HostConnection(bundle.path if bundle else None, pair, verify, entry.connect_seconds, entry.proxy)

    def _bundle(self, files: tuple[Path, ...], problems: list[str]) -> CABundle | None:
        """The authorities of a host; without a file that can be read those of all hold, so nobody is believed more."""
        self._files.update(dict.fromkeys(files))
        if not files:
            return None
        self._used.add(files)
        bundle = self._bundles.get(files)
        if bundle is None:
            bundle = self._bundles[files] = CABundle(self._ca_file, self._clock, lambda _: None, further=files)
        else:
            bundle.look()
        problems += bundle.problems
        return bundle

    def _key_pair(self, pairs: Sequence[KeyPair], problems: list[str]) -> KeyPair | None:
        """The first that can be used."""
        for pair in pairs:
            self._files.update(dict.fromkeys((pair.certificate, pair.key)))
        for pair in pairs:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(pair.certificate, pair.key, _no_passphrase)
            except (OSError, ValueError) as error:
                problems.append(f"client {pair.certificate}: it is no certificate with its key ({_cause(error)})")
            else:
                return pair
        return None


def _no_passphrase() -> str:
    raise ValueError("its key has a passphrase")


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "unreadable"
    return error.strerror or "unreadable" if isinstance(error, OSError) else str(error)
