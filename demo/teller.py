"""How the story is printed: numbered steps, what was done, what came out, whether it was as told."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TextIO

import click

_WIDEST: Final = 110
_NARROWEST: Final = 20
_ROWS: Final = 24
_INDENT: Final = 5


@dataclass
class Teller:
    """Writes for a person; colour on a terminal only.

    Attributes:
        stream: where to.
    """

    stream: TextIO

    def headline(self, text: str) -> None:
        """The title of it all."""
        self.plain(self._style(text, bold=True))

    def step(self, number: int, title: str) -> None:
        """A step begins."""
        self.plain(f"\n{self._style(f'{number:>2}. {title}', bold=True)}")

    def did(self, text: str) -> None:
        """What is done in this step."""
        self._wrapped(text)

    def said(self, lines: Iterable[str]) -> None:
        """What came out, as it came."""
        for line in lines:
            self._wrapped(line, mark="│ ", fg="cyan")

    def verdict(self, text: str, *, good: bool) -> None:
        """Whether it came out as told."""
        mark, colour = ("✓", "green") if good else ("✗", "red")
        first, *rest = textwrap.wrap(text, self._width())
        self.plain(f"   {self._style(mark, fg=colour, bold=True)} {self._style(first, fg=colour)}")
        for line in rest:
            self.plain(" " * _INDENT + self._style(line, fg=colour))

    def failed(self, text: str) -> None:
        """It cannot go on."""
        self.plain(f"{self._style('✗', fg='red', bold=True)} {text}")

    def plain(self, text: str) -> None:
        """A line as it is, at once: somebody watches."""
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def _wrapped(self, text: str, mark: str = "", fg: str | None = None) -> None:
        width = self._width() - len(mark)
        for line in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]:
            self.plain(" " * _INDENT + self._style(mark + line, fg=fg))

    def _width(self) -> int:
        columns = shutil.get_terminal_size((_WIDEST, _ROWS)).columns if self.stream.isatty() else _WIDEST
        return max(min(columns, _WIDEST) - _INDENT, _NARROWEST)

    def _style(self, text: str, *, fg: str | None = None, bold: bool = False) -> str:
        return click.style(text, fg=fg, bold=bold) if self.stream.isatty() else text
