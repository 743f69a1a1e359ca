"""A TUF repository in memory, made and signed by the library's own API.

repository = TufRepository({"trusted_root.json": body})
repository.files["timestamp.json"]   # as a mirror has it
repository.rotate()                  # a new root key, signed by the old one, too
repository.archive()                 # tar.gz, as `mirrorFS` wants it before base64
"""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import io
import tarfile
from collections.abc import Mapping
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

ROLES = ("root", "timestamp", "snapshot", "targets")


class TufRepository:
    """A repository with one key for each role.

    Attributes:
        files: what a mirror has, by name.
        root: where trust begins: the first `root.json`.
    """

    def __init__(self, targets: Mapping[str, bytes], custom: Mapping[str, Any] | None = None) -> None:
        self._end = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=7)
        self._signers = {role: CryptoSigner.generate_ecdsa() for role in ROLES}
        self._root = Metadata(Root(consistent_snapshot=True, expires=self._end))
        for role, signer in self._signers.items():
            self._root.signed.add_key(signer.public_key, role)
        self._root.sign(self._signers["root"])
        self.root = self._root.to_bytes()
        self.files: dict[str, bytes] = {"1.root.json": self.root}
        self._version = 0
        self._targets: dict[str, bytes] = {}
        self._custom = dict(custom or {})
        self.publish(targets)

    def publish(
        self, targets: Mapping[str, bytes] | None = None, expires: Mapping[str, dt.datetime] | None = None
    ) -> None:
        """A new version of what it signs for.

        Args:
            targets: what is signed for; None for what was before.
            expires: when a role's metadata end, where that is not in a week.
        """
        expires = expires or {}
        self._targets = dict(targets) if targets is not None else self._targets
        self._version += 1
        version = self._version
        listed = Targets(version=version, expires=expires.get("targets", self._end))
        for name, content in self._targets.items():
            entry = TargetFile.from_data(name, content, ["sha256"])
            if name in self._custom:
                entry.unrecognized_fields["custom"] = self._custom[name]
            listed.targets[name] = entry
            folder, slash, file = name.rpartition("/")
            self.files[f"targets/{folder}{slash}{entry.hashes['sha256']}.{file}"] = content
        end = expires.get("snapshot", self._end)
        snapshot = Snapshot(version=version, expires=end, meta={"targets.json": MetaFile(version)})
        timestamp = Timestamp(
            version=version, expires=expires.get("timestamp", self._end), snapshot_meta=MetaFile(version)
        )
        self.files[f"{version}.targets.json"] = self._signed("targets", listed)
        self.files[f"{version}.snapshot.json"] = self._signed("snapshot", snapshot)
        self.files["timestamp.json"] = self._signed("timestamp", timestamp)

    def rotate(self, *, signed_by_old: bool = True, expires: dt.datetime | None = None) -> None:
        """A new root with another key for roots, and another one for timestamps."""
        old = self._signers["root"]
        signed = copy.deepcopy(self._root.signed)
        signed.version += 1
        signed.expires = expires or self._end
        for role in ("root", "timestamp"):
            signed.revoke_key(self._signers[role].public_key.keyid, role)
            self._signers[role] = CryptoSigner.generate_ecdsa()
            signed.add_key(self._signers[role].public_key, role)
        self._root = Metadata(signed)
        self._root.sign(self._signers["root"])
        if signed_by_old:
            self._root.sign(old, append=True)
        self.files[f"{signed.version}.root.json"] = self._root.to_bytes()
        self.publish()

    def archive(self, prefix: str = "repository/") -> bytes:
        """The mirror as a tar.gz."""
        return packed({f"{prefix}{name}": content for name, content in self.files.items()})

    def _signed(self, role: str, content: Any) -> bytes:
        metadata = Metadata(content)
        metadata.sign(self._signers[role])
        return metadata.to_bytes()


def packed(files: Mapping[str, bytes], **kinds: bytes) -> bytes:
    """A tar.gz.

    Args:
        files: contents by name.
        kinds: tar's type of a member, by its name without dots and slashes, where it is no plain file.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if kind := kinds.get("".join(filter(str.isalnum, name))):
                member.type, member.size, member.linkname = kind, 0, "/etc/passwd"
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue())
