"""What a question about attestations asks: the member `attestation` of `verify`.

One type of predicate, and which parts of each statement of that type the answer holds. Several entries of a policy
that want the same type ask one question.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from provider.questions import config_paths
from provider.questions.config_paths import ConfigPaths
from provider.questions.reading import as_object, invalid, known_fields, unsupported

_FIELDS: Final = frozenset({"predicateType", "form", "statement"})


_EXISTENCE: Final = ConfigPaths(())


class PredicateForm(StrEnum):
    """Types whose predicates cosign reads into a type of Go where a policy wants them by their short names."""

    GENERIC = ""
    """As it was signed."""
    VULN = "vuln"
    SLSA_PROVENANCE = "slsaprovenance"
    LINK = "link"


@dataclass(frozen=True)
class AttestationWish:
    """What attestations must be of, and what is wanted of them.

    Attributes:
        predicate_type: URI of the type, compared as text.
        form: what the predicate is read as.
        statement: whether the answer carries statements whole, or which parts of them; no path for their existence.
    """

    predicate_type: str
    form: PredicateForm = PredicateForm.GENERIC
    statement: bool | ConfigPaths = _EXISTENCE

    @property
    def revision(self) -> str:
        """What results are remembered under."""
        return repr((self.predicate_type, self.form.value, self.statement))

    def cut(self, statement: dict[str, Any]) -> dict[str, Any]:
        """What the answer holds of a statement."""
        if isinstance(self.statement, ConfigPaths):
            found: dict[str, Any] = self.statement.cut(statement)
            return found
        return statement


def read(value: object) -> AttestationWish:
    """Read the member.

    Raises:
        QuestionError: `KeyInvalid`; `QuestionUnsupported` for what this release does not know.
    """
    fields = as_object(value, "attestation")
    known_fields(fields, _FIELDS, "`attestation`")
    predicate_type, form = fields.get("predicateType"), fields.get("form", "")
    if not isinstance(predicate_type, str) or not predicate_type:
        raise invalid("`predicateType` of `attestation` is no text, or empty")
    if form not in list(PredicateForm):
        raise unsupported("this `form` of `attestation`")
    statement = fields.get("statement", [])
    if isinstance(statement, list):
        return AttestationWish(predicate_type, PredicateForm(form), config_paths.read(statement, "statement"))
    if statement is not True:
        raise unsupported("`statement` but as true or as a list of paths")
    return AttestationWish(predicate_type, PredicateForm(form), statement=True)


def write(wish: AttestationWish) -> dict[str, Any]:
    """The member as a template writes it."""
    statement = wish.statement.to_json() if isinstance(wish.statement, ConfigPaths) else True
    found: dict[str, Any] = {"predicateType": wish.predicate_type, "statement": statement}
    if wish.form is not PredicateForm.GENERIC:
        found["form"] = wish.form.value
    return found
