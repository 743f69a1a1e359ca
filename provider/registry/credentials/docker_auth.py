"""One entry of `auths` in a Docker `config.json`: who we are to one registry.

As Docker and the kubelet read it: `auth` is base64 of USER:PASSWORD, with or without padding, and may be wrapped over
lines; its bytes are sent as they are, whatever their encoding. A field that cannot be used is passed over, with the
reason; the other fields may still say who we are.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from provider import limits
from provider.registry.credentials.credential import Credential

_LINE_ENDS: Final = str.maketrans("", "", "\r\n")
# As it may stand in a header (RFC 6750, section 2.1, and a little more).
_TOKEN: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_FIELDS: Final = ("auth", "username", "password", "identitytoken", "registrytoken")


def read(entry: object) -> tuple[Credential | None, list[str]]:
    """The credential of an entry, and what of the entry cannot be used.

    Args:
        entry: as it stands in the file.

    Returns:
        None for an entry that says nobody; sentences without any secret.
    """
    if not isinstance(entry, dict):
        return None, ["it is null" if entry is None else "it is no object"]
    problems: list[str] = []
    fields = fields_of(entry)
    texts = {name: _text(fields, name, problems) for name in _FIELDS}
    if texts["registrytoken"] and not _TOKEN.fullmatch(texts["registrytoken"]):
        problems.append("`registrytoken` is no bearer token")
        texts["registrytoken"] = ""
    username, password = _user(texts, problems)
    credential = Credential(username, password, texts["identitytoken"], texts["registrytoken"])
    return (None if credential.anonymous else credential), problems


def names_somebody(entry: Mapping[str, Any]) -> bool:
    """Whether an object has a field of an entry of `auths`."""
    return not fields_of(entry).keys().isdisjoint(_FIELDS)


def fields_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of an object by their names in lower case: Go takes upper case for lower case."""
    return {name.lower(): each for name, each in value.items()}


def _text(entry: Mapping[str, Any], name: str, problems: list[str]) -> str:
    """A field; empty where it is absent, null, or cannot be used."""
    value = entry.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        problems.append(f"`{name}` is no string")
    elif len(value) > limits.CREDENTIAL_CHARACTERS:
        problems.append(f"`{name}` has more than {limits.CREDENTIAL_CHARACTERS} characters")
    elif not _is_unicode(value):
        problems.append(f"`{name}` is no UTF-8")
    else:
        return value
    return ""


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _user(texts: Mapping[str, str], problems: list[str]) -> tuple[str, str]:
    """User and password; those of `auth` come first, as in Docker."""
    if texts["auth"]:
        try:
            return _decoded(texts["auth"])
        except ValueError as error:
            problems.append(str(error))
    return texts["username"], texts["password"]


def _decoded(auth: str) -> tuple[str, str]:
    """User and password of `auth`; bytes that are no UTF-8 are kept, as Python keeps those of file names.

    Raises:
        ValueError: it is not what it should be.
    """
    text = auth.translate(_LINE_ENDS)
    if not text.endswith("="):
        text += "=" * (-len(text) % 4)
    try:
        decoded = base64.b64decode(text, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError) as error:
        raise ValueError("`auth` is no base64") from error
    username, colon, password = decoded.partition(":")
    if not colon:
        raise ValueError("`auth` is no base64 of USER:PASSWORD")
    if not username:
        raise ValueError("`auth` names no user")
    # Some tools pad the password with NUL bytes.
    return username, password.strip("\0")
