"""The words for states and questions, the same in every form for people."""

from __future__ import annotations

from typing import Final

from gatekeeper.freshness.outlook import Question
from gatekeeper.freshness.overview.overview import RowState

WORDS: Final = {
    RowState.DENIED: "Denied",
    RowState.DUE: "Due",
    RowState.UNPULLABLE: "Unpullable",
    RowState.WAIVED: "Waived",
    RowState.UNDATED: "Undated",
    RowState.UNKNOWN: "Not judged",
    RowState.WARNED: "Warned",
    RowState.FINE: "Fine",
}
ASKED: Final = {
    Question.APPLY: "if applied",
    Question.RESCHEDULE: "on reschedule",
    Question.RUNNING: "what runs",
    Question.ROLLBACK: "on rollback",
    Question.PULL: "on pull",
}
# Of a question that nobody asked.
NOT_ASKED: Final = {
    Question.PULL: "whether images can still be pulled: the controller looks once a day "
    "(bestbefore_unpullable_containers)",
}
