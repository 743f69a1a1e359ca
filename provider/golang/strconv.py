"""Text in quotes, as Go's %q prints it: error texts that people search for contain it."""

from __future__ import annotations

from typing import Final

_NAMED: Final = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    '"': r"\"",
    "\\": r"\\",
}
_BMP: Final = 0xFFFF
_ASCII_END: Final = 0x80


def quoted(text: str) -> str:
    """The text in double quotes, with what cannot be printed escaped."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if character == " " or (character.isprintable() and character != "\xad"):
        return character
    if code < _ASCII_END:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _BMP else f"\\U{code:08x}"
