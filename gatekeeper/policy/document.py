"""Reads files of Kubernetes objects: policies, Pods, lists of either; YAML or JSON.

Whoever wrote the files is a stranger to us (a CI job checks pull requests), so sizes, depth and what aliases may
expand to are bounded, and a key that stands twice is refused rather than guessed at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from gatekeeper.policy.problems import DocumentError, Problem
from provider import limits

STDIN: Final = "-"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True)
class Document:
    """One Kubernetes object and where it stands.

    Attributes:
        file: the file as the user named it, `-` for standard input.
        value: the object, as JSON would have it.
        index: which document of the file, from 1.
        several: whether the file holds more than one.
        prefix: the path of the object within the document, `items[3]` for the member of a list; else empty.
        line: line in the file where the document starts, from 1.
        lines: the line of every field by its path within the document, where it was asked for.
    """

    file: str
    value: dict[str, Any]
    index: int = 1
    several: bool = False
    prefix: str = ""
    line: int | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """`apiVersion`, empty when there is none that is text."""
        return _text(self.value.get("apiVersion"))

    @property
    def kind(self) -> str:
        """`kind`, empty when there is none that is text."""
        return _text(self.value.get("kind"))

    @property
    def name(self) -> str:
        """`metadata.name`, empty when there is none that is text."""
        metadata = self.value.get("metadata")
        return _text(metadata.get("name")) if isinstance(metadata, dict) else ""

    def locate(self, problem: Problem) -> Problem:
        """The problem of this object, with file, document and line filled in."""
        path = f"{self.prefix}.{problem.path}".strip(".") if self.prefix else problem.path
        number = self.index if self.several else None
        return replace(problem, path=path, file=self.file, document=number, line=self.line_of(path))

    def line_of(self, path: str) -> int | None:
        """The line of a field, or of the nearest field around it that is known."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, self.line)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def read_documents(
    paths: Iterable[str | Path],
    stdin: BinaryIO | None = None,
    *,
    file_bytes: int = limits.FILE_BYTES,
    with_lines: bool = False,
) -> list[Document]:
    """Every object in the files, in the order of the files; of a directory its *.yaml, *.yml and *.json, sorted.

    Empty documents are skipped, `kind: List` (and `…List`) is replaced by its items.

    Args:
        paths: files, directories, and `-` for standard input.
        stdin: what `-` reads, by default the process's own.
        file_bytes: the size above which a file is refused.
        with_lines: whether to remember the line of every field (costs memory; meant for policies).

    Raises:
        DocumentError: every file that could not be read, each with file and line.
    """
    documents, problems = readable_documents(paths, stdin, file_bytes=file_bytes, with_lines=with_lines)
    if problems:
        raise DocumentError(problems)
    return documents


def readable_documents(
    paths: Iterable[str | Path],
    stdin: BinaryIO | None = None,
    *,
    file_bytes: int = limits.FILE_BYTES,
    with_lines: bool = False,
) -> tuple[list[Document], list[Problem]]:
    """The same as `read_documents`, for callers that have more to say of the files that can be read."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for name in _expand(paths, problems):
        try:
            documents += parse_documents(_read(name, stdin, file_bytes), name, with_lines=with_lines)
        except DocumentError as error:
            problems += error.problems
    return documents, problems


def parse_documents(content: bytes, file: str, *, with_lines: bool = False) -> list[Document]:
    """Every object in the content of one file.

    Raises:
        DocumentError: the content is not UTF-8, not YAML, or a document in it is no mapping.
    """
    # PyYAML is imported where a file is read: commands that read none start faster.
    from gatekeeper.policy.reader import read_values  # noqa: PLC0415

    found = read_values(_decode(content, file), file, with_lines=with_lines)
    documents: list[Document] = []
    problems: list[Problem] = []
    for index, (value, line, lines) in enumerate(found, start=1):
        if value is None:
            continue
        document = Document(file, {}, index, several=len(found) > 1, line=line, lines=lines)
        if isinstance(value, dict):
            documents += _unwrapped(replace(document, value=value), problems)
        else:
            problems.append(document.locate(_not_an_object(value)))
    if problems:
        raise DocumentError(problems)
    return documents


def _expand(paths: Iterable[str | Path], problems: list[Problem]) -> Iterator[str]:
    for path in map(str, paths):
        if path == STDIN or not Path(path).is_dir():
            yield path
            continue
        try:
            names = sorted(str(entry) for entry in Path(path).iterdir() if _is_ours(entry))
        except OSError as error:
            problems.append(Problem("", f"cannot be read: {error.strerror}", file=path))
            continue
        if not names:
            problems.append(Problem("", "the directory holds no *.yaml, *.yml or *.json file", file=path))
        yield from names


def _is_ours(entry: Path) -> bool:
    return entry.suffix in _SUFFIXES and not entry.is_dir()


def _read(name: str, stdin: BinaryIO | None, file_bytes: int) -> bytes:
    try:
        if name == STDIN:
            content = (stdin or sys.stdin.buffer).read(file_bytes + 1)
        else:
            with Path(name).open("rb") as source:
                content = source.read(file_bytes + 1)
    except OSError as error:
        raise DocumentError([Problem("", f"cannot be read: {error.strerror}", file=name)]) from error
    except ValueError as error:  # a NUL byte in the name
        raise DocumentError([Problem("", "is no file name", file=name)]) from error
    if len(content) > file_bytes:
        limit = f"{file_bytes // limits.KIB} KiB"
        raise DocumentError([Problem("", f"is larger than {limit}, which is the most that is read", file=name)])
    return content


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8 text (byte {error.start}, line {line})"
        raise DocumentError([Problem("", message, file=file, line=line)]) from error


def _not_an_object(value: object) -> Problem:
    found = {list: "a list", str: "text", bool: "a boolean"}.get(type(value), "a number")
    return Problem("", f"is {found}, not a Kubernetes object (a mapping with apiVersion, kind and metadata)")


def _unwrapped(document: Document, problems: list[Problem]) -> Sequence[Document]:
    items = document.value.get("items")
    if not document.kind.endswith("List") or not isinstance(items, list):
        return [document]
    members: list[Document] = []
    for position, item in enumerate(items):
        member = replace(document, prefix=f"items[{position}]")
        if isinstance(item, dict):
            members.append(replace(member, value=_typed(item, document)))
        else:
            problems.append(member.locate(_not_an_object(item)))
    return members


def _typed(item: dict[str, Any], parent: Document) -> dict[str, Any]:
    """The items of a typed list (`PodList`) need not repeat what the list says."""
    kind = parent.kind.removesuffix("List")
    if not kind or "kind" in item or "apiVersion" in item:
        return item
    return {"apiVersion": parent.api_version, "kind": kind, **item}
