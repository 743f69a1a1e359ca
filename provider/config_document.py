"""stub"""
from __future__ import annotations
from typing import Any
class DecodeError(ValueError):
    pass
def decode(body: bytes) -> tuple[str, dict[str, Any]]:
    raise DecodeError("not yet")
