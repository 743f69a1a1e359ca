"""The keys of logs, as sigstore's client asks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sigstore.errors import VerificationError

from provider.signatures.rejection import RejectionError
from provider.signatures.trust.transparency_log import TransparencyLog


class LogKeys:
    """Verifies by the log of an id, and by no other; sigstore's own tries all where the id is unknown.

    Args:
        logs: those of the trust root.
        moments: times at which the log must be believed.
    """

    def __init__(self, logs: Iterable[TransparencyLog], moments: Sequence[dt.datetime] = ()) -> None:
        aware = [moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC) for moment in moments]
        self._logs = [log for log in logs if all(log.validity.covers(moment) for moment in aware)]

    def verify(self, *, key_id: bytes, signature: bytes, data: bytes) -> None:
        """Verify a signature.

        Raises:
            VerificationError: no such log, or not its signature.
        """
        log = next((log for log in self._logs if log.key_id == key_id), None)
        if log is None:
            raise VerificationError("no log of this id can be believed at that time")
        try:
            log.key.verify(signature, data)
        except RejectionError as error:
            raise VerificationError(str(error)) from error
