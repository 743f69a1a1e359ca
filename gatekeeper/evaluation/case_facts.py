"""Facts of an image as a person writes them in a suite: what can stand there, and what the provider would make of it.

A person says the little that a case is about, such as `{created: 2026-01-01T00:00:00Z}`. The rest is filled in so that
all parts agree: every platform that is named has a date and a configuration, and no other platform is there. What is
misspelt is refused, because the policy would never see it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatekeeper.evaluation import attested, fact_fields, signed
from provider.errors import ImageError
from provider.golang import rfc3339
from provider.golang.decoding import DecodeError
from provider.images import config_file
from provider.questions.answer import SignatureStatus
from provider.questions.date_source import DateSource
from provider.reasons import Reason
from provider.registry import reference

_DIGEST: Final = "sha256:" + "0" * 64
_PLATFORM: Final = "linux/amd64"
_UNKNOWN: Final = "unknown/unknown"
_PLATFORM_NAME: Final = re.compile(r"([a-z0-9]+)/([a-z0-9_]+)(?:/([a-z0-9.]+))?(?::(.+))?")

_PLATFORM_PARTS: Final = ("os", "architecture", "variant", "os.version")


def problems_in(image: str, fact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the facts of an image: paths below the image (empty for the whole), and a sentence each."""
    try:
        reference.parse(image)
    except ImageError as error:
        yield "", error.message
    yield from fact_fields.unknown(fact, fact_fields.IMAGE)
    if "reason" in fact:
        yield from _failure_problems(fact)
        return
    yield from _date_problems(fact, "")
    yield from _platform_problems(fact.get("platforms", {}))
    yield from _config_problems(fact.get("config", {}))
    yield from _signature_problems(fact.get("signature", {}))
    yield from signed.problems_in(fact)
    yield from attested.problems_in(fact)
    yield from _disagreements(fact)


def completed(image: str, fact: Mapping[str, Any]) -> Mapping[str, Any]:
    """Facts without a problem, as the provider would send them."""
    if "reason" in fact:
        return fact
    named = reference.parse(image)
    digest = fact.get("digest") or named.digest or _DIGEST
    dates = {platform: _date_of(fact, platform) for platform in _platforms(fact)}
    source = fact.get("createdFrom", DateSource.CONFIG)
    platforms = {
        platform: {"digest": digest, **_dated(dates[platform], source), **fact.get("platforms", {}).get(platform, {})}
        for platform in dates
        if platform != _UNKNOWN
    }
    return {
        "image": named.name,
        "digest": digest,
        "reference": f"{named.context}@{digest}",
        "signature": {"status": SignatureStatus.UNCHECKED, "by": []},
        "signed": [],
        "attested": [],
        "observedAt": "",
        **_dated(_oldest(platforms), source),
        **fact,
        "platforms": platforms,
        "config": {
            platform: _document(fact, platform, _configured(platforms.get(platform, {}), dates[platform]))
            for platform in dates
        },
    }


def is_undated(fact: Mapping[str, Any]) -> bool:
    """Whether facts say neither when the image was built nor that it does not say."""
    holders = (fact, *fact.get("platforms", {}).values(), *fact.get("config", {}).values())
    return "reason" not in fact and not any("created" in each or "createdNs" in each for each in holders)


