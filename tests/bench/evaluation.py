"""How long OPA evaluates a policy over one Pod, by the number of its images."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from provider import limits
from tests import many_images
from tests.bench import aims
from tests.bench.report import Section, Table

_ROUNDS: Final = 7
_FEW: Final = 100
_MANY: Final = 200
_TOO_MANY: Final = 500


def measure() -> Section:
    """Every policy with 100, 200 and 500 images, the shortest of some runs: the rest is what else the machine did."""
    rows: dict[str, list[float]] = {}
    figures: dict[str, float] = {}
    for name in many_images.POLICIES:
        few, many, refused = (_milliseconds(name, images) for images in (_FEW, _MANY, _TOO_MANY))
        rows[name] = [few, many, many / few, refused]
        figures[aims.EVALUATION.format(policy=name)] = many
    columns = [f"{_FEW} images", f"{_MANY} images", f"{_MANY} beside {_FEW}, times", f"{_TOO_MANY} images, denied"]
    note = f"all images are too old; beyond {limits.OBJECT_IMAGES} images the object is denied as a whole"
    return Section([Table("Evaluation of one Pod: ms", columns, rows, note)], figures)


def _milliseconds(name: str, images: int) -> float:
    with tempfile.TemporaryDirectory(prefix="bestbefore-bench-") as folder:
        many_images.lay_out(Path(folder), name, images)
        runs = [many_images.evaluated(Path(folder))["metrics"]["timer_rego_query_eval_ns"] for _ in range(_ROUNDS)]
    return float(min(runs)) / 1e6
