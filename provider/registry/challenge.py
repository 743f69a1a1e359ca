"""What a 401 asks for (RFC 9110, section 11.6.1; the distribution project's token specification)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SCHEME: Final = re.compile(r"(?:^|,)\s*(bearer|basic)(?=\s|,|$)", re.IGNORECASE)
# A name is a token (section 5.6.2); some write a semicolon between parameters, or nothing.
_PARAMETER: Final = re.compile(
    r"""(?:\s*[,;])*\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))""", re.ASCII
)
# An open quotation goes to the end.
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)')
_REPOSITORY: Final = re.compile(r"(?:^|\s)repository(?:\([^()\s]*\))?:(\S*)")
_SPACES: Final = re.compile(r"\s+")
_CHARACTERS: Final = 4096


@dataclass(frozen=True, slots=True)
class Challenge:
    """What to prove.

    Attributes:
        scheme: `basic` or `bearer`.
        realm: URL of the token service.
        service: name of the registry there.
        scope: what to ask for; empty when the registry did not say.
    """

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def read(header: str) -> Challenge | None:
    """The challenge that a `WWW-Authenticate` header makes; None without one that we can meet.

    Bearer comes before Basic, and a header that is too long is none.
    """
    if len(header) > _CHARACTERS:
        return None
    # Many spaces in a row would be tried from each of them.
    text = _SPACES.sub(" ", header)
    # What is quoted names no scheme: a realm may be any text.
    found = list(_SCHEME.finditer(_QUOTED.sub(lambda quoted: '"' * len(quoted[0]), text)))
    for wanted in ("bearer", "basic"):
        for match in found:
            if match[1].lower() == wanted:
                return _with_parameters(wanted, text, match.end())
    return None


def names_repository(scope: str, repository: str = "") -> bool:
    """Whether a scope is about a repository, or about this one; `aws` and `*` are about a whole registry.

    (The distribution project's token specification: resources `TYPE:NAME:ACTIONS`, a type may have a class in
    parentheses, separated by spaces.)
    """
    return any(match[1].startswith(f"{repository}:" if repository else "") for match in _REPOSITORY.finditer(scope))


def _with_parameters(scheme: str, header: str, position: int) -> Challenge:
    parameters: dict[str, str] = {}
    while match := _PARAMETER.match(header, position):
        value = match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
        parameters.setdefault(match[1].lower(), value)
        position = match.end()
    return Challenge(scheme, parameters.get("realm", ""), parameters.get("service", ""), parameters.get("scope", ""))
