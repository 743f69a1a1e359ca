"""Facts as a person writes them: what is refused, and that all parts of what is filled in agree."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.evaluation.case_facts import completed, is_undated, problems_in

IMAGE = "registry.test/app:1"
OLD, NEW = "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
ZERO = "0001-01-01T00:00:00Z"


def dates(fact: dict[str, Any]) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """When the image was built, each platform, and each configuration."""
    found = completed(IMAGE, fact)
    platforms = {name: each["created"] for name, each in found["platforms"].items()}
    return found["created"], platforms, {name: each["created"] for name, each in found["config"].items()}


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ({"created": NEW}, (NEW, {"linux/amd64": NEW}, {"linux/amd64": NEW})),
        ({"created": None}, (None, {"linux/amd64": None}, {"linux/amd64": ZERO})),
        ({}, (None, {"linux/amd64": None}, {"linux/amd64": ZERO})),
        (
            {"created": NEW, "config": {"linux/arm64": {"config": {"User": "app"}}}},
            (NEW, {"linux/arm64": NEW}, {"linux/arm64": NEW}),
        ),
        (
            {"platforms": {"linux/arm64": {"created": NEW}, "linux/amd64": {"created": OLD}}},
            (OLD, {"linux/arm64": NEW, "linux/amd64": OLD}, {"linux/arm64": NEW, "linux/amd64": OLD}),
        ),
        (
            {"config": {"linux/arm64": {"created": NEW}, "linux/amd64": {}}},
            (None, {"linux/arm64": NEW, "linux/amd64": None}, {"linux/arm64": NEW, "linux/amd64": ZERO}),
        ),
        (
            {"config": {"linux/amd64": {"created": NEW}, "unknown/unknown": {}}},
            (NEW, {"linux/amd64": NEW}, {"linux/amd64": NEW, "unknown/unknown": ZERO}),
        ),
        ({"config": {}}, (None, {}, {})),
    ],
)
def test_no_platform_is_filled_in_that_was_not_named_and_dates_agree(fact: dict[str, Any], expected: Any) -> None:
    assert list(problems_in(IMAGE, fact)) == []
    assert dates(fact) == expected


def test_configuration_is_what_policy_controller_makes_of_it() -> None:
    fact = {"config": {"linux/arm64/v8": {"config": {"User": "app"}}, "windows/amd64:10.0": {"os": "windows"}}}
    found = completed(IMAGE, fact)["config"]
    arm = found["linux/arm64/v8"]
    assert (arm["os"], arm["architecture"], arm["variant"], arm["config"]) == ("linux", "arm64", "v8", {"User": "app"})
    assert (found["windows/amd64:10.0"]["os"], found["windows/amd64:10.0"]["os.version"]) == ("windows", "10.0")


def test_names_are_those_that_the_provider_answers() -> None:
    digest = f"sha256:{'1' * 64}"
    found = completed(f"alpine:3@{digest}", {})
    assert (found["image"], found["digest"]) == (f"index.docker.io/library/alpine@{digest}", digest)
    assert found["reference"] == f"index.docker.io/library/alpine@{digest}"


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ({"craeted": NEW}, "craeted: there is no such field; did you mean created?"),
        ({"years": 3}, "years: there is no such field; there are attested, config, created,"),
        (
            {"created": "yesterday"},
            "created: expected a time by RFC 3339, or null for an image without a date, got 'yesterday'",
        ),
        ({"created": 20260101}, "created: expected a time by RFC 3339"),
        ({"platforms": ["linux/amd64"]}, "platforms: expected facts by platform"),
        ({"platforms": {"amd64": {}}}, "platforms.amd64: 'amd64' is no platform; write it as linux/amd64"),
        ({"platforms": {"linux/amd64": {"creatd": NEW}}}, "platforms.linux/amd64.creatd: there is no such field"),
        ({"platforms": {"linux/amd64": {"created": 1}}}, "platforms.linux/amd64.created: expected a time"),
        ({"config": {"User": "app"}}, "config: expected an image configuration by platform"),
        ({"config": {"config": {"User": "app"}}}, "config.config: 'config' is no platform"),
        ({"config": {"linux/amd64": {"User": "app"}}}, "config.linux/amd64.User: there is no such field"),
        (
            {"config": {"linux/amd64": {"config": {"Usr": "a"}}}},
            "config.linux/amd64.config.Usr: there is no such field; did you mean User?",
        ),
        (
            {"config": {"linux/amd64": {"config": {"User": 0}}}},
            "config.linux/amd64: is no image configuration: json: cannot unmarshal number",
        ),
        ({"signature": "verified"}, "signature: expected {status"),
        ({"signature": {"status": "good"}}, "signature.status: expected one of verified"),
        ({"signature": {"signer": "a"}}, "signature.signer: there is no such field"),
        (
            {"signed": [{"by": "a", "subject": "b"}]},
            "signed[0].subject: there is no such field; there are by, subjects, issuer",
        ),
        ({"reason": "Gone"}, "reason: 'Gone' is no reason code"),
        ({"reason": "NotFound", "created": NEW}, "created: has no place beside a reason"),
        (
            {"platforms": {"linux/amd64": {"created": NEW}}, "config": {"linux/amd64": {"created": OLD}}},
            "config.linux/amd64.created: is another time than platforms.linux/amd64.created",
        ),
        (
            {"created": NEW, "platforms": {"linux/amd64": {"created": OLD}}},
            f"created: is not that of the oldest platform, {OLD}",
        ),
    ],
)
def test_what_the_provider_would_never_say_is_refused(fact: dict[str, Any], said: str) -> None:
    found = [f"{path}: {sentence}" for path, sentence in problems_in(IMAGE, fact)]
    assert any(each.startswith(said) for each in found), found


def test_image_that_is_none_is_refused() -> None:
    ((path, sentence),) = problems_in("NOT OK", {})
    assert (path, sentence.startswith("could not parse reference")) == ("", True)


@pytest.mark.parametrize(
    ("fact", "undated"),
    [
        ({}, True),
        ({"config": {"linux/amd64": {"config": {}}}}, True),
        ({"created": None}, False),
        ({"platforms": {"linux/amd64": {"created": None}}}, False),
        ({"config": {"linux/amd64": {"created": NEW}}}, False),
        ({"createdNs": "0"}, False),
        ({"reason": "NotFound"}, False),
    ],
)
def test_silence_about_the_date_is_not_null(fact: dict[str, Any], undated: bool) -> None:
    assert is_undated(fact) is undated


def test_date_of_an_annotation_stands_in_no_configuration() -> None:
    fact = {"created": NEW, "createdFrom": "annotation"}
    assert list(problems_in(IMAGE, fact)) == []
    assert dates(fact) == (NEW, {"linux/amd64": NEW}, {"linux/amd64": ZERO})
    found = completed(IMAGE, fact)
    assert found["createdFrom"] == found["platforms"]["linux/amd64"]["createdFrom"] == "annotation"


def test_source_of_dates_that_there_is_not_is_refused() -> None:
    fact = {"createdFrom": "label", "platforms": {"linux/amd64": {"created": NEW, "createdFrom": None}}}
    assert [path for path, _ in problems_in(IMAGE, fact)] == ["createdFrom", "platforms.linux/amd64.createdFrom"]
