"""What a TrustRoot object says, and what policy-controller's webhook has against it.

Its checks of `sigstoreKeys` overwrite each other, so that it really looks at the last member only. Here every one is
looked at: by who reads them (`provider/signatures/trust/members.py`), and a bad one counts for itself alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from gatekeeper.documents.problems import Problem
from gatekeeper.policy.validation.field_errors import (
    FieldError,
    FieldPath,
    invalid,
    joined,
    missing,
    one_of_missing,
    one_of_several,
)
from gatekeeper.trust import limits
from provider.golang import net_url

TRUSTED_ROOT: Final = "trusted_root.json"
"""The file of a repository that a trust root is, where nothing else is said."""
_TARGETS: Final = "targets"
_SOURCES: Final = ("remote", "repository", "sigstoreKeys", "trustedRootJSON")
_SPEC: Final = FieldPath("spec", "spec")
_KNOWN: Final = {
    "remote": {"root", "mirror", "targets", "trustedRootTarget"},
    "repository": {"root", "mirrorFS", "targets", "trustedRootTarget"},
}
_LINES: Final = dict.fromkeys(map(ord, "\r\n"))
_PEM: Final = "-----BEGIN PUBLIC KEY-----"
# Of sigstore's public good instance: what its roots of this age say is no TUF of today.
_OLD_ROOTS: Final = 4
_OLD: Final = "no TUF client of today can begin with it; sigstore's own roots 1 to 4 are so: take root 5 or a later one"


@dataclass(frozen=True)
class Repository:
    """What both kinds of TUF repository say.

    Attributes:
        root: where trust begins: a `root.json`, as it was written.
        target: the file that the trust root is.
        targets: the folder of keys and certificates, where there is no such file.
    """

    root: bytes
    target: str = TRUSTED_ROOT
    targets: str = _TARGETS


@dataclass(frozen=True)
class TufMirror:
    """A repository at a URL (`remote`).

    Attributes:
        url: where, https.
        repository: how to read it.
    """

    url: str
    repository: Repository


@dataclass(frozen=True)
class PackedMirror:
    """A repository in the object (`repository`).

    Attributes:
        content: an archive by tar and gzip.
        repository: how to read it.
    """

    content: bytes
    repository: Repository


@dataclass(frozen=True)
class Inline:
    """A trust root that stands in the object (`sigstoreKeys`, `trustedRootJSON`).

    Attributes:
        body: a document that the provider reads.
        form: the field.
    """

    body: bytes
    form: str


Source: TypeAlias = TufMirror | PackedMirror | Inline


def read(value: Mapping[str, Any]) -> tuple[Source | None, Sequence[Problem]]:
    """What an object says; None with at least one problem where nobody may be believed by it."""
    spec = value.get("spec")
    fields = {str(name): each for name, each in spec.items() if each is not None} if isinstance(spec, dict) else {}
    errors: list[FieldError] = []
    source = _source(value, fields, errors)
    return (None if errors else source), joined(errors)


def _source(value: Mapping[str, Any], fields: Mapping[str, Any], errors: list[FieldError]) -> Source | None:
    given = [name for name in _SOURCES if name in fields]
    unknown = sorted(set(fields) - set(_SOURCES))
    errors += [invalid("", _SPEC / name, "this field is not known") for name in unknown]
    if len(given) != 1:
        named = [_SPEC / name for name in _SOURCES]
        errors.append(one_of_several(*named) if given else one_of_missing(*named))
    if errors:
        return None
    [form] = given
    at = _SPEC / form
    if form == "trustedRootJSON":
        body = _decoded(fields, form, _SPEC, errors)
        return Inline(body, form) if body else None
    inner = fields[form]
    if not isinstance(inner, dict):
        errors.append(invalid("", at, "expected an object"))
        return None
    if form == "sigstoreKeys":
        errors += _authorities(inner, at)
        return Inline(json.dumps(value, default=str).encode(), form)
    errors += [invalid("", at / str(name), "this field is not known") for name in inner if name not in _KNOWN[form]]
    inner = {name: each for name, each in inner.items() if each is not None}
    repository = _repository(inner, at, errors)
    return _mirror(inner, at, repository, errors) if form == "remote" else _packed(inner, at, repository, errors)


def _authorities(keys: Mapping[str, Any], at: FieldPath) -> Iterator[FieldError]:
    if not keys.get("certificateAuthorities") and not keys.get("timestampAuthorities"):
        # The webhook's name for the first of them.
        yield one_of_missing(at.member("certificateAuthorities", "certificateAuthority"), at / "timestampAuthorities")


def _mirror(inner: Mapping[str, Any], at: FieldPath, repository: Repository, errors: list[FieldError]) -> Source | None:
    url = _text(inner, "mirror", "", at, errors)
    if not url:
        errors.append(missing(at / "mirror"))
        return None
    errors += _address(url, at / "mirror")
    return TufMirror(url, repository)


def _address(url: str, at: FieldPath) -> Iterator[FieldError]:
    """As of a policy's text at a URL; a URL with more than host and path is none that files lie below."""
    detail = ""
    if problem := net_url.problem(url):
        detail = problem
    else:
        parsed = net_url.parse(url.partition("#")[0])
        if parsed.scheme != "https" or not parsed.host:
            detail = "url valid is invalid. host and https scheme are expected"
        elif any(sign in url for sign in "?#@"):
            detail = "a mirror's URL has a host and a path, and nothing more"
    if detail:
        yield invalid(net_url.without_user(url), at, detail)


