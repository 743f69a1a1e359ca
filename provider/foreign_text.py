"""Text that strangers wrote, made fit to stand in a message."""

from __future__ import annotations

from provider import limits


def shown(text: str, characters: int = limits.SHOWN_CHARACTERS) -> str:
    """The text on one line and cut: a control, format or surrogate character becomes a space, `…` marks a cut.

    A newline could fake a log line, a bidirectional mark could turn a sentence round, and an admission warning with a
    control character is dropped by the API server.
    """
    clipped = text if len(text) <= characters else text[: characters - 1] + "…"
    # Printable is what Unicode counts neither as "other" nor as "separator", and the plain space.
    if clipped.isprintable():
        return clipped
    return "".join(character if character.isprintable() else " " for character in clipped)
