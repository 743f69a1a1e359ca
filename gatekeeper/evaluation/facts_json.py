"""The JSON of a file of facts, which programs write and people change by hand."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from provider.foreign_text import shown

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FactsTextError(ValueError):
    """A text that is no JSON, or JSON that is read in two ways; the message says where."""


def value(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    """What a file holds; a mark of UTF-8 at its beginning is nothing of it.

    Raises:
        FactsTextError: it is no JSON, or a name stands twice in an object: the last one would count without a word.
    """
    if content.startswith(_WIDE):
        raise FactsTextError("no JSON: it is UTF-16, as `>` writes it in PowerShell; save it as UTF-8")
    twice: list[tuple[dict[str, Any], str]] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice.append((made, next(name for name, count in counts.items() if count > 1)))
        return made

    try:
        text = content.decode("utf-8-sig")
        found = json.loads(text, object_pairs_hook=once, parse_constant=_no_number)
        if _SURROGATE.search(text):
            # Half of a pair is a text for JSON, and for nobody who would print it.
            json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise FactsTextError(f"no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise FactsTextError(f"no JSON: it is not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise FactsTextError("no JSON") from error
    for made, name in twice:
        for path in _paths(found, made):
            raise FactsTextError(f"{path}{shown(name)}: stands twice, and only one of them can count: take one away")
    return found


def _paths(found: Any, wanted: dict[str, Any]) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Where an object stands, with a dot at its end; nowhere where it stood itself under a name that stands twice."""
    pending: list[tuple[str, Any]] = [("", found)]
    while pending:
        path, here = pending.pop()
        if here is wanted:
            yield path
        if isinstance(here, dict):
            pending += [(f"{path}{shown(name)}.", each) for name, each in here.items()]
        elif isinstance(here, list):
            pending += [(f"{path.removesuffix('.')}[{index}].", each) for index, each in enumerate(here)]


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")
