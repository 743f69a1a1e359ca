"""The library that draws the charts of the page, as it was published.

Chart.js (https://www.chartjs.org), MIT licence: `chart-LICENSE.txt`. The file is `dist/chart.umd.min.js` of the npm
package chart.js, unchanged, so that anybody can compare it. Chosen because it has points of many shapes, no
dependencies, needs neither `eval` nor styles of its own under a Content-Security-Policy, and is maintained.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

VERSION: Final = "4.6.1"
SHA256: Final = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"
FILE: Final = f"chart-{VERSION}.umd.min.js"


def text() -> str:
    """Its script."""
    return resources.files(__package__).joinpath(FILE).read_text("utf-8")
