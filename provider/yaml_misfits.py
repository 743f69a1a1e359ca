"""What PyYAML raises beside its own errors, of a text that a stranger may have written."""

from __future__ import annotations

from typing import Final

# Its constructors take a tag's word for what stands behind it: `!!bool maybe` is a KeyError, `!!timestamp soon` an
# AttributeError, `!!map [1]` a TypeError, `!!int ''` an IndexError, and a float of 600 parts an OverflowError.
MISFITS: Final = (ArithmeticError, AttributeError, LookupError, TypeError)