def _packed(inner: Mapping[str, Any], at: FieldPath, repository: Repository, errors: list[FieldError]) -> Source | None:
    if not inner.get("mirrorFS"):
        # The webhook's name for it.
        errors.append(missing(at.member("mirrorFS", "repository")))
        return None
    return PackedMirror(_decoded(inner, "mirrorFS", at, errors), repository)


def _repository(inner: Mapping[str, Any], at: FieldPath, errors: list[FieldError]) -> Repository:
    if inner.get("root"):
        root = _decoded(inner, "root", at, errors)
        if root:
            errors += _root_problems(root, at / "root")
    else:
        root = b""
        errors.append(missing(at / "root"))
    target = _text(inner, "trustedRootTarget", TRUSTED_ROOT, at, errors)
    targets = _text(inner, "targets", _TARGETS, at, errors)
    for name, text in (("trustedRootTarget", target), ("targets", targets)):
        if not is_plain(text):
            errors.append(invalid(text, at / name, "a name of a file, without `..`, and from no root"))
    return Repository(root, target, targets.strip("/"))


def is_plain(name: str) -> bool:
    """Whether a name of a repository can mean nothing outside of it."""
    return (
        name.isprintable()
        and not name.startswith("/")
        and not any(sign in name for sign in "\\?#%:")
        and not {"..", ".", ""} & set(name.rstrip("/").split("/"))
    )


def _root_problems(root: bytes, at: FieldPath) -> Iterator[FieldError]:
    if len(root) > limits.ROOT_BYTES:
        yield invalid("failed to unmarshal", at, f"a root may have {limits.ROOT_BYTES} bytes at most")
        return
    try:
        document = json.loads(root)
    except (ValueError, RecursionError) as error:
        yield invalid("failed to unmarshal", at, f"it is no JSON: {error}")
        return
    signed = document.get("signed") if isinstance(document, dict) else None
    if not isinstance(document, dict) or document.get("signatures") is None:
        yield invalid("missing signatures in root.json", at, "no signatures")
    elif isinstance(signed, dict) and _is_old(signed):
        yield invalid(f"root {signed.get('version')}", at, _OLD)


def _is_old(signed: Mapping[str, Any]) -> bool:
    """Whether it is of the time when a root's keys were hexadecimal digits, or its end had fractions of seconds."""
    version, keys = signed.get("version"), signed.get("keys")
    if not isinstance(version, int) or not 0 < version <= _OLD_ROOTS or not isinstance(keys, dict):
        return False
    values = [
        key.get("keyval") for key in keys.values() if isinstance(key, dict) and "ecdsa" in str(key.get("keytype"))
    ]
    public = [str(each.get("public")) for each in values if isinstance(each, dict)]
    return "." in str(signed.get("expires")) or any(_PEM not in each for each in public)


def _decoded(fields: Mapping[str, Any], name: str, at: FieldPath, errors: list[FieldError]) -> bytes:
    try:
        text = fields[name]
        if isinstance(text, str):
            # Lines are as in Go's reader, which people's files are made for.
            return base64.b64decode(text.translate(_LINES), validate=True)
    except ValueError:
        pass
    errors.append(invalid("", at / name, "expected base64"))
    return b""


def _text(fields: Mapping[str, Any], name: str, default: str, at: FieldPath, errors: list[FieldError]) -> str:
    text = fields.get(name) or default
    if isinstance(text, str):
        return text
    errors.append(invalid("", at / name, "expected a text"))
    return default
