"""What was counted, so that the same is not counted again: for some minutes, and within a bound."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

_BYTES: Final = 12


def fingerprint(*parts: str) -> str:
    """A short text that stands for these, the same in every process; 96 bits, so that no two meet by chance."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=_BYTES).hexdigest()


class SeenKeys:
    """Fingerprints in two generations: a full or an old one goes, and with it all that is older.

    So one is remembered for `seconds` at least, unless more than `capacity` come meanwhile, and twice that at most.

    Args:
        capacity: of both generations together.
        seconds: how long one is remembered at least.
    """

    def __init__(self, capacity: int, seconds: float) -> None:
        self._half = capacity // 2
        self._seconds = seconds
        self._young: set[str] = set()
        self._old: set[str] = set()
        self._born: float | None = None

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def first(self, key: str, now: float) -> bool:
        """Take note of a fingerprint; whether it was not remembered yet."""
        if key in self._young or key in self._old:
            return False
        if self._born is None:
            self._born = now
        elif len(self._young) >= self._half or now - self._born >= self._seconds:
            self._old, self._young, self._born = self._young, set(), now
        self._young.add(key)
        return True

    def recall(self) -> Sequence[Sequence[str]]:
        """Both generations, the older one first, in an order that is always the same."""
        return [sorted(self._old), sorted(self._young)]

    def put_back(self, generations: Sequence[Sequence[str]], now: float) -> None:
        """Remember what another process remembered, from now on."""
        older, younger = generations
        self._old, self._young, self._born = set(older), set(younger), now
