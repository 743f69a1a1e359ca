"""Which Constraints stand beside policies, and what each of them looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import Problem
from gatekeeper.evaluation.checker import Select
from gatekeeper.evaluation.matching import Matcher, Selection
from gatekeeper.evaluation.opa import Opa
from gatekeeper.evaluation.review import Review
from gatekeeper.policy import LoadedPolicies
from gatekeeper.translation.translate import Translation


def installed_beside(loaded: LoadedPolicies, engine: Opa) -> tuple[list[Translation], list[Problem]]:
    """The Constraints beside the policies, and what is passed over; see `constraints.translations`."""
    if not loaded.gatekeeper:
        return [], []
    from gatekeeper.cli import constraints  # noqa: PLC0415 - few checks have any

    return constraints.translations(loaded, engine)


def constraints_of(loaded: LoadedPolicies) -> list[Document]:
    """The Constraints as they are written."""
    return [each for each in loaded.gatekeeper if each.kind != "ConstraintTemplate"]


def selector(reviews: Sequence[Review], installed: Sequence[Translation]) -> Select:
    """What each of the Constraints looks at of the reviews; translated policies select by their parameters.

    Args:
        reviews: the objects and images; Namespaces among them say which labels they have.
        installed: those whose `match` counts.
    """
    matcher, matching = Matcher.among(reviews), set(map(id, installed))

    def select(translation: Translation, made: Mapping[str, Any], review: Review) -> Selection:
        if id(translation) not in matching:
            return Selection(review)
        from gatekeeper.cli import constraints  # noqa: PLC0415 - as above

        return constraints.selection(matcher, made, review)

    return select
