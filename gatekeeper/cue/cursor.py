"""A place among the tokens of a text."""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.cue.lexer import CueToken, Kind
from gatekeeper.cue.refusal import CueError
from provider.limits import CUE_DEPTH


class Cursor:
    """Goes over tokens, and counts how deep what it reads nests."""

    def __init__(self, code: Sequence[CueToken], depth: int = 0) -> None:
        self.code = code
        self.at = 0
        self.depth = depth

    @property
    def token(self) -> CueToken:
        """The token here."""
        return self.code[self.at]

    def deeper(self) -> None:
        """What is read now nests one deeper.

        Raises:
            CueError: too deep.
        """
        self.depth += 1
        if self.depth > CUE_DEPTH:
            raise CueError(self.token.line, f"the text is nested deeper than {CUE_DEPTH}")

    def ahead(self, count: int) -> CueToken:
        """A token further on; the last one is the end."""
        return self.code[min(self.at + count, len(self.code) - 1)]

    def is_word(self, word: str) -> bool:
        """Whether the token here is that word."""
        return self.token.kind is Kind.NAME and self.token.text == word

    def mark_is(self, mark: str, ahead: int = 0) -> bool:
        """Whether a token is that mark."""
        token = self.ahead(ahead)
        return token.kind is Kind.MARK and token.text == mark

    def taken(self, mark: str) -> bool:
        """Go over a mark, if it is here."""
        if not self.mark_is(mark):
            return False
        self.at += 1
        return True

    def comma(self) -> bool:
        """Go over a comma, or the end of a line that is one, if it is here."""
        if self.token.kind is not Kind.COMMA:
            return False
        self.at += 1
        return True

    def expect(self, mark: str) -> None:
        """Go over a mark."""
        if not self.taken(mark):
            raise self.unexpected(f"'{mark}'")

    def unexpected(self, expected: str) -> CueError:
        """Something else had to be here."""
        token = self.token
        found = "newline" if token.newline else token.text[:40]
        return CueError(token.line, f"expected {expected}, found '{found}'", wrong=True)
