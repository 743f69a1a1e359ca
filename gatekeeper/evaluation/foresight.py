"""What templates are likely to ask, so that facts at hand can be given to them in the first round.

A round is a run of opa. What a template asks is known for certain only after one, but of templates that this translator
has made it can be read beforehand. A key that was not foreseen is answered in a further round: nothing depends on this
but time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from gatekeeper.evaluation.evaluator import ConstraintReview
from provider.errors import QuestionError
from provider.questions import config_paths, proof_question
from provider.questions.config_paths import ConfigPaths
from provider.questions.proof_question import Verify
from provider.questions.question import FactQuestion, ProofQuestion, Question, key_of

# More than these are cheaper to ask in a second round.
MOST_KEYS: Final = 512

_CONFIG: Final = re.compile(r"^_config := (.*)$", re.MULTILINE)


_Wanted: TypeAlias = bool | ConfigPaths | Verify


def keys(cases: Sequence[ConstraintReview], images: Iterable[str]) -> tuple[str, ...]:
    """The keys that cases are likely to ask about these images; none where they would be too many."""
    images = tuple(images)
    wanted = dict.fromkeys(each for case in cases for each in _wanted(case)) if images else {}
    if len(wanted) * len(images) > MOST_KEYS:
        return ()
    return tuple(key_of(_question(image, each)) for image in images for each in wanted)


def _question(image: str, wanted: _Wanted) -> Question:
    return ProofQuestion(image, wanted) if isinstance(wanted, Verify) else FactQuestion(image, wanted)


def _wanted(case: ConstraintReview) -> Iterator[_Wanted]:
    """What one case wants to know of each image."""
    for authority in case.parameters.get("authorities") or ():
        for place in ("verify", "stamped"):
            if isinstance(authority, dict) and place in authority:
                with suppress(QuestionError):
                    yield proof_question.read(authority[place])
    yield _config(case.template.main)


def _config(text: str) -> bool | ConfigPaths:
    """What the text of a template asks of an image's configuration."""
    found = _CONFIG.search(text)
    try:
        value = json.loads(found.group(1)) if found else False
        return config_paths.read(value) if isinstance(value, list) else value is True
    except (ValueError, QuestionError):
        return False
