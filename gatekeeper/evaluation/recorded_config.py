"""Configurations in recorded facts: whole ones, and the parts of them that a check has asked for.

`facts` records whole documents. `check` records what its policies asked for, and beside it which paths that were
(`configPaths`), so that nobody takes what was not asked for as not there.

An answer with a configuration needs more documents than one without, such as the attestations beside an image. Where
the two differ, that with the configuration stands beside the other (`withConfig`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provider.errors import BestbeforeError
from provider.questions.config_paths import ConfigPaths
from provider.questions.date_source import DateSource
from provider.questions.question import FactQuestion
from provider.reasons import Reason

PATHS: Final = "configPaths"
WHOLE: Final = "withConfig"

_CONFIG: Final = "config"


def are_paths(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether it is the list of paths that a check records."""
    return isinstance(value, list) and all(
        isinstance(path, list) and path and all(isinstance(name, str) for name in path) for path in value
    )


def answer(asked: FactQuestion, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """What the provider would say: the recorded facts, their configuration cut to what is asked.

    Raises:
        BestbeforeError: `NotFound`, the configuration, or the parts that are asked for, were not recorded. (The
            provider never leaves it out.)
    """
    present = _paths_of(recorded)
    fact = {name: value for name, value in recorded.items() if name != PATHS}
    if DateSource.ANNOTATION not in asked.dates:
        fact = _without_annotations(fact)
    if asked.config is False:
        fact.pop(_CONFIG, None)
        return fact
    if _CONFIG not in fact:
        raise BestbeforeError(Reason.NOT_FOUND, f"the recorded facts hold no configuration of {asked.image}")
    wanted = asked.config if isinstance(asked.config, ConfigPaths) else None
    if present is not None and (wanted is None or not present.covers(wanted)):
        sentence = f"the recorded facts hold only parts of the configuration of {asked.image}, for other policies"
        raise BestbeforeError(Reason.NOT_FOUND, sentence)
    if wanted is not None:
        fact[_CONFIG] = wanted.cut_all(fact[_CONFIG])
    return fact


def _without_annotations(fact: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as one gets them who did not ask for the dates of annotations."""
    kept = dict(fact)
    if kept.get("createdFrom") == DateSource.ANNOTATION:
        kept |= {"created": None, "createdNs": None, "createdFrom": DateSource.CONFIG.value}
    if "platforms" in kept:
        kept["platforms"] = {name: _without_annotations(platform) for name, platform in kept["platforms"].items()}
    return kept


def _dated_by_annotation(asked: FactQuestion, fact: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What another question brought, that asked for the dates of annotations: who asks for less finds it there, too."""
    known_platforms = known.get("platforms", {}).values()
    annotated = any(platform.get("createdFrom") == DateSource.ANNOTATION for platform in known_platforms)
    if asked.dates or not annotated or known.get("digest") != fact.get("digest"):
        return {}
    return {name: known[name] for name in ("created", "createdNs", "createdFrom", "platforms") if name in known}


def joined(plain: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """What `facts` records of an image.

    Args:
        plain: the answer to the question without the configuration, or `{"reason", "message"}`.
        whole: the same with the configuration.
    """
    if "reason" not in plain and "reason" not in whole:
        return {**whole, **plain}
    if plain.get("reason") == whole.get("reason"):
        return dict(plain)
    return {**plain, WHOLE: dict(whole)}


def answering(asked: FactQuestion, recorded: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of what is recorded of an image, that which answers a question."""
    if asked.config is not False and WHOLE in recorded:
        whole: Mapping[str, Any] = recorded[WHOLE]
        return whole
    return {name: value for name, value in recorded.items() if name != WHOLE}


def record(asked: FactQuestion, fact: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of an image, with one more answer about it.

    Args:
        asked: what was asked.
        fact: what was answered.
        known: what other questions about the image have brought.
    """
    both = {**known, **fact, **_dated_by_annotation(asked, fact, known)}
    if _CONFIG not in fact:
        return both
    learnt = asked.config if isinstance(asked.config, ConfigPaths) else None
    before = _paths_of(known) if _CONFIG in known and known.get("digest") == fact.get("digest") else ConfigPaths(())
    if learnt is None:
        both.pop(PATHS, None)
    elif before is None:
        both[_CONFIG] = known[_CONFIG]
    else:
        both[_CONFIG] = _joined(known[_CONFIG], fact[_CONFIG]) if before.paths else fact[_CONFIG]
        both[PATHS] = ConfigPaths(before.paths + learnt.paths).to_json()
    return both


def _paths_of(fact: Mapping[str, Any]) -> ConfigPaths | None:
    """The parts that are there; None for all."""
    return ConfigPaths(tuple(map(tuple, fact[PATHS]))) if PATHS in fact else None


def _joined(one: Any, other: Any) -> Any:  # noqa: ANN401 - any JSON
    """Two cuts of one document as one."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return other
    return {**one, **{name: _joined(one[name], value) if name in one else value for name, value in other.items()}}
