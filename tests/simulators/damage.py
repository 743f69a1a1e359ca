"""Good inputs, damaged: bytes that are exchanged, cut or repeated, documents of which a member is something else.

damaged_bytes(random, raw)
damaged_document(random, document)      # members that are base64 are damaged inside
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
from random import Random
from typing import Any

STRANGE: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, "", "a", "\ud800", "\x00", "\u212a", "AAAA", "9" * 5000, "0", "eA=="),
    *("2024-01-01T00:00:00Z", "sha256:ab", [], [[]], [None], ["a"], {}, {"a": 1}, {"rawBytes": "AAAA"}),
)
NAMES = ("x", "kind", "spec", "validFor", "start", "mediaType", "os", "config")
TOKENS = (b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\xff", b"\\u12", b"\\ud800", b"\x00", b"1", b"e", b"-")


def damaged_bytes(random: Random, raw: bytes) -> bytes:
    """The bytes with one to three places changed."""
    changed = bytearray(raw)
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(changed) + 1)
        way = random.randrange(6)
        if way == 0:
            changed[at : at + 1] = bytes([random.randrange(256)])
        elif way == 1:
            del changed[at : at + random.randrange(1, 9)]
        elif way == 2:
            changed[at:at] = random.choice(TOKENS)
        elif way == 3:
            other = random.randrange(len(changed) + 1)
            changed[at : at + 8] = changed[other : other + 8]
        elif way == 4:
            changed[at:at] = random.randbytes(random.randrange(1, 5))
        else:
            del changed[at:]
    return bytes(changed)


def damaged_document(random: Random, document: Any) -> Any:
    """The document with one or two members changed, wherever they are."""
    changed = copy.deepcopy(document)
    for _ in range(random.choice((1, 1, 2))):
        places = list(_places(changed))
        if not places:
            break
        holder, key = random.choice(places)
        way = random.randrange(5)
        if way == 0:
            holder[key] = copy.deepcopy(random.choice(STRANGE))
        elif way == 1:
            del holder[key]
        elif way == 2 and isinstance(holder, dict):
            holder[random.choice(NAMES)] = copy.deepcopy(random.choice(STRANGE))
        elif way == 3 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif isinstance(holder[key], str):
            holder[key] = _damaged_text(random, holder[key])
    return changed


def text_of(document: Any) -> bytes:
    return json.dumps(document).encode()


def _places(value: Any) -> Any:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield value, key
        yield from _places(member)


def _damaged_text(random: Random, text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return damaged_bytes(random, text.encode(errors="replace")).decode(errors="replace")
    document = _document(raw)
    if document is not None and random.random() < 0.5:
        raw = text_of(damaged_document(random, document))
    else:
        raw = damaged_bytes(random, raw)
    return base64.b64encode(raw).decode()


def _document(raw: bytes) -> Any:
    """The object in a text; None where there is none, or no longer, because the text was damaged before."""
    try:
        return json.loads(raw) if raw.startswith(b"{") else None
    except ValueError:
        return None
