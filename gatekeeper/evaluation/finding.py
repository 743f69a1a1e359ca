"""What a policy has against an object."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from gatekeeper.documents import fields
from gatekeeper.evaluation.evaluator import Violation
from gatekeeper.evaluation.review import Review
from provider.reasons import EXPLANATIONS, NO_ANSWER, Reason

# Why there is no verdict on an image that recorded facts say nothing of; no reason of the provider.
FACTS_MISSING: Final = "FactsMissing"

_REASONS: Final = frozenset(map(str, Reason))


@dataclass(frozen=True)
class Finding:
    """What one policy has against one object.

    Attributes:
        policy: name of the policy; empty for images that no policy covers.
        action: `deny`, `warn`, or `dryrun`, which nobody in the cluster sees.
        review: the object.
        violation: what the template said.
        unknown: whether the recorded facts say nothing of the image, or not what was asked.
        unproved: whether they say nothing of its signatures alone.
    """

    policy: str
    action: str
    review: Review
    violation: Violation
    unknown: bool = False
    unproved: bool = False

    @property
    def reason(self) -> str:
        """Its reason code."""
        return FACTS_MISSING if self.unknown else self._detail("reason")

    @property
    def sentence(self) -> str:
        """The policy's own sentence: the template's, else what the message says before the image's field."""
        path = self._detail("path")
        if behind := fields.text(self.violation.details, "waived", "reason"):
            sentence = fields.text(self.violation.details, "waived", "said")
            return f"{self._detail('said')} Without it {behind}: {sentence}"
        if said := self._detail("said"):
            return said
        return self.violation.msg.partition(f" {path} {self.image} (")[0] if path else self.violation.msg

    @property
    def image(self) -> str:
        """The image as written; empty where the template does not say."""
        return self._detail("image")

    @property
    def path(self) -> str:
        """The image's field in the object that was given."""
        return self.review.path(self._detail("path"))

    @property
    def line(self) -> int | None:
        """The line of that field, where it is known."""
        return self.review.line(self.path)

    @property
    def ref(self) -> str:
        """What joins it with the provider's log."""
        return self._detail("ref")

    @property
    def remedy(self) -> str:
        """What to do about it; empty for a reason that is not ours."""
        if self.unproved:
            recorded = f"`bestbefore check --policy … --image {self.image} --output json`"
            return f"Record its signatures: {recorded}, or write `signed` or `attested` into the facts."
        if self.unknown:
            return f"Record its facts: `bestbefore facts {shlex.quote(self.image)} --output json`."
        # What is waived has to be done all the same.
        reason = fields.text(self.violation.details, "waived", "reason") or self.reason
        return EXPLANATIONS[Reason(reason)].remedy if reason in _REASONS else ""

    @property
    def note(self) -> str:
        """What the message says for people beside that, between the image and what to do; empty for nothing."""
        note = self.violation.msg.partition("). Note: ")[2]
        return note.partition(f". {self._detail('remedy')}")[0]

    @property
    def unanswered(self) -> str:
        """The reason why it says nothing of the image, only that nobody could look; empty where it says something."""
        return self.reason if self.unknown or self.reason in NO_ANSWER else ""

    @property
    def undecided(self) -> bool:
        """Whether it says nothing of the image; see `unanswered`."""
        return bool(self.unanswered)

    def _detail(self, name: str) -> str:
        return str(self.violation.details.get(name) or "")
