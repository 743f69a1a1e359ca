"""A question becomes what has to be proved: its key is read, its trust roots are found."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Final

from provider import limits
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.questions.proof_question import Key, LogName, TrustRootName, Verify
from provider.signatures.demands import Demands
from provider.signatures.trust import keys
from provider.signatures.trust.keys import PublicKey
from provider.signatures.trust.trust_roots import TrustRoots

_LIBRARIES: Final = "provider.signatures.evidence.sigstore_parts"


class DemandReader:
    """Reads what questions demand; for one event loop.

    Args:
        trust_roots: finds trust roots.
        clock: for keys that are remembered.
    """

    def __init__(self, trust_roots: TrustRoots, clock: Clock) -> None:
        self._trust_roots = trust_roots
        self._loading = asyncio.Lock()
        self._keys: Memory[Key, PublicKey] = Memory(clock, limits.SIGNATURE_KEYS)

    async def demands(self, verify: Verify) -> Demands:
        """What has to be proved; the libraries for certificates and logs are loaded by the first who needs them.

        Raises:
            ImageError: `KeyInvalid`, `TrustRootStale`.
        """
        found = self._read(verify)
        if _LIBRARIES not in sys.modules and (found.trust_root or found.logs):
            async with self._loading:
                # In a thread, because it takes half a second.
                await asyncio.to_thread(load_libraries)
        return found

    def _read(self, verify: Verify) -> Demands:
        key = self._key(verify.key) if verify.key else None
        trust_root = self._trust_roots.find(verify.keyless.trust_root) if verify.keyless else None
        log = verify.log or _implied_log(verify)
        return Demands(
            key=key,
            trust_root=trust_root,
            ignore_sct=verify.keyless.ignore_sct if verify.keyless else False,
            logs=self._trust_roots.find(log.trust_root) if log else None,
            offline=verify.log is None,
            timestamps=self._trust_roots.find(verify.timestamp) if verify.timestamp is not None else None,
        )

    def _key(self, key: Key) -> PublicKey:
        found = self._keys.get(key)
        if found is None:
            found = keys.load(key.data, key.hash_algorithm)
            self._keys.put(key, found)
        return found


def load_libraries() -> None:
    """Load what certificates and logs need."""
    importlib.import_module(_LIBRARIES)


def _implied_log(verify: Verify) -> LogName | None:
    """The log that is asked for though nobody named one.

    Policy-controller wants it of certificates of the public good instance, unless a timestamp authority is named.
    """
    public = verify.keyless is not None and verify.keyless.trust_root.name == ""
    return LogName(trust_root=TrustRootName()) if public and verify.timestamp is None else None
