"""Work on large documents: plain functions of bytes, which a process of its own can do as well.

A bill of materials has megabytes. To read it takes a tenth of a second, in which the interpreter does nothing else; so
whoever verifies an attestation does not read it himself, but says what is to be read, and goes on with what comes of
it. Who does it is the caller's affair: `at_once` here, or a `document_reader`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeVar

from provider import limits
from provider.questions import attestation_question
from provider.questions.answer import AttestationContent
from provider.questions.attestation_question import AttestationWish
from provider.reasons import Reason
from provider.signatures import predicates, statement
from provider.signatures.encoding import from_base64, from_protobuf_base64, strict_object
from provider.signatures.predicates import PredicateError
from provider.signatures.rejection import RejectionError

T = TypeVar("T")

# A byte in base64, in place of a payload that was taken out.
_PLACEHOLDER: Final = base64.b64encode(b"\0").decode()


class EnvelopePlace(StrEnum):
    """Where in a document a signed envelope stands."""

    WHOLE = "envelope"
    """It is the document."""
    BUNDLE = "bundle"
    """A member of it."""


@dataclass(frozen=True)
class DividedDocument:
    """A document that was divided.

    Attributes:
        rest: the document with a byte in place of the payload.
        payload: decoded; None where the document has none, and `rest` is all of it.
    """

    rest: bytes
    payload: bytes | None


@dataclass(frozen=True)
class Division:
    """Takes the payload out of a document with an envelope.

    Attributes:
        body: the document.
        place: where the envelope stands.
    """

    body: bytes
    place: EnvelopePlace

    def run(self) -> DividedDocument:
        """Do it.

        Raises:
            RejectionError: the document cannot be read, or is large beside its payload, too.
        """
        try:
            fields = strict_object(self.body, limits.SIGNATURE_PARTS)
        except RejectionError as error:
            raise RejectionError(f"the {self.place} cannot be read: {error}") from error
        holder = fields if self.place is EnvelopePlace.WHOLE else _envelope_of(fields)
        text = holder.get("payload")
        payload = None
        if isinstance(text, str) and text:
            payload = self._decoded(text)
            holder["payload"] = _PLACEHOLDER
        rest = json.dumps(fields).encode()
        if len(rest) > limits.READ_AT_ONCE_BYTES:
            raise RejectionError(f"the {self.place} has {len(rest)} bytes beside its payload")
        return DividedDocument(rest, payload)

    def _decoded(self, text: str) -> bytes:
        if self.place is EnvelopePlace.WHOLE:
            return from_base64(text)
        try:
            return from_protobuf_base64(text)
        except RejectionError as error:
            raise RejectionError(f"the {self.place} cannot be read: {error}") from error

    @property
    def size(self) -> int:
        """Bytes of the document."""
        return len(self.body)

    def to_wire(self) -> tuple[dict[str, Any], bytes]:
        """What another process needs, and the bytes beside it."""
        return {"work": "division", "place": self.place.value}, self.body

    @staticmethod
    def from_wire(fields: Mapping[str, Any], body: bytes) -> Division:
        """The other way."""
        return Division(body, EnvelopePlace(fields["place"]))

    @staticmethod
    def result_to_wire(result: DividedDocument) -> tuple[dict[str, Any], bytes]:
        """What came of it."""
        found = {"rest": result.rest.decode("ascii"), "payload": result.payload is not None}
        return found, result.payload or b""

    @staticmethod
    def result_from_wire(fields: Mapping[str, Any], body: bytes) -> DividedDocument:
        """The other way."""
        return DividedDocument(fields["rest"].encode(), body if fields["payload"] else None)


@dataclass(frozen=True)
class StatementReading:
    """Reads a statement, and says of it what an answer holds.

    Attributes:
        payload: the statement.
        image: `sha256:…` that it must be about.
        layer: digest of what it lies in.
        wish: what is wanted of it.
        unless: a type of statement of which nothing is looked at but the type.
    """

    payload: bytes
    image: str
    layer: str
    wish: AttestationWish
    unless: str = ""

    def run(self) -> AttestationContent:
        """Do it.

        Raises:
            RejectionError: it is no statement, or about something else.
        """
        said = statement.read(self.payload)
        content = AttestationContent(self.layer, said.predicate_type)
        if self.unless and said.predicate_type == self.unless:
            return content
        said.verify_subject(self.image)
        if said.predicate_type != self.wish.predicate_type:
            return content
        try:
            found = self.wish.cut(said.document(predicates.read(said.predicate, self.wish.form)))
        except PredicateError as error:
            return AttestationContent(self.layer, said.predicate_type, problem=str(error))
        size = len(json.dumps(found)) if self.size > limits.READ_AT_ONCE_BYTES else 0
        if size > limits.PROOFS_BYTES:
            return AttestationContent(
                self.layer, said.predicate_type, problem=no_room(size), reason=Reason.LIMIT_EXCEEDED
            )
        return AttestationContent(self.layer, said.predicate_type, found)

    @property
    def size(self) -> int:
        """Bytes of the statement."""
        return len(self.payload)

    def to_wire(self) -> tuple[dict[str, Any], bytes]:
        """What another process needs, and the bytes beside it."""
        wish = attestation_question.write(self.wish)
        fields = {"image": self.image, "layer": self.layer, "wish": wish, "unless": self.unless}
        return {"work": "statement", **fields}, self.payload

    @staticmethod
    def from_wire(fields: Mapping[str, Any], body: bytes) -> StatementReading:
        """The other way."""
        wish = attestation_question.read(fields["wish"])
        return StatementReading(body, fields["image"], fields["layer"], wish, fields["unless"])

    @staticmethod
    def result_to_wire(result: AttestationContent) -> tuple[dict[str, Any], bytes]:
        """What came of it."""
        return result.to_json(), b""

    @staticmethod
    def result_from_wire(fields: Mapping[str, Any], _: bytes) -> AttestationContent:
        """The other way."""
        reason = Reason(fields["reason"]) if "reason" in fields else None
        problem, found = fields.get("problem", ""), fields.get("statement")
        return AttestationContent(fields["digest"], fields["predicateType"], found, problem, reason)


DocumentWork: TypeAlias = Division | StatementReading
Verification: TypeAlias = Generator[DocumentWork, Any, T]
"""What verifies something: it says what is to be read, is given what came of it, and ends with what it proves."""


def at_once(verification: Verification[T]) -> T:
    """What a verification proves, everything read here and now.

    Raises:
        RejectionError: nothing.
    """
    value, rejected = None, None
    try:
        while True:
            work = verification.send(value) if rejected is None else verification.throw(rejected)
            value, rejected = None, None
            try:
                value = work.run()
            except RejectionError as error:
                rejected = error
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def no_room(size: int) -> str:
    """Why a statement is not in the answer."""
    sentence = (
        f"what the policy reads of an attestation has {size} bytes, and all of them {limits.PROOFS_BYTES} at most"
    )
    return f"{sentence}: let its rule name the fields that it reads, or attest less"


def _envelope_of(bundle: dict[str, Any]) -> dict[str, Any]:
    """The envelope in a bundle, under either spelling of its name; nothing where there is none, or two."""
    found = [bundle[name] for name in ("dsseEnvelope", "dsse_envelope") if isinstance(bundle.get(name), dict)]
    return found[0] if len(found) == 1 else {}
