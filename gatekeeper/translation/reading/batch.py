"""The syntax trees of many rules by few runs of opa, which parses one file a run.

Texts are put one after the other into one file, and a rule between them marks where each begins. What a text could do
to the next one is import keywords, so only texts that import the same ones share a file. Where that does not work out
(some text is no Rego), each text is parsed by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

from gatekeeper.translation.tokens import Token, TokenKind, tokens

SyntaxTree: TypeAlias = Mapping[str, Any]

# Texts of one run together; a tree takes thirty times as much.
BATCH_CHARACTERS: Final = 512 * 1024

_KEYWORDS: Final = frozenset({"future", "rego"})


class RegoParser(Protocol):
    """Parses Rego as Gatekeeper does (the real opa)."""

    def parse(self, text: str) -> SyntaxTree | None:
        """The syntax tree of a module, as `opa parse --format json` prints it; None of what is no Rego."""
        ...


def syntax_trees(texts: Sequence[str], parser: RegoParser) -> dict[str, SyntaxTree | None]:
    """The syntax tree of each text, None of one that is no Rego."""
    found: dict[str, SyntaxTree | None] = {}
    for batch in _batches(dict.fromkeys(texts)):
        together = _together(batch, parser) if len(batch) > 1 else None
        found |= together or {text: parser.parse(text) for text in batch}
    return found


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for text in texts:
        keywords = _keywords(text)
        if keywords is None:
            yield [text]
        else:
            groups.setdefault(keywords, []).append(text)
    for group in groups.values():
        yield from _portions(group)


def _portions(group: Sequence[str]) -> Iterator[list[str]]:
    portion: list[str] = []
    for text in group:
        if portion and sum(map(len, portion)) + len(text) > BATCH_CHARACTERS:
            yield portion
            portion = []
        portion.append(text)
    yield portion


def _together(batch: Sequence[str], parser: RegoParser) -> dict[str, SyntaxTree | None] | None:
    """The trees of one run; None where it is not clear where each text begins."""
    border = "border"
    while any(border in text for text in batch):
        border += "_"
    pieces = (f"{border} = {number}\n{_without_package(text)}\n" for number, text in enumerate(batch))
    tree = parser.parse("package batch\n" + "".join(pieces))
    if tree is None:
        return None
    rules = _portions_of_rules(tree, border)
    imports = _portions_of_imports(tree, [_import_count(text) for text in batch])
    if imports is None or len(rules) != len(batch):
        return None
    portions = zip(batch, imports, rules, strict=True)
    return {text: {"imports": imported, "rules": mine} for text, imported, mine in portions}


def _portions_of_rules(tree: SyntaxTree, border: str) -> list[list[Any]]:
    rules: list[list[Any]] = []
    for rule in tree.get("rules") or ():
        if _is_border(rule, border, len(rules)):
            rules.append([])
        elif rules:
            rules[-1].append(rule)
    return rules


def _portions_of_imports(tree: SyntaxTree, counts: Sequence[int]) -> list[list[Any]] | None:
    imports = list(tree.get("imports") or ())
    if len(imports) != sum(counts):
        return None
    return [[imports.pop(0) for _ in range(count)] for count in counts]


def _import_count(text: str) -> int:
    code = _code(text)
    marks = ["", *(token.text for token in code)]
    return sum(token.text == "import" and mark != "." for mark, token in zip(marks, code, strict=False))


def _is_border(rule: Mapping[str, Any], border: str, number: int) -> bool:
    head = rule["head"]
    return bool(head.get("name") == border and head["value"] == {"type": "number", "value": number})


def _code(text: str) -> list[Token]:
    return [token for token in tokens(text) if token.kind is not TokenKind.NEWLINE]


def _keywords(text: str) -> tuple[str, ...] | None:
    """What a text imports of the language; None where that does not all stand right behind its package line."""
    code = _code(text)
    if not code or code[0].text != "package":
        return None
    found = []
    end = _path_end(code, 1)
    while end + 1 < len(code) and code[end].text == "import" and code[end + 1].text in _KEYWORDS:
        start, end = end + 1, _path_end(code, end + 1)
        found.append("".join(token.text for token in code[start:end]))
    rest = zip(code[end:], code[end + 1 :], strict=False)
    late = any(one.text == "import" and other.text in _KEYWORDS for one, other in rest)
    return None if late else tuple(sorted(found))


def _path_end(code: Sequence[Token], at: int) -> int:
    """The number of the token behind `a.b.c`, which starts at a word."""
    at += 1
    while at + 1 < len(code) and code[at].text == "." and code[at].start == code[at - 1].end:
        at += 2
    return at


def _without_package(text: str) -> str:
    code = _code(text)
    return text[: code[0].start] + text[code[_path_end(code, 1) - 1].end :]
