"""Whose word proves, in MaximumImageAge, when an image was built, or that it existed at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gatekeeper.documents.problems import Problem
from gatekeeper.own.signer import MOST_SIGNERS, Signer
from gatekeeper.translation.schema import attestor_properties, signer_properties
from provider.questions.proof_question import Format, Verify

# As in `lib.bestbefore.bound_parameters`.
MOST_BUILDERS: Final = 20
BUILDER: Final = "^[A-Za-z0-9._:/@%+#=&~*-]{1,500}$"


@dataclass(frozen=True)
class ProvenanceSource:
    """Whose provenance says when an image was built: a builder's, attested by one of the signers.

    Attributes:
        signers: who may attest it.
        builders: ids of builders, in which `*` stops at a slash and `**` does not.
    """

    signers: tuple[Signer, ...]
    builders: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters."""
        return {"signers": [each.attestor_json() for each in self.signers], "builders": list(self.builders)}

    def problems(self) -> Iterator[Problem]:
        """What is wrong with it."""
        yield from _named("provenance.signers", self.signers)
        for index, signer in enumerate(self.signers):
            yield from _attestor_problems(f"provenance.signers[{index}]", signer)
        if not 1 <= len(self.builders) <= MOST_BUILDERS:
            yield Problem("provenance.builders", f"expected 1 to {MOST_BUILDERS}, got {len(self.builders)}")
        for index, builder in enumerate(self.builders):
            if not re.fullmatch(BUILDER, builder):
                yield Problem(f"provenance.builders[{index}]", f"{builder!r} is no id of a builder, nor a glob of ids")


@dataclass(frozen=True)
class LogSource:
    """Whose signatures, or provenance, show by the time of a log or a timestamp that an image existed.

    Attributes:
        signers: of signatures; anybody with a certificate where one names nobody.
        attestors: the same of provenance.
    """

    signers: tuple[Signer, ...] = ()
    attestors: tuple[Signer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters."""
        signers = [each.to_json() for each in self.signers]
        return {"signers": [*signers, *(each.attestor_json() for each in self.attestors)]}

    def problems(self) -> Iterator[Problem]:
        """What is wrong with it."""
        everybody = (*self.signers, *self.attestors)
        yield from _named("log.signers", everybody)
        for index, signer in enumerate(everybody):
            path = f"log.signers[{index}]"
            attests = index >= len(self.signers)
            found = _attestor_problems(path, signer) if attests else signer.problems(path)
            nameless = signer.verify.keyless is not None and not signer.identities
            yield from (each for each in found if not (nameless and each.path == f"{path}.identities"))
            if not _proves_times(signer.verify):
                hint = "ask for a transparency log (`ctlog`) or for timestamps (`timestamp`) in it"
                yield Problem(f"{path}.{'attestor' if attests else 'verify'}", "proves no time", hint=hint)


def source_problems(
    dates: Sequence[str], proof: str, provenance: ProvenanceSource | None, log: LogSource | None
) -> Iterator[Problem]:
    """What is wrong with the sources of proven time: each has to be there exactly where it is named.

    Args:
        dates: the parameter `dates`.
        proof: the parameter `minAgeProof`.
        provenance: the parameter of this name.
        log: the parameter of this name.
    """
    for name, source in (("provenance", provenance), ("log", log)):
        if source is None and (name in dates or name == proof):
            namer = "dates" if name in dates else "minAgeProof"
            yield Problem(name, f"is missing, and `{namer}` names it", hint="it says whose word counts")
        elif source is not None and name not in dates and name != proof:
            yield Problem(name, "is named neither by `dates` nor by `minAgeProof`, so nobody would look at it")
        elif source is not None:
            yield from source.problems()


def proven_time_parameters() -> dict[str, Any]:
    """The schemas of the two parameters, by name."""
    return {
        "provenance": {
            "description": "Whose provenance (SLSA, v1 or v0.2) says when an image was built. Needed where `dates` or "
            "`minAgeProof` names `provenance`, and refused elsewhere. What counts is a statement that names one of the "
            "builders and is attested by one of the signers: both together.",
            "type": "object",
            "required": ["builders", "signers"],
            "properties": {
                "signers": _signers(
                    "Who may attest it: each needs a name, and in `attestor` a public key, or a trust root and "
                    "identities beside it.",
                    attestor_properties(),
                ),
                "builders": {
                    "description": "Ids of trusted builders (`builder.id`), exactly, or as globs: `*` stops at a "
                    "slash, `**` does not.",
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MOST_BUILDERS,
                    "items": {"description": "One builder.", "type": "string", "pattern": BUILDER},
                },
            },
        },
        "log": {
            "description": "Whose signatures show by a verified time of a transparency log, or of a timestamp, that an "
            "image existed. Needed where `dates` or `minAgeProof` names `log`, and refused elsewhere. The earliest of "
            "these times counts. It makes no image young; it can only show that one is too old, or old enough.",
            "type": "object",
            "required": ["signers"],
            "properties": {
                "signers": _signers(
                    "Whose: in `verify` (or `stamped`) of signatures, in `attestor` of provenance. Each has to ask for "
                    "a log or for timestamps. A trust root needs no identities here: who logged that an image existed "
                    "does not matter.",
                    {**signer_properties(), **attestor_properties()},
                ),
            },
        },
    }


def _signers(description: str, properties: dict[str, Any]) -> dict[str, Any]:
    name = {"description": "What messages call the signer.", "type": "string", "minLength": 1}
    item = {"type": "object", "required": ["name"], "properties": {"name": name, **properties}}
    return {"description": description, "type": "array", "minItems": 1, "maxItems": MOST_SIGNERS, "items": item}


def _attestor_problems(path: str, signer: Signer) -> Iterator[Problem]:
    for each in signer.problems(path):
        yield replace(each, path=each.path.replace(f"{path}.verify", f"{path}.attestor", 1))


def _named(path: str, signers: Sequence[Signer]) -> Iterator[Problem]:
    if not 1 <= len(signers) <= MOST_SIGNERS:
        yield Problem(path, f"expected 1 to {MOST_SIGNERS}, got {len(signers)}")
    names = [each.name for each in signers]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(path, f"two are called {name}")


def _proves_times(verify: Verify) -> bool:
    """Whether each proof has a time of a log or of a timestamp."""
    by_bundle = verify.keyless is not None and verify.format is not Format.LEGACY
    return verify.log is not None or verify.timestamp is not None or by_bundle
