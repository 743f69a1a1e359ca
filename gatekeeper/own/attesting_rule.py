"""Rules of SignedImages about attestations: what must be attested of which images, and by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gatekeeper.documents.problems import Problem
from gatekeeper.own import duration, schema
from gatekeeper.own.attesting_rule_schema import GLOB, MOST_ATTESTATIONS, MOST_VALUES, PREDICATE_TYPE
from gatekeeper.own.signer import Signer, quorum_problems


@dataclass(frozen=True)
class StatementAge:
    """How long ago a time in a statement may be.

    Attributes:
        at: the path to the time, from the statement on: `("predicate", "metadata", "scanFinishedOn")`.
        limit: a duration, `7d`; a time as old as this is too old.
    """

    at: tuple[str, ...]
    limit: str

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters."""
        return {"at": list(self.at), "max": self.limit}

    def problems(self, path: str) -> Iterator[Problem]:
        """What is wrong, the fields below a path."""
        yield from _path_problems(f"{path}.at", self.at)
        if not duration.minutes(self.limit):
            yield Problem(f"{path}.max", f"{self.limit!r} is no duration of {duration.RANGE} such as `7d`")


@dataclass(frozen=True)
class StatementValue:
    """Which texts may stand in a statement.

    Attributes:
        at: the path to the text, from the statement on.
        globs: one must fit the whole text; `*` stops at a slash, `**` does not.
    """

    at: tuple[str, ...]
    globs: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters."""
        return {"at": list(self.at), "globs": list(self.globs)}

    def problems(self, path: str) -> Iterator[Problem]:
        """What is wrong, the fields below a path."""
        yield from _path_problems(f"{path}.at", self.at)
        if not self.globs:
            yield Problem(f"{path}.globs", "expected a glob at least")
        for index, each in enumerate(self.globs):
            if not re.fullmatch(GLOB, each):
                yield Problem(f"{path}.globs[{index}]", f"{each!r} is no glob of printable characters without blanks")


@dataclass(frozen=True)
class RequiredAttestation:
    """An attestation that an image must have.

    Attributes:
        name: what messages call it.
        predicate_type: the URI of its type, as text.
        signers: who may attest.
        quorum: how many different ones must have.
        age: how long ago a time in the statement may be; None where it does not matter.
        values: what texts in the statement may be; all must hold.
    """

    name: str
    predicate_type: str
    signers: tuple[Signer, ...]
    quorum: int = 1
    age: StatementAge | None = None
    values: tuple[StatementValue, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters."""
        found: dict[str, Any] = {
            "name": self.name,
            "predicateType": self.predicate_type,
            "signers": [each.attestor_json() for each in self.signers],
            "quorum": self.quorum,
        }
        if self.age is not None:
            found["age"] = self.age.to_json()
        if self.values:
            found["values"] = [each.to_json() for each in self.values]
        return found

    def problems(self, path: str) -> Iterator[Problem]:
        """What is wrong, the fields below a path."""
        if not self.name:
            yield Problem(f"{path}.name", "is empty, and messages need one")
        if not re.fullmatch(PREDICATE_TYPE, self.predicate_type):
            sentence = f"{self.predicate_type!r} is no URI of a type, such as https://slsa.dev/provenance/v1"
            yield Problem(f"{path}.predicateType", sentence)
        yield from quorum_problems(path, self.signers, self.quorum)
        if self.age is not None:
            yield from self.age.problems(f"{path}.age")
        if len(self.values) > MOST_VALUES:
            yield Problem(f"{path}.values", f"expected at most {MOST_VALUES}, got {len(self.values)}")
        for index, each in enumerate(self.values):
            yield from each.problems(f"{path}.values[{index}]")


@dataclass(frozen=True)
class AttestingRule:
    """What has to be attested of which images.

    Attributes:
        images: globs; one must match.
        attestations: each of them must be there.
    """

    images: tuple[str, ...]
    attestations: tuple[RequiredAttestation, ...]

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters."""
        return {
            "images": [{"glob": glob} for glob in self.images],
            "attestations": [each.to_json() for each in self.attestations],
        }

    def problems(self, path: str) -> Iterator[Problem]:
        """What is wrong, the fields below a path."""
        if not self.images:
            yield Problem(f"{path}.images", "expected a glob at least")
        yield from schema.glob_problems(f"{path}.images", self.images)
        if not 1 <= len(self.attestations) <= MOST_ATTESTATIONS:
            sentence = f"expected 1 to {MOST_ATTESTATIONS}, got {len(self.attestations)}"
            yield Problem(f"{path}.attestations", sentence)
        named = [each.name for each in self.attestations]
        for name in sorted({name for name in named if named.count(name) > 1}):
            yield Problem(f"{path}.attestations", f"two are called {name}")
        for index, each in enumerate(self.attestations):
            yield from each.problems(f"{path}.attestations[{index}]")


def _path_problems(path: str, at: tuple[str, ...]) -> Iterator[Problem]:
    if not at or not all(at):
        yield Problem(path, "expected names from the statement on, such as predicate, builder, id")
