"""Globs over image names, as policy-controller matches them.

`**` stands for anything, `*` for anything without a slash, all else for itself; the glob covers the whole name. Two
globs are short for something else: `*` for the official images of Docker Hub, `*/*` for the images of its users.

"Anything" means Go's `.`: any character but a newline. `*` alone may be a newline too, because it is `[^/]`. Neither
matters to names that are well-formed, which have none.

This is the reference: the templates match by Rego (`gatekeeper/rego`), and property tests hold the two together.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from provider.golang.strconv import quoted

_VALID: Final = re.compile(r"[a-zA-Z0-9\-_:/*.@]+")
_TOKENS: Final = re.compile(r"\*\*|\*|[^*]+")
# What Go's filepath.Match, which the webhook tries first, calls a bad pattern: what is left over by this.
_ESCAPED: Final = r"(?:\\.|[^\\\-\]])"
# Without possessive quantifiers, which match too little in Python before 3.11.5; a `^` that negates is nothing else.
_CHUNK: Final = re.compile(rf"\**(?:\[(?:\^|(?!\^))(?:{_ESCAPED}(?:-{_ESCAPED})?)+\]|\\.|[^\[\\*])*", re.DOTALL)
_SHORT: Final = {"*": "index.docker.io/library/*", "*/*": "index.docker.io/*/*"}


def problem(glob: str) -> str:
    """Why the glob is refused, in the webhook's words; empty when it is not."""
    if _VALID.fullmatch(glob):
        return ""
    chunk = _CHUNK.match(glob)
    if chunk and chunk.end() < len(glob) and glob[chunk.end()] != "*":
        return "syntax error in pattern"
    return f"invalid glob {quoted(glob)}"


def match(glob: str, name: str) -> bool:
    """Whether a glob covers an image.

    Args:
        glob: a valid glob.
        name: the reference normalised: `index.docker.io/library/ubuntu:latest`; with a digest, without the tag. What
            stood in the workload does not count: policy-controller hands its matcher the normalised name.

    Raises:
        ValueError: the glob is invalid.
    """
    return bool(_compiled(glob).fullmatch(name))


def tokens(glob: str) -> tuple[str, ...]:
    """A glob as it is matched, what is short for something else written out: stars, and single characters.

    Raises:
        ValueError: the glob is invalid.
    """
    if sentence := problem(glob):
        raise ValueError(sentence)
    found = _TOKENS.findall(_SHORT.get(glob, glob))
    return tuple(each for text in found for each in ([text] if text.startswith("*") else text))


@functools.lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    if refusal := problem(glob):
        raise ValueError(refusal)
    tokens = _TOKENS.findall(_SHORT.get(glob, glob))
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(token) or re.escape(token) for token in tokens))
