"""Whose signatures a fact sheet names: public keys that the administrator names.

For templates that ask by a plain reference and know no keys. What this says of an image is cached by Gatekeeper for as
long as it caches, unlike the answer to a question about signatures: a signature that is made now is seen then.

A key that cannot be used vouches for nobody. Those beside it do; an image for which none of them vouches has no answer
to a plain reference, because nobody knows what that key would say. Other questions do not need it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from provider import limits
from provider.clock import Clock
from provider.errors import FileError, ImageError
from provider.mounted_file import MountedFile
from provider.observer import FileSetting, Observer
from provider.questions.answer import Proofs, Signature, SignatureStatus
from provider.questions.proof_question import Format, HashAlgorithm, Key, Verify
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.reference import Reference

Authorities: TypeAlias = Mapping[str, Verify | FileError]
"""By name: what has to be proved, or why the key cannot be used."""

# What says of an image that it is not signed so; whatever else keeps us from an answer says nothing.
_UNPROVED = {
    Reason.SIGNATURE_ABSENT: SignatureStatus.ABSENT,
    Reason.SIGNATURE_REJECTED: SignatureStatus.UNVERIFIED,
}


class Prove(Protocol):
    """See `provider.images.inspector.Prover`."""

    def __call__(self, image: Reference, verify: Verify, call: Call, *, explained: bool) -> Awaitable[Proofs]:
        """What cryptography proves."""
        ...


class DefaultAuthorities:
    """Finds who of them signed an image; for one event loop.

    Args:
        authorities: gives them as they are now.
        prove: proves it, or raises ImageError.
    """

    def __init__(self, authorities: Callable[[], Authorities], prove: Prove) -> None:
        self._authorities = authorities
        self._prove = prove

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._authorities())

    async def signature(self, image: Reference, call: Call) -> Signature:
        """Who signed an image.

        Args:
            image: by its digest, so that what is proved is of the very image that the facts are of.
            call: the work that this belongs to.

        Raises:
            ImageError: a registry does not say, so that half of the truth is no answer; `TrustRootStale`: nobody
                vouches for it, and a key cannot be used.
        """
        authorities = dict(sorted(self._authorities().items()))
        usable = {name: one for name, one in authorities.items() if isinstance(one, Verify)}
        found = {name: await self._status(image, verify, call) for name, verify in usable.items()}
        by = tuple(name for name, status in found.items() if status is SignatureStatus.VERIFIED)
        if by:
            return Signature(SignatureStatus.VERIFIED, by)
        for name, problem in authorities.items():
            if isinstance(problem, FileError):
                sentence = f"authority {name} of the provider's settings cannot be used: {problem}"
                raise ImageError(Reason.TRUST_ROOT_STALE, sentence)
        unverified = SignatureStatus.UNVERIFIED in found.values()
        return Signature(SignatureStatus.UNVERIFIED if unverified else SignatureStatus.ABSENT)

    async def _status(self, image: Reference, verify: Verify, call: Call) -> SignatureStatus:
        try:
            # A fact sheet has no room for where else a signature may lie.
            await self._prove(image, verify, call, explained=False)
        except ImageError as error:
            if error.reason not in _UNPROVED:
                raise
            return _UNPROVED[error.reason]
        return SignatureStatus.VERIFIED


class AuthorityFiles:
    """The files of public keys, each signing in either of cosign's formats; read again when they change.

    Args:
        files: by the authority's name. Every file is read at once.
        clock: says when a file is looked at again.
        observer: gets reports of files that cannot be used.
    """

    def __init__(self, files: Mapping[str, Path], clock: Clock, observer: Observer) -> None:
        self._paths = dict(files)
        self._observer = observer
        self._files = {name: self._file(name, path, clock) for name, path in self._paths.items()}

    def current(self) -> Authorities:
        """See `Authorities`; a file that is replaced by one that cannot be used stays as it was."""
        found = {name: file.content() for name, file in self._files.items()}
        unusable = FileError("it was never read")
        return {name: one or self._files[name].error or unusable for name, one in found.items()}

    def look(self) -> None:
        """Read the files again that have changed."""
        for file in self._files.values():
            file.look()

    @property
    def problems(self) -> Sequence[str]:
        """Of the files that cannot be used as they are now."""
        return [self._sentence(name, file.error) for name, file in self._files.items() if file.error is not None]

    def _file(self, name: str, path: Path, clock: Clock) -> MountedFile[Verify]:
        def report(found: Verify | FileError) -> None:
            if isinstance(found, FileError):
                self._observer.file_rejected(FileSetting.AUTHORITY, name, self._sentence(name, found))
            else:
                self._observer.file_in_force(FileSetting.AUTHORITY, name, ())

        return MountedFile(path, limits.PUBLIC_KEY_BYTES, _authority, clock, limits.PUBLIC_KEY_SECONDS, report)

    def _sentence(self, name: str, problem: FileError) -> str:
        return f"authority {name}: {self._paths[name]}: {problem}"


def _authority(content: bytes) -> Verify:
    """What has to be proved.

    Raises:
        FileError: it is no public key.
    """
    # Imported here: without such a setting nobody shall pay for the library of keys.
    from provider.signatures.trust import keys  # noqa: PLC0415

    try:
        text = content.decode("ascii")
        keys.load(text, HashAlgorithm.SHA256)
    except UnicodeDecodeError as error:
        raise FileError("the key is no PEM text") from error
    except ImageError as error:
        raise FileError(error.message) from error
    return Verify(key=Key(text), format=Format.ANY)
