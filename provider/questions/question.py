"""What a key asks.

A key is either a plain image reference or a JSON object in which everything stands that the answer depends on: it
is Gatekeeper's cache key. One question a key: the facts of an image are one, each proof is another.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from provider import limits
from provider.errors import QuestionError
from provider.questions import config_paths, date_source, proof_question, puller
from provider.questions.config_paths import ConfigPaths
from provider.questions.date_source import DateSource
from provider.questions.proof_question import Verify
from provider.questions.puller import Puller
from provider.questions.reading import invalid, known_fields, unsupported
from provider.reasons import Reason

VERSION: Final = 1
_REF_CHARACTERS: Final = 12
_COMMON: Final = frozenset({"v", "image"}) | puller.FIELDS
_FIELDS: Final = {False: _COMMON | {"config", date_source.FIELD}, True: _COMMON | {"verify"}}


@dataclass(frozen=True)
class FactQuestion:
    """Asks what an image's documents say.

    Attributes:
        image: the reference as written in the Pod, or `repository@digest`.
        config: whether the answer carries the image configuration of every platform, or which parts of it.
        plain: whether the key is the reference itself, which is also asked for the settings' authorities.
        puller: who pulls it; None where the provider's own credentials are meant.
        dates: where a date may stand beside the configuration.
    """

    image: str
    config: bool | ConfigPaths = False
    plain: bool = field(default=False, compare=False)
    puller: Puller | None = None
    dates: tuple[DateSource, ...] = ()


@dataclass(frozen=True)
class ProofQuestion:
    """Asks what cryptography proves about who signed an image.

    Attributes:
        image: as for `FactQuestion`.
        verify: what has to be proved.
        puller: as for `FactQuestion`.
    """

    image: str
    verify: Verify
    puller: Puller | None = None


Question: TypeAlias = FactQuestion | ProofQuestion


def ref(key: str) -> str:
    """The key's short name: 12 hex digits of its SHA-256.

    It stands in the answer, the denial and the log, and joins them; templates compute the same.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_REF_CHARACTERS]


def key_of(question: Question) -> str:
    """The key that a template makes for a question (`json.marshal` in Rego: sorted, compact)."""
    fields: dict[str, Any] = {"v": VERSION, "image": question.image}
    if isinstance(question, ProofQuestion):
        fields["verify"] = proof_question.write(question.verify)
    else:
        fields |= _facts_fields(question)
    if question.puller is not None:
        fields |= question.puller.to_json()
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # Go's encoder, which OPA uses, escapes these so that JSON can stand in HTML.
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _facts_fields(question: FactQuestion) -> dict[str, Any]:
    """What is asked beside the fact sheet."""
    fields: dict[str, Any] = {}
    if isinstance(question.config, ConfigPaths):
        fields["config"] = question.config.to_json()
    elif question.config:
        fields["config"] = True
    if question.dates:
        fields[date_source.FIELD] = date_source.write(question.dates)
    return fields


def parse(key: str) -> Question:
    """Read a key.

    Raises:
        QuestionError: `KeyInvalid` for what can never be a question; `QuestionUnsupported` for a version or a field
            that this release does not know (passing, so that a rolling upgrade is no cached outage).
    """
    if len(key.encode("utf-8", "surrogatepass")) > limits.KEY_BYTES:
        raise QuestionError(Reason.KEY_INVALID, f"the key is longer than {limits.KEY_BYTES} bytes")
    if not key.startswith("{"):
        return FactQuestion(key, plain=True)
    try:
        fields = json.loads(key, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise QuestionError(Reason.KEY_INVALID, "the key starts like a JSON object but is none") from error
    return _question(fields)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands twice")
    return fields


def _question(fields: dict[str, Any]) -> Question:
    version = fields.get("v")
    if isinstance(version, bool) or not isinstance(version, int):
        raise invalid("the question has no version `v`")
    if version != VERSION:
        raise unsupported(f"version {version} of the question")
    known_fields(fields, _FIELDS["verify" in fields], "the question")
    image = fields.get("image")
    if not isinstance(image, str):
        raise invalid("`image` of the question is no string")
    pulling = puller.read(fields)
    if "verify" in fields:
        verify = proof_question.read(fields["verify"])
        if verify.source.pull_secrets and pulling is None:
            raise invalid("`pullSecrets` of `source` are of no namespace: the question has no `namespace`")
        return ProofQuestion(image, verify, pulling)
    dates = date_source.read(fields[date_source.FIELD]) if date_source.FIELD in fields else ()
    config = fields.get("config", False)
    if isinstance(config, list):
        return FactQuestion(image, config_paths.read(config), puller=pulling, dates=dates)
    if not isinstance(config, bool):
        raise unsupported("`config` but as true or as a list of paths")
    return FactQuestion(image, config, puller=pulling, dates=dates)
