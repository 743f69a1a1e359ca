"""Whose signatures a fact sheet tells of: public keys that the administrator names.

For templates that ask by a plain reference and know no keys. What this says of an image is cached by Gatekeeper for as
long as it caches, unlike the answer to a question about signatures: a signature that is made now is seen then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from provider import limits
from provider.errors import ImageError, SettingsError
from provider.questions.answer import Proofs, Signature, SignatureStatus
from provider.questions.proof_question import Format, HashAlgorithm, Key, Verify
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.reference import Reference

Prove = Callable[[Reference, Verify, Call], Awaitable[Proofs]]

# What says of an image that it is not signed so; whatever else keeps us from an answer says nothing.
_UNPROVED = {
    Reason.SIGNATURE_ABSENT: SignatureStatus.ABSENT,
    Reason.SIGNATURE_REJECTED: SignatureStatus.UNVERIFIED,
}


class DefaultAuthorities:
    """Tells who of them signed an image; for one event loop.

    Args:
        authorities: what has to be proved, by name.
        prove: proves it, or raises ImageError.
    """

    def __init__(self, authorities: Mapping[str, Verify], prove: Prove) -> None:
        self._authorities = authorities
        self._prove = prove

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._authorities)

    async def signature(self, image: Reference, call: Call) -> Signature:
        """Who signed an image.

        Args:
            image: by its digest, so that what is proved is of the very image that the facts are of.
            call: the work that this belongs to.

        Raises:
            ImageError: a registry does not say, so that half of the truth is no answer.
        """
        found = {name: await self._status(image, verify, call) for name, verify in self._named()}
        by = tuple(name for name, status in found.items() if status is SignatureStatus.VERIFIED)
        if by:
            return Signature(SignatureStatus.VERIFIED, by)
        unverified = SignatureStatus.UNVERIFIED in found.values()
        return Signature(SignatureStatus.UNVERIFIED if unverified else SignatureStatus.ABSENT)

    def _named(self) -> list[tuple[str, Verify]]:
        return sorted(self._authorities.items(), key=lambda named: named[0])

    async def _status(self, image: Reference, verify: Verify, call: Call) -> SignatureStatus:
        try:
            await self._prove(image, verify, call)
        except ImageError as error:
            if error.reason not in _UNPROVED:
                raise
            return _UNPROVED[error.reason]
        return SignatureStatus.VERIFIED


def read(files: Mapping[str, Path]) -> dict[str, Verify]:
    """Authorities from files of public keys, each signing in either of cosign's formats.

    Raises:
        SettingsError: a file cannot be read, or holds no public key; every problem at once.
    """
    found: dict[str, Verify] = {}
    problems: list[str] = []
    for name, path in files.items():
        try:
            found[name] = _authority(path)
        except OSError as error:
            problems.append(f"authority {name}: {path}: cannot read it: {error.strerror}")
        except UnicodeDecodeError:
            problems.append(f"authority {name}: {path}: the key is no PEM text")
        except ImageError as error:
            problems.append(f"authority {name}: {path}: {error.message}")
    if problems:
        raise SettingsError(problems)
    return found


def _authority(path: Path) -> Verify:
    # Imported here: without such a setting nobody shall pay for the library of keys.
    from provider.signatures.trust import keys  # noqa: PLC0415

    with path.open("rb") as file:
        content = file.read(limits.PUBLIC_KEY_BYTES + 1)
    if len(content) > limits.PUBLIC_KEY_BYTES:
        raise ImageError(Reason.KEY_INVALID, f"it has more than {limits.PUBLIC_KEY_BYTES} bytes")
    text = content.decode("ascii")
    keys.load(text, HashAlgorithm.SHA256)
    return Verify(key=Key(text), format=Format.ANY)
