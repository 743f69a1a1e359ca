"""Writes the pages, or with --check says which are not as they should be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from scripts.reference import alerts, cli, doctor, library, limits, metrics, policies, reasons, settings_control

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference"
PAGES: Final = {
    "alerts.md": alerts.page,
    "cli.md": cli.page,
    "clusterimagepolicy.md": policies.page,
    "doctor.md": doctor.page,
    "library.md": library.page,
    "limits.md": limits.page,
    "metrics.md": metrics.page,
    "reasons.md": reasons.page,
    "settings-control.md": settings_control.page,
}


def stale() -> list[str]:
    """The pages that differ from what would be written."""
    return [name for name, page in PAGES.items() if not _same(FOLDER / name, page())]


def main(arguments: list[str]) -> int:
    """Write the pages; 1 if --check found one that differs."""
    if "--check" in arguments:
        for name in (found := stale()):
            sys.stderr.write(f"docs/reference/{name} differs from the code: run `make generate`\n")
        return 1 if found else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
