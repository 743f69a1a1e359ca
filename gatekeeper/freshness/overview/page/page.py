"""An overview as one HTML page that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gatekeeper.freshness.outlook import Question
from gatekeeper.freshness.overview import headline, moments
from gatekeeper.freshness.overview.overview import Overview, RowState, names
from gatekeeper.freshness.overview.page import chart_library, weeks
from gatekeeper.freshness.overview.words import ASKED, NOT_ASKED, WORDS
from provider.version import VERSION

# Rows and sentences of one page; what is beyond them is counted, and in the other forms.
ROWS: Final = 10_000
SENTENCES: Final = 200

_HINTS: Final = {
    RowState.DENIED: "at this moment",
    RowState.DUE: "from a date on",
    RowState.UNPULLABLE: "gone from the registry",
    RowState.WAIVED: "until the waiver ends",
    RowState.UNDATED: "of unknown age",
    RowState.UNKNOWN: "nobody could look",
    RowState.WARNED: "and never denied",
    RowState.FINE: "to the end",
}
# A shape for each state, because not everybody sees its colour. They are those of the chart's points.
_SHAPES: Final = {
    RowState.DENIED: '<path d="M8 1.5 15.5 14.5H.5z"/>',
    RowState.DUE: '<path d="M8 .5 15.5 8 8 15.5.5 8z"/>',
    RowState.UNPULLABLE: (
        '<path d="m1 2.8 1.8-1.8L8 6.2 13.2 1 15 2.8 9.8 8l5.2 5.2-1.8 1.8L8 9.8 2.8 15 1 13.2 6.2 8z"/>'
    ),
    RowState.WAIVED: '<circle cx="8" cy="8" r="7"/>',
    RowState.UNDATED: '<path d="M1.5 1.5h13v13h-13z"/>',
    RowState.UNKNOWN: (
        '<path d="M7 0h2v5.6l4.9-2.9 1 1.8-4.8 2.9v1.2l4.8 2.9-1 1.8L9 10.4V16H7v-5.6l-4.9 2.9-1-1.8 4.8-2.9V7.4'
        'L1.1 4.5l1-1.8L7 5.6z"/>'
    ),
    RowState.WARNED: '<path d="M6.6 0h2.8l-.5 10.5H7.1zM8 12.4a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z"/>',
    RowState.FINE: '<path d="m6 13.6-5-5 1.7-1.7L6 10.2l7.3-7.4L15 4.5z"/>',
}
_DRAWN: Final = (
    RowState.DENIED,
    RowState.DUE,
    RowState.UNPULLABLE,
    RowState.WAIVED,
    RowState.UNDATED,
    RowState.UNKNOWN,
)
# As many rows are laid out at first as the script shows; without a script all of them are.
_SHOWN: Final = 200
_UNSCRIPTED: Final = Markup("#rows tbody tr[hidden] { display: table-row !important; }")
# What is so at this moment; nobody knows since when.
_PRESENT: Final = frozenset({RowState.DENIED, RowState.UNPULLABLE})
_COLUMNS: Final = (
    ("state", "State"),
    ("date", "From"),
    ("workload", "Workload"),
    ("image", "Image"),
    ("policy", "Policy"),
    ("why", "Why, and what to do"),
)


def render(overview: Overview) -> str:
    """The page. Texts of others are escaped by the template, and were put on one line when the overview was made."""
    style, script, library = (Markup(text) for text in (_file("page.css"), _file("page.js"), chart_library.text()))  # noqa: S704 - files of ours
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            security=_security((style, _UNSCRIPTED), (library, script)),
            unscripted=_UNSCRIPTED,
            shown=_SHOWN,
            style=style,
            script=script,
            library=library,
            version=VERSION,
            overview=overview,
            headline=headline.of(overview),
            states=list(RowState),
            shapes={state: Markup(shape) for state, shape in _SHAPES.items()},  # noqa: S704 - drawn above
            counts=overview.workloads(),
            words=WORDS,
            hints=_HINTS,
            drawn=_DRAWN,
            present=_PRESENT,
            asked=ASKED,
            columns=_COLUMNS,
            teams=names(row.team for row in overview.rows),
            policies=names(row.policy for row in overview.rows),
            questions=[each for each in Question if any(each in row.questions for row in overview.rows)],
            weeks=weeks.headings(overview),
            tables=[
                ("Team", weeks.lanes(overview, lambda row: row.team)),
                ("Policy", weeks.lanes(overview, lambda row: row.policy)),
            ],
            rows=overview.rows[:ROWS],
            left_out=max(0, len(overview.rows) - ROWS),
            not_asked=[NOT_ASKED[each] for each in overview.not_asked],
            not_judged=overview.not_judged[:SENTENCES],
            more_unjudged=max(0, len(overview.not_judged) - SENTENCES),
        )
    )


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("gatekeeper.freshness.overview", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"day": moments.day, "minute": moments.minute, "clock": moments.clock, "rfc3339": moments.rfc3339}
    return made


def _security(styles: tuple[str, ...], scripts: tuple[str, ...]) -> str:
    """What the page may do: its own style and scripts, by their hashes; nothing comes from or goes to anywhere.

    The charts set a style from their script, which needs no permission.
    """
    rules: Mapping[str, str] = {
        "default-src": "'none'",
        "style-src": " ".join(map(_hash, styles)),
        "script-src": " ".join(map(_hash, scripts)),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")
