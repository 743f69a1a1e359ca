"""What registries say of their quotas, as metrics."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client import Gauge

from provider import limits


@dataclass(frozen=True, slots=True)
class _Left:
    remaining: int
    limit: int | None
    at: float


class Quotas:
    """The fewest requests that are left at each registry; of several accounts one is shown, and no account is named.

    Args:
        remaining: gauge of what is left, by registry.
        limit: gauge of how many there are.
        seen: gauge of when that was said.
    """

    def __init__(self, remaining: Gauge, limit: Gauge, seen: Gauge) -> None:
        self._remaining = remaining
        self._limit = limit
        self._seen = seen
        self._accounts: dict[str, OrderedDict[str, _Left]] = {}

    def said(self, label: str, account: str, remaining: int, limit: int | None, now: float) -> None:
        """A registry said it.

        Args:
            label: of the registry; there are not many.
            account: to whom.
            remaining: requests that are left.
            limit: of how many; None where that is not said.
            now: seconds since 1970.
        """
        accounts = self._accounts.setdefault(label, OrderedDict())
        accounts[account] = _Left(remaining, limit, now)
        accounts.move_to_end(account)
        oldest = next(iter(accounts.values()))
        while len(accounts) > limits.QUOTA_ACCOUNTS or now - oldest.at > limits.QUOTA_SHOWN_SECONDS:
            accounts.popitem(last=False)
            oldest = next(iter(accounts.values()))
        fewest = min(accounts.values(), key=lambda left: left.remaining)
        self._remaining.labels(label).set(fewest.remaining)
        self._seen.labels(label).set(fewest.at)
        if fewest.limit is not None:
            self._limit.labels(label).set(fewest.limit)
        else:
            # The size of another account's quota is not that of this one.
            with suppress(KeyError):
                self._limit.remove(label)
