"""Writes the dashboards into the chart, or with --check says which are not as they should be."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from scripts.dashboards import denials, fleet, provider

FOLDER: Final = Path(__file__).parents[2] / "helm" / "bestbefore" / "dashboards"
DASHBOARDS: Final = {"denials.json": denials.built, "fleet.json": fleet.built, "provider.json": provider.built}


def text(dashboard: Dashboard) -> str:
    """The JSON of a dashboard, the same bytes each time."""
    plain = json.loads(JSONEncoder().encode(dashboard.build()))
    # Whoever imports it gives it a number; it is found by its uid.
    return json.dumps({**plain, "id": None}, sort_keys=True, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Write the files; 1 if --check found one that differs."""
    written = {name: text(built()) for name, built in DASHBOARDS.items()}
    if "--check" in arguments:
        stale = [name for name, wanted in written.items() if not _same(FOLDER / name, wanted)]
        for name in stale:
            sys.stderr.write(f"{FOLDER / name} differs from scripts/dashboards: run `make generate`\n")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, wanted in written.items():
        (FOLDER / name).write_text(wanted, encoding="utf-8")
    return 0


def _same(path: Path, wanted: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
