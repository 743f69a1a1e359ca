"""What is wrong with a file, said to a person: where, and in which words.

The words are those of policy-controller's webhook where it has some, so that people find them by searching.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# C0 and C1 controls and the two Unicode line ends: a problem is one line on a terminal, whatever the file holds.
_ONE_LINE: Final = dict.fromkeys((*range(32), *range(127, 160), 8232, 8233), " ")


class Severity(StrEnum):
    """Whether a problem refuses the file."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: where in the document (`spec.images[0].glob`); of a problem that concerns several fields, what they have
            in common; empty when it concerns the whole document.
        message: one sentence; the webhook's first line where the webhook has words for it.
        severity: an error refuses the file, a warning does not.
        detail: the webhook's second line, empty when it has none.
        hint: what to do about it, empty when the message says it all.
        fields: the path of every field that the problem concerns.
        file: the file as the user named it, `-` for standard input, empty when the object came from elsewhere.
        document: which document of the file, from 1; None when the file holds one only.
        line: line in the file, from 1; None when not known.
        text_line: which line of the field's text is meant, from 1; None where it is no text of several lines.
    """

    path: str
    message: str
    severity: Severity = Severity.ERROR
    detail: str = ""
    hint: str = ""
    fields: tuple[str, ...] = ()
    file: str = ""
    document: int | None = None
    line: int | None = None
    text_line: int | None = None

    @property
    def text(self) -> str:
        """What the webhook would print, line breaks included."""
        return f"{self.message}\n{self.detail}" if self.detail else self.message

    def __str__(self) -> str:
        """`file: path: problem`, on one line."""
        document = f"document {self.document}" if self.document is not None else ""
        sentence = ": ".join(part for part in (self.file, document, self.path, self.message, self.detail) if part)
        place = f"line {self.line} of the file" if self.text_line and self.line else ""
        hint = "; ".join(part for part in (place, self.hint) if part)
        return (f"{sentence} ({hint})" if hint else sentence).translate(_ONE_LINE)


class PolicyError(Exception):
    """Files that cannot be used.

    Attributes:
        problems: every problem of every file, warnings among them.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class DocumentError(PolicyError):
    """Files that are no Kubernetes objects at all: unreadable, too large, not YAML, or of another shape."""


def errors(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Those that refuse the file."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def warnings(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Those that do not."""
    return tuple(problem for problem in problems if problem.severity is Severity.WARNING)
