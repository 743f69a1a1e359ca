"""What is kept of a TUF mirror, as bytes: the folder of `gatekeeper.trust.state`, packed.

Whoever may write the ConfigMap that holds it could as well write the trust roots themselves; all the same a name in it
leads nowhere but into the folder, and it cannot unpack to more than it may.
"""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Final

from gatekeeper.trustroots import limits
from gatekeeper.trustroots.errors import NoRoomError

_FILE: Final = re.compile(
    r"[0-9a-f]{64}/(?:metadata/(?:root_history/)?)?[A-Za-z0-9_%-][A-Za-z0-9._%-]{0,200}\.json", re.ASCII
)
_LEVEL: Final = 9


def pack(folder: Path) -> bytes:
    """The files of a folder; links and locks are made anew by whoever needs them.

    Raises:
        NoRoomError: they are more than may be kept.
    """
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        if not path.is_symlink() and _FILE.fullmatch(name):
            files[name] = path.read_text("utf-8")
    packed = zlib.compress(json.dumps(files, sort_keys=True).encode(), _LEVEL)
    unpacked = sum(map(len, files.values()))
    if len(packed) > limits.STATE_BYTES or unpacked > limits.STATE_UNPACKED_BYTES or len(files) > limits.STATE_FILES:
        raise NoRoomError(f"what must be kept of its repository is too much: {limits.STATE_BYTES} bytes may be, packed")
    return packed


def unpack(content: bytes, folder: Path) -> None:
    """Have a folder hold what was packed; what nobody packed so is as nothing."""
    for name, text in _files(content).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _files(content: bytes) -> dict[str, str]:
    try:
        reader = zlib.decompressobj()
        plain = reader.decompress(content, limits.STATE_UNPACKED_BYTES)
        found = json.loads(plain) if not reader.unconsumed_tail else {}
    except (zlib.error, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or len(found) > limits.STATE_FILES:
        return {}
    return {name: text for name, text in found.items() if _FILE.fullmatch(name) and isinstance(text, str)}
