"""Reads files of Kubernetes objects: policies, Pods, lists of either; YAML or JSON.

Whoever wrote the files is a stranger to us (a CI job checks pull requests), so sizes, depth and what aliases may
expand to are bounded, and a key that stands twice is refused rather than guessed at.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from gatekeeper.documents import helm
from gatekeeper.documents.problems import DocumentError, Problem
from provider import limits

STDIN: Final = "-"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OBJECT_FIELDS: Final = frozenset({"metadata", "spec"})


def is_object_file(path: Path) -> bool:
    """Whether a file of a directory is one that objects are read from, by its name."""
    return not path.name.startswith(".") and path.suffix in _SUFFIXES


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
        texts: of a field whose text stands in the file line by line (`|`): the line of the text's first line.
        in_directory: whether a directory was named and not the file: then the file may be about something else, and
            the value of a document that is no mapping is empty.
    """

    file: str
    value: dict[str, Any]
    index: int = 1
    several: bool = False
    prefix: str = ""
    line: int | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)
    in_directory: bool = False

    @property
    def is_object(self) -> bool:
        """Whether it says what it is, as every Kubernetes object does; else it is some other YAML.

        A file that says `apiVersion` alone is one of another program (Helm's `Chart.yaml`), unless it looks like an
        object that has lost its kind.
        """
        return "kind" in self.value or ("apiVersion" in self.value and not _OBJECT_FIELDS.isdisjoint(self.value))

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
        place = replace(problem, path=path, file=self.file, document=number, line=self.line_of(path))
        if problem.text_line is None:
            return place
        if path not in self.texts:
            # The text's lines are not those of the file.
            return replace(place, text_line=None)
        return replace(place, line=self.texts[path] + problem.text_line - 1)

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
    """Every object in the files, in the order of the files.

    Of a directory its *.yaml, *.yml and *.json are read, those of its folders too, sorted; names that begin with a dot
    (`.git`, `..data`) are left out; a link to a folder that is not read by its own name is a problem. Empty documents
    are skipped, `kind: List` (and `…List`) is replaced by its items.

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
    for name, in_directory in _expand(paths, problems):
        try:
            content = _read(name, stdin, file_bytes)
            documents += parse_documents(content, name, with_lines=with_lines, in_directory=in_directory)
        except DocumentError as error:
            problems += error.problems
    return documents, problems


def parse_documents(
    content: bytes, file: str, *, with_lines: bool = False, in_directory: bool = False
) -> list[Document]:
    """Every object in the content of one file; see `Document.in_directory`.

    Raises:
        DocumentError: the content is not UTF-8, not YAML, or a document in it is no mapping.
    """
    # PyYAML is imported where a file is read: commands that read none start faster.
    from gatekeeper.documents.reader import read_values  # noqa: PLC0415

    text = _decode(content, file)
    try:
        found = read_values(text, file, with_lines=with_lines)
    except DocumentError as error:
        if helm.is_template(text):
            raise DocumentError(replace(each, hint=helm.HINT) for each in error.problems) from error
        raise
    documents: list[Document] = []
    problems: list[Problem] = []
    for index, each in enumerate(found, start=1):
        if each.value is None:
            continue
        document = Document(
            file,
            {},
            index,
            several=len(found) > 1,
            line=each.line,
            lines=each.lines,
            texts=each.texts,
            in_directory=in_directory,
        )
        if isinstance(each.value, dict):
            documents += _unwrapped(replace(document, value=each.value), problems)
        elif in_directory:
            documents.append(document)
        else:
            problems.append(document.locate(_not_an_object(each.value)))
    if problems:
        raise DocumentError(problems)
    return documents


def _expand(paths: Iterable[str | Path], problems: list[Problem]) -> Iterator[tuple[str, bool]]:
    """The files to read, and whether each was found in a directory."""
    for path in map(str, paths):
        if path == STDIN or not os.path.isdir(path):  # noqa: PTH112 - False for every path that cannot be one
            yield path, False
            continue
        unreadable: list[Problem] = []
        names = sorted(islice(object_files(path, unreadable), limits.DIRECTORY_FILES + 1))
        problems += unreadable
        if len(names) > limits.DIRECTORY_FILES:
            sentence = f"the directory holds more than {limits.DIRECTORY_FILES} files, which is the most that is read"
            problems.append(Problem("", sentence, file=path))
            continue
        if not names and not unreadable:
            problems.append(Problem("", "the directory holds no *.yaml, *.yml or *.json file", file=path))
        yield from ((name, True) for name in names)


def object_files(directory: str, unreadable: list[Problem]) -> Iterator[str]:
    """The files of a directory that objects are read from, in no order; see `read_documents`.

    Args:
        directory: where to look, in the folders in it too.
        unreadable: gets a problem for every folder that cannot be looked into.
    """

    def refuse(error: OSError) -> None:
        unreadable.append(Problem("", f"cannot be read: {error.strerror}", file=str(error.filename)))

    top = Path(directory).resolve()
    for folder, folders, files in os.walk(directory, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # Links to folders are not followed: one that points up would never end.
        links = [link for link in (Path(folder) / name for name in folders) if link.is_symlink()]
        unreadable += [_not_followed(link) for link in links if not _is_read(link.resolve(), top)]
        for name in files:
            if is_object_file(Path(name)):
                yield str(Path(folder) / name)


def _is_read(folder: Path, top: Path) -> bool:
    """Whether a folder is read below the top by its own name."""
    return folder.is_relative_to(top) and not any(part.startswith(".") for part in folder.relative_to(top).parts)


def _not_followed(link: Path) -> Problem:
    sentence = "is a link to another folder, and links to folders are not followed"
    return Problem("", sentence, file=str(link), hint=f"name {link.resolve()} itself, or take the link away")


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
    if content.startswith(_UTF_16):
        hint = "PowerShell's `>` writes it so; save it as UTF-8"
        raise DocumentError([Problem("", "is not UTF-8 text but UTF-16", file=file, line=1, hint=hint)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8 text (byte {error.start}, line {line})"
        raise DocumentError([Problem("", message, file=file, line=line)]) from error


def _not_an_object(value: object) -> Problem:
    found = {list: "a list", str: "text", bool: "a boolean", type(None): "empty"}.get(type(value), "a number")
    return Problem("", f"is {found}, not a Kubernetes object (a mapping with apiVersion, kind and metadata)")


def _unwrapped(document: Document, problems: list[Problem]) -> Sequence[Document]:
    items = document.value.get("items")
    if not document.kind.endswith("List") or not isinstance(items, list):
        return [document]
    members: list[Document] = []
    for position, item in enumerate(items):
        member = replace(document, prefix=f"{document.prefix}.items[{position}]".strip("."))
        if isinstance(item, dict):
            members += _unwrapped(replace(member, value=_typed(item, document)), problems)
        else:
            problems.append(member.locate(_not_an_object(item)))
    return members


def _typed(item: dict[str, Any], parent: Document) -> dict[str, Any]:
    """The items of a typed list (`PodList`) need not repeat what the list says."""
    kind = parent.kind.removesuffix("List")
    if not kind or "kind" in item or "apiVersion" in item:
        return item
    return {"apiVersion": parent.api_version, "kind": kind, **item}
