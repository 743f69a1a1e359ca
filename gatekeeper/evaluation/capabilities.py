"""The capabilities file: the OPA of our Gatekeeper release, with `external_data` and without what Gatekeeper refuses.

A second file has `print` beside, by which our own driver says what templates ask; no template may print.

python -m gatekeeper.evaluation.capabilities OPA
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gatekeeper.translation.rule import PROCESS_FUNCTIONS

PATH: Final = Path(__file__).with_name("capabilities.json")

DRIVER_PATH: Final = PATH.with_name("capabilities-driver.json")

# What translation refuses, and what prints, which Gatekeeper does not.
_REFUSED_BUILTINS: Final = frozenset({*PROCESS_FUNCTIONS, "print", "trace"})


# As the constraint framework declares it: one object in, the response out.
_EXTERNAL_DATA: Final = {
    "name": "external_data",
    "decl": {"type": "function", "args": [{"type": "any"}], "result": {"type": "any"}},
}


_PRINT: Final = {"name": "print", "decl": {"type": "function", "variadic": {"type": "any"}}}


def derived(current: dict[str, Any]) -> dict[str, Any]:
    """What Gatekeeper has, from what `opa capabilities --current` prints."""
    builtins = [_bare(each) for each in current["builtins"] if each["name"] not in _REFUSED_BUILTINS]
    return {
        "builtins": [*builtins, _EXTERNAL_DATA],
        "future_keywords": current["future_keywords"],
        "features": current["features"],
        "allow_net": [],
    }


def with_print(capabilities: Mapping[str, Any]) -> dict[str, Any]:
    """The same for our own driver."""
    return {**capabilities, "builtins": [*capabilities["builtins"], _PRINT]}


def _bare(builtin: dict[str, Any]) -> dict[str, Any]:
    """A builtin without its prose."""
    kept = {name: value for name, value in builtin.items() if name not in {"description", "categories", "introduced"}}
    return dict(_without_descriptions(kept))


def _without_descriptions(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name: _without_descriptions(inner) for name, inner in value.items() if name != "description"}
    if isinstance(value, list):
        return [_without_descriptions(inner) for inner in value]
    return value


def main(opa: str) -> None:
    """Write the files for that opa."""
    command = [opa, "capabilities", "--current", "--v0-compatible"]
    current = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)
    gatekeeper = derived(current)
    for path, able in ((PATH, gatekeeper), (DRIVER_PATH, with_print(gatekeeper))):
        path.write_text(json.dumps(able, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
