"""Why a CUE text is not taken."""

from __future__ import annotations

# What to do instead; the rule can always be said in the other language.
HINT = "the same rule can be written in Rego (`type: rego`)"


class CueError(Exception):
    """A CUE text that is not compiled.

    Attributes:
        line: of the text, from 1.
        sentence: what is wrong or not taken there.
        wrong: the text is no CUE, so that policy-controller would not compile it either.
    """

    def __init__(self, line: int, sentence: str, *, wrong: bool = False) -> None:
        super().__init__(f"line {line}: {sentence}")
        self.line = line
        self.sentence = sentence
        self.wrong = wrong


class CircleError(CueError):
    """A value that is made of itself."""