def _failure_problems(fact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if fact["reason"] not in list(Reason):
        yield "reason", f"{fact['reason']!r} is no reason code"
    for name in sorted(fact.keys() & (fact_fields.IMAGE - fact_fields.FAILURE)):
        yield name, "has no place beside a reason: an image without an answer has no facts"


def _date_problems(holder: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    created = holder.get("created")
    if created is not None and (not isinstance(created, str) or rfc3339.created_ns(created) is None):
        yield f"{path}created", f"expected a time by RFC 3339, or null for an image without a date, got {created!r}"
    if "createdFrom" in holder and holder["createdFrom"] not in list(DateSource):
        yield f"{path}createdFrom", f"expected one of {', '.join(DateSource)}"


def _platform_problems(platforms: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any YAML
    if not _is_mapping_of_mappings(platforms):
        yield "platforms", "expected facts by platform, such as {linux/amd64: {created: TIME}}"
        return
    for name, facts in platforms.items():
        yield from _name_problems(name, f"platforms.{name}")
        yield from fact_fields.unknown(facts, fact_fields.PLATFORM, f"platforms.{name}.")
        yield from _date_problems(facts, f"platforms.{name}.")


def _config_problems(configs: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any YAML
    if not _is_mapping_of_mappings(configs):
        yield "config", "expected an image configuration by platform, such as {linux/amd64: {config: {User: app}}}"
        return
    for name, config in configs.items():
        path = f"config.{name}"
        yield from _name_problems(name, path)
        yield from fact_fields.unknown(config, config_file.FIELDS, f"{path}.")
        if isinstance(config.get("config"), Mapping):
            yield from fact_fields.unknown(config["config"], config_file.CONFIG_FIELDS, f"{path}.config.")
        yield from _date_problems(config, f"{path}.")
        try:
            config_file.decode(json.dumps(config).encode())
        except DecodeError as error:
            yield path, f"is no image configuration: {error}"


def _signature_problems(signature: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any YAML
    if not isinstance(signature, Mapping):
        yield "signature", "expected {status: …, by: [NAME]}"
        return
    yield from fact_fields.unknown(signature, fact_fields.SIGNATURE, "signature.")
    if signature.get("status", SignatureStatus.UNCHECKED) not in list(SignatureStatus):
        yield "signature.status", f"expected one of {', '.join(SignatureStatus)}"


def _name_problems(name: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any YAML
    if not isinstance(name, str) or _PLATFORM_NAME.fullmatch(name) is None:
        yield path, f"{name!r} is no platform; write it as {_PLATFORM} or linux/arm64/v8"


def _disagreements(fact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Dates that stand in two places and are not the same: the provider would never say so."""
    platforms, configs = fact.get("platforms", {}), fact.get("config", {})
    if not (_is_mapping_of_mappings(platforms) and _is_mapping_of_mappings(configs)):
        return
    for name in platforms.keys() & configs.keys():
        if _both_say(platforms[name], configs[name]) and _ns(platforms[name]) != _ns(configs[name]):
            yield f"config.{name}.created", f"is another time than platforms.{name}.created"
    dates = [_date_of(fact, name) for name in _platforms(fact) if name != _UNKNOWN]
    stated = any("created" in each for each in (*platforms.values(), *configs.values()))
    if "created" in fact and stated and dates and _ns(fact) != _ns({"created": _oldest_of(dates)}):
        yield "created", f"is not that of the oldest platform, {_oldest_of(dates)}; leave it out, or give one date only"


def _both_say(*holders: Mapping[str, Any]) -> bool:
    return all("created" in each for each in holders)


def _platforms(fact: Mapping[str, Any]) -> list[str]:
    """The platforms that a person names, in their order; one if none is named."""
    if "platforms" not in fact and "config" not in fact:
        return [_PLATFORM]
    return list(dict.fromkeys([*fact.get("platforms", {}), *fact.get("config", {})]))


def _date_of(fact: Mapping[str, Any], platform: str) -> str | None:
    """When a platform was built: what it says itself, else what the image says."""
    for holder in (fact.get("platforms", {}).get(platform, {}), fact.get("config", {}).get(platform, {}), fact):
        if "created" in holder:
            created: str | None = holder["created"]
            return created
    return None


def _oldest(platforms: Mapping[str, Mapping[str, Any]]) -> str | None:
    return _oldest_of([each["created"] for each in platforms.values()])


def _oldest_of(dates: list[str | None]) -> str | None:
    known = [date for date in dates if date is not None]
    return min(known, key=lambda date: rfc3339.created_ns(date) or 0) if known and len(known) == len(dates) else None


def _configured(platform: Mapping[str, Any], created: str | None) -> str | None:
    """The date that stands in the configuration."""
    return None if platform.get("createdFrom") == DateSource.ANNOTATION else created


def _dated(created: str | None, source: str) -> dict[str, Any]:
    nanoseconds = rfc3339.created_ns(created)
    return {
        "created": created,
        "createdNs": None if nanoseconds is None else str(nanoseconds),
        "createdFrom": str(source),
    }


def _ns(holder: Mapping[str, Any]) -> int | None:
    return rfc3339.created_ns(holder.get("created"))


def _document(fact: Mapping[str, Any], platform: str, created: str | None) -> Mapping[str, Any]:
    """The configuration of a platform as policy-controller has it, which drops and fills in as Go does."""
    found = _PLATFORM_NAME.fullmatch(platform)
    parts = found.groups() if found else ()
    named = {name: text for name, text in zip(_PLATFORM_PARTS, parts, strict=False) if text}
    given = {"created": created, **named, **fact.get("config", {}).get(platform, {})}
    return config_file.decode(json.dumps(given).encode())[1]


def _is_mapping_of_mappings(value: Any) -> bool:  # noqa: ANN401 - any YAML
    return isinstance(value, Mapping) and all(isinstance(each, Mapping) for each in value.values())
