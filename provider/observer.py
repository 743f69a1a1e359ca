"""What the provider reports to whoever watches it: metrics and logs are hung on here.

Every report is a call that returns at once and never raises. `NullObserver` does nothing, so that an observer derived
from it states only what it cares for. Labels are bounded: hosts of registries are folded by the observer, never by
the reporter.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class Operation(StrEnum):
    """What a registry was asked for."""

    TOKEN = "token"  # noqa: S105 - the name of an operation
    RESOLVE = "resolve"
    MANIFEST = "manifest"
    BLOB = "blob"
    REFERRERS = "referrers"
    TAGS = "tags"


class ThrottleCause(StrEnum):
    """Why a request was held back."""

    STATUS = "status"
    RETRY_AFTER = "retry_after"
    LOCAL_LIMIT = "local_limit"
    UNREACHABLE = "unreachable"
    CIRCUIT = "circuit"
    QUOTA = "quota"


class FileSetting(StrEnum):
    """A setting that names files which may be unusable by themselves, as may be their entries."""

    DOCKER_CONFIG = "docker_config"
    REGISTRY_CA = "registry_ca"
    TRUST_ROOT = "trust_root"
    TRUST_ROOT_DIR = "trust_root_dir"
    AUTHORITY = "authority"
    CLIENT_CA = "client_ca"
    STORE_KEY = "store_key"
    STORE_PASSWORD = "store_password"  # noqa: S105 - the name of a setting
    STORE_SENTINEL_PASSWORD = "store_sentinel_password"  # noqa: S105 - as above
    HOSTS_DIR = "hosts_dir"


class RemoteList(StrEnum):
    """A list of a registry whose entries stand for signatures."""

    REFERRERS = "referrers"
    SIGNATURES = "signatures"


class Observer(Protocol):
    """Receives reports."""

    def registry_request(self, registry: str, operation: Operation, code: str, seconds: float) -> None:
        """One round trip.

        Args:
            registry: host[:port] that was asked, as in the reference (`index.docker.io`).
            operation: what for.
            code: HTTP status as text (`200`), or `timeout`, `connection`, `tls`, `refused`.
            seconds: from the first byte sent to the last byte read.
        """

    def cache_lookup(self, layer: str, what: str, result: str) -> None:
        """One look-up.

        Args:
            layer: `memory`, `store`, or `inflight` for work shared with another caller.
            what: `tag`, `manifest`, `config`, `token`.
            result: `hit` or `miss`.
        """

    def renewed(self, what: str, *, done: bool) -> None:
        """Something that is asked often was looked at again in the background.

        Args:
            what: `tag` or `referrers`.
            done: whether there was an answer.
        """

    def registry_throttled(self, registry: str, cause: ThrottleCause) -> None:
        """A registry held us back, or we held ourselves back."""

    def registry_quota(self, registry: str, account: str, remaining: int, limit: int | None) -> None:
        """A registry said how many requests are left.

        Args:
            registry: host[:port] that was asked.
            account: the name of the credential that they are left to; empty for none.
            remaining: how many.
            limit: of how many; None where that is not said.
        """

    def registry_retried(self, registry: str) -> None:
        """A request was sent again: to another address of the registry, or because it was busy."""

    def registry_ca_rejected(self, problem: str) -> None:
        """The file of authorities for registries cannot be used; what was read before stays in force."""

    def file_rejected(self, setting: FileSetting, name: str, problem: str) -> None:
        """The file of a setting cannot be used; what was read before stays in force, if anything was.

        Args:
            setting: that names it.
            name: of the file among those of the setting; empty where there is only one.
            problem: a sentence that names the setting, the file, and what is wrong.
        """

    def file_in_force(self, setting: FileSetting, name: str, problems: Sequence[str]) -> None:
        """The file of a setting came into force.

        Args:
            setting: see `file_rejected`.
            name: see `file_rejected`.
            problems: the entries of it that cannot be used and are passed over, as in `file_rejected`.
        """

    def pull_secret_unusable(self, fault: str, problem: str) -> None:
        """A pull secret, or a service account that names some, was read and cannot be used, or cannot be read.

        Args:
            fault: a `ReadFault`.
            problem: a sentence that names it by `namespace/name`, and nothing that is in it.
        """

    def setting_in_force(self, setting: str, problems: Sequence[str]) -> None:
        """Entries of a setting that is a list may be of no use; reported at the start, and when that changes.

        Args:
            setting: its name.
            problems: of the entries that cannot be used; a sentence each, which names the setting, the entry and what
                to write.
        """

    def cloud_asked(self, cloud: str, problem: str) -> None:
        """A cloud that is to give credentials does so, or no more; reported when that changes.

        Args:
            cloud: as the setting `cloud_credentials` names it.
            problem: a sentence that names the setting, the cloud and what to do; empty where there is none.
        """

    def entries_passed_over(self, listed: RemoteList, problems: Sequence[str]) -> None:
        """Entries of a registry's list cannot be used; those beside them are.

        Args:
            listed: which list.
            problems: one sentence each; they name the image, and are never empty.
        """

    def store_asked(self, trouble: str, seconds: float) -> None:
        """One round trip to the store that replicas share.

        Args:
            trouble: a `StoreTrouble`; empty where all went well.
            seconds: what it took.
        """

    def store_away(self, trouble: str) -> None:
        """The store is lost, and is not asked any more; a `StoreTrouble` says why."""

    def store_back(self) -> None:
        """It is found again."""

    def store_troubled(self, trouble: str) -> None:
        """It answers, and takes nothing; a `StoreTrouble` says why."""

    def store_writes_dropped(self, count: int) -> None:
        """So many values were not written to it."""

    def store_entry_rejected(self, kind: str) -> None:
        """An entry of it is not what it should be, and was passed over: of that kind."""

    def round_trips(self, count: int) -> None:
        """One question is done; `count` sequential registry requests were on its longest path (0: from memory)."""


class NullObserver:
    """Watches nothing; the observer to derive from when only some reports matter."""

    def registry_request(self, registry: str, operation: Operation, code: str, seconds: float) -> None:
        """See `Observer`."""

    def cache_lookup(self, layer: str, what: str, result: str) -> None:
        """See `Observer`."""

    def renewed(self, what: str, *, done: bool) -> None:
        """See `Observer`."""

    def registry_throttled(self, registry: str, cause: ThrottleCause) -> None:
        """See `Observer`."""

    def registry_quota(self, registry: str, account: str, remaining: int, limit: int | None) -> None:
        """See `Observer`."""

    def registry_retried(self, registry: str) -> None:
        """See `Observer`."""

    def registry_ca_rejected(self, problem: str) -> None:
        """See `Observer`."""

    def file_rejected(self, setting: FileSetting, name: str, problem: str) -> None:
        """See `Observer`."""

    def file_in_force(self, setting: FileSetting, name: str, problems: Sequence[str]) -> None:
        """See `Observer`."""

    def pull_secret_unusable(self, fault: str, problem: str) -> None:
        """See `Observer`."""

    def setting_in_force(self, setting: str, problems: Sequence[str]) -> None:
        """See `Observer`."""

    def cloud_asked(self, cloud: str, problem: str) -> None:
        """See `Observer`."""

    def entries_passed_over(self, listed: RemoteList, problems: Sequence[str]) -> None:
        """See `Observer`."""

    def store_asked(self, trouble: str, seconds: float) -> None:
        """See `Observer`."""

    def store_away(self, trouble: str) -> None:
        """See `Observer`."""

    def store_back(self) -> None:
        """See `Observer`."""

    def store_troubled(self, trouble: str) -> None:
        """See `Observer`."""

    def store_writes_dropped(self, count: int) -> None:
        """See `Observer`."""

    def store_entry_rejected(self, kind: str) -> None:
        """See `Observer`."""

    def round_trips(self, count: int) -> None:
        """See `Observer`."""
