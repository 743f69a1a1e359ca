"""What a glob can cover at all: names with a tag, names with a digest, or nothing.

A glob is matched with the normalised name of an image: `HOST/REPOSITORY:TAG` or `HOST/REPOSITORY@sha256:…`, those of
Docker Hub with `index.docker.io` and, for official images, `library/`. What the text in a Pod looks like does not
count. So `nginx`, `docker.io/acme/*` and `ghcr.io/acme/app` cover nothing, and `ghcr.io/acme/app:*` covers nothing that
has been pinned to a digest.

Whether any name fits is decided by walking the glob and the grammar of names side by side.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gatekeeper.policy.validation import globs

_HUB: Final = "index.docker.io"
_HUB_ALIAS: Final = "docker.io"
# Other hosts of it, as `lib.bestbefore.reference` knows them.
_HUB_HOSTS: Final = frozenset({_HUB_ALIAS, "registry-1.docker.io", "registry.hub.docker.com"})
_DIGEST: Final = "sha256:"
_DIGEST_CHARACTERS: Final = len(_DIGEST) + 64
_HEX: Final = frozenset("0123456789abcdef")
_LOWER: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ALPHANUMERIC: Final = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_PORT_DIGITS: Final = 5
_PATH_CHARACTERS: Final = 2
# For a star each kind of character once, and those of `sha256:`. No star needs to spell a host of Docker Hub: any other
# host goes at least as far.
_STARS: Final = {"**": "az0A._-:/@sh256", "*": "az0A._-:@sh256"}


class Suffix(StrEnum):
    """How a name ends."""

    TAG = "tag"
    DIGEST = "digest"


@dataclass(frozen=True)
class _Name:
    """A name as far as it has been read: what decides how it may go on.

    Attributes:
        part: `host`, `port`, `path`, `tag` or `digest`.
        text: of a host as much as may become Docker Hub's, of a path its last element where that is dots.
        count: characters of this part, as far as they count.
        dotted: whether the host looks like one.
        short: whether a path of Docker Hub has no slash yet.
        whole: whether the last character may be the last of its part.
    """

    part: str = "host"
    text: str = ""
    count: int = 0
    dotted: bool = False
    short: bool = False
    whole: bool = False

    def ends_with(self) -> Suffix | None:
        """How it ends, where it may end here."""
        if self.part == "tag" and self.count:
            return Suffix.TAG
        return Suffix.DIGEST if self.part == "digest" and self.count == _DIGEST_CHARACTERS else None

    def read(self, character: str) -> _Name | None:
        """One character more; None where no name goes on so."""
        return _PARTS[self.part](self, character)


def _host(name: _Name, character: str) -> _Name | None:
    if character == "/" and name.whole and name.dotted:
        return None if name.text == _HUB_ALIAS else _Name("path", short=name.text == _HUB)
    if character == ":" and name.whole:
        return _Name("port")
    first = not name.count
    if character in _ALPHANUMERIC or (character in "._-" and not first):
        text = name.text + character
        known = text if (first or name.text) and (_HUB.startswith(text) or _HUB_ALIAS.startswith(text)) else ""
        whole = character in _ALPHANUMERIC
        return replace(name, text=known, count=1, dotted=name.dotted or character == ".", whole=whole)
    return None


def _port(name: _Name, character: str) -> _Name | None:
    if character == "/" and name.count:
        return _Name("path")
    return replace(name, count=name.count + 1) if character.isdigit() and name.count < _PORT_DIGITS else None


def _path(name: _Name, character: str) -> _Name | None:
    climbs = name.text in {".", ".."}
    if character in ":@":
        whole = name.count >= _PATH_CHARACTERS and not climbs and not name.short
        return _Name("tag" if character == ":" else "digest") if whole else None
    count = min(name.count + 1, _PATH_CHARACTERS)
    if character == "/":
        return None if climbs else replace(name, text="", count=count, short=False)
    if character in _LOWER or character in "._-":
        text = f"{name.text}."[:3] if character == "." and name.text != "x" else "x"
        return replace(name, text=text, count=count)
    return None


def _tag(name: _Name, character: str) -> _Name | None:
    return replace(name, count=1) if character in _ALPHANUMERIC or character in "._-" else None


def _digest(name: _Name, character: str) -> _Name | None:
    if name.count < len(_DIGEST):
        expected = character == _DIGEST[name.count]
    else:
        expected = character in _HEX and name.count < _DIGEST_CHARACTERS
    return replace(name, count=name.count + 1) if expected else None


_PARTS: Final[dict[str, Callable[[_Name, str], _Name | None]]] = {
    "host": _host,
    "port": _port,
    "path": _path,
    "tag": _tag,
    "digest": _digest,
}


@functools.lru_cache(maxsize=1024)
def suffixes(glob: str) -> frozenset[Suffix]:
    """How the names end that a glob covers; empty for one that covers no name.

    Raises:
        ValueError: the glob is invalid.
    """
    tokens = globs.tokens(glob)
    waiting = [(0, _Name())]
    seen = set(waiting)
    found: set[Suffix] = set()
    while waiting and len(found) < len(Suffix):
        at, name = waiting.pop()
        if at == len(tokens):
            found |= {ending for ending in [name.ends_with()] if ending}
            continue
        for step in _steps(tokens, at, name):
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return frozenset(found)


def _steps(tokens: tuple[str, ...], at: int, name: _Name) -> Iterator[tuple[int, _Name]]:
    each = tokens[at]
    stays = each in _STARS
    if stays:
        yield at + 1, name
    for character in _STARS.get(each, each):
        further = name.read(character)
        if further is not None:
            yield (at if stays else at + 1), further


@dataclass(frozen=True)
class _Repair:
    """Why a glob covers nothing, and the glob without that problem.

    Attributes:
        applies: finds the problem.
        sentence: what is wrong.
        repaired: the glob without it.
    """

    applies: Callable[[str], bool]
    sentence: str
    repaired: Callable[[str], str]


def _first(glob: str) -> str:
    return glob.partition("/")[0]


def _is_host(text: str) -> bool:
    return any(sign in text for sign in ".:*")


def _lower(glob: str) -> str:
    host, slash, path = glob.partition("/")
    name, at, digest = path.partition("@")
    repository, colon, tag = name.partition(":")
    return f"{host}{slash}{repository.lower()}{colon}{tag}{at}{digest}"


_REPAIRS: Final = (
    _Repair(lambda glob: "://" in glob, "an image's name has no scheme", lambda glob: glob.partition("://")[2]),
    _Repair(
        lambda glob: _first(glob) in {_HUB_ALIAS, "registry-1.docker.io", "hub.docker.com"},
        f"images of Docker Hub are named {_HUB}/…",
        lambda glob: _HUB + glob[len(_first(glob)) :],
    ),
    _Repair(
        lambda glob: re.fullmatch(r"[^/:@]*[^/:@*.][.][^/:@]*[*]*", glob) is not None,
        "a registry alone is no image",
        lambda glob: f"{glob.rstrip('*')}/**",
    ),
    _Repair(
        lambda glob: not _is_host(_first(glob)) or "/" not in glob,
        f"images of Docker Hub are named {_HUB}/…",
        lambda glob: f"{_HUB}/{glob}",
    ),
    _Repair(lambda glob: glob != _lower(glob), "a repository is in lower case", _lower),
    _Repair(
        lambda glob: _first(glob) == _HUB and glob.count("/") == 1,
        f"official images are named {_HUB}/library/…",
        lambda glob: glob.replace("/", "/library/", 1),
    ),
    _Repair(
        lambda glob: re.search(r":[^/@]*@", glob) is not None,
        "a digest drops the tag",
        lambda glob: re.sub(r":[^/@]*@", "@", glob),
    ),
    _Repair(
        lambda glob: re.search(r"@sha256:[0-9a-f]{0,63}$", glob) is not None,
        "a digest has 64 hexadecimal digits",
        lambda glob: f"{glob}*",
    ),
    _Repair(lambda glob: glob.endswith("/"), "a name does not end with a slash", lambda glob: f"{glob}**"),
)
_UNTAGGED: Final = "a name ends with a tag or a digest"


def _usual(glob: str) -> str:
    """The glob with its registry by the usual name, which every spelling of an image is matched with."""
    host, slash, path = glob.partition("/")
    usual = re.sub(r":0*443$", "", host.lower())
    if not slash or usual not in _HUB_HOSTS | {_HUB}:
        return f"{usual}{slash}{path}"
    return f"{_HUB}/{path}" if "/" in path or path.startswith("**") else f"{_HUB}/library/{path}"


def warning(glob: str) -> tuple[str, str]:
    """Why a glob covers no image, and what to write instead (empty where nobody knows); two empty texts where it does.

    Raises:
        ValueError: the glob is invalid.
    """
    if suffixes(glob):
        return "", ""
    sentences: dict[str, None] = {}
    repaired = glob
    for repair in _REPAIRS:
        if repair.applies(repaired):
            sentences[repair.sentence] = None
            repaired = repair.repaired(repaired)
            if suffixes(repaired):
                return f"covers no image: {', '.join(sentences)}", f"write {repaired}"
    if suffixes(f"{repaired}:*"):
        sentences[_UNTAGGED] = None
        return f"covers no image: {', '.join(sentences)}", f"write {repaired}:* and {repaired}@*"
    return "covers no image: names are HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:…", ""


def misses_usual_name(glob: str) -> tuple[str, str]:
    """Why a glob misses images of its own registry, and what to write instead; two empty texts where it does not.

    `GHCR.io/acme/**` does not cover `ghcr.io/acme/web:1`: names are matched as they are written, and by the registry's
    usual name, which this glob does not have.
    """
    if "/" not in glob or not _is_host(_first(glob)) or _usual(glob) == glob:
        return "", ""
    return "covers only images whose registry is written in the same way", f"write {_usual(glob)}"


def covers_tags_only(glob: str) -> bool:
    """Whether a glob covers images by their tag, and none that is named by a digest.

    Raises:
        ValueError: the glob is invalid.
    """
    return suffixes(glob) == {Suffix.TAG}
