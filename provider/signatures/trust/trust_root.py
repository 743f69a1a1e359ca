"""Trust roots: whose certificates, logs and timestamps are believed.

Two forms: sigstore's `trusted_root.json` (protobuf-specs, `sigstore_trustroot.proto`), and the `sigstoreKeys` of
policy-controller's TrustRoot objects. Keys and certificates are read when the file is, so that a damaged one is found
when it is put in place and not when it is needed.

A member that cannot be read is passed over, and named: nobody is believed by it. The members beside it are used. So a
damaged file makes trust smaller, never larger: a key whose `end` cannot be read is no key, not one without an end. Nor
is one whose `validFor` is misspelt or stands elsewhere: as in sigstore's own readers, every name must be known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from provider.errors import BestbeforeError
from provider.foreign_text import shown
from provider.signatures.trust import document, members
from provider.signatures.trust.authority import CertificateAuthority
from provider.signatures.trust.document import TrustRootError
from provider.signatures.trust.transparency_log import TransparencyLog

T = TypeVar("T")
MEDIA_TYPE: Final = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
_MEDIA_TYPES: Final = frozenset({MEDIA_TYPE, "application/vnd.dev.sigstore.trustedroot.v0.1+json"})
"""Two spellings of one version, of which the second is the newer one (protobuf-specs, `sigstore_trustroot.proto`)."""
KIND: Final = "TrustRoot"
_API: Final = "policy.sigstore.dev/"
_BY_COMMAND: Final = "`bestbefore trust --output-dir` writes a file of what another one signs for"
_LISTS: Final = ("certificateAuthorities", "ctlogs", "tlogs", "timestampAuthorities")
_LISTS_OF_OBJECT: Final = ("certificateAuthorities", "ctLogs", "tLogs", "timestampAuthorities")


@dataclass(frozen=True)
class TrustRoot:
    """Whose word counts.

    Attributes:
        digest: `sha256:…` over the canonical JSON of its specification.
        authorities: of signing certificates.
        ct_logs: that log certificates.
        logs: that log signatures.
        timestamp_authorities: that stamp signatures.
        problems: of the members, and of the lists, that are passed over; a sentence each.
    """

    digest: str
    authorities: Sequence[CertificateAuthority]
    ct_logs: Sequence[TransparencyLog] = ()
    logs: Sequence[TransparencyLog] = ()
    timestamp_authorities: Sequence[CertificateAuthority] = ()
    problems: Sequence[str] = ()

    def usable(self, moment: dt.datetime) -> bool:
        """Whether anything in it may still be believed for what is signed now."""
        alive = [_alive(authority, moment) for authority in (*self.authorities, *self.timestamp_authorities)]
        alive += [log.validity.end is None or log.validity.end >= moment for log in self.logs]
        return any(alive)


def read_usable(body: bytes, now: dt.datetime) -> TrustRoot:
    """A trust root of either form, of which something may still be believed.

    Raises:
        TrustRootError: there is none that can be used.
    """
    root = read(body)
    if root.usable(now):
        return root
    if root.problems:
        raise TrustRootError(f"nothing in it can be used: {root.problems[0]}")
    if root.authorities or root.timestamp_authorities or root.logs:
        raise TrustRootError("all that it names has expired")
    raise TrustRootError("it names no authority and no log of signatures")


def read(body: bytes) -> TrustRoot:
    """A trust root of either form, JSON or YAML.

    Raises:
        TrustRootError: it cannot be used.
    """
    return of_document(document.parse(body))


def of_document(given: Mapping[str, Any]) -> TrustRoot:
    """The trust root in a parsed document of either form.

    Raises:
        TrustRootError: it cannot be used.
    """
    media_type = given.get("mediaType", given.get("media_type"))
    if isinstance(media_type, str) and media_type in _MEDIA_TYPES:
        return _of_trusted_root(given)
    version = given.get("apiVersion")
    if given.get("kind") == KIND and isinstance(version, str) and version.startswith(_API):
        return _of_object(given)
    kind = shown(str(given.get("mediaType") or given.get("kind") or "nothing that is known"))
    raise TrustRootError(f"it is {kind}; known are {MEDIA_TYPE} and objects of kind {KIND}")


def _of_trusted_root(given: Mapping[str, Any]) -> TrustRoot:
    problems: list[str] = []
    lists = _known(given, ("mediaType", *_LISTS), "the file", problems)
    return TrustRoot(
        document.digest_of(given),
        _members(lists, "certificateAuthorities", members.authority, problems),
        _logs(lists, "ctlogs", members.log, problems),
        _logs(lists, "tlogs", members.log, problems),
        _members(lists, "timestampAuthorities", members.timestamp_authority, problems),
        tuple(problems),
    )


def _of_object(given: Mapping[str, Any]) -> TrustRoot:
    spec = given.get("spec")
    sources = {str(name): value for name, value in spec.items() if value is not None} if isinstance(spec, dict) else {}
    if set(sources) != {"sigstoreKeys"} or not isinstance(sources["sigstoreKeys"], dict):
        # One of several sources: whom the object means to believe is not known.
        found = ", ".join(sorted(sources)) or "nothing"
        raise TrustRootError(f"spec: holds {shown(found)}; only sigstoreKeys is supported, alone; {_BY_COMMAND}")
    try:
        spec, keys = document.object_of(spec), document.object_of(sources["sigstoreKeys"])
    except TypeError as error:
        raise TrustRootError("spec: a name stands twice in it") from error
    problems: list[str] = []
    lists = _known(keys, _LISTS_OF_OBJECT, "spec.sigstoreKeys", problems)
    return TrustRoot(
        document.digest_of(spec),
        _members(lists, "certificateAuthorities", members.authority_in_pem, problems),
        _logs(lists, "ctLogs", members.log_in_pem, problems),
        _logs(lists, "tLogs", members.log_in_pem, problems),
        _members(lists, "timestampAuthorities", members.timestamp_authority_in_pem, problems),
        tuple(problems),
    )


def _known(given: Mapping[str, Any], names: Sequence[str], where: str, problems: list[str]) -> Mapping[str, Any]:
    """The fields by these names; a list under another name is passed over, and named."""
    found: Mapping[str, Any] = {}
    for name, value in given.items():
        try:
            found = document.fields_of({**found, name: value}, names, where)
        except TrustRootError as error:
            problems.append(str(error))
    return found


def _logs(
    lists: Mapping[str, Any],
    name: str,
    read_one: Callable[[Mapping[str, Any], str], TransparencyLog],
    problems: list[str],
) -> tuple[TransparencyLog, ...]:
    """The logs of a list; an id stands for one key, though perhaps at several times."""
    keys: dict[bytes, bytes] = {}
    found: list[TransparencyLog] = []
    for log in _members(lists, name, read_one, problems):
        if keys.setdefault(log.key_id, log.key.spki) == log.key.spki:
            found.append(log)
        else:
            problems.append(f"{name}: the id {log.key_id.hex()} stands for two keys; the first one counts")
    return tuple(found)


def _members(
    lists: Mapping[str, Any], name: str, read_one: Callable[[Mapping[str, Any], str], T], problems: list[str]
) -> tuple[T, ...]:
    """The members of a list that can be read; of the others the problems are added."""
    listed = lists.get(name)
    if listed is None:
        return ()
    if not isinstance(listed, list):
        problems.append(f"{name}: must be a list")
        return ()
    found: list[T] = []
    for number, member in enumerate(listed):
        try:
            found.append(_member(member, f"{name}[{number}]", read_one))
        except TrustRootError as error:
            problems.append(str(error))
    return tuple(found)


def _member(member: object, where: str, read_one: Callable[[Mapping[str, Any], str], T]) -> T:
    """A member of a list.

    Raises:
        TrustRootError: it cannot be read, or is of a kind that is not supported.
    """
    try:
        return read_one(document.object_of(member), where)
    except members.UNREADABLE as error:
        raise TrustRootError(f"{where}: a member is missing or cannot be read") from error
    except BestbeforeError as error:
        raise TrustRootError(f"{where}: {error.message}") from error


def _alive(authority: CertificateAuthority, moment: dt.datetime) -> bool:
    end = authority.validity.end
    certificates = authority.certificates
    return (end is None or end >= moment) and all(one.not_valid_after_utc >= moment for one in certificates)
