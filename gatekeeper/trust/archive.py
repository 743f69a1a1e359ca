"""A TUF repository in an object: an archive by tar and gzip, unpacked in memory and nowhere else.

Its names are keys of a dictionary: nothing of it is ever written, so `..` could lead nowhere, and is refused all the
same, as is every name that two readers could take for two files.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from gatekeeper.trust import limits
from gatekeeper.trust.errors import TrustSourceError
from provider.foreign_text import shown

# As the tools that make such archives have it.
_PREFIX: Final = "repository/"


def unpack(content: bytes) -> Mapping[str, bytes]:
    """The files of an archive, by their names in the repository.

    Raises:
        TrustSourceError: it is no such archive, is larger than it may be, or has a name or a member that no mirror has.
    """
    files: dict[str, bytes] = {}
    size = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(_plain(content)), mode="r:") as archive:
            for number, member in enumerate(archive, start=1):
                if number > limits.MIRROR_FILES:
                    raise TrustSourceError(f"the archive has more than {limits.MIRROR_FILES} members")
                if member.isdir():
                    continue
                name = _name(member)
                if name in files:
                    raise TrustSourceError(f"{shown(name)} is twice in the archive")
                size += member.size
                if size > limits.MIRROR_BYTES or member.size > limits.MIRROR_FILE_BYTES:
                    raise TrustSourceError(f"{shown(name)} in the archive is too large")
                found = archive.extractfile(member)
                files[name] = found.read() if found else b""
    except (tarfile.TarError, OverflowError, ValueError, EOFError) as error:
        raise TrustSourceError("what was packed by gzip is no tar archive that can be read") from error
    if not files:
        raise TrustSourceError("the archive is empty")
    return files


def _plain(content: bytes) -> bytes:
    """The archive, at most so much of it as may be: some kilobytes can be packed of many gigabytes of zeros."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            # Headers and padding: as much again would be no mirror.
            plain = packed.read(limits.MIRROR_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TrustSourceError("it is nothing that gzip has packed") from error
    if len(plain) > limits.MIRROR_BYTES:
        raise TrustSourceError(f"the archive unpacks to more than {limits.MIRROR_BYTES} bytes")
    return plain


def _name(member: tarfile.TarInfo) -> str:
    """The name of a file, from the repository on.

    Raises:
        TrustSourceError: it is no plain file, or has no plain name.
    """
    name = member.name.removeprefix("./")
    if not (member.isreg() and not member.issparse()):
        raise TrustSourceError(f"{shown(name)} in the archive is no plain file")
    plain = PurePosixPath(name)
    if (
        plain.is_absolute()
        or ".." in plain.parts
        or str(plain) != name
        or len(name) > limits.MIRROR_NAME_CHARACTERS
        or "\\" in name
        or not name.isprintable()
    ):
        raise TrustSourceError(f"{shown(name)} in the archive is no plain name")
    return name.removeprefix(_PREFIX)
